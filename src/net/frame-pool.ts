/** Bytes of a buffer: a record with its length. */
const BUFFER_BYTES = 65_536

/** Most buffers that are kept. */
const MOST_KEPT = 64

/**
 * Buffers for records on their way to Noise, which copies them: one is free again when all that was taken of it was
 * copied. Allocated anew for each record they would set off one garbage collection after the other.
 */
export class FramePool {
  readonly #free: Uint8Array[] = []
  /** Bytes of a buffer in use that were not copied. What is never copied, because its stream was cut, is forgotten. */
  readonly #left = new WeakMap<ArrayBufferLike, { buffer: Uint8Array; bytes: number }>()

  /** Returns `length` bytes to be filled and written once, all of them. */
  take(length: number): Uint8Array {
    if (length > BUFFER_BYTES) return new Uint8Array(length)
    const buffer = this.#free.pop() ?? Buffer.allocUnsafeSlow(BUFFER_BYTES)
    this.#left.set(buffer.buffer, { buffer, bytes: length })
    return buffer.subarray(0, length)
  }

  /** Notes that bytes which may be of a buffer were copied and are not read again. */
  copied(bytes: Uint8Array): void {
    const left = this.#left.get(bytes.buffer)
    if (!left) return
    left.bytes -= bytes.byteLength
    if (left.bytes > 0) return
    this.#left.delete(bytes.buffer)
    // Copied twice would mean that nothing is known about who reads it.
    if (left.bytes === 0 && this.#free.length < MOST_KEPT) this.#free.push(left.buffer)
  }
}
