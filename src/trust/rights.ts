import { components, ROOT, type RemotePath } from '../wire/path.ts'
import { RIGHTS, type Right } from '../wire/rights.ts'
import type { Grant, Peer } from './peers.ts'

/** What one share gives, before any peer is looked at. */
export interface Offer {
  /** The shared folder: its real absolute path on this machine. */
  readonly root: string
  /** The most anybody may do there, whatever was granted. */
  readonly ceiling: ReadonlySet<Right>
  /** What a peer may do there that has no rights of its own. */
  readonly standard: ReadonlySet<Right>
}

/**
 * Returns what a peer may do at a path of a share: nothing but what is given, and never more than the ceiling. It starts
 * from its rights for the whole share, and every grant for the path or a folder above it adds to them, so that rights
 * only grow on the way down. Paths are compared by bytes: another spelling of a path can only have fewer rights.
 *
 * @param peer - `null` for one this machine does not know, but lets in.
 */
export function rightsAt(peer: Peer | null, offer: Offer, path: RemotePath): ReadonlySet<Right> {
  return collect(peer, offer, (grant) => isAtOrBelow(path, grant.path))
}

/**
 * Returns the most a peer could come to do with an entry at a path, or with anything in it, if it were put there: what
 * {@link rightsAt} gives at the path and everywhere below it, also where a file system takes another spelling for it.
 */
export function rightsWithin(peer: Peer | null, offer: Offer, path: RemotePath): ReadonlySet<Right> {
  const place = folded(path)
  return collect(peer, offer, (grant) => {
    const granted = folded(grant.path)
    return isAtOrBelow(place, granted) || isAtOrBelow(granted, place)
  })
}

/** Rights that a peer has no more, at a path of a share and everywhere below it. */
export interface Withdrawn {
  readonly path: RemotePath
  readonly rights: readonly Right[]
}

/**
 * Returns what a peer may do no more at the places where it had rights.
 *
 * @param after - `null` for one that this machine has forgotten, but lets in.
 */
export function withdrawnRights(before: Peer, after: Peer | null, offer: Offer): Withdrawn[] {
  const places = new Set([ROOT, ...grantsFor(before, offer.root).map(({ path }) => path)])
  return [...places].flatMap((path) => {
    const left = rightsAt(after, offer, path)
    const rights = [...rightsAt(before, offer, path)].filter((right) => !left.has(right))
    return rights.length === 0 ? [] : [{ path, rights }]
  })
}

/** Returns the grants of a peer that are for a share: for this one or for every one. */
export function grantsFor(peer: Peer, root: string): Grant[] {
  return peer.grants.filter(({ share }) => share === null || share === root)
}

function collect(peer: Peer | null, offer: Offer, applies: (grant: Grant) => boolean): ReadonlySet<Right> {
  if (peer?.blocked === true) return new Set()
  const grants = peer === null ? [] : grantsFor(peer, offer.root)
  const whole = grants.find(({ share, path }) => share === offer.root && path === ROOT)
  const sources = [whole?.rights ?? peer?.rights ?? offer.standard]
  for (const grant of grants) if (applies(grant)) sources.push(grant.rights)
  return new Set(RIGHTS.filter((right) => offer.ceiling.has(right) && sources.some((rights) => rights.has(right))))
}

function isAtOrBelow(inner: string, outer: string): boolean {
  return outer === ROOT || inner === outer || inner.startsWith(`${outer}/`)
}

/** One spelling for all that some file system takes for the same: case, composed or not, and look-alike forms. */
function folded(path: RemotePath): string {
  return components(path).length === 0 ? ROOT : path.normalize('NFKC').toUpperCase().toLowerCase().normalize('NFKC')
}
