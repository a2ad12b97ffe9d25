import { SftError } from '../errors.ts'
import { machineNameFault, MAX_MACHINE_NAME } from '../wire/machine-name.ts'
import type { Right } from '../wire/rights.ts'

/** A machine this one has paired with, and what it may do here. */
export interface Peer {
  /** What this machine calls it; unique, and fit by {@link machineNameFault}. */
  readonly name: string
  /** Who it proves to be: the text form of an Ed25519 peer ID, unique. */
  readonly peerId: string
  readonly rights: ReadonlySet<Right>
  /** 32 bytes that only the two machines know. */
  readonly secret: Uint8Array
  /** Whether it is kept out, whatever its rights. */
  readonly blocked: boolean
  /** Multiaddrs it was reached at, newest first, at most 8. */
  readonly addresses: readonly string[]
  /** When it was last connected, to the millisecond, in the years 0 to 9999; `null` for never. */
  readonly lastSeen: Date | null
}

/** Returns the peer of this name or peer ID, or `null` if there is none. */
export function findPeer(peers: readonly Peer[], nameOrId: string): Peer | null {
  const composed = nameOrId.normalize('NFC') // some keyboards and file systems type accents apart
  return peers.find(({ name, peerId }) => name === composed || peerId === nameOrId) ?? null
}

/**
 * Returns the peers and one more, its name followed by a number (`ana-2`) if another one has it.
 *
 * @throws {@link SftError} `ERR_USAGE` if it cannot have that name, `ERR_EXISTS` if there is a peer of its ID.
 */
export function addPeer(peers: readonly Peer[], peer: Peer): Peer[] {
  expectName(peer.name)
  const same = peers.find(({ peerId }) => peerId === peer.peerId)
  if (same) throw new SftError('ERR_EXISTS', `that peer is known as "${same.name}"; remove it first`)
  return [...peers, { ...peer, name: uniqueName(peer.name, new Set(peers.map(({ name }) => name))) }]
}

/**
 * Returns the peers with another name for one of them.
 *
 * @throws {@link SftError} `ERR_NOT_FOUND` if there is no such peer, `ERR_USAGE` if it cannot have that name,
 * `ERR_EXISTS` if another one has it.
 */
export function renamePeer(peers: readonly Peer[], nameOrId: string, name: string): Peer[] {
  const renamed = expectPeer(peers, nameOrId)
  expectName(name)
  if (peers.some((peer) => peer !== renamed && peer.name === name)) {
    throw new SftError('ERR_EXISTS', `another peer is called "${name}"; choose another name`)
  }
  return peers.map((peer) => (peer === renamed ? { ...peer, name } : peer))
}

/** Returns the peers without one. Throws `ERR_NOT_FOUND` if there is no such peer. */
export function removePeer(peers: readonly Peer[], nameOrId: string): Peer[] {
  const removed = expectPeer(peers, nameOrId)
  return peers.filter((peer) => peer !== removed)
}

/** Returns the peers with these rights for one, and no others. Throws `ERR_NOT_FOUND` if there is no such peer. */
export function grantRights(peers: readonly Peer[], nameOrId: string, rights: ReadonlySet<Right>): Peer[] {
  const granted = expectPeer(peers, nameOrId)
  return peers.map((peer) => (peer === granted ? { ...peer, rights: new Set(rights) } : peer))
}

/** Returns the peers with one kept out, or let in again. Throws `ERR_NOT_FOUND` if there is no such peer. */
export function blockPeer(peers: readonly Peer[], nameOrId: string, blocked: boolean): Peer[] {
  const changed = expectPeer(peers, nameOrId)
  return peers.map((peer) => (peer === changed ? { ...peer, blocked } : peer))
}

function uniqueName(name: string, taken: ReadonlySet<string>): string {
  let unique = name
  for (let number = 2; taken.has(unique); number += 1) {
    const suffix = `-${number}`
    unique = `${Array.from(name)
      .slice(0, MAX_MACHINE_NAME - suffix.length)
      .join('')}${suffix}`
  }
  return unique
}

function expectPeer(peers: readonly Peer[], nameOrId: string): Peer {
  const peer = findPeer(peers, nameOrId)
  if (peer === null) throw new SftError('ERR_NOT_FOUND', `no peer is called "${nameOrId}"; see "sft peers"`)
  return peer
}

function expectName(name: string): void {
  const fault = machineNameFault(name)
  if (fault !== null) throw new SftError('ERR_USAGE', `${fault}; choose another one`)
}
