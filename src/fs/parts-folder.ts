import { constants } from 'node:fs'
import { open, rename, type FileHandle } from 'node:fs/promises'
import { SftError } from '../errors.ts'
import type { Kept } from '../protocol/types.ts'
import type { FileInfo } from '../wire/message.ts'
import { errno } from './errno.ts'
import type { Folder } from './folder.ts'
import { ATTEMPTS, HiddenFolder, type Place } from './hidden-folder.ts'
import { largest, openClaimed, partsIn, removeAll, sweep, trim, usableParts } from './kept-parts.ts'
import { lstatIfThere, unlinkIfThere } from './names.ts'
import { freePartName, newPartName, partKey, type PartKey } from './part-name.ts'

/** A file in the folder of parts that this process writes and nobody else. */
export interface Part {
  readonly handle: FileHandle
  readonly key: PartKey
  readonly name: string
  readonly place: Place
}

/**
 * The files that are being received, and what is kept of those that were cut off, in a {@link HiddenFolder}. Several
 * programs may use it at once: whoever renames a part first has it.
 */
export class PartsFolder {
  readonly #hidden: HiddenFolder
  #checking: Promise<void> | null = null
  #swept = false
  #paths: ReadonlySet<string> = new Set()

  /** @param outer - The folder in which it lies, which stays open as long as this is used. */
  constructor(outer: Folder) {
    this.#hidden = new HiddenFolder(outer, async (folder) => this.#sweepOnce(folder))
  }

  /** Tells whether something may be kept of a path for a peer, as far as this process knows. */
  mayHold(path: string, file: FileInfo, keepFor: string | undefined): boolean {
    return keepFor !== undefined && this.#paths.size > 0 && this.#paths.has(partKey(path, file, keepFor).path)
  }

  /** Removes what nobody can use any more. Failing to is no failure. */
  async sweep(): Promise<void> {
    try {
      if (await this.#hidden.isThere()) await this.#hidden.leave(await this.#hidden.enter())
    } catch {
      // Whoever puts something here meets the same obstacle, and tells.
    }
  }

  /** Tells what is kept of a file, and removes what is kept of another version of it. */
  async kept(key: PartKey): Promise<Kept> {
    if (!(await this.#hidden.isThere())) return { bytes: 0, changed: false }
    const place = await this.#hidden.enter()
    try {
      const found = await usableParts(place.folder, key.path)
      const others = found.filter(({ version }) => version !== key.version)
      await removeAll(place.folder, others)
      const best = largest(found, key.version)
      return { bytes: best?.stats.size ?? 0, changed: others.length > 0 }
    } finally {
      await this.#hidden.leave(place)
    }
  }

  /** Removes what is kept of a path, of whatever version. */
  async drop(path: string): Promise<void> {
    if (!(await this.#hidden.isThere())) return
    const place = await this.#hidden.enter()
    try {
      await removeAll(place.folder, await usableParts(place.folder, path))
    } finally {
      await this.#hidden.leave(place)
    }
  }

  /** Begins a part. @throws {@link SftError} `ERR_FILE` if there can be no folder for it. */
  async create(key: PartKey): Promise<Part> {
    const name = newPartName(key)
    for (let attempt = 1; ; attempt += 1) {
      let place
      try {
        place = await this.#hidden.enter()
        const handle = await open(
          place.folder.at(name),
          constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
          0o600,
        )
        return { handle, key, name, place }
      } catch (error) {
        if (place) await this.#hidden.leave(place)
        if (!isGone(error) || attempt === ATTEMPTS) throw error
        this.#hidden.abandon()
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
    if (!(await this.#hidden.isThere())) throw other()
    const place = await this.#hidden.enter()
    try {
      const found = await usableParts(place.folder, key.path)
      const best = largest(found, key.version)
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
        place.folder,
        found.filter((one) => one !== best),
      )
      return { handle, key, name, place }
    } catch (error) {
      await this.#hidden.leave(place)
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
      await trim(place.folder, await partsIn(place.folder))
    } finally {
      await this.#hidden.leave(place)
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
        await this.#hidden.leave(place)
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
    while (!this.#hidden.isOpen && this.#checking !== null) await this.#checking
    if (!this.#hidden.isOpen) {
      const checked = check()
      const over = (): void => void (this.#checking = null)
      this.#checking = checked.then(over, over) // whoever waits comes after this one, which enters first
      await checked
    }
    let place
    try {
      place = await this.#hidden.enter()
    } catch {
      return null
    }
    return { descriptor: place.folder.descriptor, letGo: async () => this.#hidden.leave(place) }
  }

  /** Removes what nobody can use any more, the first time the folder is opened. */
  async #sweepOnce(folder: Folder): Promise<void> {
    if (this.#swept) return
    this.#swept = true
    this.#paths = await sweep(folder).catch(() => new Set<string>()) // what stays is in nobody's way
  }
}

function isGone(error: unknown): boolean {
  return errno(error) === 'ENOENT' || (error instanceof SftError && error.code === 'ERR_NOT_FOUND')
}
