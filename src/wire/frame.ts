import { Uint8ArrayList } from 'uint8arraylist'
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
  readonly #buffer = new Uint8ArrayList()

  /** Adds bytes that arrived. They are kept, not copied, until they are returned. */
  push(bytes: Uint8Array | Uint8ArrayList): void {
    this.#buffer.append(bytes)
  }

  /**
   * Returns the payload of the next frame, or `null` while it is incomplete.
   *
   * @param least - Fewest bytes its payload may have.
   * @param most - Most bytes its payload may have.
   * @throws {@link SftError} `ERR_PROTOCOL` if the length is outside that range.
   */
  next(least: number, most: number): Uint8Array | null {
    if (this.#buffer.byteLength < LENGTH_BYTES) return null
    const length = (this.#buffer.get(0) << 8) | this.#buffer.get(1)
    if (length < least || length > most) {
      throw new SftError('ERR_PROTOCOL', `a frame announces ${length} bytes where ${least} to ${most} are allowed`)
    }
    if (this.#buffer.byteLength < LENGTH_BYTES + length) return null
    const payload = this.#buffer.subarray(LENGTH_BYTES, LENGTH_BYTES + length)
    this.#buffer.consume(LENGTH_BYTES + length)
    return payload
  }

  /** Takes exactly `length` bytes that are not framed, or returns `null` while there are fewer. */
  take(length: number): Uint8Array | null {
    if (this.#buffer.byteLength < length) return null
    const bytes = this.#buffer.subarray(0, length)
    this.#buffer.consume(length)
    return bytes
  }

  /** Bytes that have arrived and were not returned. */
  get pending(): number {
    return this.#buffer.byteLength
  }
}
