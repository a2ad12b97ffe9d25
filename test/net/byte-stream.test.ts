import { expect, onTestFinished, test } from 'vitest'
import { generateIdentity } from '../../src/net/identity.ts'
import { Node, type Muxer } from '../../src/net/node.ts'
import type { ByteStream } from '../../src/protocol/types.ts'

/** Chunks that are sent; each holds its number in every byte. */
const CHUNKS = 200

const SIZE = 50_000

/** Has one node write to a stream that another one opens, and returns that. */
async function streamFrom(muxer: Muxer, write: (stream: ByteStream) => Promise<void>): Promise<ByteStream> {
  const identities = await Promise.all([generateIdentity(), generateIdentity()])
  const [sender, reader] = await Promise.all(
    identities.map(async (identity, index) =>
      Node.start({ identity, muxers: [muxer], ...(index === 0 && { listen: ['/ip4/127.0.0.1/tcp/0'] }) }),
    ),
  )
  if (!sender || !reader) throw new Error('two nodes')
  onTestFinished(async () => {
    await reader.stop()
    await sender.stop()
  })
  await sender.handle('/chunks/1', { admits: () => true, onStream: ({ stream }) => void write(stream) })
  return (await reader.dial(sender.addresses[0] ?? '', '/chunks/1')).stream
}

test.each(['yamux', 'mplex'] as const)(
  'W11: a reader that is slow between two reads misses no byte (%s)',
  async (muxer: Muxer) => {
    const { source } = await streamFrom(muxer, async (stream) => {
      for (let number = 0; number < CHUNKS; number += 1) {
        stream.write(new Uint8Array(SIZE).fill(number))
        if (stream.full) await stream.drained()
      }
      await stream.close()
    })
    let received = 0
    let wrong = 0
    for await (const bytes of source) {
      for (const byte of bytes.subarray()) {
        if (byte !== Math.floor(received / SIZE) % 256) wrong += 1
        received += 1
      }
      if (received % 7 === 0 || received < 5 * SIZE) await new Promise((resolve) => setTimeout(resolve, 5))
    }
    expect({ received, wrong }).toEqual({ received: CHUNKS * SIZE, wrong: 0 })
  },
)

test.each(['yamux', 'mplex'] as const)(
  'what piled up while the other side stood still goes in frames that it takes (%s)',
  async (muxer: Muxer) => {
    const { source } = await streamFrom(muxer, async (stream) => {
      for (let number = 0; number < CHUNKS; number += 1) stream.write(new Uint8Array(SIZE))
      await stream.close()
    })
    let received = 0
    for await (const bytes of source) received += bytes.byteLength
    expect(received).toBe(CHUNKS * SIZE)
  },
)

test('R06: a flood that nobody reads is cut off before it takes much memory', async () => {
  // Yamux would hold it back at the sender; mplex does not.
  const { source } = await streamFrom('mplex', async (stream) => {
    try {
      for (let sent = 0; sent < 40; sent += 1) {
        stream.write(new Uint8Array(1_000_000))
        await new Promise((resolve) => setImmediate(resolve))
      }
    } catch (error) {
      expect(error).toMatchObject({ code: 'ERR_CLOSED' }) // it was cut off before all was sent
    }
  })
  await new Promise((resolve) => setTimeout(resolve, 1_000))
  const read = async (): Promise<void> => {
    for await (const chunk of source) expect(chunk.byteLength).toBeGreaterThan(0)
  }
  await expect(read()).rejects.toMatchObject({
    code: 'ERR_PROTOCOL',
    message: 'the peer sent more than it was granted',
  })
})
