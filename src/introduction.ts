import { orCancelled } from './cancel.ts'
import { parseCode } from './crypto/code.ts'
import type { Sodium } from './crypto/sodium.ts'
import { SftError } from './errors.ts'
import { machineName } from './home.ts'
import type { Candidates } from './net/dialer.ts'
import type { Discovery } from './net/discovery.ts'
import type { Heard } from './net/heard.ts'
import type { Node, PeerStream } from './net/node.ts'
import { hearMachines, pairByCode } from './pair.ts'
import type { PeerStore } from './peers.ts'
import { parseAddr, withPeerId } from './reach.ts'
import type { Peer } from './trust/peers.ts'
import { PAIR_PROTOCOL_ID } from './wire/pairing.ts'

/** How two machines that are not paired yet can become so while one connects to the other. */
export interface Introduction {
  /** Chooses which of several machines of the local network is meant. Without it that is an error. */
  readonly choose?: (machines: readonly Heard[]) => Promise<Heard>
  /**
   * Returns the code that the machine with this peer ID shows, as it was typed; `null` where only an address is known.
   *
   * @param why - The error of the connection, or `null` if none was tried yet.
   */
  readonly askCode: (peerId: string | null, why: SftError | null) => Promise<string>
  readonly onPaired?: (peer: Peer) => void
}

/** A way to open the pairing protocol with a machine, and who should answer; `null` if the code has to tell. */
export interface Knock {
  readonly peerId: string | null
  readonly open: () => Promise<PeerStream>
}

export interface MeetingInit {
  readonly node: Node
  readonly sodium: Sodium
  readonly store: PeerStore
  /** Hears the machines of the local network, if they are listened to. */
  readonly discovery: Discovery | null
  readonly introduction: Introduction
  /** What the other machine is told this one is called; see {@link machineName}. */
  readonly name: string | undefined
  readonly signal: AbortSignal | undefined
}

/** Finds the machine that is meant, and pairs this one with it by the code that it shows. */
export class Meeting {
  readonly #init: MeetingInit

  constructor(init: MeetingInit) {
    this.#init = init
  }

  /** Returns a way to the machine with a peer ID, at one of these addresses. */
  at(peerId: string, candidates: Candidates): Knock {
    const { node, signal } = this.#init
    return { peerId, open: async () => node.dial(candidates, PAIR_PROTOCOL_ID, signal) }
  }

  /**
   * Finds the machine that is meant by a name nobody has yet: the one at an address that was given, which the code will
   * prove, or one of the local network; `null` if there is none.
   *
   * @throws {@link SftError} `ERR_USAGE` if there are several, and nobody to choose.
   */
  async find(name: string, address: string | undefined): Promise<Knock | null> {
    const { node, discovery, introduction, signal } = this.#init
    if (address !== undefined) {
      const parsed = parseAddr(address)
      return { peerId: null, open: async () => node.dialAnyone(parsed, PAIR_PROTOCOL_ID, signal) }
    }
    const machines = discovery ? await hearMachines(discovery, signal) : []
    const showing = machines.filter(({ pairing }) => pairing)
    const [only, ...others] = showing.length > 0 ? showing : machines
    if (!only) return null
    if (others.length > 0 && !introduction.choose) {
      throw new SftError(
        'ERR_USAGE',
        `"${name}" may be any of ${others.length + 1} machines of this network; say which with --addr`,
      )
    }
    const { choose } = introduction
    const machine = others.length > 0 && choose ? await orCancelled(signal, choose([only, ...others])) : only
    return this.at(machine.peerId, machine.addresses)
  }

  /**
   * Asks for the code that the other machine shows, and pairs by it. Returns the peer, and where it answered.
   *
   * @param why - The error of the connection, or `null` if none was tried yet.
   * @param name - What the peer is to be called here; its own name if absent.
   */
  async pair({ peerId, open }: Knock, why: SftError | null, name?: string): Promise<{ known: Peer; address: string }> {
    const { node, sodium, store, introduction, signal } = this.#init
    try {
      // Whoever is refused makes a share show a code.
      const { stream } = await open()
      stream.abort(new SftError('ERR_ABORTED', 'only asking'))
    } catch (error) {
      if (!(error instanceof SftError) || error.code !== 'ERR_REFUSED') throw error
    }
    const { name: ownName = machineName() } = this.#init
    const code = parseCode(await orCancelled(signal, introduction.askCode(peerId, why)))
    const peer = await open().catch((error: unknown) => {
      if (!(error instanceof SftError) || error.code !== 'ERR_REFUSED') throw error
      throw new SftError('ERR_REFUSED', 'the other machine shows no code now; run "sft pair" there', { cause: error })
    })
    const party = { node, sodium, store, name: ownName }
    const known = await pairByCode(party, peer, code, { knownAs: name, signal })
    introduction.onPaired?.(known)
    return { known, address: withPeerId(peer.address, known.peerId) }
  }
}
