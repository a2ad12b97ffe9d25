import { SftError } from '../errors.ts'
import type { FileInfo } from '../wire/message.ts'
import type { RemotePath } from '../wire/path.ts'
import type { Transferred } from './transfer.ts'
import type { FileSink } from './types.ts'

/** A file that a client stored, or is about to, and whose word on that it may not have had. */
interface Receipt {
  readonly file: FileInfo
  /** Resolves once the file has its name, which waits for the disk alone; rejects if it does not get it. */
  readonly stored: Promise<Transferred>
  /** The session in which that is. */
  readonly session: object
}

/** Receipts that are remembered: more than all the uploads that several sessions can have under way. */
const MOST = 2_048

/**
 * What clients stored in sessions that did not end in order, or not yet: the word on it may have been lost with the
 * connection. A client that may not look at what is there then sends the file again, and finds its name taken.
 */
export class Receipts {
  readonly #receipts = new Map<string, Receipt>()
  readonly #most: number

  /** @param most - Receipts that are remembered; the oldest is forgotten first. */
  constructor(most = MOST) {
    this.#most = most
  }

  /** Begins an upload of `client`. */
  begin(client: string, path: RemotePath, file: FileInfo, session: object): Upload {
    return new Upload(this.#receipts, this.#most, `${client}/${path}`, { file, session })
  }

  /** Forgets a session that ended in order: its client has had every word. */
  settle(session: object): void {
    for (const [key, receipt] of this.#receipts) if (receipt.session === session) this.#receipts.delete(key)
  }
}

/** An upload of a client that may not look at what is there. */
export class Upload {
  readonly #receipts: Map<string, Receipt>
  readonly #most: number
  readonly #key: string
  readonly #own: Receipt
  readonly #stored = Promise.withResolvers<Transferred>()
  #earlier: Receipt | null = null

  constructor(receipts: Map<string, Receipt>, most: number, key: string, own: Omit<Receipt, 'stored'>) {
    this.#receipts = receipts
    this.#most = most
    this.#key = key
    this.#own = { ...own, stored: this.#stored.promise }
    this.#stored.promise.catch(() => undefined) // for whoever asks
  }

  /** Notes that the file is about to take its name: from here on the word on it can be lost. */
  committing(): void {
    if (!this.#receipts.has(this.#key)) this.#note()
  }

  /** Opens a sink with `create`, or one that only takes bytes in where this client stored the same file before. */
  async sink(create: () => Promise<FileSink>): Promise<FileSink> {
    let sink: FileSink
    try {
      sink = await create()
    } catch (error) {
      this.#expectEarlier(error)
      return IGNORING
    }
    return {
      kept: sink.kept,
      readKept: async (buffer, offset) => sink.readKept(buffer, offset),
      write: async (bytes) => sink.write(bytes),
      commit: async () => {
        try {
          await sink.commit()
        } catch (error) {
          this.#expectEarlier(error)
          await sink.discard()
        }
      },
      setAside: async () => sink.setAside(),
      discard: async () => sink.discard(),
    }
  }

  /**
   * Notes how the file arrived.
   *
   * @returns What is there instead, because this client stored it before; `null` if this file has the name now.
   */
  async arrived(transferred: Transferred): Promise<Transferred | null> {
    if (this.#earlier) return this.#earlier.stored
    this.#stored.resolve(transferred)
    this.#note()
    return null
  }

  /** Notes that the file did not get its name. */
  failed(error: unknown): void {
    this.#stored.reject(error)
    if (this.#receipts.get(this.#key) === this.#own) this.#receipts.delete(this.#key)
  }

  #note(): void {
    this.#receipts.delete(this.#key) // to be the latest again
    this.#receipts.set(this.#key, this.#own)
    const [oldest] = this.#receipts.keys()
    if (this.#receipts.size > this.#most && oldest !== undefined) this.#receipts.delete(oldest)
  }

  /** Throws `error` unless it says that the name is taken, by the same file of this client from a session before. */
  #expectEarlier(error: unknown): void {
    const receipt = this.#receipts.get(this.#key)
    const { file, session } = this.#own
    const isSame = receipt && receipt.file.size === file.size && receipt.file.mtime === file.mtime
    const isTaken = error instanceof SftError && error.code === 'ERR_EXISTS'
    if (!isTaken || !isSame || receipt.session === session) throw error
    this.#earlier = receipt
  }
}

/** Takes in a file that is only to be compared with what is there. */
const IGNORING: FileSink = {
  kept: 0,
  readKept: () => Promise.resolve(0),
  write: () => Promise.resolve(),
  commit: () => Promise.resolve(),
  setAside: () => Promise.resolve(),
  discard: () => Promise.resolve(),
}
