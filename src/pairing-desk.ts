import type { Sodium } from './crypto/sodium.ts'
import { asSftError, type SftError } from './errors.ts'
import type { Node, PeerStream, ProtocolHandler } from './net/node.ts'
import type { PeerStore } from './peers.ts'
import { pairAsResponder, type PairingInit, type ShownCode } from './protocol/pairing.ts'
import { CODE_LIFETIME, newCode } from './protocol/shown-code.ts'
import { DEADLINES } from './protocol/types.ts'
import type { Peer } from './trust/peers.ts'

/** What happens while a machine can be paired with. */
export type PairingEvent =
  /** A code is shown from now on, because that peer asked or because it was wanted here. */
  | { readonly type: 'code'; readonly code: string; readonly expires: Date; readonly askedBy: string | null }
  /** A code is good no more, without a pairing: its time was over, or somebody proved not to know it. */
  | { readonly type: 'codeEnded'; readonly reason: 'expired' | 'wrong'; readonly peerId: string | null }
  | { readonly type: 'paired'; readonly peerId: string; readonly name: string }
  /** A pairing with the right code failed. */
  | { readonly type: 'pairingFailed'; readonly peerId: string; readonly error: SftError }

/** What a machine pairs with: who it is, and where it keeps the result. */
export interface PairingParty {
  readonly node: Node
  readonly sodium: Sodium
  readonly store: PeerStore
  /** What the other machine is told this one is called. */
  readonly name: string
}

/** The shortest time from one code that was asked for to the next, in milliseconds. */
const CODE_INTERVAL = 10_000

/**
 * Shows the codes of this machine, one at a time, and pairs with whoever types them: the responder of docs/pairing.md.
 */
export class PairingDesk implements ProtocolHandler {
  readonly #party: PairingParty
  readonly #onEvent: (event: PairingEvent) => void
  readonly #onChange: () => Promise<void> | void
  /** Peers that had the one guess of a code and are pairing still. */
  readonly #pairing = new Set<string>()
  #code: ShownCode | null = null
  #expiry: NodeJS.Timeout | undefined
  #shownAt = -Infinity
  /** The code that comes when the time since the last one is over, for a peer that asked before. */
  #next: NodeJS.Timeout | undefined

  /**
   * @param onChange - Called when a code becomes good or is no more, so that others may be admitted or not, and when a
   * peer was kept: before that peer hears of it and comes back.
   */
  constructor(party: PairingParty, onEvent: (event: PairingEvent) => void, onChange: () => Promise<void> | void) {
    this.#party = party
    this.#onEvent = onEvent
    this.#onChange = onChange
  }

  /** Whether a code is good now. */
  get open(): boolean {
    return this.#code?.good === true
  }

  /** Any peer may try, for as long as a code is good; then only the one that was first, until it has come to an end. */
  admits(peerId: string): boolean {
    return this.open || this.#pairing.has(peerId)
  }

  /** Shows a code, unless one is good already. */
  show(askedBy: string | null = null): void {
    if (this.open) return
    this.#endCode() // the one before may have a pairing under way, or a timer that slept with the machine
    this.#cancelNext()
    this.#shownAt = performance.now()
    const code = newCode()
    this.#code = code
    this.#expiry = setTimeout(() => this.#end('expired', null, code), CODE_LIFETIME).unref()
    const expires = new Date(Date.now() + CODE_LIFETIME)
    this.#onEvent({ type: 'code', code: code.text, expires, askedBy })
    void this.#onChange()
  }

  /** As {@link show}, for a peer that was refused; if the last code is not old enough, as soon as it is. */
  ask(peerId: string): void {
    const wait = this.#shownAt + CODE_INTERVAL - performance.now()
    if (wait <= 0) this.show(peerId)
    else if (!this.open) this.#next ??= setTimeout(() => this.show(peerId), wait).unref()
  }

  /** Ends the code, and the one to come. */
  close(): void {
    this.#cancelNext()
    this.#endCode()
  }

  onStream(peer: PeerStream): void {
    if (this.#code) void this.#pair(peer, this.#code)
  }

  async #pair(peer: PeerStream, code: ShownCode): Promise<void> {
    const { peerId, stream } = peer
    const { store } = this.#party
    const attempt: { tried: boolean; kept: Peer | null } = { tried: false, kept: null }
    const watched: ShownCode = {
      text: code.text,
      get good() {
        return code.good
      },
      use: () => {
        attempt.tried = code.use()
        if (!attempt.tried) return false
        this.#pairing.add(peerId)
        clearTimeout(this.#expiry) // its time may be over before the pairing is
        return true
      },
    }
    const keep = async ({ name, secret }: { name: string; secret: Uint8Array }): Promise<void> => {
      attempt.kept = await store.keepPaired({ peerId, name, secret })
      await this.#onChange()
    }
    try {
      await pairAsResponder(stream, pairingInit(this.#party, peer), watched, { keep })
      this.#pairing.delete(peerId)
    } catch (error) {
      if (!attempt.tried) return // not a word was said that needed the code
      this.#pairing.delete(peerId)
      const failure = asSftError(error, 'ERR_INTERNAL', 'the pairing failed')
      if (failure.code === 'ERR_DIGEST') this.#end('wrong', peerId, code)
      else if (!attempt.kept) this.#onEvent({ type: 'pairingFailed', peerId, error: failure })
    }
    if (this.#code === code) this.#endCode()
    if (attempt.kept) this.#onEvent({ type: 'paired', peerId, name: attempt.kept.name })
    void this.#onChange()
  }

  #endCode(): void {
    clearTimeout(this.#expiry)
    this.#code = null
  }

  #cancelNext(): void {
    clearTimeout(this.#next)
    this.#next = undefined
  }

  #end(reason: 'expired' | 'wrong', peerId: string | null, code: ShownCode): void {
    if (this.#code === null) return
    if (this.#code === code) this.#endCode()
    this.#onEvent({ type: 'codeEnded', reason, peerId })
    void this.#onChange()
  }
}

/** Returns what a pairing with a peer is bound to. */
export function pairingInit({ node, sodium, name }: PairingParty, peer: PeerStream): PairingInit {
  return { sodium, localId: node.idBytes, remoteId: peer.idBytes, name, deadlines: DEADLINES }
}
