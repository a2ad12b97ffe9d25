import type { FileHandle } from 'node:fs/promises'

/** Bytes that may lie in memory before they are sent on to the disk. */
const MOST_BEHIND = 32 * 1024 * 1024

/**
 * Sends what is written to a file on to the disk while more is written, so that little is left to wait for at its end.
 *
 * A system says only once that bytes did not reach the disk: after that they may look written, and none of them is.
 */
export class WriteBehind {
  readonly #handle: FileHandle
  #behind = 0
  #flushing: Promise<void> | undefined
  #failure: { readonly error: unknown } | undefined

  constructor(handle: FileHandle) {
    this.#handle = handle
  }

  /** Whether the disk failed, so that nothing of the file can be relied on. */
  get failed(): boolean {
    return this.#failure !== undefined
  }

  /** Takes note of bytes that were written. Throws what the disk said of earlier ones. */
  wrote(bytes: number): void {
    this.#throwFailure()
    this.#behind += bytes
    if (this.#behind < MOST_BEHIND || this.#flushing) return
    this.#behind = 0
    this.#flushing = this.#flush()
  }

  /** Resolves when everything that was written is on the disk. Throws what it says if it is not. */
  async end(): Promise<void> {
    await this.#flushing
    this.#throwFailure()
    try {
      await this.#handle.sync()
    } catch (error) {
      this.#failure = { error }
      throw error
    }
  }

  async #flush(): Promise<void> {
    try {
      await this.#handle.datasync()
    } catch (error) {
      this.#failure = { error }
    } finally {
      this.#flushing = undefined
    }
  }

  #throwFailure(): void {
    if (this.#failure) throw this.#failure.error
  }
}
