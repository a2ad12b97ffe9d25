import { untilCancelled } from './cancel.ts'
import { Remote } from './client.ts'
import { didYouMean } from './closest.ts'
import { loadSodium } from './crypto/load-sodium.ts'
import type { Sodium } from './crypto/sodium.ts'
import { SftError, type SftErrorCode } from './errors.ts'
import { loadIdentity } from './home.ts'
import { Meeting, type Introduction } from './introduction.ts'
import { refused, type DialEvent } from './net/dialer.ts'
import { Discovery } from './net/discovery.ts'
import { Node, type Muxer, type PeerStream } from './net/node.ts'
import type { OpenSession } from './jobs/link.ts'
import { PeerStore } from './peers.ts'
import { ProtocolClient, type CallOptions } from './protocol/client.ts'
import type { Requested } from './protocol/requests.ts'
import type { Deadlines } from './protocol/types.ts'
import { findTarget, type Target } from './reach.ts'
import type { Peer } from './trust/peers.ts'
import { PROTOCOL_ID } from './wire/limits.ts'
import type { Right } from './wire/rights.ts'

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
    const meeting = introduction && this.#meeting(introduction)
    const query = { peer, ...(addresses && { addresses }) }
    const target = findTarget(query, await this.#store.read(), this.discovery)
    if (target === null) {
      const knock = await meeting?.find(peer, addresses?.[0])
      if (!meeting || !knock) throw await this.#unknownName(peer)
      const { known, address } = await meeting.pair(knock, null, peer)
      return this.#open({ peerId: known.peerId, known, candidates: [address] }, peer)
    }
    try {
      return await this.#open(target, peer)
    } catch (error) {
      if (!meeting || !(error instanceof SftError) || !UNPAIRED.has(error.code)) throw error
      const { known } = await meeting.pair(meeting.at(target.peerId, target.candidates), error)
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

  #meeting(introduction: Introduction): Meeting {
    const { signal, name } = this.#options
    const { node, discovery } = this
    return new Meeting({ node, sodium: this.#sodium, store: this.#store, discovery, introduction, name, signal })
  }

  async #unknownName(name: string): Promise<SftError> {
    const known = (await this.#store.read()).map((peer) => peer.name)
    return new SftError(
      'ERR_UNKNOWN_PEER',
      `no peer is called "${name}"${didYouMean(name, known)}"sft peers" lists them, and to pair: "sft pair" there, "sft pair CODE" here`,
    )
  }
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
