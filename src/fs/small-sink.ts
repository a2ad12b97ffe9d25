import { SftError } from '../errors.ts'
import type { CreateOptions, FileSink, FileSource } from '../protocol/types.ts'
import type { FileInfo } from '../wire/message.ts'
import { newFileMode, secondsOf } from './file-sink.ts'
import { fileError } from './errno.ts'
import { otherSpellings } from './names.ts'
import { newSmallPartName } from './part-name.ts'
import type { PartsFolder } from './parts-folder.ts'
import { SMALL, smallFiles, type SmallFile, type StoreJob, type StoreResult } from './small-files.ts'

/** Bytes of small files that wait in memory for the rest of them, at most, whoever sends them; more go to the disk. */
const MAX_WAITING = 8 * 1024 * 1024

let waiting = 0

/** Where a small file goes, from the root of a store. */
export interface SmallTarget {
  readonly folder: string
  readonly name: string
  readonly parts: PartsFolder
  /** Throws if the name is taken and may not be replaced, or its folder is not there. */
  readonly expectFree: () => Promise<void>
  readonly store: (job: Omit<StoreJob, 'root'>, mayTakeName: () => void) => Promise<StoreResult>
}

/** A small file that was read whole, so that it cannot change any more. */
export class SmallFileSource implements FileSource {
  readonly file: FileInfo
  #bytes: Uint8Array

  constructor({ bytes, ...file }: SmallFile) {
    this.file = file
    this.#bytes = bytes
  }

  async read(buffer: Uint8Array, offset: number): Promise<number> {
    const bytes = this.#bytes.subarray(offset, offset + buffer.byteLength)
    buffer.set(bytes)
    return Promise.resolve(bytes.byteLength)
  }

  async verify(): Promise<void> {
    // It was looked at before and after it was read.
  }

  async close(): Promise<void> {
    this.#bytes = new Uint8Array(0)
    return Promise.resolve()
  }
}

/**
 * A small file that is being received: in memory until it is complete, then stored in one go. What cannot be stored like
 * that is handed to a sink of the ordinary kind, as is a file that turns out not to be small.
 */
export class SmallFileSink implements FileSink {
  readonly kept = 0
  readonly #target: SmallTarget
  readonly #file: FileInfo
  readonly #options: CreateOptions
  readonly #ordinary: () => Promise<FileSink>
  #bytes: Uint8Array
  #length = 0
  #instead: FileSink | null = null
  #ended = false

  /** Starts a file, or returns `null` if it has to be received the ordinary way. */
  static create(
    target: SmallTarget,
    file: FileInfo,
    options: CreateOptions,
    ordinary: () => Promise<FileSink>,
  ): SmallFileSink | null {
    if (file.size > SMALL || options.stream === true || (options.offset ?? 0) !== 0) return null
    if (waiting + file.size > MAX_WAITING || !smallFiles.wanted()) return null
    return new SmallFileSink(target, file, options, ordinary)
  }

  private constructor(target: SmallTarget, file: FileInfo, options: CreateOptions, ordinary: () => Promise<FileSink>) {
    this.#target = target
    this.#file = file
    this.#options = options
    this.#ordinary = ordinary
    this.#bytes = new Uint8Array(file.size)
    waiting += file.size
  }

  async readKept(): Promise<number> {
    return Promise.resolve(0)
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.#instead === null && this.#length + bytes.byteLength > this.#bytes.byteLength) await this.#handOver()
    if (this.#instead !== null) return this.#instead.write(bytes)
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.byteLength
    return undefined
  }

  async commit(): Promise<void> {
    if (this.#instead === null && (this.#length < this.#bytes.byteLength || !(await this.#store()))) {
      await this.#handOver()
    }
    await this.#instead?.commit()
    this.#end()
  }

  async setAside(): Promise<void> {
    await this.#instead?.setAside()
    this.#end()
  }

  async discard(): Promise<void> {
    await this.#instead?.discard()
    this.#end()
  }

  /** Stores the file by the thread; `false` if that is not to be. */
  async #store(): Promise<boolean> {
    const { folder, name, parts, store } = this.#target
    const place = await parts.hold(this.#target.expectFree) // what is refused makes no folder for parts
    if (place === null) return false
    try {
      if (place.descriptor === null) return false
      const job = {
        folder,
        name,
        otherSpellings: otherSpellings(name),
        parts: place.descriptor,
        part: newSmallPartName(),
        bytes: this.#bytes,
        mode: newFileMode(this.#file.executable),
        seconds: secondsOf(this.#file.mtime),
        overwrite: this.#options.overwrite,
      }
      const result = await store(job, () => this.#options.beforeCommit?.())
      if (result === 'not durable') throw new SftError('ERR_FILE', `cannot store "${name}": the disk failed`)
      return result === 'done'
    } catch (error) {
      this.#end()
      throw fileError(error, `cannot store "${name}"`)
    } finally {
      await place.letGo()
    }
  }

  /** Gives what there is to a sink of the ordinary kind. */
  async #handOver(): Promise<void> {
    if (this.#ended) throw new SftError('ERR_FILE', `cannot write "${this.#target.name}": it has ended`)
    this.#instead = await this.#ordinary()
    await this.#instead.write(this.#bytes.subarray(0, this.#length))
    this.#release()
  }

  #end(): void {
    this.#ended = true
    this.#release()
  }

  #release(): void {
    waiting -= this.#bytes.byteLength
    this.#bytes = new Uint8Array(0)
  }
}
