import { orCancelled, untilCancelled } from './cancel.ts'
import { Remote } from './client.ts'
import { didYouMean } from './closest.ts'
import { parseCode } from './crypto/code.ts'
import { loadSodium } from './crypto/load-sodium.ts'
import type { Sodium } from './crypto/sodium.ts'
import { SftError, type SftErrorCode } from './errors.ts'
import { loadIdentity, machineName } from './home.ts'
import { refused, type Candidates, type DialEvent } from './net/dialer.ts'
import { Discovery } from './net/discovery.ts'
import type { Heard } from './net/heard.ts'
import { Node, type Muxer, type PeerStream } from './net/node.ts'
import type { OpenSession } from './jobs/link.ts'
import { hearMachines, pairByCode } from './pair.ts'
import { PeerStore } from './peers.ts'
import { ProtocolClient, type CallOptions } from './protocol/client.ts'
import type { Requested } from './protocol/requests.ts'
import type { Deadlines } from './protocol/types.ts'
import { findTarget, parseAddr, withPeerId, type Target } from './reach.ts'
import type { Peer } from './trust/peers.ts'
import { PROTOCOL_ID } from './wire/limits.ts'
import { PAIR_PROTOCOL_ID } from './wire/pairing.ts'
import type { Right } from './wire/rights.ts'

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

/** What happens on the way to a share, and then with it. */
export type ConnectEvent =
  | DialEvent
  /** A session stands, the first one or a further one, with a peer that is paired or not. */
  | {
      readonly type: 'session'
      readonly peerId: string
      readonly paired: boolean
      readonly rights: ReadonlySet<Right>
    }
  /** A request to the share has ended. */
  | ({ readonly type: 'request' } & Requested)

export interface ConnectOptions extends CallOptions {
  /** Further addresses to try, as {@link parseAddr} reads them. */
  readonly addresses?: readonly string[]
  /** Whether the peer is also looked for on the local network by mDNS, unless it is named by its address. */
  readonly discovery?: boolean
  /** Refuses every address that is not of a private network. */
  readonly lanOnly?: boolean
  /** What a machine that pairs is told this one is called; see {@link machineName}. */
  readonly name?: string
  /** How to pair if the peer does not know this machine. Without it that is an error. */
  readonly introduction?: Introduction
  /** Called for all that happens, for as long as the connection is used. Must not throw. */
  readonly onEvent?: (event: ConnectEvent) => void
  /** Folder of the identity and the peers; see {@link defaultHome}. */
  readonly home?: string
  /** Muxers to offer, in order of preference. */
  readonly muxers?: readonly Muxer[]
  /** Which build of libsodium to use; the native one where it runs if absent. */
  readonly sodium?: Sodium['name']
  readonly deadlines?: Deadlines
}

/**
 * Connects to the share of `peer`: the name of a paired machine, a peer ID, or a multiaddr that ends in `/p2p/` and the
 * peer ID.
 *
 * @throws {@link SftError} `ERR_UNKNOWN_PEER` for a name nobody has, `ERR_USAGE`, `ERR_UNREACHABLE`, `ERR_REFUSED`,
 * `ERR_IDENTITY`, `ERR_DECRYPT` if the pairing of the two is not the same on both sides, `ERR_DENIED` for a peer that is
 * blocked here, `ERR_TIMEOUT`, `ERR_ABORTED`.
 */
export async function connect(peer: string, options: ConnectOptions = {}): Promise<Remote> {
  return untilCancelled(options.signal, async () => {
    const connector = await Connector.start(options, !peer.startsWith('/'))
    try {
      return await connector.connect(peer)
    } catch (error) {
      await connector.node.stop()
      throw error
    } finally {
      await connector.discovery?.stop()
    }
  })
}

/** Finds a peer, pairs with it if that is needed and wanted, and opens a session. */
class Connector {
  readonly node: Node
  readonly discovery: Discovery | null
  readonly #sodium: Sodium
  readonly #store: PeerStore
  readonly #options: ConnectOptions

  static async start(options: ConnectOptions, discoverable: boolean): Promise<Connector> {
    const { home, muxers, lanOnly = false, onEvent } = options
    const [identity, sodium] = await Promise.all([loadIdentity(home), loadSodium(options.sodium)])
    const listening = discoverable && options.discovery === true
    const [node, discovery] = await Promise.all([
      Node.start({ identity, lanOnly, ...(muxers && { muxers }), ...(onEvent && { onDial: onEvent }) }),
      listening ? Discovery.start({ peerId: identity.peerId }) : null,
    ])
    return new Connector(node, discovery, sodium, options)
  }

