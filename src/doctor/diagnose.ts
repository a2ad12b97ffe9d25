import { throwIfCancelled } from '../cancel.ts'
import { closest } from '../closest.ts'
import { asSftError, SftError } from '../errors.ts'
import { defaultHome, loadIdentity } from '../home.ts'
import { isPrivateAddress } from '../net/address.ts'
import { tryTcp, whoAnswers, withoutPeerId } from '../net/answer.ts'
import { Discovery } from '../net/discovery.ts'
import { shortId } from '../net/identity.ts'
import { Node } from '../net/node.ts'
import { PeerStore } from '../peers.ts'
import { findTarget, parseAddr, SEARCH_TIME, type Target } from '../reach.ts'
import { findPeer, type Peer } from '../trust/peers.ts'
import { RIGHTS } from '../wire/rights.ts'
import {
  PAIR,
  LISTEN_STEP,
  MULTICAST_STEP,
  describeKey,
  describePeers,
  describeNetwork,
  describeMulticast,
  describeAddresses,
  isOpen,
  nameOf,
  describeTrial,
  problem,
  type Source,
  type Finding,
  type Trial,
} from './findings.ts'
import { ANSWER_TIME, TCP_TIME } from './deadlines.ts'
import { examinePort, examineSurroundings } from './machine.ts'
import { examineSession } from './session.ts'

export interface DiagnoseOptions {
  /** The machine that cannot be reached, named as for `connect`; without it only this machine is looked at. */
  readonly peer?: string
  /** Further addresses to try, as IP, IP:port or multiaddr. */
  readonly addresses?: readonly string[]
  /** Whether the local network is listened to by mDNS. */
  readonly discovery?: boolean
  /** Tries no address that is not of a private network. */
  readonly lanOnly?: boolean
  /** Folder of the identity and the peers; see {@link defaultHome}. */
  readonly home?: string
  readonly signal?: AbortSignal | undefined
}

/** How long further addresses may take once one was heard, in milliseconds. */
const OTHERS_TIME = 300

/** Most addresses that are tried. */
const MOST = 32

/**
 * Finds out why machines do not reach each other, and what to do: looks at this machine, and with a peer at everything
 * that lies between the two, in the order in which a connection is made. Ends at what nothing further can come of.
 *
 * Of whom it looks at it asks nothing but to be let in; a share that does not know this machine may show a pairing code.
 *
 * @throws {@link SftError} `ERR_USAGE` for an address that is none, `ERR_ABORTED`. What is wrong is a finding.
 */
export async function* diagnose(options: DiagnoseOptions = {}): AsyncGenerator<Finding, void, undefined> {
  const { home = defaultHome(), lanOnly = false, discovery: discover = false, peer } = options
  options.addresses?.forEach(parseAddr)
  throwIfCancelled(options.signal)
  const [key, peers] = await Promise.all([settle(loadIdentity(home)), settle(new PeerStore(home).read())])
  yield describeKey(key, home)
  yield describePeers(peers)
  yield describeNetwork(peer === undefined)
  if (key instanceof SftError || (peers instanceof SftError && peer !== undefined)) return
  const known = peers instanceof SftError ? [] : peers
  const listens = discover && peer?.startsWith('/') !== true
  const [node, discovery] = await Promise.all([
    Node.start({ identity: key, lanOnly }),
    listens ? Discovery.start({ peerId: key.peerId }) : null,
  ])
  const doctor = new Doctor(node, discovery, known, options)
  try {
    yield* peer === undefined ? doctor.examineMachine() : doctor.examinePeer(peer)
    throwIfCancelled(options.signal)
  } catch (error) {
    throwIfCancelled(options.signal)
    throw error
  } finally {
    await discovery?.stop()
    await node.stop()
  }
}

/** Looks at the network around this machine, and at one peer. */
class Doctor {
  readonly #node: Node
  readonly #discovery: Discovery | null
  readonly #peers: readonly Peer[]
  readonly #options: DiagnoseOptions
  readonly #signal: AbortSignal

  constructor(node: Node, discovery: Discovery | null, peers: readonly Peer[], options: DiagnoseOptions) {
    this.#node = node
    this.#discovery = discovery
    this.#peers = peers
    this.#options = options
    this.#signal = options.signal ?? new AbortController().signal
  }

