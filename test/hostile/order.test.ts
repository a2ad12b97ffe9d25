import { array, asyncProperty, check, defaultReportMessage } from 'fast-check'
import { expect, test } from 'vitest'
import { memoryShare } from '../support/memory-share.ts'
import { runSteps, step } from '../support/random-client.ts'
import { ASKED, hear, sayings } from '../support/random-provider.ts'

test('F05 messages in random order: only what was announced, filled and ended is ever committed', async () => {
  const share = await memoryShare({ deadlines: { handshake: 5_000, record: 5_000, stall: 5_000 } })
  let run = 0
  const holds = asyncProperty(array(step, { maxLength: 30, size: 'max' }), async (steps) => {
    const { broken, ending, good, committed, wrongAnswers } = await runSteps(share, ++run, steps)
    // After a fault the last of them may have been stopped; without one every good upload is there and no other.
    expect(broken ? committed.filter((file) => !good.includes(file)) : committed).toEqual(broken ? [] : good)
    expect({ faulty: ending !== null, wrongAnswers }).toEqual({ faulty: broken, wrongAnswers: [] })
  })
  expect(defaultReportMessage(await check(holds, { numRuns: 1_000 }))).toBeUndefined()
})

test('the model commits whole uploads', async () => {
  const share = await memoryShare()
  const run = await runSteps(share, 1, [
    { say: 'put', size: 3 },
    { say: 'put', size: 0 },
    { say: 'data', to: 1, length: 2 },
    { say: 'rest', to: 1 },
    { say: 'end', to: 0, lie: 'none' },
    { say: 'end', to: 1, lie: 'none' },
  ])
  expect(run).toMatchObject({ broken: false, ending: null, committed: ['1-1: 0,1,2', '1-2: '] })
})

test('F05 answers in random order: no call hangs, and none succeeds with what nobody said', async () => {
  const ends = new Set<string>()
  const holds = asyncProperty(sayings, async (said) => {
    const { calls, invented } = await hear(said)
    expect(invented).toEqual([])
    for (const [name, code] of Object.entries(calls)) if (code === null) ends.add(name)
  })
  expect(defaultReportMessage(await check(holds, { numRuns: 400 }))).toBeUndefined()
  expect([...ends].toSorted()).toEqual(ASKED.toSorted()) // each of them can succeed
})
