import { expect, test } from 'vitest'
import { loadSodium } from '../../src/crypto/load-sodium.ts'
import { Channel, type Opened } from '../../src/protocol/channel.ts'
import { DEADLINES } from '../../src/protocol/types.ts'
import { MIN_WINDOW } from '../../src/wire/limits.ts'
import { memoryPair } from '../support/memory-stream.ts'

const sodium = await loadSodium()
const secret = (byte: number): Uint8Array => new Uint8Array(32).fill(byte)

/** Opens both ends of a channel with the pairing secrets given, and returns what the responder's first record says. */
async function firstRecord(ofInitiator?: Uint8Array, ofResponder?: Uint8Array): Promise<Opened | string | undefined> {
  const [a, b] = memoryPair()
  const ids = [Uint8Array.of(1), Uint8Array.of(2)] as const
  const common = { sodium, window: MIN_WINDOW }
  const [initiator, responder] = await Promise.all([
    Channel.open(
      a,
      {
        ...common,
        role: 'initiator',
        localId: ids[0],
        remoteId: ids[1],
        ...(ofInitiator && { pairingSecret: ofInitiator }),
      },
      DEADLINES,
    ),
    Channel.open(
      b,
      {
        ...common,
        role: 'responder',
        localId: ids[1],
        remoteId: ids[0],
        ...(ofResponder && { pairingSecret: ofResponder }),
      },
      DEADLINES,
    ),
  ])
  responder.send({ type: 'welcome', rights: new Set(['get']) })
  try {
    for await (const batch of initiator.receive()) for (const opened of batch) return opened
    throw new Error('nothing was received')
  } catch (error) {
    return String((error as { code?: unknown }).code)
  }
}

test('two sides with the same pairing secret understand each other, as do two without one', async () => {
  const welcome = { type: 'welcome', rights: new Set(['get']) }
  expect(await firstRecord(secret(7), secret(7))).toEqual(welcome)
  expect(await firstRecord()).toEqual(welcome)
})

test.each([
  ['differ', secret(7), secret(8)],
  ['only the initiator has one', secret(7), undefined],
  ['only the responder has one', undefined, secret(7)],
])('the first record fails if the pairing secrets are not the same: %s', async (_how, ofInitiator, ofResponder) => {
  expect(await firstRecord(ofInitiator, ofResponder)).toBe('ERR_DECRYPT')
})
