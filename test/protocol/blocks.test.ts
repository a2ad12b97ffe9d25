import { expect, test } from 'vitest'
import { BLOCK_BYTES, BlockPool } from '../../src/protocol/blocks.ts'

const taken = (pool: BlockPool, count: number): Uint8Array[] => Array.from({ length: count }, () => pool.take())

test('a block that was released is taken again', () => {
  const pool = new BlockPool()
  const block = pool.take()
  pool.release(block)
  expect(pool.take()).toBe(block)
})

test('what is kept is bounded, and only blocks are', () => {
  const pool = new BlockPool()
  const blocks = new Set(taken(pool, 200))
  for (const block of blocks) pool.release(block)
  pool.release(new Uint8Array(BLOCK_BYTES - 1))
  expect(taken(pool, 200).filter((block) => blocks.has(block))).toHaveLength(80)
})
