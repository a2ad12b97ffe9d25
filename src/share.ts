import { throwIfCancelled } from './cancel.ts'
import { didYouMean } from './closest.ts'
import { loadSodium } from './crypto/load-sodium.ts'
import type { Sodium } from './crypto/sodium.ts'
import { asSftError, SftError } from './errors.ts'
import { containsPath, realFolder } from './fs/local-files.ts'
import { SharedFolder } from './fs/shared-folder.ts'
import { defaultHome, loadIdentity, machineName } from './home.ts'
import { Discovery } from './net/discovery.ts'
import { isPeerId, type Identity } from './net/identity.ts'
import { Node, type Muxer, type NodeInit, type PeerStream } from './net/node.ts'
import { PairingDesk, type PairingEvent } from './pairing-desk.ts'
import { PeerStore } from './peers.ts'
import { provide, type Served } from './protocol/provider.ts'
import { Receipts } from './protocol/receipts.ts'
import type { Deadlines } from './protocol/types.ts'
import { findPeer, type Peer } from './trust/peers.ts'
import { rightsAt, rightsWithin, withdrawnRights, type Offer, type Withdrawn } from './trust/rights.ts'
import { PROTOCOL_ID } from './wire/limits.ts'
import { PAIR_PROTOCOL_ID } from './wire/pairing.ts'
import { RIGHTS, type Right } from './wire/rights.ts'

/** What happens on a share, for a log. */
export type ShareEvent =
  | { readonly type: 'opened'; readonly peerId: string }
  | ({ readonly type: 'served'; readonly peerId: string } & Served)
  | { readonly type: 'closed'; readonly peerId: string; readonly error?: SftError }
  /** The peers file cannot be read: nobody is let in until it can. Without an error: it can again. */
  | { readonly type: 'peers'; readonly error?: SftError }
  | PairingEvent

/** What a log of a share is to hold: what happens on it but the codes, and what nobody has to be told at once. */
export type RecordedEvent =
  | Exclude<ShareEvent, { readonly type: 'code' }>
  /** It serves the folder with this real path from now on; these rights are what it gives everybody. */
  | { readonly type: 'started'; readonly peerId: string; readonly root: string; readonly rights: readonly Right[] }
  | { readonly type: 'stopped' }
  /** A peer was turned away, as it is not let in or, with an error, has too many sessions. It may try without end. */
  | { readonly type: 'refused'; readonly peerId: string; readonly error?: SftError }
  /** A peer lost rights; without any it is let in no more. */
  | ({ readonly type: 'withdrawn'; readonly peerId: string } & Partial<Withdrawn>)

export interface ShareOptions {
  /**
   * Who may connect: every machine this one is paired with, if absent; `any` peer; or only those with these names or peer
   * IDs, of which the latter need not be paired. Never one that is blocked.
   */
  readonly peers?: 'paired' | 'any' | readonly string[]
  /**
   * The most anybody may do here, and what those may do who were granted nothing of their own. If absent, these may list
   * and fetch, and the others what they were granted.
   */
  readonly rights?: Iterable<Right>
  /** Whether a peer that is not let in may pair, by a code that {@link Share.showCode} or its asking brings up. */
  readonly pairing?: boolean
  /** Whether this share is announced on the local network by mDNS: its peer ID and addresses, no name. */
  readonly discovery?: boolean
  /** Refuses every connection that does not come from a private network. */
  readonly lanOnly?: boolean
  /** What a machine that pairs is told this one is called; see {@link machineName}. */
  readonly name?: string
  /** Multiaddrs to listen on; every interface if absent, on sft's own port if it is free. */
  readonly listen?: readonly string[]
  /** Folder of the identity and the peers; see {@link defaultHome}. */
  readonly home?: string
  readonly onEvent?: (event: ShareEvent) => void
  /**
   * Gets what a log is to hold, as many events as peers like to cause. `name` is what this machine calls the peer at the
   * moment, if they are paired. Must not throw.
   */
  readonly onRecord?: (event: RecordedEvent, name: string | null) => void
  /** Ends the share, as {@link Share.close} does, also while it starts. */
  readonly signal?: AbortSignal | undefined
  /** Muxers to offer, in order of preference. */
  readonly muxers?: readonly Muxer[]
  /** Which build of libsodium to use; the native one where it runs if absent. */
  readonly sodium?: Sodium['name']
  readonly deadlines?: Deadlines
}