  async *examineMachine(): AsyncGenerator<Finding> {
    yield await examinePort(this.#node, this.#peers, this.#signal)
    yield* examineSurroundings(this.#discovery, this.#peers, this.#signal)
  }

  async *examinePeer(peer: string): AsyncGenerator<Finding> {
    const { addresses = [] } = this.#options
    let target: Target | null
    try {
      target = findTarget({ peer, addresses }, this.#peers, null)
    } catch (error) {
      const known = this.#peers.find((one) => one.name === peer || peer.endsWith(one.peerId))
      const facts = { name: known?.name ?? null, peerId: known?.peerId ?? null, paired: known !== undefined }
      yield { check: 'peer', ...facts, ...problem(error) }
      return
    }
    if (target === null) yield* this.#stranger(peer, addresses)
    else yield* this.#reach(peer, target)
  }

  /** Looks for whom a name could mean that nobody has. */
  async *#stranger(name: string, addresses: readonly string[]): AsyncGenerator<Finding> {
    const meant = closest(
      name,
      this.#peers.map((peer) => peer.name),
    )
    yield {
      check: 'peer',
      name: null,
      peerId: null,
      paired: false,
      status: 'problem',
      code: 'ERR_UNKNOWN_PEER',
      found: `no peer is called "${name}"`,
      advice: `${meant === null ? '' : `did you mean "${meant}"? `}"sft peers" lists them; ${PAIR}`,
    }
    const trials = await this.#tryAll(addresses.map((address) => ({ address: parseAddr(address), from: 'given' })))
    yield* trials.map((trial) => describeTrial(trial, isOpen(trials), []))
    for (const { address } of trials.filter(({ tcp }) => tcp?.state === 'open')) {
      yield this.#describeAnswer(address, await whoAnswers(this.#node, address, ANSWER_TIME, this.#signal), null, false)
    }
    if (addresses.length === 0) yield* examineSurroundings(this.#discovery, this.#peers, this.#signal)
  }

  async *#reach(asked: string, { peerId, known, candidates }: Target): AsyncGenerator<Finding> {
    yield this.#describePeer(peerId, known)
    if (peerId === this.#node.peerId) return
    const heard = await this.#listenFor(peerId)
    const fixed = [...(candidates as Iterable<string>)]
    const lastKnown = new Set(asked.startsWith('/') ? [] : (known?.addresses ?? []).map(withoutPeerId))
    const given = new Set((this.#options.addresses ?? []).map((address) => withoutPeerId(parseAddr(address))))
    const from = (address: string): Source =>
      given.has(address) || asked.startsWith('/') ? 'given' : lastKnown.has(address) ? 'last known' : 'heard'
    const all = [...new Set([...fixed, ...heard].map(withoutPeerId))].slice(0, MOST)
    const found = all.map((address) => ({ address, from: from(address) }))
    const trials = await this.#tryAll(found)
    if (this.#discovery !== null) yield* this.#describeHearing(heard, isOpen(trials))
    else yield { check: 'heard', addresses: [], status: 'skipped', found: 'the local network was not listened to' }
    yield describeAddresses(found)
    yield* trials.map((trial) => describeTrial(trial, isOpen(trials), heard))
    const open = trials.filter(({ tcp }) => tcp?.state === 'open').map(({ address }) => `${address}/p2p/${peerId}`)
    const answers = await Promise.all(open.map(async (address) => this.#answer(address, peerId)))
    const right = open.filter((_, index) => answers[index] === peerId)
    for (const [index, address] of open.entries()) {
      yield this.#describeAnswer(withoutPeerId(address), answers[index] ?? null, peerId, right.length > 0)
    }
    if (right.length > 0) yield* examineSession(this.#node, right, known, this.#signal)
  }

  /** Returns who proves to be at an address: the peer, another one, or `null` for what is not sft. */
  async #answer(address: string, peerId: string): Promise<string | null> {
    try {
      await this.#node.knock(address, AbortSignal.any([this.#signal, AbortSignal.timeout(ANSWER_TIME)]))
      return peerId
    } catch (error) {
      this.#signal.throwIfAborted()
      const code = error instanceof SftError ? error.code : null
      if (code === 'ERR_REFUSED') return peerId // it was the right machine that said so
      return code === 'ERR_IDENTITY' ? whoAnswers(this.#node, address, ANSWER_TIME, this.#signal) : null
    }
  }

  async #tryAll(addresses: readonly { address: string; from: Source }[]): Promise<Trial[]> {
    const { lanOnly = false } = this.#options
    const trials = addresses.map(async (one) => ({
      ...one,
      tcp: lanOnly && !isPrivateAddress(one.address) ? null : await tryTcp(one.address, TCP_TIME, this.#signal),
    }))
    const tried = await Promise.all(trials)
    this.#signal.throwIfAborted()
    return tried
  }

  /** Returns the addresses at which a peer says on the local network that it is. */
  async #listenFor(peerId: string): Promise<string[]> {
    if (this.#discovery === null) return []
    const enough = new AbortController()
    const late = setTimeout(() => enough.abort(), SEARCH_TIME)
    const addresses: string[] = []
    for await (const address of this.#discovery.find(peerId, AbortSignal.any([enough.signal, this.#signal]))) {
      if (addresses.length === 0) setTimeout(() => enough.abort(), OTHERS_TIME)
      addresses.push(address)
    }
    clearTimeout(late)
    this.#signal.throwIfAborted()
    return addresses
  }

  #describePeer(peerId: string, known: Peer | null): Finding {
    const facts = { check: 'peer', name: known?.name ?? null, peerId, paired: known !== null } as const
    if (peerId === this.#node.peerId) {
      const found = `${shortId(peerId)} is this machine itself`
      return { ...facts, status: 'problem', code: 'ERR_USAGE', found, advice: 'set SFT_HOME to be another one' }
    }
    if (known === null) {
      return { ...facts, status: 'warning', found: `${shortId(peerId)} is not paired with this machine`, advice: PAIR }
    }
    const rights = known.rights ? RIGHTS.filter((right) => known.rights?.has(right)).join(', ') || 'nothing' : null
    const may = rights === null ? 'what a share gives everybody' : rights
    const more = known.grants.length > 0 ? ', and more in some places' : ''
    return { ...facts, status: 'ok', found: `${nameOf(this.#peers, peerId)} is paired; its rights here: ${may}${more}` }
  }

  *#describeHearing(heard: readonly string[], reached: boolean): Generator<Finding> {
    const problems = this.#discovery?.problems ?? []
    if (problems.length > 0 && heard.length === 0) yield describeMulticast(problems, true)
    if (heard.length > 0) {
      yield { check: 'heard', addresses: heard, status: 'ok', found: 'it is heard on the local network' }
    } else if (reached) {
      const found =
        'it is not heard on the local network, though an address answers: it is found where it was last only'
      yield { check: 'heard', addresses: [], status: 'warning', found, advice: MULTICAST_STEP }
    } else {
      const found = 'it is not heard on the local network'
      yield { check: 'heard', addresses: [], status: 'warning', found, advice: LISTEN_STEP }
    }
  }

  #describeAnswer(address: string, peerId: string | null, wanted: string | null, elsewhere: boolean): Finding {
    const name = peerId === null ? null : (findPeer(this.#peers, peerId)?.name ?? null)
    const facts = { check: 'identity', address, peerId, name } as const
    const bad = elsewhere ? ({ status: 'warning' } as const) : null
    if (peerId === null) {
      const found = `what answers at ${address} is not sft, or closes at once`
      const advice = 'is that the right port? a share with --lan-only also closes at once'
      return { ...facts, ...(bad ?? { status: 'problem', code: 'ERR_UNREACHABLE' }), found, advice }
    }
    if (peerId === wanted) return { ...facts, status: 'ok', found: `the right machine answers at ${address}` }
    if (wanted === null) {
      const advice = name === null ? PAIR : `call it by that name`
      return { ...facts, status: 'ok', found: `${nameOf(this.#peers, peerId)} answers at ${address}`, advice }
    }
    const found = `another machine answers at ${address}: ${nameOf(this.#peers, peerId)}`
    const advice = 'find the right address on the other machine, as "sft share" prints it, and name it with --addr'
    return { ...facts, ...(bad ?? { status: 'problem', code: 'ERR_IDENTITY' }), found, advice }
  }
}

async function settle<T>(work: Promise<T>): Promise<T | SftError> {
  try {
    return await work
  } catch (error) {
    return asSftError(error, 'ERR_INTERNAL', `an unexpected error: ${String(error)}`)
  }
}
