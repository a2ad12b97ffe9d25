import { throwIfCancelled } from './cancel.ts'
import { SftError } from './errors.ts'
import { defaultHome, loadIdentity } from './home.ts'
import { ipOf } from './net/address.ts'
import { peerIdOfAddress, type Candidates } from './net/dialer.ts'
import { Discovery } from './net/discovery.ts'
import { isPeerId } from './net/identity.ts'
import { DEFAULT_PORT, Node } from './net/node.ts'
import { matchPeer } from './peers.ts'
import type { Peer } from './trust/peers.ts'
import { machineNameFault } from './wire/machine-name.ts'

/** How the user named a peer: PEER, and where to look for it. */
export interface PeerQuery {
  /** A name, a peer ID, or a multiaddr that ends in `/p2p/` and the peer ID. */
  readonly peer: string
  /** Addresses the user gave besides, as {@link parseAddr} reads them. */
  readonly addresses?: readonly string[]
}

/** Who a peer is, and where it may be. */
export interface Target {
  readonly peerId: string
  /** What is known of it, if it is paired. */
  readonly known: Peer | null
  /** Addresses to try, each ending in the peer ID. */
  readonly candidates: Candidates
}

/** How long the local network is listened to for a peer, in milliseconds: three queries, and time to answer. */
export const SEARCH_TIME = 3_000

/** How long peers may take to answer a knock, in milliseconds. */
const KNOCK_TIME = 2_000

/**
 * Finds out who PEER is and where to try it: the addresses that were given, the last known ones, and those heard on the
 * local network, in that order and all at once. Where it was heard is a hint; who answers there has to prove its key.
 *
 * @param discovery - Asked for the peer unless the query names its address; `null` for no discovery.
 * @returns `null` for a name that no peer has.
 * @throws {@link SftError} `ERR_USAGE` for what is no name, or an address that is none, or of another peer; `ERR_DENIED` for a blocked peer.
 */
export function findTarget(query: PeerQuery, peers: readonly Peer[], discovery: Discovery | null): Target | null {
  const { peer, addresses = [] } = query
  const isAddress = peer.startsWith('/')
  const known = matchPeer(peers, isAddress ? peerIdOfAddress(peer) : peer)
  const peerId = known?.peerId ?? (isAddress ? peerIdOfAddress(peer) : isPeerId(peer) ? peer : soleId(addresses))
  if (peerId === null) {
    if (machineNameFault(peer) === null && ipOf(`/ip4/${peer}/tcp/1`) === null) return null
    throw new SftError(
      'ERR_USAGE',
      `"${peer}" is not the name of a machine, a peer ID or a multiaddr; an IP address or host goes behind --addr, and here the name of the machine`,
    )
  }
  if (known?.blocked === true) {
    throw new SftError('ERR_DENIED', `"${known.name}" is blocked here; to undo that: sft peers unblock ${known.name}`)
  }
  const given = addresses.map((address) => withPeerId(parseAddr(address), peerId))
  if (isAddress) return { peerId, known, candidates: [peer, ...given] }
  const fixed = [...given, ...(known?.addresses ?? []).map((address) => withPeerId(address, peerId))]
  if (discovery === null) return { peerId, known, candidates: fixed }
  return {
    peerId,
    known,
    candidates: async function* (enough) {
      yield* fixed
      yield* discovery.find(peerId, AbortSignal.any([enough, AbortSignal.timeout(SEARCH_TIME)]))
    },
  }
}

export interface ReachableOptions {
  /** Whether peers are also looked for on the local network by mDNS. */
  readonly discovery?: boolean
  /** Tries no address that is not of a private network. */
  readonly lanOnly?: boolean
  /** Folder of the identity; see {@link defaultHome}. */
  readonly home?: string
  /** The time for all peers together, in milliseconds. */
  readonly patience?: number
  readonly signal?: AbortSignal | undefined
}

