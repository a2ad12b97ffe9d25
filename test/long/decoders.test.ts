import { expect, test } from 'vitest'
import { allDecoders, escapeOf } from './decoders.ts'
import { fuzzDecoders } from './fuzz-decoders.ts'

test('no decoder breaks its word, whatever bytes it gets', async () => {
  const all = await fuzzDecoders(20_000, Date.now() % 2 ** 31)
  const broken = all.flatMap(({ name, escapes }) =>
    escapes.map(({ why, bytes }) => `${name}: ${bytes.toString('hex')}: ${why}`),
  )
  expect(broken).toEqual([])
  expect(all.filter(({ taken }) => taken === 0).map(({ name }) => name)).toEqual([])
})

test('an error of another kind is told', async () => {
  const { decoders, close } = await allDecoders()
  await close()
  for (const decoder of decoders) {
    const broken = { ...decoder, read: () => JSON.parse('{') as void }
    expect(escapeOf(broken, Buffer.alloc(1))).toMatch(/^SyntaxError/)
  }
})
