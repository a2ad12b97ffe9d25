import { constants } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { SftError } from '../errors.ts'
import type { CreateOptions, FileSink } from '../protocol/types.ts'
import type { FileInfo } from '../wire/message.ts'
import { errno, fileError } from './errno.ts'
import type { Folder } from './folder.ts'
import { expectFree, moveEntry, newPartName, unlinkIfThere } from './names.ts'

/**
 * A file that is being received: a part file with a random name in the target folder, which gets its final name only
 * when it is complete, verified and on the disk.
 */
export class LocalFileSink implements FileSink {
  readonly #folder: Folder
  readonly #name: string
  readonly #part: string
  readonly #handle: FileHandle
  readonly #file: FileInfo
  readonly #options: CreateOptions
  #state: 'open' | 'committed' | 'discarded' = 'open'

  /**
   * Starts a file that will be called `name` in `folder`, which the sink closes in the end.
   *
   * @throws {@link SftError} `ERR_EXISTS` early if the name is taken and may not be replaced.
   */
  static async create(folder: Folder, name: string, file: FileInfo, options: CreateOptions): Promise<LocalFileSink> {
    try {
      await expectFree(folder, name, options.overwrite)
      const part = newPartName()
      const handle = await open(
        folder.at(part),
        constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
        0o600,
      )
      return new LocalFileSink(folder, name, part, handle, file, options)
    } catch (error) {
      await folder.close()
      throw fileError(error, `cannot create "${name}"`)
    }
  }

  private constructor(
    folder: Folder,
    name: string,
    part: string,
    handle: FileHandle,
    file: FileInfo,
    options: CreateOptions,
  ) {
    this.#folder = folder
    this.#name = name
    this.#part = part
    this.#handle = handle
    this.#file = file
    this.#options = options
  }

  async write(bytes: Uint8Array): Promise<void> {
    try {
      // A full disk shows as a short count without an error first, and as ENOSPC on the next try.
      for (let offset = 0; offset < bytes.byteLength;) {
        const { bytesWritten } = await this.#handle.write(bytes, offset)
        if (bytesWritten === 0) throw new SftError('ERR_NO_SPACE', 'the disk takes no more bytes')
        offset += bytesWritten
      }
    } catch (error) {
      throw fileError(error, `cannot write "${this.#name}"`)
    }
  }

  async commit(): Promise<void> {
    try {
      await this.#handle.chmod(maskedMode(this.#file.executable))
      await keepTime(this.#handle, this.#file.mtime)
      await this.#handle.sync()
      await this.#folder.check()
      this.#options.beforeCommit?.()
      if (this.#options.overwrite) await expectFree(this.#folder, this.#name, true)
      await moveEntry(
        this.#folder.at(this.#part),
        this.#folder.at(this.#name),
        this.#options.overwrite ? 'replace' : 'link',
      )
      this.#state = 'committed'
      await this.#folder.sync()
    } catch (error) {
      throw fileError(error, `cannot store "${this.#name}"`)
    } finally {
      await this.#release()
    }
  }

  async discard(): Promise<void> {
    if (this.#state === 'open') await this.#release()
  }

  async #release(): Promise<void> {
    const committed = this.#state === 'committed'
    this.#state = committed ? 'committed' : 'discarded'
    await this.#handle.close()
    try {
      if (!committed) await unlinkIfThere(this.#folder.at(this.#part))
    } catch (error) {
      throw fileError(error, 'cannot remove an incomplete file')
    } finally {
      await this.#folder.close()
    }
  }
}

const UMASK = process.umask()

/** New files get what this process gives to new files, and execution only where it gives reading. */
function maskedMode(executable: boolean): number {
  return (executable ? 0o777 : 0o666) & ~UMASK
}

/** Sets the modification time, as far as the file system can hold it; a time it cannot hold is not kept. */
async function keepTime(handle: FileHandle, mtime: bigint): Promise<void> {
  const seconds = String(Number(mtime) / 1e9) // as a number, Node takes one before 1970 for the present
  try {
    await handle.utimes(seconds, seconds)
  } catch (error) {
    if (errno(error) !== 'EINVAL' && errno(error) !== 'ERR_OUT_OF_RANGE') throw error
  }
}