  private constructor(node: Node, discovery: Discovery | null, sodium: Sodium, options: ConnectOptions) {
    this.node = node
    this.discovery = discovery
    this.#sodium = sodium
    this.#store = new PeerStore(options.home)
    this.#options = options
  }

  async connect(peer: string): Promise<Remote> {
    const { addresses, introduction } = this.#options
    const query = { peer, ...(addresses && { addresses }) }
    const target = findTarget(query, await this.#store.read(), this.discovery)
    if (target === null) {
      if (!introduction) throw await this.#unknownName(peer)
      const knock = await this.#meet(peer, introduction)
      const { known, address } = await this.#pair(knock, introduction, null, peer)
      return this.#open({ peerId: known.peerId, known, candidates: [address] }, peer)
    }
    try {
      return await this.#open(target, peer)
    } catch (error) {
      if (!introduction || !(error instanceof SftError) || !UNPAIRED.has(error.code)) throw error
      const { peerId, candidates } = target
      const { known } = await this.#pair({ peerId, open: this.#knock(candidates) }, introduction, error)
      return this.#open({ ...target, known }, peer)
    }
  }

  async #open(target: Target, asked: string): Promise<Remote> {
    const { client, address } = await this.#session(target, asked, this.#options.signal)
    const { peerId, known } = target
    const reopen: OpenSession = async (signal) => {
      // Last known addresses may have changed by now, and the local network has to be asked anew.
      const discovery = this.discovery ? await Discovery.start({ peerId: this.node.peerId }) : null
      try {
        const again = findTarget({ peer: peerId, addresses: [address] }, await this.#store.read(), discovery)
        return (await this.#session(again ?? target, asked, signal)).client
      } finally {
        await discovery?.stop()
      }
    }
    return new Remote(this.node, { client, reopen }, { peerId, address, known: known !== null }, this.#store)
  }

  /** Opens a session with a peer, under the secret of their pairing if there is one. */
  async #session(
    { peerId, known, candidates }: Target,
    asked: string,
    signal: AbortSignal | undefined,
  ): Promise<{ client: ProtocolClient; address: string }> {
    const { node } = this
    const { deadlines, onEvent } = this.#options
    const onRequest = onEvent && ((request: Requested): void => onEvent({ type: 'request', ...request }))
    try {
      const stream = await node.dial(candidates, PROTOCOL_ID, signal)
      const client = await openSession(stream, { node, sodium: this.#sodium, known, signal, deadlines, onRequest })
      onEvent?.({ type: 'session', peerId, paired: known !== null, rights: await client.rights() })
      return { client, address: stream.address }
    } catch (error) {
      throw explain(error, asked, known, this.discovery !== null)
    }
  }

  /**
   * Finds the machine that is meant by a name nobody has yet: the one at an address that was given, which the code will
   * prove, or one of the local network.
   */
  async #meet(name: string, introduction: Introduction): Promise<Knock> {
    const { addresses: [address] = [], signal } = this.#options
    if (address !== undefined) {
      const parsed = parseAddr(address)
      return { peerId: null, open: async () => this.node.dialAnyone(parsed, PAIR_PROTOCOL_ID, signal) }
    }
    const machines = this.discovery ? await hearMachines(this.discovery, signal) : []
    const showing = machines.filter(({ pairing }) => pairing)
    const [only, ...others] = showing.length > 0 ? showing : machines
    if (!only) throw await this.#unknownName(name)
    if (others.length > 0 && !introduction.choose) {
      throw new SftError(
        'ERR_USAGE',
        `"${name}" may be any of ${others.length + 1} machines of this network; say which with --addr`,
      )
    }
    const { choose } = introduction
    const machine = others.length > 0 && choose ? await orCancelled(signal, choose([only, ...others])) : only
    return { peerId: machine.peerId, open: this.#knock(machine.addresses) }
  }

  async #unknownName(name: string): Promise<SftError> {
    const known = (await this.#store.read()).map((peer) => peer.name)
    return new SftError(
      'ERR_UNKNOWN_PEER',
      `no peer is called "${name}"${didYouMean(name, known)}"sft peers" lists them, and to pair: "sft pair" there, "sft pair CODE" here`,
    )
  }

  #knock(candidates: Candidates): Knock['open'] {
    return async () => this.node.dial(candidates, PAIR_PROTOCOL_ID, this.#options.signal)
  }

  /** Asks for the code that the other machine shows, and pairs by it. Returns the peer, and where it answered. */
  async #pair(
    { peerId, open }: Knock,
    introduction: Introduction,
    why: SftError | null,
    name?: string,
  ): Promise<{ known: Peer; address: string }> {
    try {
      // Whoever is refused makes a share show a code.
      const { stream } = await open()
      stream.abort(new SftError('ERR_ABORTED', 'only asking'))
    } catch (error) {
      if (!(error instanceof SftError) || error.code !== 'ERR_REFUSED') throw error
    }
    const { signal, name: ownName = machineName() } = this.#options
    const code = parseCode(await orCancelled(signal, introduction.askCode(peerId, why)))
    const party = { node: this.node, sodium: this.#sodium, store: this.#store, name: ownName }
    const peer = await open().catch((error: unknown) => {
      if (!(error instanceof SftError) || error.code !== 'ERR_REFUSED') throw error
      throw new SftError('ERR_REFUSED', 'the other machine shows no code now; run "sft pair" there', { cause: error })
    })
    const known = await pairByCode(party, peer, code, { knownAs: name, signal })
    introduction.onPaired?.(known)
    return { known, address: withPeerId(peer.address, known.peerId) }
  }
}

/** A way to open the pairing protocol with a machine, and who should answer; `null` if the code has to tell. */
interface Knock {
  readonly peerId: string | null
  readonly open: () => Promise<PeerStream>
}

/** What a session is opened with. */
export interface SessionInit {
  readonly node: Node
  readonly sodium: Sodium
  /** What is known of the peer; `null` for one that is not paired. */
  readonly known: Peer | null
  readonly signal?: AbortSignal | undefined
  readonly deadlines?: Deadlines | undefined
  readonly onRequest?: ((request: Requested) => void) | undefined
}

/**
 * Opens a session on a stream, under the secret of the pairing with that peer if there is one.
 *
 * @throws {@link SftError} as {@link ProtocolClient.open}, but `ERR_REFUSED` where the peer closes it before a word; or the
 * reason of the signal.
 */
export async function openSession({ stream, idBytes }: PeerStream, init: SessionInit): Promise<ProtocolClient> {
  const { node, sodium, known, signal, deadlines, onRequest } = init
  const interrupt = (): void => stream.abort(new SftError('ERR_ABORTED', 'cancelled', { cause: signal?.reason }))
  signal?.addEventListener('abort', interrupt)
  try {
    return await ProtocolClient.open(stream, {
      sodium,
      localId: node.idBytes,
      remoteId: idBytes,
      ...(known && { pairingSecret: known.secret }),
      ...(deadlines && { deadlines }),
      onRequest,
    })
  } catch (error) {
    signal?.throwIfAborted()
    // The connection stood and then closed before a word was said: that is how a gater says no.
    const closed = error instanceof SftError && error.code === 'ERR_CLOSED'
    throw closed ? refused(node.peerId, error) : error
  } finally {
    signal?.removeEventListener('abort', interrupt)
  }
}

/** With these a session fails that a pairing can mend. */
const UNPAIRED: ReadonlySet<SftErrorCode> = new Set(['ERR_REFUSED', 'ERR_DECRYPT'])

/** Says what a failure to connect means for this peer, and what to do. */
function explain(error: unknown, asked: string, known: Peer | null, searched: boolean): unknown {
  if (!(error instanceof SftError)) return error
  const say = (message: string): SftError => new SftError(error.code, message, { cause: error })
  if (error.code === 'ERR_DECRYPT') {
    return say(
      known
        ? `"${known.name}" does not have the pairing secret that this machine has; pair again: "sft pair" there, "sft pair CODE" here`
        : 'that machine is paired with this one, and this one has forgotten it; pair again: "sft pair" there, "sft pair CODE" here',
    )
  }
  if (error.code === 'ERR_REFUSED' && known) {
    return say(`"${known.name}" does not let this machine in; pair again ("sft pair" there), or see "sft peers" there`)
  }
  if (error.code !== 'ERR_UNREACHABLE' || asked.startsWith('/')) return error
  const [what, question = 'is "sft share" running there?'] = error.message.split('; ')
  const heard = searched ? ', and it was not heard on this network' : ''
  const hint = `${question} "sft doctor ${asked}" finds out more, --addr names its address`
  return say(`cannot reach "${asked}": ${what}${heard}; ${hint}`)
}
