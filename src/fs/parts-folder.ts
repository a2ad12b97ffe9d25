import { constants, type Stats } from 'node:fs'
import { mkdir, open, readdir, rename, rmdir, type FileHandle } from 'node:fs/promises'
import { SftError } from '../errors.ts'
import type { Kept } from '../protocol/types.ts'
import type { FileInfo } from '../wire/message.ts'
import { ROOT, type RemotePath } from '../wire/path.ts'
import { errno } from './errno.ts'
import type { Folder } from './folder.ts'
import { lstatIfThere, PARTS_FOLDER, unlinkIfThere } from './names.ts'
import {
  freePartName,
  isOld,
  newPartName,
  parsePartName,
  partKey,
  partState,
  type PartKey,
  type PartState,
} from './part-name.ts'

/** Less than this is sent again sooner than it is looked for: nothing smaller is kept, in bytes. */
export const WORTH_KEEPING = 1024 * 1024

/** Parts that are kept in one folder, at most; the oldest go. */
const MAX_KEPT = 256

/** How often a folder is made again that other programs remove whenever it is empty. */
const ATTEMPTS = 16

/** The folder, and the one around it: its own, as whoever gave it may close it before the last part is done. */
interface Opened {
  readonly outer: Folder
  readonly folder: Folder
  readonly name: string
}

/** The folder while it is held open, by so many at once. */
interface Visit {
  readonly opened: Promise<Opened>
  users: number
}

/** The open folder for one of those who use it. */
interface Place {
  readonly folder: Folder
  readonly visit: Visit
}

/** A file in the folder of parts that this process writes and nobody else. */
export interface Part {
  readonly handle: FileHandle
  readonly key: PartKey
  readonly name: string
  readonly place: Place
}

/** A part in the folder, as it was a moment ago. */
interface Found extends PartKey {
  readonly name: string
  readonly stats: Stats
  readonly state: PartState
}

/**
 * The hidden folder in which files lie while they are received, and what is kept of those that were cut off. It is there
 * only while there is something in it, and belongs to this user alone; where its name is taken by anything else, the
 * user's own name for it is. Several programs may use it at once: whoever renames a part first has it.
 */
export class PartsFolder {
  readonly #outer: Folder
  readonly #names: readonly string[]
  #visit: Visit | null = null
  #checking: Promise<void> | null = null
  #swept = false
  #paths: ReadonlySet<string> = new Set()

  /** @param outer - The folder in which it lies, which stays open as long as this is used. */
  constructor(outer: Folder) {
    this.#outer = outer
    const user = process.geteuid?.()
    this.#names = user === undefined ? [PARTS_FOLDER] : [PARTS_FOLDER, `${PARTS_FOLDER}-${user}`]
  }

  /** Tells whether something may be kept of a path for a peer, as far as this process knows. */
  mayHold(path: string, file: FileInfo, keepFor: string | undefined): boolean {
    return keepFor !== undefined && this.#paths.size > 0 && this.#paths.has(partKey(path, file, keepFor).path)
  }

