import { onTestFinished } from 'vitest'
import { loadSodium } from '../../src/crypto/load-sodium.ts'
import { ProtocolClient } from '../../src/protocol/client.ts'
import { provide, type ProviderInit } from '../../src/protocol/provider.ts'
import { memoryPair } from './memory-stream.ts'

/**
 * Starts a provider as `init` says and returns a client of it, until the test ends; only the network is missing.
 *
 * @param knownAs - The bytes of the client's peer ID; new ones if absent.
 */
export async function sessionPair(
  init: Pick<ProviderInit, 'store' | 'rights' | 'rightsWithin' | 'receipts' | 'onServed' | 'signal'>,
  knownAs?: Uint8Array,
): Promise<ProtocolClient> {
  const sodium = await loadSodium()
  const [providerId, clientId] = [sodium.randomBytes(38), knownAs ?? sodium.randomBytes(38)]
  const [near, far] = memoryPair()
  const provided = provide(far, { sodium, localId: providerId, remoteId: clientId, ...init })
  provided.catch(() => undefined) // a test may end the session as it likes
  const client = await ProtocolClient.open(near, { sodium, localId: clientId, remoteId: providerId })
  onTestFinished(async () => {
    await client.close()
    await Promise.allSettled([client.closed, provided])
  })
  return client
}
