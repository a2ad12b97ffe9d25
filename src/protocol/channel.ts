import { pipe } from 'it-pipe'
import type { Opener, Sealer } from '../crypto/secretstream.ts'
import { SftError } from '../errors.ts'
import { writeLength } from '../wire/frame.ts'
import {
  DATA_HEADER,
  LENGTH_BYTES,
  MAX_DATA,
  MAX_MESSAGE,
  MAX_RECORD,
  RECORD_KIND,
  RECORD_OVERHEAD,
} from '../wire/limits.ts'
import { decodeMessage, encodeMessage, type Message } from '../wire/message.ts'
import { withDeadline } from './deadline.ts'
import { FrameReader } from './frame-reader.ts'
import { handshake, type HandshakeInit } from './handshake.ts'
import type { ByteStream, Deadlines } from './types.ts'

/** One opened record: a control message, or file bytes of a request (in a buffer the next record writes over). */
export type Opened = Message | { readonly type: 'data'; readonly id: number; readonly bytes: Uint8Array }

/** Sealed messages and data over a byte stream: the only place where plaintext becomes records and back. */
export class Channel {
  /** File bytes the peer lets this side send before it grants more. */
  readonly peerWindow: number
  readonly #stream: ByteStream
  readonly #reader: FrameReader
  readonly #sealer: Sealer
  readonly #opener: Opener
  readonly #deadlines: Deadlines
  // Small records that leave together, in one write; it becomes one frame of the muxer and one message of Noise.
  readonly #batch = new Uint8Array(LENGTH_BYTES + MAX_RECORD)
  #batched = 0
  #leaving = false
  // Records that came in several chunks are put together here; each is opened before the next is read.
  readonly #record = new Uint8Array(LENGTH_BYTES + MAX_RECORD)
  // Plaintexts are put together here; sealing copies them out, so one buffer serves every record.
  readonly #plaintext = new Uint8Array(MAX_RECORD - RECORD_OVERHEAD)

  /**
   * Runs the handshake on a new stream and returns the channel. The stream is aborted if that fails.
   *
   * @throws {@link SftError} as {@link handshake}.
   */
  static async open(stream: ByteStream, init: HandshakeInit, deadlines: Deadlines): Promise<Channel> {
    const reader = new FrameReader(stream, deadlines.record)
    try {
      const secured = await withDeadline(handshake(stream, reader, init), deadlines.handshake, 'finish the handshake')
      return new Channel(stream, reader, secured.sealer, secured.opener, secured.peerWindow, deadlines)
    } catch (error) {
      stream.abort(error as Error)
      throw error
    }
  }

  private constructor(
    stream: ByteStream,
    reader: FrameReader,
    sealer: Sealer,
    opener: Opener,
    peerWindow: number,
    deadlines: Deadlines,
  ) {
    this.#stream = stream
    this.#reader = reader
    this.#sealer = sealer
    this.#opener = opener
    this.peerWindow = peerWindow
    this.#deadlines = deadlines
  }

  /** Sends a control message at the end of this turn of the event loop at the latest. What the peer can cause to be sent is bounded by what it may ask. */
  send(message: Exclude<Message, { type: 'badRequest' }>): void {
    const encoded = encodeMessage(message)
    this.#plaintext[0] = RECORD_KIND.message
    this.#plaintext.set(encoded, 1)
    const frame = this.#seal(1 + encoded.byteLength, message.type === 'close')
    if (frame) this.#stream.write(frame)
  }

  /** Whether the stream takes no more for now. */
  get full(): boolean {
    return this.#stream.full
  }