/** Sessions of one peer at a time; a further one is turned away. */
const SESSIONS_PER_PEER = 128

/** What a peer may do that was granted nothing, unless the share says otherwise. */
const READ_ONLY: readonly Right[] = ['list', 'get']

/**
 * Serves the folder `path` until it is closed.
 *
 * @throws {@link SftError} `ERR_NOT_FOUND` for no folder, `ERR_UNKNOWN_PEER` for a name that no peer has, `ERR_USAGE` for an address that
 * cannot be listened on or a folder that holds sft's own state, `ERR_IDENTITY` for a key or a peers file that is unfit,
 * `ERR_ABORTED` if the signal was aborted before it served.
 */
export async function share(path: string, options: ShareOptions = {}): Promise<Share> {
  throwIfCancelled(options.signal)
  const home = options.home ?? defaultHome()
  const identity = await loadIdentity(home)
  const peers = new PeerStore(home)
  const known = await peers.read()
  const { peers: admitted = 'paired' } = options
  const stranger =
    typeof admitted === 'string' ? undefined : admitted.find((one) => !isPeerId(one) && !findPeer(known, one))
  if (stranger !== undefined) {
    const meant = didYouMean(
      stranger,
      known.map(({ name }) => name),
    )
    throw new SftError(
      'ERR_UNKNOWN_PEER',
      `no peer is called "${stranger}" and it is no peer ID${meant}see "sft peers"`,
    )
  }
  const folder = await SharedFolder.open(path)
  try {
    if (await containsPath(path, home)) {
      throw new SftError(
        'ERR_USAGE',
        `"${path}" holds sft's own keys (${home}) and cannot be shared; share another folder`,
      )
    }
    const [root, sodium] = await Promise.all([realFolder(path), loadSodium(options.sodium)])
    const rights = options.rights && new Set(options.rights)
    const offer = { root, ceiling: rights ?? new Set(RIGHTS), standard: rights ?? new Set(READ_ONLY) }
    return await Share.start({ folder, offer, peers, known, identity, sodium }, options)
  } catch (error) {
    await folder.close()
    throw error
  }
}

/** What a share is made from. */
interface ShareParts {
  readonly folder: SharedFolder
  readonly offer: Offer
  readonly peers: PeerStore
  /** The peers as they were read last; an error while they cannot be read. */
  readonly known: readonly Peer[]
  readonly identity: Identity
  readonly sodium: Sodium
}

/** One session that is being served. */
interface Serving {
  readonly peerId: string
  readonly stop: AbortController
  readonly ended: Promise<void>
}

/** A folder that is being served. */
export class Share {
  readonly #node: Node
  readonly #parts: ShareParts
  readonly #options: ShareOptions
  readonly #desk: PairingDesk | null
  readonly #sessions = new Set<Serving>()
  readonly #receipts = new Receipts()
  #known: readonly Peer[] | SftError
  /** The paired peers that were let in when they were last read. */
  #letIn: readonly Peer[]
  /** The last reading of the peers, and why they cannot be watched. */
  #read: Promise<void> = Promise.resolve()
  #unwatched: SftError | null = null
  #discovery: Discovery | undefined
  #unwatch: (() => void) | undefined
  #closed = false
  #closing: Promise<void> | undefined
  #forget: () => void = () => undefined

  /** @internal Starts serving; use {@link share}. */
  static async start(parts: ShareParts, options: ShareOptions): Promise<Share> {
    const { identity } = parts
    const { listen = 'everywhere', muxers, lanOnly = false } = options
    const name = options.name ?? machineName()
    let started: Share | undefined
    const onRefused = (peerId: string): void => {
      if (started) started.#onRefused(peerId)
    }
    const init: NodeInit = { identity, listen, lanOnly, onRefused, ...(muxers && { muxers }) }
    await Node.start(init, async (node) => {
      started = new Share(node, parts, options, name)
      await started.#handle()
    })
    if (!started) throw new SftError('ERR_INTERNAL', 'the node was not prepared')
    started.#record({ type: 'started', peerId: started.peerId, root: parts.offer.root, rights: [...started.rights] })
    try {
      await started.#announce()
      started.#endWith(options.signal)
      return started
    } catch (error) {
      await started.close()
      throw error
    }
  }

