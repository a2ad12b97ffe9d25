import { expect, test } from 'vitest'
import { Allowance } from '../../src/log/quota.ts'

test('what is left is taken, and comes back with time, up to what there was at first', () => {
  const allowance = new Allowance({ burst: 100, perSecond: 10 }, 0)
  expect(allowance.take(60, 0)).toBe(true)
  expect(allowance.take(60, 0)).toBe(false)
  expect(allowance.take(40, 0)).toBe(true)
  expect(allowance.take(1, 0)).toBe(false)
  expect(allowance.take(20, 2_000)).toBe(true)
  expect(allowance.take(1, 2_000)).toBe(false)
  expect(allowance.take(101, 1_000_000)).toBe(false)
  expect(allowance.take(100, 1_000_000)).toBe(true)
  expect(allowance.take(1, 1_000_000)).toBe(false)
})

test('many who take little get no more than one who takes much', () => {
  const allowance = new Allowance({ burst: 100, perSecond: 10 }, 0)
  const taken = Array.from({ length: 100_000 }, (_, index) => allowance.take(1, index / 100)).filter(Boolean)
  expect(taken).toHaveLength(109) // 100, and what came back within the second
})
