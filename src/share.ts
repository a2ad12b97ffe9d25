import { Admission, expectKnown } from './admission.ts'
import { throwIfCancelled } from './cancel.ts'
import { loadSodium } from './crypto/load-sodium.ts'
import type { Sodium } from './crypto/sodium.ts'
import { SftError } from './errors.ts'
import { containsPath, realFolder } from './fs/local-files.ts'
import { SharedFolder } from './fs/shared-folder.ts'
import { defaultHome, loadIdentity, machineName } from './home.ts'
import { Discovery } from './net/discovery.ts'
import type { Identity } from './net/identity.ts'
import { Node, type Muxer, type NodeInit } from './net/node.ts'
import { PairingDesk } from './pairing-desk.ts'
import { PeerStore } from './peers.ts'
import type { Deadlines } from './protocol/types.ts'
import { Sessions } from './sessions.ts'
import type { RecordedEvent, ShareEvent, ShareReport } from './share-event.ts'
import type { Peer } from './trust/peers.ts'
import type { Offer } from './trust/rights.ts'
import { PROTOCOL_ID } from './wire/limits.ts'
import { PAIR_PROTOCOL_ID } from './wire/pairing.ts'
import { RIGHTS, type Right } from './wire/rights.ts'

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
  expectKnown(options.peers ?? 'paired', known)
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
  /** The peers as they were read last. */
  readonly known: readonly Peer[]
  readonly identity: Identity
  readonly sodium: Sodium
}

/** A folder that is being served. */
export class Share {
  readonly #node: Node
  readonly #parts: ShareParts
  readonly #options: ShareOptions
  readonly #desk: PairingDesk | null
  readonly #admission: Admission
  readonly #sessions: Sessions
  #discovery: Discovery | undefined
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
    const { folder, offer, peers: store, known, sodium } = parts
    const { peers: admitted = 'paired', deadlines } = options
    this.#node = node
    this.#parts = parts
    this.#options = options
    const report: ShareReport = {
      tell: (event) => this.#tell(event),
      record: (event, name) => this.#record(event, name),
    }
    const onChange = (): void => this.#onAdmission()
    const admission = new Admission({ admitted, offer, store, known, report, onChange })
    this.#admission = admission
    this.#sessions = new Sessions({ node, sodium, folder, store, admission, report, deadlines })
    this.#desk =
      options.pairing === true
        ? new PairingDesk({ node, sodium, store, name }, report.tell, async () => this.#onCode())
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
    return this.#admission.paired
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
    this.#admission.close()
    this.#forget()
    this.#desk?.close()
    await this.#sessions.close()
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
    this.#options.onRecord?.(event, name ?? (peerId === null ? null : (this.#admission.peer(peerId)?.name ?? null)))
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
        admits: (peerId) => desk.admits(peerId) && !this.#admission.blocks(peerId),
        onStream: (peer) => desk.onStream(peer),
      })
    }
    await this.#node.handle(PROTOCOL_ID, {
      admits: (peerId) => this.#admission.admits(peerId),
      onStream: (peer) => this.#sessions.onStream(peer),
    })
  }

  async #announce(): Promise<void> {
    this.#admission.watch()
    if (this.#options.discovery !== true) return
    const advert = (): { addresses: string[]; pairing: boolean } => ({
      addresses: this.addresses,
      pairing: this.#desk?.open === true,
    })
    this.#discovery = await Discovery.start({ peerId: this.peerId, advert })
    this.#discovery.announce()
  }

  /** Others may be let in than before: who is not any more is cut off. */
  #onAdmission(): void {
    this.#sessions.dropUnadmitted()
    this.#node.dropUnadmitted()
  }

  /** Others may reach this machine to pair with it now, or may no more; and one of them may be paired. */
  async #onCode(): Promise<void> {
    this.#discovery?.announce()
    await this.#admission.read()
  }

  #onRefused(peerId: string): void {
    this.#record({ type: 'refused', peerId })
    if (!this.#admission.blocks(peerId)) this.#desk?.ask(peerId)
  }
}