  /**
   * Sends bytes of a request, for which the caller waits until the stream is not {@link full}: as few records as hold
   * them, all in one write. They may be reused at once.
   */
  sendData(id: number, bytes: Uint8Array): void {
    this.#plaintext[0] = RECORD_KIND.data
    new DataView(this.#plaintext.buffer).setUint32(1, id)
    const frames: Uint8Array[] = []
    for (let offset = 0; offset < bytes.byteLength; offset += MAX_DATA) {
      const record = bytes.subarray(offset, offset + MAX_DATA)
      this.#plaintext.set(record, DATA_HEADER)
      const frame = this.#seal(DATA_HEADER + record.byteLength, false)
      if (frame) frames.push(frame)
    }
    if (frames.length > 0) this.#stream.write(...frames)
  }

  /** Resolves when the stream can take more; throws `ERR_TIMEOUT` if the peer stops reading. */
  async drained(): Promise<void> {
    while (this.#stream.full) await withDeadline(this.#stream.drained(), this.#deadlines.stall, 'read')
  }

  /**
   * Yields what the peer sends, up to and including its `close`: at once all that is there.
   *
   * @throws {@link SftError} `ERR_CLOSED` if the stream ends before that, `ERR_DECRYPT`, `ERR_PROTOCOL`, `ERR_TIMEOUT`.
   */
  receive(): AsyncGenerator<Iterable<Opened>> {
    return pipe(
      () => this.#batches(),
      (batches) => this.#open(batches),
    )
  }

  /** Resolves once the peer closed the stream after its final record; throws `ERR_PROTOCOL` if it sent anything more. */
  async ended(): Promise<void> {
    await this.#reader.end()
  }

  /** Whether this side sent its FINAL record. */
  get closed(): boolean {
    return this.#sealer.done
  }

  /** Ends this side's direction with the FINAL record. A second call does nothing. */
  async close(error: number): Promise<void> {
    if (this.#sealer.done) return
    this.send({ type: 'close', error })
    this.#flush()
    await this.#stream.close()
  }

  abort(error: Error): void {
    this.#batched = 0
    this.#stream.abort(error)
  }

  /** Seals what lies in the plaintext buffer. Returns the frame if it is to be written alone, after those before it. */
  #seal(length: number, final: boolean): Uint8Array | null {
    if (this.#sealer.done) throw new SftError('ERR_CLOSED', 'the session was closed')
    const size = LENGTH_BYTES + length + RECORD_OVERHEAD
    if (this.#batched + size > this.#batch.byteLength) this.#flush()
    const alone = size > MOST_IN_BATCH
    const frame = alone ? this.#stream.take(size) : this.#batch.subarray(this.#batched, this.#batched + size)
    writeLength(frame, length + RECORD_OVERHEAD)
    this.#sealer.seal(frame.subarray(LENGTH_BYTES), this.#plaintext.subarray(0, length), final)
    if (alone) {
      this.#flush()
      return frame
    }
    this.#batched += size
    if (!this.#leaving) {
      this.#leaving = true
      setImmediate(() => this.#leave())
    }
    return null
  }

  #leave(): void {
    this.#leaving = false
    try {
      this.#flush()
    } catch (error) {
      this.abort(error as Error) // the stream closed at this moment; nobody would catch what is thrown here
    }
  }

  #flush(): void {
    if (this.#batched === 0) return
    const records = this.#batch.slice(0, this.#batched)
    this.#batched = 0
    this.#stream.write(records)
  }

  async *#batches(): AsyncGenerator<Iterable<Uint8Array>> {
    do yield this.#ready()
    while (!this.#opener.done && (await this.#reader.more()))
    if (!this.#opener.done) throw new SftError('ERR_CLOSED', 'the connection was lost')
  }

  *#ready(): Generator<Uint8Array> {
    while (!this.#opener.done) {
      const record = this.#reader.ready(RECORD_OVERHEAD + 1, MAX_RECORD, this.#record)
      if (record === null) return
      yield record
    }
  }

  async *#open(batches: AsyncIterable<Iterable<Uint8Array>>): AsyncGenerator<Iterable<Opened>> {
    for await (const records of batches) yield this.#openEach(records)
  }

  *#openEach(records: Iterable<Uint8Array>): Generator<Opened> {
    for (const record of records) {
      const opened = parsePlaintext(this.#opener.open(record))
      if ((opened.type === 'close') !== this.#opener.done) {
        throw new SftError('ERR_PROTOCOL', 'the final record and the close message do not agree')
      }
      yield opened
    }
  }
}

/** Most bytes of a framed record that shares a write with others: a larger one is better off without the copy. */
const MOST_IN_BATCH = 16_384

/** Reads the kind of a record and what follows it (docs/protocol.md section 4). */
function parsePlaintext(plaintext: Uint8Array): Opened {
  const [kind] = plaintext
  if (kind === RECORD_KIND.message && plaintext.byteLength <= 1 + MAX_MESSAGE) {
    return decodeMessage(plaintext.slice(1)) // a copy, because a message is kept
  }
  const bytes = plaintext.subarray(DATA_HEADER)
  if (kind !== RECORD_KIND.data || bytes.byteLength === 0 || bytes.byteLength > MAX_DATA) {
    throw new SftError('ERR_PROTOCOL', 'the peer sent a record of unknown kind or of a length its kind does not allow')
  }
  const id = new DataView(plaintext.buffer, plaintext.byteOffset).getUint32(1)
  return { type: 'data', id, bytes }
}
