import { MAX_DATA } from '../wire/limits.ts'

/** Bytes of a block: what is read from or written to a disk at once, a whole number of data records. */
export const BLOCK_BYTES = 4 * MAX_DATA

/** Most blocks kept for reuse: a whole window and some. More are left to the garbage collector. */
const MOST_KEPT = 80

/**
 * Buffers of one size, used again and again: allocating them for every read costs more than the encryption does
 * (fresh pages, and garbage collections that external memory sets off).
 */
export class BlockPool {
  readonly #free: Uint8Array[] = []

  take(): Uint8Array {
    return this.#free.pop() ?? new Uint8Array(BLOCK_BYTES)
  }

  /** Takes a block back. It must not be used afterwards. A buffer of another size is ignored. */
  release(block: Uint8Array): void {
    if (block.byteLength === BLOCK_BYTES && this.#free.length < MOST_KEPT) this.#free.push(block)
  }
}

/** The blocks of all sessions of this process. */
export const BLOCKS = new BlockPool()
