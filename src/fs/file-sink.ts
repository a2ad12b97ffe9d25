import type { FileHandle } from 'node:fs/promises'
import { SftError } from '../errors.ts'
import type { CreateOptions, FileSink } from '../protocol/types.ts'
import type { FileInfo } from '../wire/message.ts'
import { errno, fileError } from './errno.ts'
import type { Folder } from './folder.ts'
import { WORTH_KEEPING } from './kept-parts.ts'
import { expectFree, moveEntry } from './names.ts'
import { partKey } from './part-name.ts'
import { PartsFolder, type Part } from './parts-folder.ts'
import { WriteBehind } from './write-behind.ts'

/** Where the parts of a file may lie, best first, and the path by which what is kept of it is found again. */
export interface PartsPlace {
  readonly folders: readonly PartsFolder[]
  readonly path: string
}

/**
 * A file that is being received: a part file in a hidden folder, which gets its final name only when it is complete,
 * verified and on the disk.
 */
export class LocalFileSink implements FileSink {
  readonly kept: number
  readonly #folder: Folder
  readonly #name: string
  readonly #parts: PartsFolder
  readonly #part: Part
  readonly #file: FileInfo
  readonly #options: CreateOptions
  readonly #behind: WriteBehind
  #end: number
  #state: 'open' | 'committed' | 'ended' = 'open'

  /**
   * Starts a file that will be called `name` in `folder`, or continues it. The sink closes `folder` in the end.
   *
   * @param place - Where its part lies: in `folder` itself if absent.
   * @throws {@link SftError} `ERR_EXISTS` early if the name is taken and may not be replaced, `ERR_NO_SPACE` early if the
   * disk has too little room, `ERR_CHANGED` if it cannot be continued at the offset asked for.
   */
  static async create(
    folder: Folder,
    name: string,
    file: FileInfo,
    options: CreateOptions,
    place: PartsPlace = { folders: [new PartsFolder(folder)], path: name },
  ): Promise<LocalFileSink> {
    try {
      await folder.check()
      await expectFree(folder, name, options.overwrite)
      const offset = options.offset ?? 0
      await expectRoom(folder, file.size - offset)
      const { parts, part } = await takePart(place, file, options.keepFor, offset)
      return new LocalFileSink(folder, name, parts, part, file, options)
    } catch (error) {
      await folder.close()
      throw fileError(error, `cannot create "${name}"`)
    }
  }

  private constructor(
    folder: Folder,
    name: string,
    parts: PartsFolder,
    part: Part,
    file: FileInfo,
    options: CreateOptions,
  ) {
    this.#folder = folder
    this.#name = name
    this.#parts = parts
    this.#part = part
    this.#file = file
    this.#options = options
    this.#behind = new WriteBehind(part.handle)
    this.kept = options.offset ?? 0
    this.#end = this.kept
  }

  async readKept(buffer: Uint8Array, offset: number): Promise<number> {
    try {
      const wanted = Math.max(0, Math.min(buffer.byteLength, this.kept - offset))
      if (wanted === 0) return 0
      return (await this.#part.handle.read(buffer, 0, wanted, offset)).bytesRead
    } catch (error) {
      throw fileError(error, `cannot read what was kept of "${this.#name}"`)
    }
  }

  async write(bytes: Uint8Array): Promise<void> {
    try {
      // A full disk shows as a short count without an error first, and as ENOSPC on the next try.
      for (let offset = 0; offset < bytes.byteLength;) {
        const { bytesWritten } = await this.#part.handle.write(bytes, offset, bytes.byteLength - offset, this.#end)
        if (bytesWritten === 0) throw new SftError('ERR_NO_SPACE', 'the disk takes no more bytes')
        offset += bytesWritten
        this.#end += bytesWritten
      }
      this.#behind.wrote(bytes.byteLength)
    } catch (error) {
      throw fileError(error, `cannot write "${this.#name}"`)
    }
  }

  async commit(): Promise<void> {
    const { handle, place, name: part } = this.#part
    try {
      await handle.chmod(newFileMode(this.#file.executable))
      await keepTime(handle, this.#file.mtime)
      await this.#behind.end()
      await this.#folder.check()
      await place.folder.check()
      this.#options.beforeCommit?.()
      if (this.#options.overwrite) await expectFree(this.#folder, this.#name, true)
      const way = this.#options.overwrite ? 'replace' : 'link'
      await moveEntry(place.folder.at(part), this.#folder.at(this.#name), way)
      this.#state = 'committed'
      await this.#folder.sync()
    } catch (error) {
      throw fileError(error, `cannot store "${this.#name}"`)
    } finally {
      await this.#release()
    }
  }

  async setAside(): Promise<void> {
    if (this.#state !== 'open') return
    const { keepFor, stream } = this.#options
    if (keepFor === undefined || stream === true || this.#end < WORTH_KEEPING || this.#behind.failed) {
      await this.discard()
      return
    }
    this.#state = 'ended'
    try {
      await this.#parts.setAside(this.#part)
    } catch (error) {
      throw fileError(error, `cannot keep what there is of "${this.#name}"`)
    } finally {
      await this.#folder.close()
    }
  }

  async discard(): Promise<void> {
    if (this.#state === 'open') await this.#release()
  }

  async #release(): Promise<void> {
    if (this.#state === 'open') this.#state = 'ended'
    try {
      await this.#parts.remove(this.#part)
    } catch (error) {
      throw fileError(error, 'cannot remove an incomplete file')
    } finally {
      await this.#folder.close()
    }
  }
}

/** Takes the part that is continued, or begins one where nothing is kept any more then. */
async function takePart(
  { folders, path }: PartsPlace,
  file: FileInfo,
  keepFor: string | undefined,
  offset: number,
): Promise<{ parts: PartsFolder; part: Part }> {
  const key = partKey(path, file, keepFor)
  let refused: unknown
  if (keepFor !== undefined && offset === 0) {
    for (const parts of folders) await parts.drop(key.path).catch(() => undefined) // the next use tells what is wrong
  }
  for (const parts of folders) {
    try {
      return { parts, part: await (offset === 0 ? parts.create(key) : parts.claim(key, offset)) }
    } catch (error) {
      refused ??= error
    }
  }
  throw refused
}

/** Throws `ERR_NO_SPACE` if `bytes` more surely do not fit on the disk. Little files just try. */
async function expectRoom(folder: Folder, bytes: number): Promise<void> {
  if (bytes < WORTH_KEEPING) return
  const free = await folder.freeBytes()
  if (free === null || bytes <= free) return
  throw new SftError(
    'ERR_NO_SPACE',
    `the disk of this machine has ${megabytes(free)} free, ${megabytes(bytes - free)} too few; make room on it`,
  )
}

function megabytes(bytes: number): string {
  return `${Number((bytes / 1e6).toPrecision(3))} MB`
}

const UMASK = process.umask()

/** New files get what this process gives to new files, and execution only where it gives reading. */
export function newFileMode(executable: boolean): number {
  return (executable ? 0o777 : 0o666) & ~UMASK
}

/** Sets the modification time, as far as the file system can hold it; a time it cannot hold is not kept. */
async function keepTime(handle: FileHandle, mtime: bigint): Promise<void> {
  const seconds = secondsOf(mtime)
  try {
    await handle.utimes(seconds, seconds)
  } catch (error) {
    if (errno(error) !== 'EINVAL' && errno(error) !== 'ERR_OUT_OF_RANGE') throw error
  }
}

/** Spells a time for the calls of Node, which take a number before 1970 for the present. */
export function secondsOf(mtime: bigint): string {
  return String(Number(mtime) / 1e9)
}
