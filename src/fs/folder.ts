import { constants, type Stats } from 'node:fs'
import { lstat, open, readFile, readlink, realpath, statfs, type FileHandle } from 'node:fs/promises'
import { SftError } from '../errors.ts'
import { components, ROOT, type RemotePath } from '../wire/path.ts'
import { errno, fileError } from './errno.ts'

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
      const address = await realpath(path)
      const handle = await open(address, constants.O_RDONLY | constants.O_DIRECTORY)
      const held = !byPath && (await descriptorsHaveNames(handle))
      return await Folder.#hold(handle, address, held ? null : () => Promise.resolve())
    } catch (error) {
      if (errno(error) === 'ENOTDIR') throw new SftError('ERR_NOT_FOUND', `"${path}" is not a folder`, { cause: error })
      throw fileError(error, `cannot open the folder "${path}"`)
    }
  }

  /**
   * Makes a folder of a descriptor, which it closes if that fails.
   *
   * @param recheck - That of the folder around it; `null` where addresses go through descriptors.
   */
  static async #hold(handle: FileHandle, path: string, recheck: (() => Promise<void>) | null): Promise<Folder> {
    if (recheck === null) return new Folder(handle, `/proc/self/fd/${handle.fd}`, null)
    try {
      const opened = await handle.stat()
      const folder = new Folder(handle, path, async () => {
        await recheck()
        await expectSameFolder(path, opened)
      })
      await folder.check()
      return folder
    } catch (error) {
      await handle.close()
      throw error
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

  /** The descriptor, where entries are addressed through it, else `null`. */
  get descriptor(): number | null {
    return this.#recheck === null ? this.#handle.fd : null
  }

  /** What tells the file system of this folder, as it is mounted, from others: nothing is linked or renamed across. */
  async mount(): Promise<string> {
    const { dev } = await this.#handle.stat()
    if (this.#recheck !== null) return String(dev)
    // The same file system may be mounted twice, with one device.
    const text = await readFile(`/proc/self/fdinfo/${this.#handle.fd}`, 'utf8')
    return `${dev}:${/^mnt_id:\s*(\d+)/m.exec(text)?.[1] ?? ''}`
  }

  /** How many bytes this user can still store in this folder, or `null` if the system does not tell. */
  async freeBytes(): Promise<number | null> {
    const { blocks, bfree, bavail, bsize } = await statfs(this.#base)
    if (blocks === 0) return null
    return (process.geteuid?.() === 0 ? bfree : bavail) * bsize
  }

  /** Tells whether this folder is this user's, and sees to it that nobody else may enter it then. */
  async isPrivate(): Promise<boolean> {
    if (process.platform === 'win32') return true
    const { uid, mode } = await this.#handle.stat()
    if (uid !== process.geteuid?.()) return false
    if ((mode & 0o777) !== 0o700) await this.#handle.chmod(0o700)
    return true
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

  /** Lets go of the folder. Nothing was written by it, so that a disk that fails now has nothing to tell. */
  async close(): Promise<void> {
    await this.#handle.close().catch(() => undefined)
  }

  /** Opens this folder a second time, so that the caller may close what it gets. */
  async #openSelf(): Promise<Folder> {
    try {
      const handle = await open(this.#base, constants.O_RDONLY | constants.O_DIRECTORY)
      return await Folder.#hold(handle, this.#base, this.#recheck)
    } catch (error) {
      throw fileError(error, 'cannot open a folder of the share')
    }
  }

  async #openEntry(name: string): Promise<Folder> {
    const address = this.at(name)
    try {
      return await Folder.#hold(await open(address, OPEN_FOLDER), address, this.#recheck)
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

/** Throws unless `address` is still the folder that was opened there, and no link. */
async function expectSameFolder(address: string, opened: Stats): Promise<void> {
  const now = await lstat(address)
  if (!now.isDirectory() || now.ino !== opened.ino || now.dev !== opened.dev) {
    throw new SftError('ERR_NOT_FOUND', 'a folder was replaced while it was used')
  }
}
