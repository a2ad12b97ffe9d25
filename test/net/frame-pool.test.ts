import { expect, test } from 'vitest'
import { FramePool } from '../../src/net/frame-pool.ts'

test('a buffer is taken again once all of it was copied, in however many pieces', () => {
  const pool = new FramePool()
  const first = pool.take(1_000)
  pool.copied(first.subarray(0, 999))
  expect(pool.take(10).buffer).not.toBe(first.buffer)
  pool.copied(first.subarray(999))
  expect(pool.take(60_000).buffer).toBe(first.buffer)
})

test('a buffer of which more was copied than was taken is never used again', () => {
  const pool = new FramePool()
  const frame = pool.take(1_000)
  pool.copied(frame.subarray(0, 600))
  pool.copied(frame.subarray(0, 600))
  pool.copied(frame)
  expect(pool.take(10).buffer).not.toBe(frame.buffer)
})

test('bytes of nobody are ignored, and so is the length of what is larger than a record', () => {
  const pool = new FramePool()
  pool.copied(new Uint8Array(1_000))
  const large = pool.take(1_000_000)
  expect(large).toHaveLength(1_000_000)
  pool.copied(large)
  expect(pool.take(1_000_000).buffer).not.toBe(large.buffer)
})
