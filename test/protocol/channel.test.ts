import { expect, test } from 'vitest'
import { loadSodium } from '../../src/crypto/load-sodium.ts'
import { Channel, type Opened } from '../../src/protocol/channel.ts'
import { DEADLINES, type ByteStream } from '../../src/protocol/types.ts'
import { LENGTH_BYTES, MAX_DATA, MAX_RECORD, MIN_WINDOW } from '../../src/wire/limits.ts'
import { memoryPair } from '../support/memory-stream.ts'

/** Two ends of a channel, and the sizes of what the first one writes to its stream. */
async function channels(): Promise<{ near: Channel; far: Channel; writes: number[]; stream: ByteStream }> {
  const sodium = await loadSodium()
  const [a, b] = memoryPair()
  const writes: number[] = []
  const stream: ByteStream = {
    source: a.source,
    get full() {
      return a.full
    },
    take: (length) => a.take(length),
    write: (...parts) => {
      writes.push(parts.reduce((sum, bytes) => sum + bytes.byteLength, 0))
      a.write(...parts)
    },
    drained: async () => a.drained(),
    close: async () => a.close(),
    abort: (error) => a.abort(error),
  }
  const ids = [sodium.randomBytes(38), sodium.randomBytes(38)] as const
  const [near, far] = await Promise.all([
    Channel.open(
      stream,
      { sodium, window: MIN_WINDOW, role: 'initiator', localId: ids[0], remoteId: ids[1] },
      DEADLINES,
    ),
    Channel.open(b, { sodium, window: MIN_WINDOW, role: 'responder', localId: ids[1], remoteId: ids[0] }, DEADLINES),
  ])
  writes.length = 0
  return { near, far, writes, stream }
}

/** What arrives, in order: the bytes of a credit, or the id and the number of bytes of data. */
async function received(channel: Channel): Promise<string[]> {
  const texts: string[] = []
  const textOf = (opened: Opened): string =>
    opened.type === 'data'
      ? `${opened.id}: ${opened.bytes.byteLength}`
      : opened.type === 'credit'
        ? `${opened.bytes}`
        : opened.type
  for await (const batch of channel.receive()) for (const opened of batch) texts.push(textOf(opened))
  return texts
}

test('small records of one turn leave in one write, as many as one frame of the muxer holds', async () => {
  const { near, far, writes } = await channels()
  const arriving = received(far)
  for (let bytes = 0; bytes < 5_000; bytes += 1) near.send({ type: 'credit', bytes })
  await new Promise((resolve) => setImmediate(resolve))
  expect(writes.length).toBeLessThan(5)
  expect(Math.max(...writes)).toBeLessThanOrEqual(LENGTH_BYTES + MAX_RECORD)
  await near.close(0)
  expect(await arriving).toEqual([...Array.from({ length: 5_000 }, (_, bytes) => String(bytes)), 'close'])
})

test('large and small records keep their order', async () => {
  const { near, far } = await channels()
  const arriving = received(far)
  const sizes = [1, MAX_DATA, 2, 3, 16_360, 16_361, 5, 40_000, 40_001, MAX_DATA, 7]
  sizes.forEach((size, index) => {
    near.send({ type: 'credit', bytes: index })
    near.sendData(9, new Uint8Array(size))
  })
  await near.close(0)
  expect(await arriving).toEqual([...sizes.flatMap((size, index) => [String(index), `9: ${size}`]), 'close'])
})

test('a stream that no longer takes the records of this turn ends the channel on both sides', async () => {
  const { near, far, stream } = await channels()
  const [here, there] = [received(near), received(far)]
  near.send({ type: 'credit', bytes: 1 })
  stream.write = () => {
    throw new Error('gone')
  }
  await expect(here).rejects.toMatchObject({ code: 'ERR_CLOSED' })
  await expect(there).rejects.toMatchObject({ code: 'ERR_CLOSED' })
})
