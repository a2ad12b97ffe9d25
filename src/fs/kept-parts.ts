import { constants, type Stats } from 'node:fs'
import { open, readdir, type FileHandle } from 'node:fs/promises'
import type { Folder } from './folder.ts'
import { lstatIfThere, unlinkIfThere } from './names.ts'
import { isOld, parsePartName, partState, type PartKey, type PartState } from './part-name.ts'

/** Less than this is sent again sooner than it is looked for: nothing smaller is kept, in bytes. */
export const WORTH_KEEPING = 1024 * 1024

/** Parts that are kept in one folder, at most; the oldest go. */
const MAX_KEPT = 256

/** A part in the folder, as it was a moment ago. */
export interface Found extends PartKey {
  readonly name: string
  readonly stats: Stats
  readonly state: PartState
}

/** Looks at the parts in the folder, of one path if that is given. */
export async function partsIn(folder: Folder, path?: string): Promise<Found[]> {
  const found: Found[] = []
  for (const name of await readdir(folder.address)) {
    if (path !== undefined && !name.startsWith(path)) continue // a look at each would add up where there are many
    const parsed = parsePartName(name)
    const stats = parsed && (await lstatIfThere(folder.at(name)))
    if (stats) found.push({ ...parsed, name, stats, state: partState(parsed.owner, stats) })
  }
  return found
}

/** Returns what is kept of a path and written by nobody, of whatever version. */
export async function usableParts(folder: Folder, path: string): Promise<Found[]> {
  const found = await partsIn(folder, path)
  return found.filter(({ state, stats }) => state !== 'used' && isUsable(stats))
}

/** Returns the part of a version of which most bytes are there. */
export function largest(found: readonly Found[], version: string): Found | undefined {
  return found.filter((one) => one.version === version).toSorted((a, b) => b.stats.size - a.stats.size)[0]
}

/** Opens a part that was taken; `null` if it is not what it has to be to be written to. */
export async function openClaimed(address: string, bytes: number): Promise<FileHandle | null> {
  const handle = await open(address, constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    const stats = await handle.stat()
    if (isUsable(stats) && stats.size === bytes) {
      const now = new Date()
      await handle.utimes(now, now) // also sets its age, by which those go who cannot see this process
      return handle
    }
  } catch (error) {
    await handle.close()
    throw error
  }
  await handle.close()
  return null
}

/** Removes what nobody can use any more, and returns the keys of the paths of which something is kept. */
export async function sweep(folder: Folder): Promise<Set<string>> {
  const found = await partsIn(folder)
  const unused = found.filter(({ state }) => state !== 'used')
  const useless = unused.filter(({ stats }) => !isUsable(stats) || isOld(stats) || stats.size < WORTH_KEEPING)
  await removeAll(folder, useless)
  const kept = unused.filter((one) => !useless.includes(one))
  await trim(folder, kept)
  return new Set(kept.map(({ path }) => path))
}

/** Removes the oldest parts until no more than may be kept are left. */
export async function trim(folder: Folder, found: readonly Found[]): Promise<void> {
  const kept = found.filter(({ state }) => state !== 'used')
  const byAge = kept.toSorted((a, b) => b.stats.ctimeMs - a.stats.ctimeMs)
  await removeAll(folder, byAge.slice(MAX_KEPT))
}

/** Removes parts from the folder, if they are still there. */
export async function removeAll(folder: Folder, found: readonly Found[]): Promise<void> {
  for (const { name } of found) await unlinkIfThere(folder.at(name))
}

/** A file with a second name is one that was complete: its part is all that a killed program left to remove. */
function isUsable(stats: Stats): boolean {
  return stats.isFile() && stats.nlink === 1
}
