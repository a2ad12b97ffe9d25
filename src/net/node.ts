import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import type { Connection, PeerId } from '@libp2p/interface'
import { mplex } from '@libp2p/mplex'
import { tcp } from '@libp2p/tcp'
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr'
import { createLibp2p, type Libp2p } from 'libp2p'
import { SftError } from '../errors.ts'
import type { ByteStream } from '../protocol/types.ts'
import { toByteStream } from './byte-stream.ts'
import { dialFailure } from './dial-error.ts'
import { isPeerId, type Identity } from './identity.ts'

export type Muxer = 'yamux' | 'mplex'

export interface NodeInit {
  readonly identity: Identity
  /** Multiaddrs to listen on; none for a node that only dials. */
  readonly listen?: readonly string[]
  /** Whether a peer, proved by Noise, may open streams here. Asked before any handler runs. */
  readonly admits?: (peerId: string) => boolean
  /** Muxers to offer, in order; both if absent. */
  readonly muxers?: readonly Muxer[]
}

/** A stream with the peer that Noise proved to be at its other end. */
export interface PeerStream {
  readonly stream: ByteStream
  readonly peerId: string
  /** The bytes of that peer ID. */
  readonly idBytes: Uint8Array
}

const DIAL_TIMEOUT = 10_000
const DIAL_TRIES = 4
const STREAMS_PER_CONNECTION = 16

/** The libp2p node of one sft process: reaches peers and is reached by them, and by nobody else. */
export class Node {
  readonly peerId: string
  readonly idBytes: Uint8Array
  readonly #libp2p: Libp2p

  /**
   * Starts a node.
   *
   * @param prepare - Runs before anything is listened on, so that no peer comes before the node can answer it.
   * @throws {@link SftError} `ERR_USAGE` if an address cannot be listened on.
   */
  static async start(init: NodeInit, prepare?: (node: Node) => Promise<void>): Promise<Node> {
    const { identity, listen = [], admits = () => false, muxers = ['yamux', 'mplex'] } = init
    try {
      const libp2p = await createLibp2p({
        privateKey: identity.privateKey,
        addresses: { listen: [...listen] },
        transports: [tcp({ inboundSocketInactivityTimeout: 60_000 })],
        connectionEncrypters: [noise()],
        // mplex closes a connection that opens more than 5 streams in a second unless told otherwise.
        streamMuxers: muxers.map((name) => (name === 'yamux' ? yamux() : mplex({ disconnectThreshold: 50 }))),
        connectionGater: {
          denyDialMultiaddr: () => false,
          denyInboundEncryptedConnection: (peer: PeerId) => !admits(peer.toString()),
        },
        // Measured: the defaults let 8 silent sockets a second lock out every honest peer.
        connectionManager: {
          maxConnections: 1_024,
          maxIncomingPendingConnections: 256,
          inboundUpgradeTimeout: 3_000,
          inboundConnectionThreshold: 20,
          reconnectRetries: 0,
        },
        connectionMonitor: { enabled: false },
        start: false,
      })
      const node = new Node(libp2p)
      await prepare?.(node)
      await libp2p.start()
      return node
    } catch (error) {
      throw new SftError('ERR_USAGE', `cannot listen on ${listen.join(', ')}: ${listenFault(error)}`, { cause: error })
    }
  }

  private constructor(libp2p: Libp2p) {
    this.#libp2p = libp2p
    this.peerId = libp2p.peerId.toString()
    this.idBytes = libp2p.peerId.toMultihash().bytes
  }

  /** The addresses this node listens on, each ending in its peer ID. */
  get addresses(): string[] {
    return this.#libp2p.getMultiaddrs().map(String)
  }

  /** Passes each new stream of a protocol to `onStream`, which must not throw. */
  async handle(protocol: string, onStream: (peer: PeerStream) => void): Promise<void> {
    await this.#libp2p.handle(
      protocol,
      (stream, connection) => {
        onStream({ stream: toByteStream(stream), ...peerOf(connection) })
      },
      { maxInboundStreams: STREAMS_PER_CONNECTION },
    )
  }

  /**
   * Opens a stream to the peer at `address`, which must end in `/p2p/` and its ID: any other peer is refused.
   *
   * @throws {@link SftError} `ERR_USAGE`, `ERR_UNREACHABLE`, `ERR_IDENTITY`, or `ERR_REFUSED` if the peer wants nothing
   * to do with us.
   */
  async dial(address: string, protocol: string, signal?: AbortSignal): Promise<PeerStream> {
    const target = parseAddress(address)
    const connection = await this.#connect(target, address, signal)
    try {
      const stream = await connection.newStream(protocol, {
        ...(signal && { signal }),
        maxOutboundStreams: STREAMS_PER_CONNECTION,
      })
      return { stream: toByteStream(stream), ...peerOf(connection) }
    } catch (error) {
      signal?.throwIfAborted()
      throw refused(this.peerId, error)
    }
  }

  async stop(): Promise<void> {
    await this.#libp2p.stop()
  }

  /** Connects, trying again when the other side closes at once: it may be admitting others at this moment. */
  async #connect(target: Multiaddr, address: string, signal?: AbortSignal): Promise<Connection> {
    for (let attempt = 1; ; attempt += 1) {
      const timeout = AbortSignal.timeout(DIAL_TIMEOUT)
      try {
        return await this.#libp2p.dial(target, { signal: signal ? AbortSignal.any([signal, timeout]) : timeout })
      } catch (error) {
        signal?.throwIfAborted()
        const { failure, transient } = dialFailure(error, address)
        if (!transient || attempt === DIAL_TRIES) throw failure
        await new Promise((resolve) => setTimeout(resolve, 200 * 2 ** attempt * (0.5 + Math.random())))
      }
    }
  }
}

/** The error for a peer that ends the connection as soon as it knows who is there. */
export function refused(ownPeerId: string, cause: unknown): SftError {
  return new SftError('ERR_REFUSED', `the peer does not let this machine in; there, share with: --peer ${ownPeerId}`, {
    cause,
  })
}

function parseAddress(address: string): Multiaddr {
  let target
  try {
    target = multiaddr(address)
  } catch (error) {
    throw new SftError('ERR_USAGE', `"${address}" is not a multiaddr such as /ip4/192.168.1.7/tcp/4001/p2p/12D3Koo…`, {
      cause: error,
    })
  }
  const last = target.getComponents().at(-1)
  if (last?.name !== 'p2p' || !isPeerId(last.value ?? '')) {
    throw new SftError(
      'ERR_USAGE',
      `the address "${address}" must end in /p2p/ and the peer ID, so that no other machine can answer`,
    )
  }
  return target
}

function peerOf(connection: Connection): Omit<PeerStream, 'stream'> {
  return { peerId: connection.remotePeer.toString(), idBytes: connection.remotePeer.toMultihash().bytes }
}

/** Returns in one line why no server could be started, from the text of an error of libp2p that may go over many. */
function listenFault(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  if (text.includes('EADDRINUSE')) return 'the port is taken; choose another, or /tcp/0 for any that is free'
  if (text.includes('EADDRNOTAVAIL')) return 'this machine does not have that address'
  if (text.includes('EACCES')) return 'this user may not use that port; choose one above 1023'
  return 'write it like /ip4/0.0.0.0/tcp/4001, with a port up to 65535'
}