  private constructor(node: Node, parts: ShareParts, options: ShareOptions, name: string) {
    const { peers: store, sodium } = parts
    this.#node = node
    this.#parts = parts
    this.#options = options
    this.#known = parts.known
    this.#letIn = this.paired
    const onPairing = (event: PairingEvent): void => this.#tell(event)
    this.#desk =
      options.pairing === true
        ? new PairingDesk({ node, sodium, store, name }, onPairing, async () => this.#onCode())
        : null
  }

  get peerId(): string {
    return this.#node.peerId
  }

  /** The multiaddrs under which a client reaches this share, each ending in the peer ID. */
  get addresses(): string[] {
    return this.#node.addresses
  }

  /** What a peer may do that was granted nothing of its own. */
  get rights(): ReadonlySet<Right> {
    return this.#parts.offer.standard
  }

  /** The paired peers that are let in now. */
  get paired(): readonly Peer[] {
    return this.#known instanceof SftError ? [] : this.#known.filter(({ peerId }) => this.#admits(peerId))
  }

  /** Shows a code to pair by, unless one is shown already; the event `code` tells it. */
  showCode(): void {
    this.#desk?.show()
  }

  /** Ends every session and stops listening. Incomplete uploads are discarded. A second call waits for the first. */
  async close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#closed = true
    this.#forget()
    this.#unwatch?.()
    this.#desk?.close()
    for (const { stop } of this.#sessions) stop.abort()
    await Promise.allSettled([...this.#sessions].map(({ ended }) => ended))
    await this.#discovery?.stop()
    await this.#node.stop()
    await this.#parts.folder.close()
    this.#record({ type: 'stopped' })
  }

  #tell(event: ShareEvent): void {
    this.#options.onEvent?.(event)
    if (event.type !== 'code') this.#record(event)
  }

  #record(event: RecordedEvent, name?: string): void {
    const peerId = 'peerId' in event ? event.peerId : null
    this.#options.onRecord?.(event, name ?? (peerId === null ? null : (this.#peer(peerId)?.name ?? null)))
  }

  /** Closes once the signal is aborted. @throws {@link SftError} if it is already. */
  #endWith(signal: AbortSignal | undefined): void {
    throwIfCancelled(signal)
    const end = (): void => void this.close().catch(() => undefined) // told to whoever closes it too
    signal?.addEventListener('abort', end)
    this.#forget = () => signal?.removeEventListener('abort', end)
  }

