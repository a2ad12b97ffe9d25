import { didYouMean } from './closest.ts'
import { asSftError, SftError } from './errors.ts'
import { isPeerId } from './net/identity.ts'
import type { PeerStore } from './peers.ts'
import type { ShareReport } from './share-event.ts'
import { findPeer, type Peer } from './trust/peers.ts'
import { rightsAt, rightsWithin, withdrawnRights, type Offer } from './trust/rights.ts'
import type { RemotePath } from './wire/path.ts'
import type { Right } from './wire/rights.ts'

/** Which peers a share is for: those that are paired, any, or only those with these names or peer IDs. */
export type Admitted = 'paired' | 'any' | readonly string[]

/** @throws {@link SftError} `ERR_UNKNOWN_PEER` if one of them is no peer ID and the name of no known peer. */
export function expectKnown(admitted: Admitted, known: readonly Peer[]): void {
  const stranger =
    typeof admitted === 'string' ? undefined : admitted.find((one) => !isPeerId(one) && !findPeer(known, one))
  if (stranger === undefined) return
  const meant = didYouMean(
    stranger,
    known.map(({ name }) => name),
  )
  throw new SftError('ERR_UNKNOWN_PEER', `no peer is called "${stranger}" and it is no peer ID${meant}see "sft peers"`)
}

export interface AdmissionInit {
  readonly admitted: Admitted
  readonly offer: Offer
  readonly store: PeerStore
  /** The peers as they were read last. */
  readonly known: readonly Peer[]
  readonly report: ShareReport
  /** Called when the peers were read, so that others may be let in than before. */
  readonly onChange: () => void
}

/** Who is let in to a share and what they may do there, as the peers file says at the moment. */
export class Admission {
  readonly #init: AdmissionInit
  /** The peers as they were read last; an error while they cannot be read. */
  #known: readonly Peer[] | SftError
  /** The paired peers that were let in when they were last read. */
  #letIn: readonly Peer[]
  /** The last reading of the peers, and why they cannot be watched. */
  #read: Promise<void> = Promise.resolve()
  #unwatched: SftError | null = null
  #unwatch: (() => void) | undefined
  #closed = false

  constructor(init: AdmissionInit) {
    this.#init = init
    this.#known = init.known
    this.#letIn = this.paired
  }

  /** The paired peers that are let in now. */
  get paired(): readonly Peer[] {
    return this.#known instanceof SftError ? [] : this.#known.filter(({ peerId }) => this.admits(peerId))
  }

  /** Returns what is known of a peer; `null` also while the peers cannot be read. */
  peer(peerId: string): Peer | null {
    return this.#known instanceof SftError ? null : findPeer(this.#known, peerId)
  }

  /** Whether a peer is kept out whatever else is said: while the peers cannot be read, everybody might be. */
  blocks(peerId: string): boolean {
    return this.#known instanceof SftError || this.peer(peerId)?.blocked === true
  }

  admits(peerId: string): boolean {
    if (this.#closed || this.blocks(peerId)) return false
    const { admitted } = this.#init
    const known = this.peer(peerId)
    if (admitted === 'any') return true
    if (admitted === 'paired') return known !== null
    return admitted.includes(peerId) || (known !== null && admitted.includes(known.name))
  }

  /** Returns what a peer may do at a path: nothing once it is let in no more. */
  rightsAt(peerId: string, path: RemotePath): ReadonlySet<Right> {
    return this.admits(peerId) ? rightsAt(this.peer(peerId), this.#init.offer, path) : new Set()
  }

  /** Returns the most a peer could come to do with what lies at a path. */
  rightsWithin(peerId: string, path: RemotePath): ReadonlySet<Right> {
    return rightsWithin(this.peer(peerId), this.#init.offer, path)
  }

  /** Follows the peers file from now on, until {@link close}. */
  watch(): void {
    this.#unwatch = this.#init.store.watch((peers) => {
      this.#unwatched = peers instanceof SftError ? peers : null
      void this.read()
    })
  }

  /** Lets nobody in any more. */
  close(): void {
    this.#closed = true
    this.#unwatch?.()
  }

  /**
   * Reads the peers and lets in whom they say, after every reading that began before: what the watch and a pairing saw at
   * different times must not replace the newer by the older.
   */
  async read(): Promise<void> {
    const reading = this.#read.then(async () => {
      const fault = (error: unknown): SftError => asSftError(error, 'ERR_INTERNAL', 'cannot read the peers file')
      this.#onPeers(this.#unwatched ?? (await this.#init.store.read().catch(fault)))
    })
    this.#read = reading.catch(() => undefined)
    return reading
  }

  #onPeers(peers: Peer[] | SftError): void {
    if (this.#closed) return
    const { report, onChange } = this.#init
    const before = this.#known instanceof SftError ? this.#known.message : null
    this.#known = peers
    if (peers instanceof SftError) {
      if (peers.message !== before) report.tell({ type: 'peers', error: peers })
    } else {
      if (before !== null) report.tell({ type: 'peers' })
      this.#recordWithdrawn()
    }
    onChange()
  }

  /** Records what peers may do no more since they were last read, also if they could not be in between. */
  #recordWithdrawn(): void {
    const { offer, report } = this.#init
    const before = this.#letIn
    this.#letIn = this.paired
    for (const peer of before) {
      const { peerId, name } = peer
      const lost = this.admits(peerId) ? withdrawnRights(peer, this.peer(peerId), offer) : [{}]
      for (const withdrawn of lost) report.record({ type: 'withdrawn', peerId, ...withdrawn }, name)
    }
  }
}
