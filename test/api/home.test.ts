import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { defaultHome, defaultLogFile } from '../../src/index.ts'
import { tempFolder } from '../support/tmp.ts'

test('the log lies in the home that is given or set', () => {
  const home = tempFolder()
  onTestFinished(() => void vi.unstubAllEnvs())
  vi.stubEnv('SFT_HOME', home)
  expect(defaultLogFile()).toBe(join(home, 'log', 'share.jsonl'))
  expect(defaultLogFile('/elsewhere')).toBe('/elsewhere/log/share.jsonl')
})

test.skipIf(process.platform !== 'linux')('without one the log lies where the platform keeps logs', () => {
  onTestFinished(() => void vi.unstubAllEnvs())
  vi.stubEnv('SFT_HOME', '')
  vi.stubEnv('XDG_STATE_HOME', '/state')
  vi.stubEnv('XDG_CONFIG_HOME', '/config')
  expect(defaultHome()).toBe('/config/sft')
  expect(defaultLogFile()).toBe('/state/sft/share.jsonl')
})
