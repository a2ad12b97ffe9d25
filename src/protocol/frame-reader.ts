import type { Uint8ArrayList } from 'uint8arraylist'
import { SftError } from '../errors.ts'
import { FrameDecoder } from '../wire/frame.ts'
import { withDeadline } from './deadline.ts'
import type { ByteStream } from './types.ts'

/** Reads frames from a byte stream, with a deadline for the rest of one that has begun. */
export class FrameReader {
  readonly #source: AsyncIterator<Uint8Array | Uint8ArrayList>
  readonly #decoder = new FrameDecoder()
  readonly #recordDeadline: number

  constructor(stream: ByteStream, recordDeadline: number) {
    this.#source = stream.source[Symbol.asyncIterator]()
    this.#recordDeadline = recordDeadline
  }

  /**
   * Returns the payload of the next frame, or `null` if the stream ended before its first byte.
   *
   * @throws {@link SftError} `ERR_PROTOCOL` for a length outside `least` to `most`, `ERR_CLOSED` if the stream ends
   * inside the frame, `ERR_TIMEOUT` if the rest of the frame does not come.
   */
  async next(least: number, most: number): Promise<Uint8Array | null> {
    for (;;) {
      const payload = this.ready(least, most)
      if (payload !== null) return payload
      if (!(await this.more())) return null
    }
  }

  /**
   * As {@link next}, but returns `null` if the frame is not there yet.
   *
   * @param scratch - As for {@link FrameDecoder.next}.
   */
  ready(least: number, most: number, scratch?: Uint8Array): Uint8Array | null {
    return this.#decoder.next(least, most, scratch)
  }

  /** Returns exactly `length` bytes that are not framed. Throws as {@link next}, and `ERR_CLOSED` at any end. */
  async take(length: number): Promise<Uint8Array> {
    for (;;) {
      const bytes = this.#decoder.take(length)
      if (bytes !== null) return bytes
      if (!(await this.more())) throw cut()
    }
  }

  /** Resolves at the end of the stream; throws `ERR_PROTOCOL` if a byte comes before it, `ERR_TIMEOUT` if it does not come. */
  async end(): Promise<void> {
    if (this.#decoder.pending === 0) {
      const { done } = await withDeadline(this.#source.next(), this.#recordDeadline, 'close the stream')
      if (done === true) return
    }
    throw new SftError('ERR_PROTOCOL', 'the peer sent bytes after the final record')
  }

  /** Waits for bytes. Returns false at an end between two frames. Throws as {@link next}. */
  async more(): Promise<boolean> {
    const arriving = this.#source.next()
    const { done, value } = await (this.#decoder.pending === 0
      ? arriving
      : withDeadline(arriving, this.#recordDeadline, 'finish a record'))
    if (done !== true) {
      this.#decoder.push(value)
      return true
    }
    if (this.#decoder.pending > 0) throw cut()
    return false
  }
}

function cut(): SftError {
  return new SftError('ERR_CLOSED', 'the connection was lost in the middle of a record')
}
