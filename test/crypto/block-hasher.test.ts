import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { createBlockHasher, knownDigest } from '../../src/crypto/block-hasher.ts'

const LARGE = 64 * 1024 * 1024

/** Enough for a thread. */
const CORES = 4

const BLOCKS = [1, 2, 3, 4].map((value) => new Uint8Array(new SharedArrayBuffer(100_000)).fill(value))

test.each([
  ['small', 1],
  ['large', LARGE],
])('blocks of a %s file give the digest of the whole', async (_what, size) => {
  for (const algorithm of ['md5', 'sha256'] as const) {
    const hasher = createBlockHasher(algorithm, size, CORES)
    for (const block of BLOCKS) await hasher.update(block)
    const expected = createHash(algorithm).update(Buffer.concat(BLOCKS)).digest()
    expect(Buffer.from(await hasher.digest())).toEqual(expected)
    hasher.drop()
  }
})

test('a block may change as soon as its update is over', async () => {
  const hasher = createBlockHasher('md5', LARGE, CORES)
  const block = new Uint8Array(new SharedArrayBuffer(1_000_000))
  for (const value of [1, 2, 3]) {
    block.fill(value)
    await hasher.update(block)
  }
  const expected = createHash('md5')
  for (const value of [1, 2, 3]) expected.update(Buffer.alloc(1_000_000, value))
  expect(Buffer.from(await hasher.digest())).toEqual(expected.digest())
})

test('many digests in the making do not mix', async () => {
  const hashers = BLOCKS.map((block) => ({ block, hasher: createBlockHasher('md5', LARGE, CORES) }))
  for (let round = 0; round < 3; round += 1) {
    await Promise.all(hashers.map(async ({ block, hasher }) => hasher.update(block)))
  }
  for (const { block, hasher } of hashers) {
    const expected = createHash('md5')
      .update(Buffer.concat([block, block, block]))
      .digest()
    expect(Buffer.from(await hasher.digest())).toEqual(expected)
  }
})

test('a digest that was dropped or asked for twice is an error, and the next one works', async () => {
  const dropped = createBlockHasher('md5', LARGE, CORES)
  dropped.drop()
  await expect(dropped.digest()).rejects.toMatchObject({ code: 'ERR_INTERNAL' })
  expect(await createBlockHasher('md5', LARGE, CORES).digest()).toHaveLength(16)
})

test('a known digest is not changed by what it is shown', async () => {
  const hasher = knownDigest(Uint8Array.of(1))
  await hasher.update(Uint8Array.of(2))
  expect(await hasher.digest()).toEqual(Uint8Array.of(1))
})
