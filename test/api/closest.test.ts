import { expect, test } from 'vitest'
import { closest } from '../../src/index.ts'

const NAMES = ['ana-laptop', 'desktop', 'bob', 'exclude', 'no-discovery', 'josé']

test.each([
  ['ana-laptpo', 'ana-laptop'], // swapped
  ['ana-lapto', 'ana-laptop'], // missing
  ['desktopp', 'desktop'], // added
  ['desktip', 'desktop'], // wrong
  ['Bob', 'bob'], // case is no change
  ['jose', 'josé'],
  ['exlcued', 'exclude'],
  ['bqb', 'bob'],
  ['bxx', null], // more wrong than right
  ['laptop', null],
  ['', null],
  ['x'.repeat(10_000), null],
])('%.20s: %s may be meant', (word, meant) => {
  expect(closest(word, NAMES)).toBe(meant)
})

test('of several words the closest is meant, and of equally close ones the first', () => {
  expect(closest('cat', ['cart', 'cat2', 'cat'])).toBe('cat')
  expect(closest('bat', ['cat', 'hat'])).toBe('cat')
  expect(closest('cat', [])).toBe(null)
})
