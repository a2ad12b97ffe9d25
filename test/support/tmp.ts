import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** Makes a folder that is removed at the end of the test. */
export function tempFolder(): string {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'sft-test-')))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}
