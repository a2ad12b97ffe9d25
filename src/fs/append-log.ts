import { constants } from 'node:fs'
import { open, rename, type FileHandle } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { SftError } from '../errors.ts'
import { fileError } from './errno.ts'
import { withFileLock } from './file-lock.ts'
import { lstatIfThere } from './names.ts'
import { makePrivateFolder } from './private-file.ts'

/** Bytes of a log from which on it becomes an old one, and how many old ones are kept. */
export const MAX_LOG_BYTES = 5 * 1024 * 1024
export const OLD_LOGS = 5

/** Bytes that wait to be written; more are lost. */
const MOST_WAITING = 4 * 1024 * 1024

/** Bytes that are written at once, unless one line has more. */
const BATCH = 64 * 1024

/** How long lines wait for others that are written with them, in milliseconds. */
const GATHERING_MS = 100

/** How long nothing is tried after a failure, in milliseconds. */
const PAUSE_MS = 10_000

/** How long the end may take, in milliseconds: a disk that hangs keeps no program from ending. */
const CLOSING_MS = 2_000

export interface AppendLogOptions {
  /** Returns the line that tells how many could not be written. */
  readonly lossLine: (count: number) => string
  /** Called at the first failure, and never again. */
  readonly onFault?: ((error: SftError) => void) | undefined
  /** Bytes of one file; {@link MAX_LOG_BYTES} if absent. */
  readonly maxBytes?: number | undefined
  /** How long nothing is tried after a failure, in milliseconds. */
  readonly pause?: number | undefined
}

/** Returns the paths of a log, the newest first: the file itself, and the old ones beside it. */
export function logFiles(path: string): string[] {
  return [path, ...Array.from({ length: OLD_LOGS }, (_, index) => `${path}.${index + 1}`)]
}

/**
 * A file of lines that only its owner may read, and that many programs may add to: each write holds whole lines and goes
 * behind what is there. When it has grown it becomes an old one, and the oldest of those goes.
 *
 * Adding a line never waits and never fails: what cannot be written is counted, told once to `onFault`, and in a line of
 * its own when writing is possible again.
 */
export class AppendLog {
  readonly #path: string
  readonly #options: AppendLogOptions
  readonly #maxBytes: number
  readonly #waiting: string[] = []
  #waitingBytes = 0
  #timer: NodeJS.Timeout | undefined
  #draining: Promise<void> | null = null
  #handle: FileHandle | null = null
  #lost = 0
  #faulty = false
  #closed = false
  /** Until when nothing is tried after a failure, by `performance.now()`. */
  #pausedUntil = -Infinity

  constructor(path: string, options: AppendLogOptions) {
    this.#path = resolve(path)
    this.#options = options
    this.#maxBytes = options.maxBytes ?? MAX_LOG_BYTES
  }

  /** Adds a line of ASCII, given without its end. */
  append(line: string): void {
    if (this.#closed) return
    if (this.#waitingBytes + line.length >= MOST_WAITING) {
      this.#lost += 1
      return
    }
    this.#waiting.push(line)
    this.#waitingBytes += line.length + 1
    this.#schedule()
  }

  /** Writes what waits and closes the file. Ends after two seconds, written or not. */
  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#timer)
    const { promise: late, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, CLOSING_MS)
    const end = async (): Promise<void> => {
      await this.#draining
      await this.#drain() // once more, if the last attempt failed
      await this.#letGo()
    }
    await Promise.race([end(), late])
    clearTimeout(timer)
  }

