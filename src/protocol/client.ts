import { asSftError, SftError } from '../errors.ts'
import { MAX_DATA } from '../wire/limits.ts'
import type { Action, Algorithm, Entry, FileInfo, Unlistable } from '../wire/message.ts'
import type { RemotePath } from '../wire/path.ts'
import type { Right } from '../wire/rights.ts'
import { Channel } from './channel.ts'
import { withDeadline } from './deadline.ts'
import { remoteError } from './exchange.ts'
import type { HandshakeInit } from './handshake.ts'
import { receiveListing } from './listing.ts'
import { receiveZeros } from './probe.ts'
import { Requests, type Requested } from './requests.ts'
import { Session, WINDOW } from './session.ts'
import { acknowledgement, receiveFile, sendFile, type OnProgress, type Transferred } from './transfer.ts'
import { Turns } from './turns.ts'
import { DEADLINES, type ByteStream, type Deadlines, type FileSink, type FileSource, type Kept } from './types.ts'

export interface ClientInit extends Omit<HandshakeInit, 'role' | 'window'> {
  readonly deadlines?: Deadlines
  /** Called when a request has ended. Must not throw. */
  readonly onRequest?: ((request: Requested) => void) | undefined
}

/** Uploads of more than a record under way at once: half of what a provider takes. */
const UPLOADS_AT_ONCE = 64

export interface CallOptions {
  /** Ends the call early; the session stays usable. */
  readonly signal?: AbortSignal | undefined
}

export interface TransferOptions extends CallOptions {
  readonly onProgress?: OnProgress | undefined
}

export interface GetOptions extends TransferOptions {
  /** Fetches from here on; what lies before it must be kept in the sink. */
  readonly offset?: number
}

export interface PutOptions extends TransferOptions {
  /** Replaces a file that has the name. */
  readonly overwrite?: boolean
  /** Sends from here on; what lies before it is kept over there, as {@link ProtocolClient.kept} tells. */
  readonly offset?: number
  /** The source goes on until it reads nothing, whatever its size says, which has to be 0. */
  readonly stream?: boolean
  /** Called if the provider refuses the file before its end, for a source that is slow to notice. */
  readonly onRefused?: (error: SftError) => void
}

/** The asking side of one session. Calls may overlap; each stands for one request, and too many of them wait. */
export class ProtocolClient {
  /** Rejects or resolves when the session ends, whoever ends it. */
  readonly closed: Promise<void>
  readonly #session: Session
  readonly #welcome = Promise.withResolvers<ReadonlySet<Right>>()
  readonly #requests: Requests
  readonly #uploads = new Turns(UPLOADS_AT_ONCE)

  /**
   * Opens a session on a new stream and waits until the provider has proved that it holds the right keys.
   *
   * @throws {@link SftError} `ERR_CLOSED`, `ERR_DECRYPT`, `ERR_PROTOCOL` or `ERR_TIMEOUT`.
   */
  static async open(stream: ByteStream, init: ClientInit): Promise<ProtocolClient> {
    const deadlines = init.deadlines ?? DEADLINES
    const channel = await Channel.open(stream, { ...init, role: 'initiator', window: WINDOW }, deadlines)
    const client = new ProtocolClient(channel, deadlines, init.onRequest)
    try {
      await withDeadline(client.rights(), deadlines.handshake, 'answer the handshake')
      return client
    } catch (error) {
      client.abort(asSftError(error, 'ERR_INTERNAL', 'the session could not be opened'))
      throw error
    }
  }

