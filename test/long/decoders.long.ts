import { expect, test } from 'vitest'
import { fuzzDecoders, keepEscapes } from './fuzz-decoders.ts'
import { report } from './figures.ts'

const INPUTS = Number(process.env['SFT_FUZZ_INPUTS'] ?? 10_500_000)
const SEED = Number(process.env['SFT_FUZZ_SEED'] ?? 1)

test('no input makes a decoder break its word', async () => {
  const all = await fuzzDecoders(INPUTS, SEED, (fuzzed) => {
    const { name, inputs, taken, escapes } = fuzzed
    const paths = keepEscapes(fuzzed)
    report({
      what: `decoder: ${name}`,
      count: inputs,
      unit: 'inputs',
      violations: escapes.length,
      note: `${taken} taken`,
    })
    for (const [index, { why }] of escapes.entries()) process.stderr.write(`${name}: ${paths[index] ?? ''}\n${why}\n`)
  })
  expect(all.filter(({ escapes }) => escapes.length > 0).map(({ name }) => name)).toEqual([])
})
