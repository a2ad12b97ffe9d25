import { expect, test } from 'vitest'
import { formatBytes, formatDuration, formatTime, formatTimestamp } from '../../src/cli/format.ts'

test.each([
  [0, '0 B'],
  [1, '1 B'],
  [999, '999 B'],
  [1_000, '1 kB'],
  [1_500, '1.5 kB'],
  [100_000, '100 kB'],
  [999_499, '999 kB'],
  [999_999, '1 MB'],
  [20_000_000, '20 MB'],
  [150_000_000, '150 MB'],
  [3_410_000_000, '3.41 GB'],
  [1e15, '1 PB'],
  [Number.MAX_SAFE_INTEGER, '9.01 PB'],
])('%i bytes are %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text)
})

test.each([
  [0, '0 s'],
  [59.4, '59 s'],
  [59.6, '1 min 0 s'],
  [125, '2 min 5 s'],
  [3_600, '1 h 0 min'],
  [90_061, '25 h 1 min'],
])('%d seconds are %s', (seconds, text) => {
  expect(formatDuration(seconds)).toBe(text)
})

test('times that no calendar holds are not made up', () => {
  expect(formatTimestamp(0n)).toBe('1970-01-01T00:00:00.000Z')
  expect(formatTimestamp(10n ** 30n)).toBeNull()
  expect(formatTime(10n ** 30n)).toBe('-')
  expect(formatTime(0n)).toMatch(/^19(69|70)-\d\d-\d\d \d\d:\d\d$/)
})