  private constructor(channel: Channel, deadlines: Deadlines, onRequest: ClientInit['onRequest']) {
    this.#session = new Session(channel, { onWelcome: this.#welcome.resolve }, deadlines)
    this.#requests = new Requests(this.#session, onRequest)
    this.closed = this.#session.run()
    this.closed.catch(this.#welcome.reject)
  }

  /** Whether the session is over, so that every call fails. */
  get ended(): boolean {
    return this.#session.ended
  }

  /** What the share allowed this client when the session began. */
  async rights(): Promise<ReadonlySet<Right>> {
    return this.#welcome.promise
  }

  async stat(path: RemotePath, options?: CallOptions): Promise<Entry> {
    const { entry } = await this.#requests.ask({ type: 'stat', path }, options?.signal)
    if (entry?.path !== path)
      throw new SftError('ERR_PROTOCOL', 'the peer described another entry than the one asked for')
    return entry
  }

  /** Yields the entries of a folder, or all below it. Stopping early ends the listing. */
  async *list(path: RemotePath, recursive: boolean, options?: CallOptions): AsyncGenerator<Entry | Unlistable> {
    const action: Action = { type: 'list', path, recursive }
    const { exchange, end } = await this.#requests.begin(action, options?.signal)
    const early = new SftError('ERR_ABORTED', 'the listing was not read to its end')
    let error: unknown = early
    try {
      yield* receiveListing(this.#session, exchange, path, recursive)
      error = null
    } catch (failure) {
      error = failure
      throw failure
    } finally {
      this.#requests.acknowledge(exchange, error === null ? null : early)
      end(error)
    }
  }

  /**
   * Fetches a file into the sink that `createSink` opens once its size is known.
   *
   * @throws {@link SftError} as {@link receiveFile}; nothing is left under the final name then. `ERR_CHANGED` if the file
   * ends before `offset`.
   */
  async get(
    path: RemotePath,
    options: GetOptions,
    createSink: (file: FileInfo) => Promise<FileSink>,
  ): Promise<Transferred> {
    const { offset = 0, signal, onProgress } = options
    return this.#requests.receive({ type: 'get', path, offset, length: null }, signal, async (exchange) => {
      const file = await exchange.begun
      if (offset > file.size) throw new SftError('ERR_CHANGED', 'the file is shorter than what was kept of it')
      const announced = { size: file.size, offset }
      const create = async (): Promise<FileSink> => createSink(file)
      return receiveFile(this.#session, exchange, announced, create, onProgress)
    })
  }

  /**
   * Describes a file by asking for none of its bytes, which whoever may fetch it may do without looking at the folder.
   *
   * @throws {@link SftError} `ERR_DENIED`, `ERR_NOT_FOUND`, `ERR_WRONG_TYPE` and others; `ERR_PROTOCOL` for bytes that come.
   */
  async describe(path: RemotePath, options?: CallOptions): Promise<FileInfo> {
    const action: Action = { type: 'get', path, offset: 0, length: 0 }
    return this.#requests.receive(action, options?.signal, async (exchange) => {
      const file = await exchange.begun
      const bytes = await exchange.inbox.whole(0)
      if (bytes === null) throw new SftError('ERR_PROTOCOL', 'the peer sent bytes that nobody asked for')
      const { error } = await exchange.ended
      if (error !== 0) throw remoteError(error)
      return file
    })
  }

  /** Stores a file; resolves once the provider has it, verified and under its final name. */
  async put(path: RemotePath, source: FileSource, options: PutOptions): Promise<Transferred> {
    const { file } = source
    const { overwrite = false, offset = 0, stream = false, signal, onProgress, onRefused } = options
    const action: Action = { type: 'put', path, file, overwrite, offset, stream }
    const large = stream || file.size > MAX_DATA
    if (large) await this.#uploads.take(signal)
    try {
      return await this.#requests.during(action, signal, async (exchange) => {
        if (onRefused) {
          const told = exchange.answered.then(({ error }) => error !== 0 && onRefused(remoteError(error)))
          told.catch(() => undefined) // thrown where the answer is waited for
        }
        const part = { offset, end: stream ? null : file.size }
        const sent = await sendFile(this.#session, exchange, source, part, onProgress)
        await acknowledgement(exchange)
        return sent
      })
    } finally {
      if (large) this.#uploads.done()
    }
  }

  /** Asks how much the provider keeps of an upload of this very file (path, size, time) that was cut off. */
  async kept(path: RemotePath, file: FileInfo, options?: CallOptions): Promise<Kept> {
    const { kept = 0, changed = false } = await this.#requests.ask({ type: 'kept', path, file }, options?.signal)
    if (kept > file.size) throw new SftError('ERR_PROTOCOL', 'the peer keeps more of the file than there is of it')
    return { bytes: kept, changed }
  }

  async remove(path: RemotePath, options?: CallOptions): Promise<void> {
    await this.#requests.ask({ type: 'delete', path }, options?.signal)
  }

  async rename(path: RemotePath, to: RemotePath, overwrite: boolean, options?: CallOptions): Promise<void> {
    await this.#requests.ask({ type: 'rename', path, to, overwrite }, options?.signal)
  }

  async mkdir(path: RemotePath, parents: boolean, options?: CallOptions): Promise<void> {
    await this.#requests.ask({ type: 'mkdir', path, parents }, options?.signal)
  }

  async digest(path: RemotePath, algorithm: Algorithm, options?: CallOptions): Promise<Uint8Array> {
    const { digest } = await this.#requests.ask({ type: 'digest', path, algorithm }, options?.signal)
    if (digest?.byteLength !== (algorithm === 'md5' ? 16 : 32))
      throw new SftError('ERR_PROTOCOL', 'the peer sent no such digest')
    return digest
  }

  /**
   * Fetches `size` bytes that are made up over there, at most 64 MiB, to see how fast they come; returns how many came.
   *
   * @throws {@link SftError} `ERR_PROTOCOL` for other bytes or more of them, `ERR_TRUNCATED` for fewer.
   */
  async probe(size: number, options?: TransferOptions): Promise<number> {
    return this.#requests.receive({ type: 'probe', size }, options?.signal, async (exchange) =>
      receiveZeros(this.#session, exchange, size, options?.onProgress),
    )
  }

  /** Ends the session in order. */
  async close(): Promise<void> {
    await this.#session.close(0)
  }

  /** Drops the session; calls under way throw `error`. */
  abort(error: Error): void {
    this.#session.abort(error)
  }
}
