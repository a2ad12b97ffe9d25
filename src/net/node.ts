import type { Connection, PeerId } from '@libp2p/interface'
import { tcp, type TCPOptions } from '@libp2p/tcp'
import type { Multiaddr } from '@multiformats/multiaddr'
import { createLibp2p, type Libp2p } from 'libp2p'
import { loadSodium } from '../crypto/load-sodium.ts'
import { SftError } from '../errors.ts'
import type { ByteStream } from '../protocol/types.ts'
import { isPrivateAddress } from './address.ts'
import { toByteStream } from './byte-stream.ts'
import { abortConnection, Dialer, type Candidates, type DialEvent } from './dialer.ts'
import { FramePool } from './frame-pool.ts'
import type { Identity } from './identity.ts'
import { boundedMuxer, type Muxer } from './muxers.ts'
import { secure } from './secure.ts'

export type { Muxer } from './muxers.ts'

export interface NodeInit {
  readonly identity: Identity
  /**
   * Multiaddrs to listen on, or `everywhere`: every interface, on sft's own port if it is free. Without any the node only
   * dials.
   */
  readonly listen?: readonly string[] | 'everywhere'
  /** Muxers to offer, in order; both if absent. */
  readonly muxers?: readonly Muxer[]
  /** Keeps to private networks: every other address is refused, in both directions. */
  readonly lanOnly?: boolean
  /** Called when a peer was turned away because the protocol it wants, or every one, does not admit it. */
  readonly onRefused?: (peerId: string) => void
  /** Called for every address that is dialled. */
  readonly onDial?: (event: DialEvent) => void
}

/** Who may open the streams of a protocol here, and what becomes of them. */
export interface ProtocolHandler {
  /** Whether a peer, proved by Noise, may do so now. Asked before its connection stands, and again for each stream. */
  admits(peerId: string): boolean
  /** Takes a new stream. Must not throw. */
  onStream(peer: PeerStream): void
}

/** A stream with the peer that Noise proved to be at its other end. */
export interface PeerStream {
  readonly stream: ByteStream
  readonly peerId: string
  /** The bytes of that peer ID. */
  readonly idBytes: Uint8Array
  /** The multiaddr of its end of the connection. */
  readonly address: string
}

/** The port that `everywhere` listens on if it is free, so that an address stays good and a firewall can be told. */
export const DEFAULT_PORT = 7380

const STREAMS_PER_CONNECTION = 16

/** Bytes a socket takes before it asks to wait: with Node's 64 KiB every message of Noise would be waited for. */
const SOCKET = { highWaterMark: 1024 * 1024 }

/** How long the connections may take to close in order, in milliseconds. */
const STOPPING_TIME = 2_000

/** What we take of the parts that libp2p hands to its services. */
interface Components {
  readonly transportManager: { dial(address: Multiaddr, options: { signal: AbortSignal }): Promise<Connection> }
}

/** The libp2p node of one sft process: reaches peers and is reached by them, and by nobody else. */
export class Node {
  readonly peerId: string
  readonly idBytes: Uint8Array
  readonly #libp2p: Libp2p
  readonly #handlers: Map<string, ProtocolHandler>
  readonly #dialer: Dialer
  readonly #pool: FramePool
  readonly #onRefused: NodeInit['onRefused']

  /**
   * Starts a node.
   *
   * @param prepare - Runs before anything is listened on, so that no peer comes before the node can answer it.
   * @throws {@link SftError} `ERR_USAGE` if an address cannot be listened on.
   */
  static async start(init: NodeInit, prepare?: (node: Node) => Promise<void>): Promise<Node> {
    if (init.listen !== 'everywhere') return Node.#startAt(init.listen ?? [], init, prepare)
    try {
      return await Node.#startAt(onEveryInterface(DEFAULT_PORT), init, prepare)
    } catch {
      return Node.#startAt(onEveryInterface(0), init, prepare) // another share has the port
    }
  }

