import { constants } from 'node:fs'
import { lstat, open, readlink, type FileHandle } from 'node:fs/promises'
import { resolve } from 'node:path'
import { SftError } from '../errors.ts'
import { components, ROOT, type RemotePath } from '../wire/path.ts'
import { fileError } from './errno.ts'

const OPEN_FOLDER = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW

/**
 * A folder held open, through which its entries are addressed.
 *
 * On Linux the address goes through the descriptor (`/proc/self/fd/N/name`), so that renaming the folder or putting a
 * symbolic link in its place does not change what is reached. Elsewhere it is a path that was checked component by
 * component, and {@link check} looks again; between the two an attacker who may write in the tree can win a race.
 */
export class Folder {
  readonly #handle: FileHandle
  readonly #base: string
  readonly #recheck: (() => Promise<void>) | null

  private constructor(handle: FileHandle, base: string, recheck: (() => Promise<void>) | null) {
    this.#handle = handle
    this.#base = base
    this.#recheck = recheck
  }

  /**
   * Opens a folder of this machine by its own path, following symbolic links: the user named it.
   *
   * @param byPath - Addresses entries by path even where descriptors would do, so that tests can run both ways.
   */
  static async openLocal(path: string, byPath = false): Promise<Folder> {
    try {
      const handle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY)
      return !byPath && (await descriptorsHaveNames(handle))
        ? new Folder(handle, `/proc/self/fd/${handle.fd}`, null)
        : new Folder(handle, resolve(path), () => Promise.resolve())
    } catch (error) {
      throw fileError(error, `cannot open the folder "${path}"`)
    }
  }

  /**
   * Opens the folder at `path` below this one without following any symbolic link on the way.
   *
   * @throws {@link SftError} `ERR_NOT_FOUND` if there is none, or a link or file stands in the way.
   */
  async open(path: RemotePath): Promise<Folder> {
    const [first, ...rest] = components(path)
    if (first === undefined) return this.#openSelf()
    let folder = await this.#openEntry(first)
    for (const name of rest) {
      const outer = folder
      try {
        folder = await outer.#openEntry(name)
      } finally {
        await outer.close()
      }
    }
    return folder
  }

  /** Opens the folder that holds the entry at `path`, and returns it with the entry's name. */
  async openParent(path: RemotePath): Promise<{ folder: Folder; name: string }> {
    const names = components(path)
    const name = names.pop()
    if (name === undefined) throw new SftError('ERR_PATH', 'the root of the share cannot be changed')
    const parent = names.length === 0 ? ROOT : (names.join('/') as RemotePath) // a prefix of a checked path
    return { folder: await this.open(parent), name }
  }

  /** The address of an entry of this folder, for calls that do not follow a link in its place. */
  at(name: string): string {
    return `${this.#base}/${name}`
  }

  /** The address of this folder itself. */
  get address(): string {
    return this.#base
  }

  /** Where addresses are paths: throws if one of the folders on the way was replaced since it was opened. */
  async check(): Promise<void> {
    await this.#recheck?.()
  }

  /** Makes the names in this folder durable. */
  async sync(): Promise<void> {
    if (process.platform === 'win32') return // folders cannot be synced there, and need not be
    await this.#handle.sync()
  }

  async close(): Promise<void> {
    await this.#handle.close()
  }

  /** Opens this folder a second time, so that the caller may close what it gets. */
  async #openSelf(): Promise<Folder> {
    const handle = await open(this.#base, constants.O_RDONLY | constants.O_DIRECTORY)
    return new Folder(handle, this.#recheck === null ? `/proc/self/fd/${handle.fd}` : this.#base, this.#recheck)
  }

  async #openEntry(name: string): Promise<Folder> {
    const address = this.at(name)
    try {
      const handle = await open(address, OPEN_FOLDER)
      if (this.#recheck === null) return new Folder(handle, `/proc/self/fd/${handle.fd}`, null)
      const folder = new Folder(handle, address, async () => {
        await this.check()
        await expectSameFolder(address, handle)
      })
      await folder.check()
      return folder
    } catch (error) {
      throw fileError(error, 'cannot open a folder of the share')
    }
  }
}

/** Tells whether this system gives open descriptors a name, as Linux does where /proc is mounted. */
async function descriptorsHaveNames(handle: FileHandle): Promise<boolean> {
  if (process.platform !== 'linux') return false
  try {
    await readlink(`/proc/self/fd/${handle.fd}`)
    return true
  } catch {
    return false // /proc is not mounted
  }
}

/** Throws unless `address` is still the folder that `handle` holds, and no link. */
async function expectSameFolder(address: string, handle: FileHandle): Promise<void> {
  const [now, held] = await Promise.all([lstat(address), handle.stat()])
  if (!now.isDirectory() || now.ino !== held.ino || now.dev !== held.dev) {
    throw new SftError('ERR_NOT_FOUND', 'a folder was replaced while it was used')
  }
}
