import { mkdir, rmdir } from 'node:fs/promises'
import { SftError } from '../errors.ts'
import { ROOT, type RemotePath } from '../wire/path.ts'
import { errno } from './errno.ts'
import type { Folder } from './folder.ts'
import { lstatIfThere, PARTS_FOLDER } from './names.ts'

/** How often a folder is made again that other programs remove whenever it is empty. */
export const ATTEMPTS = 16

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
export interface Place {
  readonly folder: Folder
  readonly visit: Visit
}

/**
 * The hidden folder for incomplete files, as it comes and goes: it is there only while there is something in it, held open
 * only while somebody uses it, and belongs to this user alone; where its name is taken by anything else, the user's own
 * name for it is.
 */
export class HiddenFolder {
  readonly #outer: Folder
  readonly #names: readonly string[]
  readonly #onOpened: (folder: Folder) => Promise<void>
  #visit: Visit | null = null

  /**
   * @param outer - The folder in which it lies, which stays open as long as this is used.
   * @param onOpened - Awaited whenever it was opened, before anybody gets it. Must not throw.
   */
  constructor(outer: Folder, onOpened: (folder: Folder) => Promise<void>) {
    this.#outer = outer
    this.#onOpened = onOpened
    const user = process.geteuid?.()
    this.#names = user === undefined ? [PARTS_FOLDER] : [PARTS_FOLDER, `${PARTS_FOLDER}-${user}`]
  }

  /** Whether somebody uses it, or is about to. */
  get isOpen(): boolean {
    return this.#visit !== null
  }

  /** Tells whether it is there, or anything else by its name. */
  async isThere(): Promise<boolean> {
    await this.#outer.check()
    for (const name of this.#names) if ((await lstatIfThere(this.#outer.at(name))) !== null) return true
    return false
  }

  /** Opens it, made if need be; {@link leave} has to follow. @throws {@link SftError} `ERR_FILE` if there can be none. */
  async enter(): Promise<Place> {
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

  /** Lets go of it; the last one removes it, if it is empty. */
  async leave({ visit }: Place): Promise<void> {
    await this.#leaveVisit(visit)
  }

  /** Has the next one open it anew: somebody removed it, which was empty, since it was opened here. */
  abandon(): void {
    this.#visit = null
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
        await this.#onOpened(folder)
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
