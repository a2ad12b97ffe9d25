import { orCancelled, throwIfCancelled, untilCancelled } from './cancel.ts'
import { parseCode } from './crypto/code.ts'
import { loadSodium } from './crypto/load-sodium.ts'
import { SftError } from './errors.ts'
import { defaultHome, loadIdentity, machineName } from './home.ts'
import { Discovery } from './net/discovery.ts'
import type { Heard } from './net/heard.ts'
import { Node, type PeerStream } from './net/node.ts'
import { PairingDesk, pairingInit, type PairingEvent, type PairingParty } from './pairing-desk.ts'
import { PeerStore } from './peers.ts'
import { pairAsInitiator, type PairingKeeper } from './protocol/pairing.ts'
import { CODE_LIFETIME } from './protocol/shown-code.ts'
import { parseAddr, SEARCH_TIME } from './reach.ts'
import { findPeer, type Peer } from './trust/peers.ts'
import { machineNameFault } from './wire/machine-name.ts'
import { PAIR_PROTOCOL_ID } from './wire/pairing.ts'

export interface PairOptions {
  /** Folder of the identity and the peers; see {@link defaultHome}. */
  readonly home?: string
  /** What the other machine is told this one is called; see {@link machineName}. */
  readonly name?: string
  /** Whether machines of the local network are found, and find this one, by mDNS. */
  readonly discovery?: boolean
  /** Refuses every address that is not of a private network. */
  readonly lanOnly?: boolean
  /** Ends it, and nothing is paired then. */
  readonly signal?: AbortSignal | undefined
}

export interface OfferOptions extends PairOptions {
  /** Multiaddrs to listen on; every interface if absent. */
  readonly listen?: readonly string[]
  readonly onEvent?: (event: PairingEvent) => void
  /** Called once with the addresses that this machine can be reached at meanwhile. */
  readonly onReady?: (ready: { peerId: string; addresses: readonly string[] }) => void
}

export interface JoinOptions extends PairOptions {
  /** Where the other machine is, as {@link parseAddr} reads it, if it cannot be found. */
  readonly address?: string
  /** Chooses among several machines that show a code. Without it that is an error. */
  readonly choose?: (machines: readonly Heard[]) => Promise<Heard>
}

/** How long further machines may take once one was heard that shows a code, in milliseconds. */
const OTHERS_TIME = 300

