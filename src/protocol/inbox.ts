import { BLOCK_BYTES, type BlockPool } from './blocks.ts'

/** Bytes of one request on their way from the stream to whoever takes them, gathered into blocks. */
export class Inbox {
  readonly #pool: BlockPool
  readonly #blocks: { buffer: Uint8Array; length: number }[] = []
  #wake: (() => void) | undefined
  #held = 0
  #ended = false
  #failure: Error | undefined
  #discarding = false

  constructor(pool: BlockPool) {
    this.#pool = pool
  }

  /**
   * Copies bytes that arrived. How many lie here is bounded by the credit the receiver gave.
   *
   * @returns How many of them were thrown away: all, once {@link discard} was called, else none.
   */
  push(bytes: Uint8Array): number {
    if (this.#discarding) return bytes.byteLength
    this.#held += bytes.byteLength
    for (let rest = bytes; rest.byteLength > 0;) {
      let tail = this.#blocks.at(-1)
      if (!tail || tail.length === tail.buffer.byteLength) {
        // Alone and less than a record: most likely a small file, which needs no block.
        const buffer =
          this.#blocks.length === 0 && rest.byteLength < BLOCK_BYTES / 4
            ? new Uint8Array(rest.byteLength)
            : this.#pool.take()
        tail = { buffer, length: 0 }
        this.#blocks.push(tail)
      }
      const fitting = rest.subarray(0, tail.buffer.byteLength - tail.length)
      tail.buffer.set(fitting, tail.length)
      tail.length += fitting.byteLength
      rest = rest.subarray(fitting.byteLength)
    }
    this.#wake?.()
    return 0
  }

  /** No more bytes will come. */
  end(): void {
    this.#ended = true
    this.#wake?.()
  }

  /** The rest will never come: whoever waits gets `error`. */
  fail(error: Error): void {
    this.#failure ??= error
    this.#wake?.()
  }

  /** Throws away what is here and what will come; returns how many bytes were here. */
  discard(): number {
    this.#discarding = true
    this.#held = 0
    return this.#blocks.splice(0).reduce((sum, { buffer, length }) => {
      this.#pool.release(buffer)
      return sum + length
    }, 0)
  }

  /**
   * Returns all the bytes once the last is there, or `null` as soon as there are more than `most`. Throws what
   * {@link fail} was given.
   */
  async whole(most: number): Promise<Uint8Array | null> {
    for (;;) {
      if (this.#failure) throw this.#failure
      if (this.#held > most) return null
      if (this.#ended) break
      await this.#change()
    }
    const [first] = this.#blocks
    if (first && this.#blocks.length === 1) return first.buffer.subarray(0, first.length)
    const bytes = new Uint8Array(this.#held)
    let filled = 0
    for (const { buffer, length } of this.#blocks) {
      bytes.set(buffer.subarray(0, length), filled)
      filled += length
    }
    return bytes
  }

  /** Yields the bytes in order. Each is valid until the next is asked for. Throws what {@link fail} was given. */
  async *blocks(): AsyncGenerator<Uint8Array> {
    for (;;) {
      if (this.#failure) throw this.#failure
      const block = this.#blocks.shift()
      if (block) {
        this.#held -= block.length
        try {
          yield block.buffer.subarray(0, block.length)
        } finally {
          this.#pool.release(block.buffer)
        }
      } else if (this.#ended) {
        return
      } else {
        await this.#change()
      }
    }
  }

  async #change(): Promise<void> {
    await new Promise<void>((resolve) => (this.#wake = resolve))
    this.#wake = undefined
  }
}