  static async #startAt(
    listen: readonly string[],
    { identity, muxers = ['yamux', 'mplex'], lanOnly = false, onRefused, onDial }: NodeInit,
    prepare?: (node: Node) => Promise<void>,
  ): Promise<Node> {
    const handlers = new Map<string, ProtocolHandler>()
    const pool = new FramePool()
    let libp2p
    try {
      libp2p = await createLibp2p({
        privateKey: identity.privateKey,
        addresses: { listen: [...listen] },
        transports: [
          tcp({ inboundSocketInactivityTimeout: 60_000, dialOpts: SOCKET, listenOpts: SOCKET } as TCPOptions),
        ],
        connectionEncrypters: [secure(await loadSodium(), pool)],
        streamMuxers: muxers.map(boundedMuxer),
        connectionGater: {
          denyInboundConnection: ({ remoteAddr }) => lanOnly && !isPrivateAddress(remoteAddr.toString()),
          denyInboundEncryptedConnection: (peer: PeerId) => {
            const peerId = peer.toString()
            if (admits(handlers, peerId)) return false
            onRefused?.(peerId)
            return true
          },
        },
        // Measured: the defaults let 8 silent sockets a second lock out every honest peer. What one address can open, times
        // the seconds each may take, is less than what may be pending.
        connectionManager: {
          maxConnections: 1_024,
          maxIncomingPendingConnections: 256,
          inboundUpgradeTimeout: 3_000,
          inboundConnectionThreshold: 64,
          reconnectRetries: 0,
        },
        connectionMonitor: { enabled: false },
        services: {
          // libp2p tries the addresses of a peer one after the other; ours are all tried at once.
          dial: ({ transportManager }: Components) => ({
            to: async (address: Multiaddr, signal: AbortSignal) => transportManager.dial(address, { signal }),
          }),
        },
        start: false,
      })
      const { dial } = libp2p.services
      const standing = libp2p.getConnections.bind(libp2p)
      const connect = async (address: Multiaddr, signal: AbortSignal): Promise<Connection> =>
        standing().find(({ status, remoteAddr }) => status === 'open' && remoteAddr.equals(address)) ??
        dial.to(address, signal)
      const dialer = new Dialer(identity.peerId, connect, lanOnly, onDial)
      const node = new Node(libp2p, handlers, dialer, pool, onRefused)
      await prepare?.(node)
      await libp2p.start()
      return node
    } catch (error) {
      await libp2p?.stop()
      throw new SftError('ERR_USAGE', `cannot listen on ${listen.join(', ')}: ${listenFault(error)}`, { cause: error })
    }
  }

  private constructor(
    libp2p: Libp2p,
    handlers: Map<string, ProtocolHandler>,
    dialer: Dialer,
    pool: FramePool,
    onRefused: NodeInit['onRefused'],
  ) {
    this.#libp2p = libp2p
    this.#onRefused = onRefused
    this.#handlers = handlers
    this.#dialer = dialer
    this.#pool = pool
    this.peerId = libp2p.peerId.toString()
    this.idBytes = libp2p.peerId.toMultihash().bytes
  }

  /** The addresses this node listens on, each ending in its peer ID. */
  get addresses(): string[] {
    return this.#libp2p.getMultiaddrs().map(String)
  }

  /** Gives the streams of a protocol to a handler, and makes its peers admitted. */
  async handle(protocol: string, handler: ProtocolHandler): Promise<void> {
    this.#handlers.set(protocol, handler)
    await this.#libp2p.handle(
      protocol,
      (stream, connection) => {
        const peer = peerOf(connection)
        // A connection may stand for the sake of another protocol.
        if (handler.admits(peer.peerId)) {
          handler.onStream({ stream: toByteStream(stream, this.#pool), ...peer })
        } else {
          stream.abort(new SftError('ERR_REFUSED', 'the peer is not admitted to this protocol'))
          this.#onRefused?.(peer.peerId)
        }
      },
      { maxInboundStreams: STREAMS_PER_CONNECTION },
    )
  }

  /** Cuts every connection from a peer that no protocol admits any more. */
  dropUnadmitted(): void {
    for (const connection of this.#libp2p.getConnections()) {
      if (connection.direction !== 'inbound' || admits(this.#handlers, connection.remotePeer.toString())) continue
      abortConnection(connection, new SftError('ERR_REFUSED', 'the peer is not admitted any more'))
    }
  }

  /**
   * Opens a stream of `protocol` to a peer, at whichever of its addresses answers first; all are tried at once. Each must
   * end in `/p2p/` and the peer's ID, so that no other machine can answer.
   *
   * @param candidates - One address, or all there are, as they are found.
   * @throws {@link SftError} `ERR_USAGE`, `ERR_UNREACHABLE`, `ERR_IDENTITY`, or `ERR_REFUSED` if the peer wants nothing
   * to do with us: of several failures the one that tells most.
   */
  async dial(candidates: string | Candidates, protocol: string, signal?: AbortSignal): Promise<PeerStream> {
    return this.#dialer.race(asCandidates(candidates), opener(protocol, this.#pool), signal)
  }

  /**
   * As {@link dial}, for an address that does not say who should answer there: only for a protocol that proves by itself
   * that it is the right peer.
   */
  async dialAnyone(address: string, protocol: string, signal?: AbortSignal): Promise<PeerStream> {
    return this.#dialer.reachAnyone(address, opener(protocol, this.#pool), signal)
  }

  /** As {@link dial}, but only proves that the peer is there. Returns the address that answered first. */
  async knock(candidates: string | Candidates, signal?: AbortSignal): Promise<string> {
    return this.#dialer.race(
      asCandidates(candidates),
      ({ remoteAddr }) => Promise.resolve(remoteAddr.toString()),
      signal,
    )
  }

  /** Closes every connection and stops listening. */
  async stop(): Promise<void> {
    const { promise: late, resolve } = Promise.withResolvers<void>()
    // A connection that the other side cuts while it is being closed may never say that it is.
    const timer = setTimeout(resolve, STOPPING_TIME)
    await Promise.race([this.#libp2p.stop(), late])
    clearTimeout(timer)
  }
}

function admits(handlers: ReadonlyMap<string, ProtocolHandler>, peerId: string): boolean {
  return [...handlers.values()].some((handler) => handler.admits(peerId))
}

function asCandidates(candidates: string | Candidates): Candidates {
  return typeof candidates === 'string' ? [candidates] : candidates
}

function opener(
  protocol: string,
  pool: FramePool,
): (connection: Connection, patience: AbortSignal) => Promise<PeerStream> {
  return async (connection, signal) => {
    const stream = await connection.newStream(protocol, { signal, maxOutboundStreams: STREAMS_PER_CONNECTION })
    // Turned away already, and nobody would ever be told so again.
    if (stream.status !== 'open') throw new SftError('ERR_CLOSED', 'the peer ended the stream')
    stream.addEventListener('close', ({ error }) => {
      // Who was silent for so long is so on every stream, and a new one would be opened on the same connection.
      if (error instanceof SftError && error.code === 'ERR_TIMEOUT') abortConnection(connection, error)
    })
    return { stream: toByteStream(stream, pool), ...peerOf(connection) }
  }
}

function onEveryInterface(port: number): string[] {
  return [`/ip4/0.0.0.0/tcp/${port}`, `/ip6/::/tcp/${port}`]
}

function peerOf(connection: Connection): Omit<PeerStream, 'stream'> {
  const { remotePeer, remoteAddr } = connection
  return { peerId: remotePeer.toString(), idBytes: remotePeer.toMultihash().bytes, address: remoteAddr.toString() }
}

/** Returns in one line why no server could be started, from the text of an error of libp2p that may go over many. */
function listenFault(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  if (text.includes('EADDRINUSE')) return 'the port is taken; choose another, or /tcp/0 for any that is free'
  if (text.includes('EADDRNOTAVAIL')) return 'this machine does not have that address'
  if (text.includes('EACCES')) return 'this user may not use that port; choose one above 1023'
  return 'write it like /ip4/0.0.0.0/tcp/4001, with a port up to 65535'
}
