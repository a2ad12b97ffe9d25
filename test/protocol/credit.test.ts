import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ReceiveCredit, SendCredit, WindowBudget } from '../../src/protocol/credit.ts'
import { WINDOW } from '../../src/protocol/session.ts'
import { MAX_DATA, MAX_WINDOW } from '../../src/wire/limits.ts'

const PLENTY = new WindowBudget(Number.MAX_SAFE_INTEGER)

/** The receiving side, and how much its peer may still send. */
function receiver(budget = PLENTY): { credit: ReceiveCredit; granted: () => number; spend: (bytes: number) => void } {
  let granted = WINDOW
  const credit = new ReceiveCredit(WINDOW, (bytes) => (granted += bytes), budget)
  return {
    credit,
    granted: () => granted,
    spend: (bytes) => {
      granted -= bytes
      credit.arrived(bytes)
    },
  }
}

/** Sends `bytes` in records, each of which is taken at once. */
function takeAtOnce({ credit, spend }: ReturnType<typeof receiver>, bytes: number): void {
  for (let sent = 0; sent < bytes; sent += MAX_DATA) {
    spend(MAX_DATA)
    credit.consumed(MAX_DATA)
  }
}

test('the window of a receiver that is faster than its peer doubles until it is the largest', () => {
  const one = receiver()
  const most: number[] = []
  for (let size = WINDOW; size <= 2 * MAX_WINDOW; size *= 2) {
    most.push(one.granted())
    takeAtOnce(one, size + MAX_DATA)
    one.credit.flush()
  }
  expect(most).toEqual([2, 4, 8, 16, 16].map((mebibytes) => mebibytes * 1024 * 1024))
})

test('the window of a receiver that never catches up stays as it was', () => {
  const { credit, granted, spend } = receiver()
  spend(MAX_DATA)
  for (let sent = 0; sent < 20 * WINDOW; sent += MAX_DATA) {
    spend(MAX_DATA)
    credit.consumed(MAX_DATA)
    expect(granted()).toBeLessThanOrEqual(WINDOW)
  }
})

test('windows grow only by what the budget of all has left, and give it back at the end', () => {
  const budget = new WindowBudget(3 * WINDOW)
  const [first, second, third] = [receiver(budget), receiver(budget), receiver(budget)]
  for (const one of [first, second]) {
    takeAtOnce(one, 8 * WINDOW)
    one.credit.flush()
  }
  expect([first.granted(), second.granted()]).toEqual([4 * WINDOW, WINDOW])
  first.credit.close()
  first.credit.close()
  takeAtOnce(third, 8 * WINDOW)
  third.credit.flush()
  expect(third.granted()).toBe(4 * WINDOW)
})

test('what is granted and what is held never exceed the largest window, and never by a byte what was granted', () => {
  const step = fc.tuple(fc.constantFrom('send', 'take', 'flush'), fc.integer({ min: 1, max: MAX_WINDOW }))
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const { credit, granted, spend } = receiver()
      let held = 0
      for (const [what, bytes] of steps) {
        if (what === 'flush') credit.flush()
        const moved = Math.min(bytes, what === 'send' ? granted() : held)
        if (what === 'send') spend(moved)
        if (what === 'take') credit.consumed(moved)
        if (what !== 'flush') held += what === 'send' ? moved : -moved
        expect(granted() + held).toBeLessThanOrEqual(MAX_WINDOW)
      }
      expect(() => credit.arrived(granted() + 1)).toThrow('more data than it was granted')
    }),
  )
})

test('credit is taken at once only if nobody waits for it', async () => {
  const credit = new SendCredit(10)
  expect(credit.tryTake(11)).toBe(false)
  const waiting = credit.take(11)
  expect(credit.tryTake(1)).toBe(false)
  credit.grant(1)
  await waiting
  expect(credit.tryTake(1)).toBe(false)
  credit.close(new Error('over'))
  expect(() => credit.tryTake(0)).toThrow('over')
})
