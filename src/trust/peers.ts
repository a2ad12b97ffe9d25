import { SftError } from '../errors.ts'
import { machineNameFault, MAX_MACHINE_NAME } from '../wire/machine-name.ts'
import { ROOT, type RemotePath } from '../wire/path.ts'
import type { Right } from '../wire/rights.ts'

/** Most grants of one peer. */
export const MAX_GRANTS = 64

/** Where a grant is good: at a path and everywhere below it. */
export interface Place {
  /** The shared folder, as its real absolute path on this machine; `null` for every share. */
  readonly share: string | null
  readonly path: RemotePath
}

/**
 * Rights of a peer at one place, on top of those it has further up. One for a whole share takes the place of
 * {@link Peer.rights} there; it may give nothing, while below the root, where nothing can be taken away, it gives some.
 */
export interface Grant extends Place {
  readonly rights: ReadonlySet<Right>
}

/** A machine this one has paired with, and what it may do here. */
export interface Peer {
  /** What this machine calls it; unique, and fit by {@link machineNameFault}. */
  readonly name: string
  /** Who it proves to be: the text form of an Ed25519 peer ID, unique. */
  readonly peerId: string
  /** Its rights in every share; `null` if it has none of its own, and gets what a share gives everybody. */
  readonly rights: ReadonlySet<Right> | null
  /** What it may do beyond that, at most 64 and one for each place; none is for the root of every share. */
  readonly grants: readonly Grant[]
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
 * @throws {@link SftError} `ERR_UNKNOWN_PEER` if there is no such peer, `ERR_USAGE` if it cannot have that name,
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

/** Returns the peers without one. Throws `ERR_UNKNOWN_PEER` if there is no such peer. */
export function removePeer(peers: readonly Peer[], nameOrId: string): Peer[] {
  const removed = expectPeer(peers, nameOrId)
  return peers.filter((peer) => peer !== removed)
}

/**
 * Returns the peers with a rule for one, in place of the one it had for the same place.
 *
 * @param rights - `null` takes the rule away, and so do no rights below the root, where a rule can only add. Without a
 * rule for every share a peer gets what each gives everybody.
 * @param where - Every share if absent; `null` for `rights` then also takes every grant away.
 * @throws {@link SftError} `ERR_UNKNOWN_PEER` if there is no such peer, `ERR_USAGE` if the share is no real absolute path,
 * if the place cannot be kept in the peers file, or if the peer has {@link MAX_GRANTS} already.
 */
export function grantRights(
  peers: readonly Peer[],
  nameOrId: string,
  rights: ReadonlySet<Right> | null,
  where: Place = EVERYWHERE,
): Peer[] {
  const granted = expectPeer(peers, nameOrId)
  const changed = isEverywhere(where)
    ? { ...granted, rights: rights && new Set(rights), grants: rights === null ? [] : granted.grants }
    : {
        ...granted,
        grants: withGrant(granted, { share: where.share, path: where.path, rights: new Set(rights) }, rights === null),
      }
  return peers.map((peer) => (peer === granted ? changed : peer))
}

/** Returns the peers with one kept out, or let in again. Throws `ERR_UNKNOWN_PEER` if there is no such peer. */
export function blockPeer(peers: readonly Peer[], nameOrId: string, blocked: boolean): Peer[] {
  const changed = expectPeer(peers, nameOrId)
  return peers.map((peer) => (peer === changed ? { ...peer, blocked } : peer))
}

/**
 * Returns why a grant cannot be kept, or `null` if it can. The paths of shares are those of any system, so that a peers
 * file that was copied from one is not refused on another.
 */
export function grantFault({ share, path, rights }: Grant): string | null {
  if (isEverywhere({ share, path })) return 'a grant for the root of every share belongs into the column of rights'
  if (path !== ROOT && rights.size === 0) return 'a grant below the root gives nothing; rights are only added there'
  if (CONTROL.test(path)) return 'the path of a grant has a control character'
  if (share === null) return null
  if (share.length > MAX_SHARE || !share.isWellFormed()) return 'the folder of a grant is too long or not valid Unicode'
  if (CONTROL.test(share)) return 'the folder of a grant has a control character'
  const [drive, separator] = share.startsWith('/') ? ['', '/'] : [/^(?:[A-Z]:|\\\\[^\\]+)/i.exec(share)?.[0], '\\']
  if (drive === undefined || share[drive.length] !== separator) return 'the folder of a grant is no absolute path'
  const names = share.slice(drive.length + 1)
  const isCanonical = names === '' || names.split(separator).every((name) => !['', '.', '..'].includes(name))
  return isCanonical ? null : 'the folder of a grant is not in its canonical form'
}

/** Tells whether two grants are for the same place. */
export function isSamePlace(a: Place, b: Place): boolean {
  return a.share === b.share && a.path === b.path
}

const EVERYWHERE: Place = { share: null, path: ROOT }

/** Most characters of the path of a share. */
const MAX_SHARE = 4096

const CONTROL = /\p{Cc}/u

function isEverywhere(place: Place): boolean {
  return isSamePlace(place, EVERYWHERE)
}

/** Returns the grants of a peer with one more, or without the one of its place. */
function withGrant(peer: Peer, grant: Grant, remove: boolean): Grant[] {
  const others = peer.grants.filter((other) => !isSamePlace(other, grant))
  if (remove || (grant.path !== ROOT && grant.rights.size === 0)) return others
  const fault = grantFault(grant)
  if (fault !== null) throw new SftError('ERR_USAGE', `${fault}; choose another place`)
  if (others.length >= MAX_GRANTS) {
    throw new SftError('ERR_USAGE', `"${peer.name}" has ${MAX_GRANTS} grants already; take one away first`)
  }
  return [...others, grant]
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
  if (peer === null) throw new SftError('ERR_UNKNOWN_PEER', `no peer is called "${nameOrId}"; see "sft peers"`)
  return peer
}

function expectName(name: string): void {
  const fault = machineNameFault(name)
  if (fault !== null) throw new SftError('ERR_USAGE', `${fault}; choose another one`)
}
