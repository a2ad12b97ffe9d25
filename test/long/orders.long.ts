import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { array, asyncProperty, check, defaultReportMessage, type IAsyncProperty } from 'fast-check'
import { expect, test } from 'vitest'
import { memoryShare } from '../support/memory-share.ts'
import { runSteps, step } from '../support/random-client.ts'
import { hear, sayings } from '../support/random-provider.ts'
import { report } from './figures.ts'

const SEED = Number(process.env['SFT_FUZZ_SEED'] ?? 1)
const RUNS = 20_000

async function hold<T>(what: string, property: IAsyncProperty<T>): Promise<void> {
  const details = await check(property, { numRuns: RUNS, seed: SEED })
  report({ what, count: details.numRuns, unit: 'sessions', violations: Number(details.failed) })
  expect(defaultReportMessage(details)).toBeUndefined()
}

test('a share takes messages in any order', async () => {
  const share = await memoryShare({ deadlines: { handshake: 5_000, record: 5_000, stall: 5_000 } })
  let run = 0
  const property = asyncProperty(array(step, { maxLength: 30, size: 'max' }), async (steps) => {
    const { broken, ending, good, committed, wrongAnswers } = await runSteps(share, ++run, steps)
    expect(broken ? committed.filter((file) => !good.includes(file)) : committed).toEqual(broken ? [] : good)
    expect({ faulty: ending !== null, wrongAnswers }).toEqual({ faulty: broken, wrongAnswers: [] })
    for (const file of committed) rmSync(join(share.root, file.slice(0, file.indexOf(':'))))
  })
  await hold('order: messages to a share', property)
})

test('a client takes messages in any order', async () => {
  const property = asyncProperty(sayings, async (said) => {
    expect((await hear(said)).invented).toEqual([])
  })
  await hold('order: messages to a client', property)
})