  /** Removes what nobody can use any more. Failing to is no failure. */
  async sweep(): Promise<void> {
    try {
      if (await this.#isThere()) await this.#leave(await this.#enter())
    } catch {
      // Whoever puts something here meets the same obstacle, and tells.
    }
  }

  /** Tells what is kept of a file, and removes what is kept of another version of it. */
  async kept(key: PartKey): Promise<Kept> {
    if (!(await this.#isThere())) return { bytes: 0, changed: false }
    const place = await this.#enter()
    try {
      const found = await usableParts(place, key.path)
      const others = found.filter(({ version }) => version !== key.version)
      await removeAll(place, others)
      const [best] = found.filter(({ version }) => version === key.version).toSorted(bySize)
      return { bytes: best?.stats.size ?? 0, changed: others.length > 0 }
    } finally {
      await this.#leave(place)
    }
  }

  /** Removes what is kept of a path, of whatever version. */
  async drop(path: string): Promise<void> {
    if (!(await this.#isThere())) return
    const place = await this.#enter()
    try {
      await removeAll(place, await usableParts(place, path))
    } finally {
      await this.#leave(place)
    }
  }

  /** Begins a part. @throws {@link SftError} `ERR_FILE` if there can be no folder for it. */
  async create(key: PartKey): Promise<Part> {
    const name = newPartName(key)
    for (let attempt = 1; ; attempt += 1) {
      let place
      try {
        place = await this.#enter()
        const handle = await open(
          place.folder.at(name),
          constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
          0o600,
        )
        return { handle, key, name, place }
      } catch (error) {
        if (place) await this.#leave(place)
        if (!isGone(error) || attempt === ATTEMPTS) throw error
        this.#visit = null // somebody removed the folder, which was empty, since it was opened here
      }
    }
  }

  /**
   * Takes what is kept of a file, to continue it.
   *
   * @throws {@link SftError} `ERR_CHANGED` unless that is exactly `bytes`, and nobody else took it.
   */
  async claim(key: PartKey, bytes: number): Promise<Part> {
    const other = (): SftError =>
      new SftError('ERR_CHANGED', `there are not ${bytes} bytes of it from an earlier attempt`)
    if (!(await this.#isThere())) throw other()
    const place = await this.#enter()
    try {
      const found = await usableParts(place, key.path)
      const [best] = found.filter(({ version }) => version === key.version).toSorted(bySize)
      if (best?.stats.size !== bytes) throw other()
      const name = newPartName(key)
      try {
        await rename(place.folder.at(best.name), place.folder.at(name))
      } catch (error) {
        throw errno(error) === 'ENOENT' ? other() : error
      }
      const handle = await openClaimed(place.folder.at(name), bytes)
      if (handle === null) {
        await unlinkIfThere(place.folder.at(name))
        throw other()
      }
      await removeAll(
        place,
        found.filter((one) => one !== best),
      )
      return { handle, key, name, place }
    } catch (error) {
      await this.#leave(place)
      throw error
    }
  }

  /** Lets go of a part and keeps its bytes for the next attempt. */
  async setAside({ handle, key, name, place }: Part): Promise<void> {
    try {
      const { size } = await handle.stat()
      await handle.close()
      const free = place.folder.at(freePartName(key))
      const there = await lstatIfThere(free)
      if (there !== null && there.size > size) await unlinkIfThere(place.folder.at(name))
      else await rename(place.folder.at(name), free)
      this.#paths = new Set([...this.#paths, key.path])
      await trim(place, await partsIn(place))
    } finally {
      await this.#leave(place)
    }
  }

  /** Lets go of a part and removes it, unless it has another name by now or was removed. */
  async remove({ handle, name, place }: Part): Promise<void> {
    try {
      await handle.close()
    } finally {
      try {
        await unlinkIfThere(place.folder.at(name))
      } finally {
        await this.#leave(place)
      }
    }
  }

  /**
   * Holds the folder open, for parts that somebody else writes into it.
   *
   * @param check - Throws if nothing is to be made here. Asked of one of those who come at once, and only as long as the
   * folder is not open.
   */
  async hold(
    check: () => Promise<void>,
  ): Promise<{ readonly descriptor: number | null; letGo: () => Promise<void> } | null> {
    while (this.#visit === null && this.#checking !== null) await this.#checking
    if (this.#visit === null) {
      const checked = check()
      const over = (): void => void (this.#checking = null)
      this.#checking = checked.then(over, over) // whoever waits comes after this one, which enters first
      await checked
    }
    let place
    try {
      place = await this.#enter()
    } catch {
      return null
    }
    return { descriptor: place.folder.descriptor, letGo: async () => this.#leave(place) }
  }

  async #isThere(): Promise<boolean> {
    await this.#outer.check()
    for (const name of this.#names) if ((await lstatIfThere(this.#outer.at(name))) !== null) return true
    return false
  }

  async #enter(): Promise<Place> {
    const visit = (this.#visit ??= { opened: this.#open(), users: 0 })
    visit.users += 1
    try {
      const { folder } = await visit.opened
      await folder.check()
      return { folder, visit }
    } catch (error) {
      await this.#leaveVisit(visit)
      throw error
    }
  }

  async #leave({ visit }: Place): Promise<void> {
    await this.#leaveVisit(visit)
  }

  async #leaveVisit(visit: Visit): Promise<void> {
    visit.users -= 1
    if (visit.users > 0) return
    if (this.#visit === visit) this.#visit = null
    try {
      const { outer, folder, name } = await visit.opened
      await folder.close()
      try {
        await outer.check()
        await rmdir(outer.at(name))
      } finally {
        await outer.close()
      }
    } catch {
      // It was never open, or something is kept in it.
    }
  }

  async #open(): Promise<Opened> {
    const outer = await this.#outer.open(ROOT)
    try {
      for (const name of this.#names) {
        const folder = await openOwn(outer, name)
        if (folder === null) continue
        if (!this.#swept) {
          this.#swept = true
          this.#paths = await sweep(folder).catch(() => new Set<string>()) // what stays is in nobody's way
        }
        return { outer, folder, name }
      }
    } catch (error) {
      await outer.close()
      throw error
    }
    await outer.close()
    throw new SftError('ERR_FILE', `there is no room for incomplete files: "${PARTS_FOLDER}" is in the way; remove it`)
  }
}

/** Opens a folder of this user that nobody else may enter, made if there is none; `null` if the name is taken otherwise. */
async function openOwn(outer: Folder, name: string): Promise<Folder | null> {
  for (let attempt = 1; ; attempt += 1) {
    await outer.check()
    try {
      await mkdir(outer.at(name), { mode: 0o700 })
    } catch (error) {
      if (errno(error) !== 'EEXIST') throw error
    }
    let folder
    try {
      folder = await outer.open(name as RemotePath) // which follows no link
    } catch (error) {
      if (error instanceof SftError && error.code === 'ERR_READ_ONLY') return null // another user's
      if (!(error instanceof SftError && error.code === 'ERR_NOT_FOUND')) throw error
      // Another program may have removed it, which was empty, since it was made.
      if ((await lstatIfThere(outer.at(name))) !== null) return null
      if (attempt === ATTEMPTS) throw error
      continue
    }
    try {
      if (await folder.isPrivate()) return folder
    } catch (error) {
      await folder.close()
      throw error
    }
    await folder.close()
    return null
  }
}

/** Opens a part that was taken; `null` if it is not what it has to be to be written to. */
async function openClaimed(address: string, bytes: number): Promise<FileHandle | null> {
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

/** A file with a second name is one that was complete: its part is all that a killed program left to remove. */
function isUsable(stats: Stats): boolean {
  return stats.isFile() && stats.nlink === 1
}

/** Looks at the parts in the folder, of one path if that is given. */
async function partsIn({ folder }: Pick<Place, 'folder'>, path?: string): Promise<Found[]> {
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
async function usableParts(place: Place, path: string): Promise<Found[]> {
  const found = await partsIn(place, path)
  return found.filter(({ state, stats }) => state !== 'used' && isUsable(stats))
}

/** Removes what nobody can use any more, and returns the keys of the paths of which something is kept. */
async function sweep(folder: Folder): Promise<Set<string>> {
  const found = await partsIn({ folder })
  const unused = found.filter(({ state }) => state !== 'used')
  const useless = unused.filter(({ stats }) => !isUsable(stats) || isOld(stats) || stats.size < WORTH_KEEPING)
  await removeAll({ folder }, useless)
  const kept = unused.filter((one) => !useless.includes(one))
  await trim({ folder }, kept)
  return new Set(kept.map(({ path }) => path))
}

/** Removes the oldest parts until no more than may be kept are left. */
async function trim(place: Pick<Place, 'folder'>, found: readonly Found[]): Promise<void> {
  const kept = found.filter(({ state }) => state !== 'used')
  const byAge = kept.toSorted((a, b) => b.stats.ctimeMs - a.stats.ctimeMs)
  await removeAll(place, byAge.slice(MAX_KEPT))
}

async function removeAll({ folder }: Pick<Place, 'folder'>, found: readonly Found[]): Promise<void> {
  for (const { name } of found) await unlinkIfThere(folder.at(name))
}

function isGone(error: unknown): boolean {
  return errno(error) === 'ENOENT' || (error instanceof SftError && error.code === 'ERR_NOT_FOUND')
}

function bySize(a: Found, b: Found): number {
  return b.stats.size - a.stats.size
}
