import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeRights, encodeRights, isRight, RIGHTS } from '../../src/wire/rights.ts'

test.each([
  ['list', 1],
  ['get', 2],
  ['put', 4],
  ['overwrite', 8],
  ['delete', 16],
  ['rename', 32],
  ['mkdir', 64],
] as const)('%s is bit %i', (right, bits) => {
  expect(encodeRights(new Set([right]))).toBe(bits)
  expect([...decodeRights(bits)]).toEqual([right])
})

test('no right is missing above', () => {
  expect(encodeRights(new Set(RIGHTS))).toBe(127)
  expect(encodeRights(new Set())).toBe(0)
})

test('returns the set that was encoded', () => {
  fc.assert(
    fc.property(fc.subarray([...RIGHTS]), (rights) => {
      expect(decodeRights(encodeRights(new Set(rights)))).toEqual(new Set(rights))
    }),
  )
})

test('ignores bits it does not know', () => {
  fc.assert(
    fc.property(fc.nat(127), fc.nat(2 ** 25 - 1), (known, unknown) => {
      expect(decodeRights((known | (unknown << 7)) >>> 0)).toEqual(decodeRights(known))
    }),
  )
})

test.each(['', 'LIST', 'list ', 'constructor', '__proto__', '0', 'length'])('%j is no right', (name) => {
  expect(isRight(name)).toBe(false)
})

test.each(RIGHTS)('%s is a right', (name) => {
  expect(isRight(name)).toBe(true)
})
