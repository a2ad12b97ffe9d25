import { noise } from '@chainsafe/libp2p-noise'
import { TypedEventEmitter, type MessageStream, type StreamMuxer } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { onTestFinished } from 'vitest'
import type { Identity } from '../../src/net/identity.ts'
import type { Muxer } from '../../src/net/muxers.ts'

const PROTOCOLS: Record<Muxer, string> = { yamux: '/yamux/1.0.0', mplex: '/mplex/6.7.0' }

/** A connection that got past Noise, on which any bytes can be put in place of those of a muxer. */
export interface RawConnection {
  readonly send: (bytes: Uint8Array) => void
  /** Resolves when the other side drops the connection. */
  readonly dropped: Promise<void>
}

/** Connects to a node as the machine with an identity, and agrees on a muxer without having one. */
export async function rawConnection(identity: Identity, address: string, muxer: Muxer): Promise<RawConnection> {
  const { promise, resolve } = Promise.withResolvers<MessageStream>()
  const protocol = PROTOCOLS[muxer]
  const node = await createLibp2p({
    privateKey: identity.privateKey,
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [
      () => ({
        protocol,
        createStreamMuxer: (wire) => {
          resolve(wire)
          return Object.assign(new TypedEventEmitter(), {
            protocol,
            streams: [],
            status: 'open',
            createStream: () => Promise.reject(new Error('it is none')),
            abort: () => undefined,
            close: () => Promise.resolve(),
          }) as unknown as StreamMuxer
        },
      }),
    ],
    connectionMonitor: { enabled: false },
  })
  onTestFinished(async () => node.stop())
  await node.dial(multiaddr(address))
  const wire = await promise
  const dropped = new Promise<void>((gone) => wire.addEventListener('close', () => gone()))
  return {
    send: (bytes) => {
      if (wire.status === 'open') wire.send(bytes)
    },
    dropped,
  }
}
