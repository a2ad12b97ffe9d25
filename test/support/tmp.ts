import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** Makes a folder that is removed at the end of the test. */
export function tempFolder(): string {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'sft-test-')))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/** Makes an empty folder to share, and one around it to see whether anything outside the root changes. */
export function shareFolder(): { root: string; outside: string } {
  const outside = tempFolder()
  const root = join(outside, 'share')
  mkdirSync(root)
  return { root, outside }
}
