import type { Stats } from 'node:fs'
import { createHasher } from '../crypto/digest.ts'
import type { FileInfo } from '../wire/message.ts'
import { newOwnerTag, ownerState, parseOwner } from './owner.ts'

/** Nothing that is kept gets older than this, in milliseconds; what another machine writes counts as in use until then. */
export const KEEP_MS = 7 * 24 * 60 * 60 * 1000

/** The owner in the name of what was set aside: nobody. */
const FREE = 'free'

const NO_KEY = '0'.repeat(32)

/** What a part file is a part of, as its name tells it. */
export interface PartKey {
  /** Stands for the path and the peer that sends the file. */
  readonly path: string
  /** Stands for the version of the file. */
  readonly version: string
}

/** Returns the key of a file: what is kept of it serves only the same peer, path, size and time. */
export function partKey(path: string, file: FileInfo, keepFor = ''): PartKey {
  return { path: hash(`${keepFor}\0${path}`), version: hash(`${file.size}\0${file.mtime}`) }
}

/** Returns a name for a part file that this process is about to write; nothing ever had it. */
export function newPartName(key: PartKey): string {
  return `${key.path}-${key.version}-${newOwnerTag()}`
}

/** Returns a name for a part file of which nothing is ever kept. */
export function newSmallPartName(): string {
  return `${NO_KEY}-${NO_KEY}-${newOwnerTag()}`
}

/** Returns the name of a part file that nobody writes. */
export function freePartName(key: PartKey): string {
  return `${key.path}-${key.version}-${FREE}`
}

const PART = /^([0-9a-f]{32})-([0-9a-f]{32})-([0-9a-f.]+|free)$/

/** Reads the name of a part file; `null` if it is none. */
export function parsePartName(name: string): (PartKey & { readonly owner: string }) | null {
  const [, path, version, owner] = PART.exec(name) ?? []
  return path === undefined || version === undefined || owner === undefined ? null : { path, version, owner }
}

/** What can be done with a part file: `free` was set aside, `dead` left by a program that is gone, `used` is neither. */
export type PartState = 'free' | 'dead' | 'used'

export function partState(owner: string, stats: Stats): PartState {
  if (owner === FREE) return 'free'
  const known = parseOwner(owner)
  const state = known === null ? 'unknown' : ownerState(known, stats.ctimeMs)
  if (state === 'unknown') return isOld(stats) ? 'dead' : 'used'
  return state === 'dead' ? 'dead' : 'used'
}

/**
 * Goes by the last change of any kind, as a part that is complete has the time of its file. Ahead of the clock as well: a clock that was set back would keep it young for as
 * long.
 */
export function isOld(stats: Stats): boolean {
  return Math.abs(Date.now() - stats.ctimeMs) > KEEP_MS
}

function hash(text: string): string {
  const hasher = createHasher('sha256')
  hasher.update(new TextEncoder().encode(text))
  return Buffer.from(hasher.digest()).toString('hex').slice(0, 32)
}
