import { expect, onTestFinished, test } from 'vitest'
import { generateIdentity } from '../../src/net/identity.ts'
import { Node, type Muxer } from '../../src/net/node.ts'

/** Chunks that are sent; each holds its number in every byte. */
const CHUNKS = 200

const SIZE = 50_000

test.each(['yamux', 'mplex'] as const)(
  'W11: a reader that is slow between two reads misses no byte (%s)',
  async (muxer: Muxer) => {
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
    await sender.handle('/chunks/1', {
      admits: () => true,
      onStream: ({ stream }) => {
        const send = async (): Promise<void> => {
          for (let number = 0; number < CHUNKS; number += 1) {
            stream.write(new Uint8Array(SIZE).fill(number))
            if (stream.full) await stream.drained()
          }
          await stream.close()
        }
        void send()
      },
    })
    const { stream } = await reader.dial(sender.addresses[0] ?? '', '/chunks/1')
    let received = 0
    let wrong = 0
    for await (const bytes of stream.source) {
      for (const byte of bytes.subarray()) {
        if (byte !== Math.floor(received / SIZE) % 256) wrong += 1
        received += 1
      }
      if (received % 7 === 0 || received < 5 * SIZE) await new Promise((resolve) => setTimeout(resolve, 5))
    }
    expect({ received, wrong }).toEqual({ received: CHUNKS * SIZE, wrong: 0 })
  },
)
