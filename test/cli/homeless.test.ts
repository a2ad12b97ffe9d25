import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import packageJson from '../../package.json' with { type: 'json' }
import { BIN } from '../support/cli.ts'
import { tempFolder } from '../support/tmp.ts'

/** A user that no system knows. */
const UID = 1_954_321

test.skipIf(process.getuid?.() !== 0)('a user without a home can do what needs none, and is told what does', () => {
  const run = (...args: readonly string[]): { status: number | null; stdout: string; stderr: string } =>
    spawnSync(process.execPath, [BIN, ...args], { env: {}, uid: UID, gid: UID, cwd: '/', encoding: 'utf8' })
  expect(run('--version')).toMatchObject({ status: 0, stdout: `${packageJson.version}\n`, stderr: '' })
  const { status, stderr } = run('id')
  expect({ status, stderr }).toMatchObject({
    status: 11,
    stderr: expect.stringMatching(/^sft: [^\n]*\/nonexistent[^\n]*\n$/),
  })
  const home = { env: { SFT_HOME: join(tempFolder(), 'home') }, encoding: 'utf8' } as const
  expect(spawnSync(process.execPath, [BIN, 'id'], home)).toMatchObject({ status: 0, stderr: '' })
})