/**
 * Knocks at peers, all at once, at their last known addresses and where they are heard on the local network. It is done
 * as soon as every one has answered.
 *
 * @returns Whether each proved to be there, by peer ID; `null` for a blocked one, which is left alone.
 * @throws {@link SftError} `ERR_IDENTITY` if the own key is unfit, `ERR_ABORTED`.
 */
export async function reachable(
  peers: readonly Peer[],
  options: ReachableOptions = {},
): Promise<ReadonlyMap<string, boolean | null>> {
  const { home = defaultHome(), lanOnly = false, discovery: discover = false, patience = KNOCK_TIME } = options
  const wanted = peers.filter(({ blocked }) => !blocked)
  const found = new Map<string, boolean | null>(peers.map(({ peerId, blocked }) => [peerId, blocked ? null : false]))
  throwIfCancelled(options.signal)
  if (wanted.length === 0) return found
  const late = AbortSignal.timeout(patience)
  const signal = options.signal ? AbortSignal.any([late, options.signal]) : late
  const identity = await loadIdentity(home)
  const [node, discovery] = await Promise.all([
    Node.start({ identity, lanOnly }),
    discover ? Discovery.start({ peerId: identity.peerId }) : null,
  ])
  try {
    const knock = async (peer: Peer): Promise<void> => {
      found.set(peer.peerId, await isThere(node, peer, discovery, signal))
    }
    await Promise.all(wanted.map(knock))
    throwIfCancelled(options.signal)
    return found
  } finally {
    await Promise.all([discovery?.stop(), node.stop()])
  }
}

async function isThere(node: Node, peer: Peer, discovery: Discovery | null, signal: AbortSignal): Promise<boolean> {
  try {
    const target = findTarget({ peer: peer.peerId }, [peer], discovery)
    if (target !== null) await node.knock(target.candidates, signal)
    return target !== null
  } catch (error) {
    return error instanceof SftError && error.code === 'ERR_REFUSED' // it was the right machine that said so
  }
}

/**
 * Reads an address as people type it: a multiaddr, or an IP address or host name with or without a port, which is
 * sft's own if it is missing.
 *
 * @returns A multiaddr, which need not end in a peer ID.
 * @throws {@link SftError} `ERR_USAGE`.
 */
export function parseAddr(text: string): string {
  if (text.startsWith('/')) return text
  const [, bracketed, plain, port = String(DEFAULT_PORT)] = HOST.exec(text) ?? []
  const host = bracketed ?? plain
  if (host !== undefined && Number(port) >= 1 && Number(port) <= 65_535) {
    for (const kind of ['ip4', 'ip6']) {
      const address = `/${kind}/${host}/tcp/${port}`
      if (ipOf(address) !== null) return address
    }
    if (bracketed === undefined && HOST_NAME.test(host)) return `/dns/${host}/tcp/${port}`
  }
  throw new SftError(
    'ERR_USAGE',
    `"${text}" is not an address such as 192.168.1.7, 192.168.1.7:${DEFAULT_PORT} or a multiaddr`,
  )
}

/** An IPv6 address in brackets or alone, or anything else without a colon; and a port. */
const HOST = /^(?:\[([\da-f:.]+)\]|([^:/[\]]+|[\da-f:.]*:[\da-f:.]*:[\da-f:.]*))(?::(\d{1,5}))?$/i

/** Labels of letters, digits and hyphens, not all of them numbers. */
const HOST_NAME = /^(?=.*[a-z])(?:[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?)(?:\.[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?)*\.?$/i

/** Returns an address that ends in this peer's ID. @throws {@link SftError} `ERR_USAGE` if it ends in another's. */
export function withPeerId(address: string, peerId: string): string {
  if (!address.includes('/p2p/')) return `${address}/p2p/${peerId}`
  if (peerIdOfAddress(address) === peerId) return address
  throw new SftError('ERR_USAGE', `the address "${address}" is that of another peer than ${peerId}`)
}

/** Returns the peer ID that the addresses of a peer end in, if they do. */
function soleId(addresses: readonly string[]): string | null {
  const named = addresses.find((address) => address.includes('/p2p/'))
  return named === undefined ? null : peerIdOfAddress(named)
}