  async #handle(): Promise<void> {
    if (this.#desk) {
      const desk = this.#desk
      await this.#node.handle(PAIR_PROTOCOL_ID, {
        admits: (peerId) => desk.admits(peerId) && !this.#blocked(peerId),
        onStream: (peer) => desk.onStream(peer),
      })
    }
    await this.#node.handle(PROTOCOL_ID, {
      admits: (peerId) => this.#admits(peerId),
      onStream: (peer) => this.#onStream(peer),
    })
  }

  async #announce(): Promise<void> {
    this.#unwatch = this.#parts.peers.watch((peers) => {
      this.#unwatched = peers instanceof SftError ? peers : null
      void this.#readPeers()
    })
    if (this.#options.discovery !== true) return
    const advert = (): { addresses: string[]; pairing: boolean } => ({
      addresses: this.addresses,
      pairing: this.#desk?.open === true,
    })
    this.#discovery = await Discovery.start({ peerId: this.peerId, advert })
    this.#discovery.announce()
  }

  /**
   * Reads the peers and lets in whom they say, after every reading that began before: what the watch and a pairing saw at
   * different times must not replace the newer by the older.
   */
  async #readPeers(): Promise<void> {
    const reading = this.#read.then(async () => {
      const fault = (error: unknown): SftError => asSftError(error, 'ERR_INTERNAL', 'cannot read the peers file')
      this.#onPeers(this.#unwatched ?? (await this.#parts.peers.read().catch(fault)))
    })
    this.#read = reading.catch(() => undefined)
    return reading
  }

  #onPeers(peers: Peer[] | SftError): void {
    if (this.#closed) return
    const before = this.#known instanceof SftError ? this.#known.message : null
    this.#known = peers
    if (peers instanceof SftError) {
      if (peers.message !== before) this.#tell({ type: 'peers', error: peers })
    } else {
      if (before !== null) this.#tell({ type: 'peers' })
      this.#recordWithdrawn()
    }
    for (const { peerId, stop } of this.#sessions) if (!this.#admits(peerId)) stop.abort()
    this.#node.dropUnadmitted()
  }

  /** Records what peers may do no more since they were last read, also if they could not be in between. */
  #recordWithdrawn(): void {
    const before = this.#letIn
    this.#letIn = this.paired
    for (const peer of before) {
      const { peerId, name } = peer
      const lost = this.#admits(peerId) ? withdrawnRights(peer, this.#peer(peerId), this.#parts.offer) : [{}]
      for (const withdrawn of lost) this.#record({ type: 'withdrawn', peerId, ...withdrawn }, name)
    }
  }

  /** Others may reach this machine to pair with it now, or may no more; and one of them may be paired. */
  async #onCode(): Promise<void> {
    this.#discovery?.announce()
    await this.#readPeers()
  }

  #onRefused(peerId: string): void {
    this.#record({ type: 'refused', peerId })
    if (this.#known instanceof SftError || this.#blocked(peerId)) return
    this.#desk?.ask(peerId)
  }

  /** Returns what is known of a peer; `null` also while the peers cannot be read. */
  #peer(peerId: string): Peer | null {
    return this.#known instanceof SftError ? null : findPeer(this.#known, peerId)
  }

  /** Whether a peer is kept out whatever else is said: while the peers cannot be read, everybody might be. */
  #blocked(peerId: string): boolean {
    return this.#known instanceof SftError || this.#peer(peerId)?.blocked === true
  }

  #admits(peerId: string): boolean {
    if (this.#closed || this.#blocked(peerId)) return false
    const { peers = 'paired' } = this.#options
    const known = this.#peer(peerId)
    if (peers === 'any') return true
    if (peers === 'paired') return known !== null
    return peers.includes(peerId) || (known !== null && peers.includes(known.name))
  }

  #onStream(peer: PeerStream): void {
    const { peerId } = peer
    if ([...this.#sessions].filter((session) => session.peerId === peerId).length >= SESSIONS_PER_PEER) {
      const error = new SftError('ERR_BUSY', 'too many sessions of one peer')
      peer.stream.abort(error)
      this.#record({ type: 'refused', peerId, error })
      return
    }
    const stop = new AbortController()
    const session = { peerId, stop, ended: this.#serve(peer, stop.signal) }
    this.#sessions.add(session)
    void session.ended.then(() => this.#sessions.delete(session))
  }

  /** Serves one session to its end. Never throws: what a client does wrong ends its own session only. */
  async #serve({ stream, peerId, idBytes }: PeerStream, signal: AbortSignal): Promise<void> {
    const { deadlines } = this.#options
    const { offer, folder, sodium, peers } = this.#parts
    const secret = this.#peer(peerId)?.secret
    this.#tell({ type: 'opened', peerId })
    try {
      await provide(stream, {
        sodium,
        localId: this.#node.idBytes,
        remoteId: idBytes,
        store: folder,
        receipts: this.#receipts,
        // Asked live: what was taken away, or a peer that was removed, counts at once.
        rights: (path) => (this.#admits(peerId) ? rightsAt(this.#peer(peerId), offer, path) : new Set()),
        rightsWithin: (path) => rightsWithin(this.#peer(peerId), offer, path),
        onServed: (served) => this.#tell({ type: 'served', peerId, ...served }),
        signal,
        ...(secret && { pairingSecret: secret }),
        ...(deadlines && { deadlines }),
      })
      this.#tell({ type: 'closed', peerId })
    } catch (error) {
      this.#tell({ type: 'closed', peerId, error: asSftError(error, 'ERR_INTERNAL', 'the session failed') })
    }
    await peers.noteSeen(peerId)
  }
}
