import { loadSodium } from './crypto/load-sodium.ts'
import type { Sodium } from './crypto/sodium.ts'
import { asSftError, SftError } from './errors.ts'
import { containsPath } from './fs/local-files.ts'
import { SharedFolder } from './fs/shared-folder.ts'
import { defaultHome, loadIdentity } from './home.ts'
import { isPeerId, type Identity } from './net/identity.ts'
import { Node, type Muxer, type NodeInit, type PeerStream } from './net/node.ts'
import { provide, type Served } from './protocol/provider.ts'
import type { Deadlines } from './protocol/types.ts'
import { PROTOCOL_ID } from './wire/limits.ts'
import type { Right } from './wire/rights.ts'

/** What happens on a share, for a log. */
export type ShareEvent =
  | { readonly type: 'opened'; readonly peerId: string }
  | ({ readonly type: 'served'; readonly peerId: string } & Served)
  | { readonly type: 'closed'; readonly peerId: string; readonly error?: SftError }

export interface ShareOptions {
  /** Who may connect: any peer, or those with these peer IDs. Nobody if absent. */
  readonly peers?: 'any' | readonly string[]
  /** What they may do; listing and fetching if absent. */
  readonly rights?: Iterable<Right>
  /** Multiaddrs to listen on; every interface on a free port if absent. */
  readonly listen?: readonly string[]
  /** Folder of the identity; see {@link defaultHome}. */
  readonly home?: string
  readonly onEvent?: (event: ShareEvent) => void
  /** Muxers to offer, in order of preference. */
  readonly muxers?: readonly Muxer[]
  /** Which build of libsodium to use; the native one where it runs if absent. */
  readonly sodium?: Sodium['name']
  readonly deadlines?: Deadlines
}

const LISTEN_EVERYWHERE = ['/ip4/0.0.0.0/tcp/0', '/ip6/::/tcp/0']

/** Sessions of one peer at a time; a further one is turned away. */
const SESSIONS_PER_PEER = 32

/**
 * Serves the folder `path` until it is closed.
 *
 * @throws {@link SftError} `ERR_NOT_FOUND` for no folder, `ERR_USAGE` for an address that cannot be listened on or a
 * folder that holds sft's own state or a peer that is none, `ERR_IDENTITY`.
 */
export async function share(path: string, options: ShareOptions = {}): Promise<Share> {
  const home = options.home ?? defaultHome()
  const stranger = options.peers === 'any' ? undefined : options.peers?.find((peer) => !isPeerId(peer))
  if (stranger !== undefined) {
    throw new SftError('ERR_USAGE', `"${stranger}" is not a peer ID; "sft id" on the other machine prints it`)
  }
  const identity = await loadIdentity(home)
  const store = await SharedFolder.open(path)
  try {
    if (await containsPath(path, home)) {
      throw new SftError(
        'ERR_USAGE',
        `"${path}" holds sft's own keys (${home}) and cannot be shared; share another folder`,
      )
    }
    const sodium = await loadSodium(options.sodium)
    return await Share.start(store, identity, sodium, options)
  } catch (error) {
    await store.close()
    throw error
  }
}

/** A folder that is being served. */
export class Share {
  readonly #node: Node
  readonly #store: SharedFolder
  readonly #sodium: Sodium
  readonly #options: ShareOptions
  readonly #rights: ReadonlySet<Right>
  readonly #sessions = new Map<string, Set<Promise<void>>>()
  readonly #closing = new AbortController()

  /** Starts serving; use {@link share}. */
  static async start(store: SharedFolder, identity: Identity, sodium: Sodium, options: ShareOptions): Promise<Share> {
    const { peers = [], listen = LISTEN_EVERYWHERE, muxers } = options
    const admitted = new Set(peers === 'any' ? [] : peers)
    const init: NodeInit = {
      identity,
      listen,
      admits: (peerId) => peers === 'any' || admitted.has(peerId),
      ...(muxers && { muxers }),
    }
    const { promise, resolve } = Promise.withResolvers<Share>()
    await Node.start(init, async (node) => {
      const started = new Share(node, store, sodium, options)
      await node.handle(PROTOCOL_ID, (peer) => started.#onStream(peer))
      resolve(started)
    })
    return promise
  }

  private constructor(node: Node, store: SharedFolder, sodium: Sodium, options: ShareOptions) {
    this.#node = node
    this.#store = store
    this.#sodium = sodium
    this.#options = options
    this.#rights = new Set(options.rights ?? ['list', 'get'])
  }

  get peerId(): string {
    return this.#node.peerId
  }

  /** The multiaddrs under which a client reaches this share, each ending in the peer ID. */
  get addresses(): string[] {
    return this.#node.addresses
  }

  get rights(): ReadonlySet<Right> {
    return this.#rights
  }

  /** Ends every session and stops listening. Incomplete uploads are discarded. */
  async close(): Promise<void> {
    this.#closing.abort()
    await Promise.allSettled([...this.#sessions.values()].flatMap((sessions) => [...sessions]))
    await this.#node.stop()
    await this.#store.close()
  }

  #onStream(peer: PeerStream): void {
    const sessions = this.#sessions.get(peer.peerId) ?? new Set()
    if (sessions.size >= SESSIONS_PER_PEER || this.#closing.signal.aborted) {
      peer.stream.abort(new SftError('ERR_BUSY', 'too many sessions of one peer'))
      return
    }
    this.#sessions.set(peer.peerId, sessions)
    const session = this.#serve(peer)
    sessions.add(session)
    void session.then(() => {
      sessions.delete(session)
      if (sessions.size === 0) this.#sessions.delete(peer.peerId)
    })
  }

  /** Serves one session to its end. Never throws: what a client does wrong ends its own session only. */
  async #serve({ stream, peerId, idBytes }: PeerStream): Promise<void> {
    const { onEvent, deadlines } = this.#options
    onEvent?.({ type: 'opened', peerId })
    try {
      await provide(stream, {
        sodium: this.#sodium,
        localId: this.#node.idBytes,
        remoteId: idBytes,
        store: this.#store,
        rights: () => this.#rights,
        onServed: (served) => onEvent?.({ type: 'served', peerId, ...served }),
        signal: this.#closing.signal,
        ...(deadlines && { deadlines }),
      })
      onEvent?.({ type: 'closed', peerId })
    } catch (error) {
      onEvent?.({ type: 'closed', peerId, error: asSftError(error, 'ERR_INTERNAL', 'the session failed') })
    }
  }
}
