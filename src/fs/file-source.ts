import { constants, type BigIntStats } from 'node:fs'
import { lstat, open, type FileHandle } from 'node:fs/promises'
import { SftError } from '../errors.ts'
import type { FileSource } from '../protocol/types.ts'
import type { FileInfo } from '../wire/message.ts'
import type { DigestMemory } from './digest-memory.ts'
import { fileInfo } from './entry.ts'
import { fileError } from './errno.ts'

/** A regular file that is open for reading, and the proof at the end that it did not change meanwhile. */
export class LocalFileSource implements FileSource {
  readonly file: FileInfo
  readonly #handle: FileHandle
  readonly #opened: BigIntStats
  readonly #digests: DigestMemory | undefined

  /**
   * Opens the file at `address`.
   *
   * @param followLink - Whether a symbolic link in its place is followed: for paths the user typed, never for a peer's.
   * @param digests - Where its digest may be known from, and is noted.
   * @throws {@link SftError} `ERR_WRONG_TYPE` for anything but a regular file, without ever blocking on it.
   */
  static async open(address: string, followLink = false, digests?: DigestMemory): Promise<LocalFileSource> {
    // Looking first spares a device or pipe being opened at all; O_NONBLOCK and the second look cover a swap in between.
    if (!followLink) expectFile(await lstat(address, { bigint: true }))
    const handle = await open(
      address,
      constants.O_RDONLY | constants.O_NONBLOCK | (followLink ? 0 : constants.O_NOFOLLOW),
    )
    try {
      const stats = await handle.stat({ bigint: true })
      expectFile(stats)
      return new LocalFileSource(handle, stats, digests)
    } catch (error) {
      await handle.close()
      throw error
    }
  }

  private constructor(handle: FileHandle, opened: BigIntStats, digests: DigestMemory | undefined) {
    this.#handle = handle
    this.#opened = opened
    this.#digests = digests
    this.file = fileInfo(opened)
  }

  get md5(): Uint8Array | undefined {
    return this.#digests?.recall(this.#opened)
  }

  remember(md5: Uint8Array): void {
    this.#digests?.remember(this.#opened, md5)
  }

  async read(buffer: Uint8Array, offset: number): Promise<number> {
    try {
      const { bytesRead } = await this.#handle.read(buffer, 0, buffer.byteLength, offset)
      return bytesRead
    } catch (error) {
      throw fileError(error, 'cannot read the file')
    }
  }

  async verify(): Promise<void> {
    const now = await this.#handle.stat({ bigint: true }).catch((error: unknown) => {
      throw fileError(error, 'cannot look at the file again')
    })
    // A file without a name was replaced or deleted; its bytes are still the old ones, but no longer those of the share.
    if (now.size !== this.#opened.size || now.mtimeNs !== this.#opened.mtimeNs || now.nlink === 0n) {
      throw new SftError('ERR_CHANGED', 'the file changed while it was read')
    }
  }

  /** Lets go of the file. Nothing was written to it, so that a disk that fails now has nothing to tell. */
  async close(): Promise<void> {
    await this.#handle.close().catch(() => undefined)
  }
}

function expectFile(stats: BigIntStats): void {
  if (stats.isFile()) return
  const what = stats.isDirectory()
    ? 'a folder'
    : stats.isSymbolicLink()
      ? 'a symbolic link'
      : 'a pipe, socket or device'
  throw new SftError('ERR_WRONG_TYPE', `it is ${what}, not a file`)
}
