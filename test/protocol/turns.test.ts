import { expect, test } from 'vitest'
import { Turns } from '../../src/protocol/turns.ts'
import { outcome } from '../support/aftermath.ts'

test('whoever waits for a turn gives up by its signal, and the turn goes to the next one', async () => {
  const turns = new Turns(1)
  await turns.take()
  const stop = new AbortController()
  const [first, second] = [outcome(turns.take(stop.signal)), outcome(turns.take())]
  stop.abort()
  expect(await first).toBe('ERR_ABORTED')
  turns.done()
  expect(await second).toBeNull()
  turns.done()
  expect(turns.tryTake()).toBe(true)
})

test('a turn that is not wanted any more is not lost where nobody else waits', async () => {
  const turns = new Turns(1)
  await turns.take()
  expect(await outcome(turns.take(AbortSignal.abort()))).toBe('ERR_ABORTED')
  turns.done()
  expect(turns.tryTake()).toBe(true)
})
