import { expect, test } from 'vitest'
import { MAX_DATA, MAX_WINDOW } from '../../src/wire/limits.ts'
import { killTransfer } from '../support/killing.ts'
import { tempFolder } from '../support/tmp.ts'

test.each([
  ['get', 'client'],
  ['get', 'share'],
  ['put', 'client'],
  ['put', 'share'],
] as const)(
  'K01 and K02: a %s ends well although the %s is killed three times in it',
  async (direction, victim) => {
    const report = await killTransfer({
      folder: tempFolder(),
      direction,
      victim,
      size: 64 * 1024 * 1024,
      files: 300,
      kills: 3,
      span: 1_500,
      flags: ['--bwlimit', '30M'],
    })
    expect(report).toMatchObject({ wrong: [], leftovers: [] })
    expect(report.kills).toBeGreaterThan(0)
    expect(report.resent).toBeLessThanOrEqual(MAX_WINDOW + MAX_DATA)
  },
  120_000,
)
