import type { Uint8ArrayList } from 'uint8arraylist'
import { SftError } from '../errors.ts'
import { LENGTH_BYTES } from './limits.ts'

/** Returns `payload` behind its two-byte big-endian length (docs/protocol.md section 2). */
export function encodeFrame(payload: Uint8Array): Uint8Array {
  const frame = new Uint8Array(LENGTH_BYTES + payload.byteLength)
  writeLength(frame, payload.byteLength)
  frame.set(payload, LENGTH_BYTES)
  return frame
}

/** Writes the length of a frame's payload into the first two bytes of `frame`. */
export function writeLength(frame: Uint8Array, length: number): void {
  frame[0] = length >>> 8
  frame[1] = length & 0xff
}

/**
 * Cuts a byte stream, however it was split on the way, into the payloads of its frames.
 *
 * It holds at most the bytes it was given and has not returned; a length outside the range set for the next frame is
 * refused as soon as its two bytes are there, before anything is kept for it.
 */
export class FrameDecoder {
  /** The chunk that is being read, and how far; then those after it. */
  #chunk: Uint8Array = NOTHING
  #at = 0
  readonly #later: Uint8Array[] = []
  #pending = 0

  /** Adds bytes that arrived. They are kept, not copied, until they are returned. */
  push(bytes: Uint8Array | Uint8ArrayList): void {
    for (const chunk of bytes instanceof Uint8Array ? [bytes] : bytes) {
      if (chunk.byteLength > 0) this.#later.push(chunk)
    }
    this.#pending += bytes.byteLength
  }

  /**
   * Returns the payload of the next frame, or `null` while it is incomplete.
   *
   * @param least - Fewest bytes its payload may have.
   * @param most - Most bytes its payload may have.
   * @param scratch - Where to put together a payload that came in several chunks, with room for `most` bytes and two more.
   * @throws {@link SftError} `ERR_PROTOCOL` if the length is outside that range.
   */
  next(least: number, most: number, scratch?: Uint8Array): Uint8Array | null {
    if (this.#pending < LENGTH_BYTES) return null
    const length = this.#peekLength()
    if (length < least || length > most) {
      throw new SftError('ERR_PROTOCOL', `a frame announces ${length} bytes where ${least} to ${most} are allowed`)
    }
    if (this.#pending < LENGTH_BYTES + length) return null
    return this.#cut(LENGTH_BYTES + length, scratch).subarray(LENGTH_BYTES)
  }

  /** Takes exactly `length` bytes that are not framed, or returns `null` while there are fewer. */
  take(length: number): Uint8Array | null {
    return this.#pending < length ? null : this.#cut(length)
  }

  /** Bytes that have arrived and were not returned. */
  get pending(): number {
    return this.#pending
  }

  #peekLength(): number {
    this.#turn()
    const second = this.#at + 1 < this.#chunk.byteLength ? this.#chunk[this.#at + 1] : this.#later[0]?.[0]
    return ((this.#chunk[this.#at] ?? 0) << 8) | (second ?? 0)
  }

  /** Takes `length` bytes, which are there; only those of several chunks are copied. */
  #cut(length: number, scratch?: Uint8Array): Uint8Array {
    this.#turn()
    this.#pending -= length
    if (this.#chunk.byteLength - this.#at >= length) {
      this.#at += length
      return this.#chunk.subarray(this.#at - length, this.#at)
    }
    const bytes = scratch?.subarray(0, length) ?? new Uint8Array(length)
    for (let filled = 0; filled < length;) {
      this.#turn()
      const part = this.#chunk.subarray(this.#at, this.#at + length - filled)
      bytes.set(part, filled)
      filled += part.byteLength
      this.#at += part.byteLength
    }
    return bytes
  }

  /** Goes on to the next chunk if this one is read to its end. */
  #turn(): void {
    if (this.#at < this.#chunk.byteLength) return
    this.#chunk = this.#later.shift() ?? NOTHING
    this.#at = 0
  }
}

const NOTHING = new Uint8Array(0)