/** How a pairing by a code goes. */
export interface ByCodeOptions {
  /** What the other machine is to be called here; its own name if absent. */
  readonly knownAs?: string | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * Pairs over a stream of the pairing protocol, as the side where the code was typed.
 *
 * @returns The peer as it is kept.
 * @throws {@link SftError} as {@link pairAsInitiator}, `ERR_DENIED` if that peer is blocked here, and `ERR_ABORTED`.
 */
export async function pairByCode(
  party: PairingParty,
  peer: PeerStream,
  code: string,
  { knownAs, signal }: ByCodeOptions = {},
): Promise<Peer> {
  const { peerId, address, stream } = peer
  const { store } = party
  const before = findPeer(await store.read(), peerId)
  let kept: Peer | undefined
  const keeper: PairingKeeper = {
    keep: async ({ name, secret }) => {
      const fit = knownAs !== undefined && machineNameFault(knownAs) === null ? knownAs : name
      kept = await store.keepPaired({ peerId, name: fit, secret, address })
    },
    undo: async () => {
      await store.change((peers) =>
        peers.flatMap((one) => (one.peerId !== peerId ? [one] : before ? [{ ...one, secret: before.secret }] : [])),
      )
    },
  }
  const interrupt = (): void => stream.abort(new SftError('ERR_ABORTED', 'cancelled', { cause: signal?.reason }))
  signal?.addEventListener('abort', interrupt)
  if (signal?.aborted === true) interrupt()
  try {
    await pairAsInitiator(stream, pairingInit(party, peer), code, keeper)
  } finally {
    signal?.removeEventListener('abort', interrupt)
  }
  if (!kept) throw new SftError('ERR_INTERNAL', 'the pairing was not kept')
  return kept
}

/**
 * Shows a code and waits until another machine paired with it.
 *
 * @throws {@link SftError} `ERR_TIMEOUT` if nobody typed the code in time, `ERR_DIGEST` if somebody typed a wrong one or
 * stood in between, `ERR_USAGE`, `ERR_IDENTITY`, `ERR_ABORTED`.
 */
export async function offerPairing(options: OfferOptions = {}): Promise<Peer> {
  const { home = defaultHome(), listen = 'everywhere', lanOnly = false, onEvent, onReady, signal } = options
  throwIfCancelled(signal)
  const store = new PeerStore(home)
  const { name = machineName() } = options
  const [identity, sodium] = await Promise.all([loadIdentity(home), loadSodium()])
  await store.read() // malformed: better now than after a code was typed
  const ended = Promise.withResolvers<Peer>()
  ended.promise.catch(() => undefined)
  let discovery: Discovery | undefined
  const onPairing = (event: PairingEvent): void => {
    onEvent?.(event)
    if (event.type === 'pairingFailed') ended.reject(event.error)
    if (event.type === 'codeEnded') ended.reject(codeEnded(event.reason))
    if (event.type === 'paired') {
      store.read().then((peers) => {
        const peer = findPeer(peers, event.peerId)
        if (peer) ended.resolve(peer)
        else ended.reject(new SftError('ERR_NOT_FOUND', `${event.name} was removed again`))
      }, ended.reject)
    }
  }
  const node = await Node.start({ identity, listen, lanOnly })
  const desk = new PairingDesk({ node, sodium, store, name }, onPairing, () => discovery?.announce())
  await node.handle(PAIR_PROTOCOL_ID, desk)
  const interrupt = (): void => ended.reject(new SftError('ERR_ABORTED', 'interrupted; nothing was paired'))
  signal?.addEventListener('abort', interrupt)
  if (signal?.aborted === true) interrupt()
  try {
    onReady?.({ peerId: node.peerId, addresses: node.addresses })
    desk.show()
    if (options.discovery === true) {
      const advert = (): { addresses: string[]; pairing: boolean } => ({
        addresses: node.addresses,
        pairing: desk.open,
      })
      discovery = await Discovery.start({ peerId: node.peerId, advert })
      discovery.announce()
    }
    return await ended.promise
  } finally {
    signal?.removeEventListener('abort', interrupt)
    desk.close()
    await discovery?.stop()
    await node.stop()
  }
}

/**
 * Pairs with the machine that shows `code`: the one at the address, or the one of the local network that shows a code.
 *
 * @throws {@link SftError} as {@link pairByCode}; `ERR_USAGE` for a code that is none, `ERR_NOT_FOUND` if no machine is
 * found that shows one, the failures of a dial, and `ERR_ABORTED`.
 */
export async function pair(code: string, options: JoinOptions = {}): Promise<Peer> {
  return untilCancelled(options.signal, async () => join(code, options))
}

async function join(code: string, options: JoinOptions): Promise<Peer> {
  const { home = defaultHome(), lanOnly = false, address, signal } = options
  const typed = parseCode(code)
  const store = new PeerStore(home)
  const { name = machineName() } = options
  const [identity, sodium] = await Promise.all([loadIdentity(home), loadSodium()])
  await store.read()
  const discovery =
    address === undefined && options.discovery === true ? await Discovery.start({ peerId: identity.peerId }) : null
  const node = await Node.start({ identity, lanOnly })
  try {
    const party = { node, sodium, store, name }
    if (address !== undefined) {
      const peer = await dialCode(node, parseAddr(address), signal)
      return await pairByCode(party, peer, typed, { signal })
    }
    const machines = discovery ? (await hearMachines(discovery, signal)).filter(({ pairing }) => pairing) : []
    const machine = await orCancelled(signal, chooseMachine(machines, options.choose))
    return await pairByCode(party, await node.dial(machine.addresses, PAIR_PROTOCOL_ID, signal), typed, { signal })
  } finally {
    await discovery?.stop()
    await node.stop()
  }
}

/** Opens the pairing protocol at an address, which may leave open who answers: the code tells. */
async function dialCode(node: Node, address: string, signal?: AbortSignal): Promise<PeerStream> {
  try {
    return address.includes('/p2p/')
      ? await node.dial(address, PAIR_PROTOCOL_ID, signal)
      : await node.dialAnyone(address, PAIR_PROTOCOL_ID, signal)
  } catch (error) {
    if (!(error instanceof SftError) || error.code !== 'ERR_REFUSED') throw error
    throw new SftError('ERR_REFUSED', `the machine at ${address} shows no code now; run "sft pair" there`, {
      cause: error,
    })
  }
}

/**
 * Listens to the local network for machines: until one is heard that shows a code, and a moment longer for others, or
 * for {@link SEARCH_TIME} milliseconds. Those that show a code come first.
 */
export async function hearMachines(discovery: Discovery, signal?: AbortSignal): Promise<Heard[]> {
  const shown = Promise.withResolvers<void>()
  const notice = (heard: Heard): void => {
    if (heard.pairing) shown.resolve()
  }
  discovery.heard().forEach(notice)
  const stopListening = discovery.onHeard(notice)
  const timer = setTimeout(shown.resolve, SEARCH_TIME)
  signal?.addEventListener('abort', () => shown.resolve())
  if (signal?.aborted === true) shown.resolve()
  try {
    await shown.promise
    signal?.throwIfAborted()
    if (discovery.heard().some(({ pairing }) => pairing))
      await new Promise((resolve) => setTimeout(resolve, OTHERS_TIME))
    return discovery.heard().toSorted((a, b) => Number(b.pairing) - Number(a.pairing))
  } finally {
    clearTimeout(timer)
    stopListening()
  }
}

async function chooseMachine(
  machines: readonly Heard[],
  choose: ((machines: readonly Heard[]) => Promise<Heard>) | undefined,
): Promise<Heard> {
  const [first, ...others] = machines
  if (!first) {
    throw new SftError(
      'ERR_NOT_FOUND',
      'no machine of this network shows a code; run "sft pair" there, or name its address with --addr',
    )
  }
  if (others.length === 0) return first
  if (choose) return choose(machines)
  throw new SftError(
    'ERR_USAGE',
    `${machines.length} machines of this network show a code; name the address of the right one with --addr`,
  )
}

function codeEnded(reason: 'expired' | 'wrong'): SftError {
  return reason === 'expired'
    ? new SftError(
        'ERR_TIMEOUT',
        `nobody typed the code within ${CODE_LIFETIME / 60_000} minutes; run "sft pair" again`,
      )
    : new SftError('ERR_DIGEST', 'a wrong code was typed, or somebody stands in between; run "sft pair" again')
}
