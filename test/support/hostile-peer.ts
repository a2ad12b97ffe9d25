import { createHash } from 'node:crypto'
import type { Opener, Sealer } from '../../src/crypto/secretstream.ts'
import { FrameReader } from '../../src/protocol/frame-reader.ts'
import { handshake, type HandshakeInit } from '../../src/protocol/handshake.ts'
import { withDeadline } from '../../src/protocol/deadline.ts'
import type { ByteStream, Deadlines } from '../../src/protocol/types.ts'
import { encodeFrame } from '../../src/wire/frame.ts'
import { MAX_RECORD, RECORD_OVERHEAD } from '../../src/wire/limits.ts'
import { decodeMessage, encodeMessage, type Message } from '../../src/wire/message.ts'

/** The credit a hostile peer gives in its hello: less than what a stream holds unread, however late it reads. */
export const GRANTED = 4 * 1024 * 1024

/** What a hostile peer got from the other side. */
export type Received = Message | { type: 'data'; id: number; bytes: Uint8Array }

/**
 * A peer that does the handshake right and can then put any bytes into sealed records, or any bytes on the stream.
 */
export class HostilePeer {
  readonly stream: ByteStream
  readonly #reader: FrameReader
  readonly #sealer: Sealer
  readonly #opener: Opener

  static async open(
    stream: ByteStream,
    init: Omit<HandshakeInit, 'role' | 'window'> & { deadlines: Deadlines },
    role: 'initiator' | 'responder' = 'initiator',
    window = GRANTED,
  ): Promise<HostilePeer> {
    const reader = new FrameReader(stream, 5_000)
    const { sealer, opener } = await handshake(stream, reader, { ...init, role, window })
    return new HostilePeer(stream, reader, sealer, opener)
  }

  private constructor(stream: ByteStream, reader: FrameReader, sealer: Sealer, opener: Opener) {
    this.stream = stream
    this.#reader = reader
    this.#sealer = sealer
    this.#opener = opener
  }

  /** Sends a well-formed message. */
  send(message: Exclude<Message, { type: 'badRequest' }>): void {
    this.sendPlaintext(Uint8Array.of(1, ...encodeMessage(message)), message.type === 'close')
  }

  /** Sends the protobuf bytes of a message that the codec would not make. */
  sendEncoded(message: Uint8Array): void {
    this.sendPlaintext(Uint8Array.of(1, ...message))
  }

  /** Sends file bytes of a request in one data record. */
  sendData(id: number, bytes: Uint8Array): void {
    const head = Buffer.alloc(5)
    head[0] = 2
    head.writeUInt32BE(id, 1)
    this.sendPlaintext(Buffer.concat([head, bytes]))
  }

  /** Sends the end of a file with a right digest. */
  sendEnd(id: number, bytes: Uint8Array): void {
    this.send({ type: 'end', id, error: 0, size: bytes.byteLength, md5: createHash('md5').update(bytes).digest() })
  }

  /** Seals any plaintext and sends it. */
  sendPlaintext(plaintext: Uint8Array, final = false): void {
    this.sendRaw(encodeFrame(this.seal(plaintext, final)))
  }

  /** Seals any plaintext without sending it. */
  seal(plaintext: Uint8Array, final = false): Uint8Array {
    const record = new Uint8Array(plaintext.byteLength + RECORD_OVERHEAD)
    this.#sealer.seal(record, plaintext, final)
    return record
  }

  /** Puts any bytes on the stream, below the encryption. */
  sendRaw(bytes: Uint8Array): void {
    this.stream.write(bytes)
  }

  /** Returns the next thing the other side says, or `null` if it ended the stream. Fails after 5 s of silence. */
  async receive(): Promise<Received | null> {
    const record = await withDeadline(this.#reader.next(RECORD_OVERHEAD + 1, MAX_RECORD), 5_000, 'answer')
    if (record === null) return null
    const plaintext = this.#opener.open(record).slice()
    if (plaintext[0] === 1) return decodeMessage(plaintext.subarray(1))
    return { type: 'data', id: Buffer.from(plaintext).readUInt32BE(1), bytes: plaintext.subarray(5) }
  }

  /** Returns the next thing of one type, passing over everything else; `null` if the stream ended first. */
  async receiveType<T extends Received['type']>(type: T): Promise<Extract<Received, { type: T }> | null> {
    for (;;) {
      const received = await this.receive()
      if (received === null) return null
      if (received.type === type) return received as Extract<Received, { type: T }>
    }
  }
}
