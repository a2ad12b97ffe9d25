import { SftError } from '../errors.ts'
import { SECRETSTREAM, type PullStream, type PushStream, type Sodium } from './sodium.ts'

/** Records between two that carry the tag REKEY, in each direction (docs/protocol.md section 4). */
export const REKEY_INTERVAL = 4_096

/**
 * Seals the records of one direction of a stream (docs/protocol.md section 4).
 *
 * Exactly one record, the last, is FINAL; sealing after it throws. Every 4,096th record carries REKEY.
 */
export class Sealer {
  readonly #stream: PushStream
  #sealed = 0
  #final = false

  /** @param header - Only to reproduce a test vector; otherwise a fresh one is made. */
  constructor(sodium: Sodium, key: Uint8Array, header?: Uint8Array) {
    this.#stream = sodium.pushStream(key, header)
  }

  /** The 24 bytes the other side needs before the first record. */
  get header(): Uint8Array {
    return this.#stream.header
  }

  /** Whether the FINAL record was sealed. */
  get done(): boolean {
    return this.#final
  }

  /**
   * Seals `plaintext` into `record`, which must hold exactly 17 bytes more and not overlap it.
   *
   * @throws {@link SftError} `ERR_INTERNAL` after the FINAL record.
   */
  seal(record: Uint8Array, plaintext: Uint8Array, final = false): void {
    if (this.#final) throw new SftError('ERR_INTERNAL', 'a record was to be sealed after the final one')
    this.#sealed += 1
    this.#final = final
    const tag = this.#sealed % REKEY_INTERVAL === 0 ? SECRETSTREAM.tagRekey : SECRETSTREAM.tagMessage
    this.#stream.push(record, plaintext, final ? SECRETSTREAM.tagFinal : tag)
  }
}

/**
 * Opens the records of one direction of a stream, in the order they were sealed and in no other.
 *
 * After the first record that fails, every call throws. A stream that ends while {@link Opener.done} is false was cut.
 */
export class Opener {
  readonly #stream: PullStream
  #opened = 0
  #state: 'open' | 'final' | 'failed' = 'open'

  constructor(sodium: Sodium, key: Uint8Array, header: Uint8Array) {
    this.#stream = sodium.pullStream(key, header)
  }

  /** Whether the FINAL record was opened. */
  get done(): boolean {
    return this.#state === 'final'
  }

  /**
   * Opens the next record. Its plaintext may lie in a buffer that the next call writes over.
   *
   * @throws {@link SftError} `ERR_DECRYPT` if it was altered, reordered, replayed, sealed under another key, carries a
   * tag other than the one due, or follows FINAL. Which of these is deliberately not told apart.
   */
  open(record: Uint8Array): Uint8Array {
    const opened = this.#state === 'open' && fits(record) ? this.#stream.pull(record) : null
    this.#opened += 1
    const due = this.#opened % REKEY_INTERVAL === 0 ? SECRETSTREAM.tagRekey : SECRETSTREAM.tagMessage
    if (opened === null || (opened.tag !== due && opened.tag !== SECRETSTREAM.tagFinal)) {
      this.#state = 'failed'
      throw new SftError('ERR_DECRYPT', 'a record could not be opened: it was altered on the way, or the keys differ')
    }
    if (opened.tag === SECRETSTREAM.tagFinal) this.#state = 'final'
    return opened.plaintext
  }
}

function fits(record: Uint8Array): boolean {
  return record.byteLength >= SECRETSTREAM.overhead && record.byteLength <= SECRETSTREAM.maxRecord
}