  #schedule(): void {
    if (this.#closed || this.#draining !== null || this.#timer !== undefined) return
    const wait = Math.max(GATHERING_MS, this.#pausedUntil - performance.now())
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#draining = this.#drain().finally(() => {
        this.#draining = null
        if (this.#waiting.length > 0 || this.#lost > 0) this.#schedule()
      })
    }, wait).unref()
  }

  /** Writes what waits, batch by batch, until that fails. Never throws. */
  async #drain(): Promise<void> {
    while (this.#waiting.length > 0 || this.#lost > 0) {
      const lines = this.#takeBatch()
      const lost = this.#waiting.length === 0 ? this.#lost : 0
      const all = lost > 0 ? [...lines, this.#options.lossLine(lost)] : lines
      const progress = { written: 0 }
      try {
        await this.#write(Buffer.from(all.map((line) => `${line}\n`).join(''), 'latin1'), progress)
        this.#lost -= lost
      } catch (error) {
        this.#putBack(lines, progress.written)
        this.#pausedUntil = performance.now() + (this.#options.pause ?? PAUSE_MS)
        await this.#letGo()
        this.#tellFault(error)
        return
      }
    }
  }

  /** Lets lines wait again that are not whole in the file, of which `written` bytes are. */
  #putBack(lines: readonly string[], written: number): void {
    let [whole, end] = [0, 0]
    for (const line of lines) {
      end += line.length + 1
      if (end <= written) whole += 1
      else this.#waitingBytes += line.length + 1
    }
    this.#waiting.unshift(...lines.slice(whole))
  }

  async #letGo(): Promise<void> {
    await this.#handle?.close().catch(() => undefined)
    this.#handle = null
  }

  #takeBatch(): string[] {
    let [count, bytes] = [0, 0]
    for (const line of this.#waiting) {
      bytes += line.length + 1
      if (bytes > BATCH && count > 0) break
      count += 1
    }
    const batch = this.#waiting.splice(0, count)
    for (const line of batch) this.#waitingBytes -= line.length + 1
    return batch
  }

  #tellFault(error: unknown): void {
    if (this.#faulty) return
    this.#faulty = true
    this.#options.onFault?.(fileError(error, `cannot write the log ${this.#path}`))
  }

  /** @param progress - Notes how many bytes are in the file, whatever is thrown then. */
  async #write(bytes: Buffer, progress: { written: number }): Promise<void> {
    let { handle, size, torn } = await this.#current()
    if (size > 0 && size + bytes.byteLength > this.#maxBytes) {
      await this.#rotate(handle)
      ;({ handle, torn } = await this.#current())
    }
    // What a program that was killed, or a full disk, left behind must not spoil the line that comes after it.
    const end = torn ? Buffer.of(LINE_FEED) : Buffer.alloc(0)
    const whole = Buffer.concat([end, bytes])
    for (let written = 0; written < whole.byteLength;) {
      const { bytesWritten } = await handle.write(whole, written) // all of it at once, unless the disk is full
      written += bytesWritten
      progress.written = written - end.byteLength
    }
  }

  /** Returns the file that has the name now, its size, and whether it ends within a line. */
  async #current(): Promise<{ handle: FileHandle; size: number; torn: boolean }> {
    const there = await lstatIfThere(this.#path)
    const held = await this.#handle?.stat()
    if (this.#handle && (held?.ino !== there?.ino || held?.dev !== there?.dev)) {
      await this.#handle.close() // another program made it an old one, or a person removed it
      this.#handle = null
    }
    this.#handle ??= await openLog(this.#path)
    const { size } = await this.#handle.stat()
    const { buffer, bytesRead } = await this.#handle.read(Buffer.alloc(1), 0, 1, Math.max(size - 1, 0))
    return { handle: this.#handle, size, torn: bytesRead === 1 && buffer[0] !== LINE_FEED }
  }

  /** Makes the file an old one, unless another program was first. */
  async #rotate(held: FileHandle): Promise<void> {
    await withFileLock(`${this.#path}.lock`, async (expectHeld) => {
      const [there, mine] = await Promise.all([lstatIfThere(this.#path), held.stat()])
      if (there?.ino !== mine.ino || there.dev !== mine.dev) return
      const files = logFiles(this.#path)
      let free = files.length - 1
      for (let index = files.length - 2; index > 0; index -= 1) {
        if ((await lstatIfThere(files[index] ?? '')) === null) free = index // a rotation that was killed left a gap
      }
      for (let index = free; index > 0; index -= 1) {
        await expectHeld()
        await rename(files[index - 1] ?? '', files[index] ?? '')
      }
    })
  }
}

const LINE_FEED = 0x0a

/**
 * Opens a log to add to it, making it and its folder if they are not there.
 *
 * @throws {@link SftError} `ERR_WRONG_TYPE` for what is no file, `ERR_READ_ONLY` for the file of another user, or the code
 * of another failure.
 */
async function openLog(path: string): Promise<FileHandle> {
  await makePrivateFolder(dirname(path))
  const { O_RDWR, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants
  const handle = await open(path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600)
  try {
    const stats = await handle.stat()
    if (!stats.isFile()) throw new SftError('ERR_WRONG_TYPE', `cannot write the log ${path}: it is not a file`)
    if (process.platform !== 'win32') {
      if (stats.uid !== process.geteuid?.())
        throw new SftError('ERR_READ_ONLY', `cannot write the log ${path}: it belongs to another user`)
      if ((stats.mode & 0o077) !== 0) await handle.chmod(0o600)
    }
    return handle
  } catch (error) {
    await handle.close()
    throw error
  }
}
