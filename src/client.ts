import { throwIfCancelled, untilCancelled } from './cancel.ts'
import { SftError } from './errors.ts'
import { createLocalFile, openLocalFile } from './fs/local-files.ts'
import { match } from './jobs/find.ts'
import { getAll } from './jobs/get.ts'
import type { JobOptions, JobSummary } from './jobs/job.ts'
import { Link, type OpenSession } from './jobs/link.ts'
import { putAll } from './jobs/put.ts'
import { streamSink, streamSource } from './jobs/stream.ts'
import type { Node } from './net/node.ts'
import type { PeerStore } from './peers.ts'
import type { CallOptions, ProtocolClient, TransferOptions } from './protocol/client.ts'
import type { Transferred } from './protocol/transfer.ts'
import type { FileSink } from './protocol/types.ts'
import type { Algorithm, Entry, FileInfo, Unlistable } from './wire/message.ts'
import { parseRemotePath, ROOT } from './wire/path.ts'
import type { Right } from './wire/rights.ts'

export interface CopyOptions extends TransferOptions {
  /** Replaces a file that has the name; without it that is refused with `ERR_EXISTS`. */
  readonly overwrite?: boolean
  /** Called once with the file that is about to go across, before its first byte. */
  readonly onBegin?: (file: FileInfo) => void
}

/** How long an orderly end of a session may take before it is cut, in milliseconds. */
const CLOSING_TIME = 2_000

/** A share on another machine. Calls may overlap; paths are relative to its root, with `/` between components. */
export class Remote {
  readonly peerId: string
  /** The multiaddr at which the peer was reached. */
  readonly address: string
  /** Whether the session is under the secret of a pairing. */
  readonly paired: boolean
  readonly #node: Node
  readonly #reopen: OpenSession
  readonly #seen: Promise<void>
  #client: ProtocolClient

  /** @internal Use {@link connect}. */
  constructor(
    node: Node,
    { client, reopen }: { client: ProtocolClient; reopen: OpenSession },
    peer: { peerId: string; address: string; known: boolean },
    store: PeerStore,
  ) {
    this.#node = node
    this.#client = client
    this.#reopen = reopen
    this.peerId = peer.peerId
    this.address = peer.address
    this.paired = peer.known
    this.#seen = peer.known ? store.noteSeen(peer.peerId, peer.address) : Promise.resolve()
  }

  /** What the share allows this machine. */
  async rights({ signal }: CallOptions = {}): Promise<ReadonlySet<Right>> {
    return untilCancelled(signal, async () => this.#client.rights())
  }

  /** Yields the entries of a folder, in the order the other machine has them; with `recursive` all below it. */
  list(path: string = ROOT, options: CallOptions & { recursive?: boolean } = {}): AsyncGenerator<Entry | Unlistable> {
    return this.#client.list(parseRemotePath(path), options.recursive === true, options)
  }

  /**
   * Yields the entries that a pattern such as `*.jpg` matches, starting from the folder `below`; what lies below one of them
   * is not matched again.
   */
  match(pattern: string, { below = ROOT, ...options }: CallOptions & { below?: string } = {}): AsyncGenerator<Entry> {
    const tree = { list: (path: string) => this.list(path, options) }
    return match(tree, pattern, { below: parseRemotePath(below) })
  }

  /** Describes one entry. @throws {@link SftError} `ERR_NOT_FOUND`. */
  async stat(path: string, options?: CallOptions): Promise<Entry> {
    return this.#client.stat(parseRemotePath(path), options)
  }

  /**
   * Fetches the file `path` into the local file `destination`, which appears only complete and verified.
   *
   * @throws {@link SftError} `ERR_EXISTS`, `ERR_NOT_FOUND`, `ERR_DIGEST`, `ERR_CLOSED` and others; nothing is left then.
   */
  async get(path: string, destination: string, options: CopyOptions = {}): Promise<Transferred> {
    const overwrite = options.overwrite === true
    const createSink = async (file: FileInfo): Promise<FileSink> => {
      const sink = await createLocalFile(destination, file, { overwrite })
      options.onBegin?.(file)
      return sink
    }
    return this.#client.get(parseRemotePath(path), options, createSink)
  }

  /** Stores the local file `source` as `path`; resolves once the other machine has it, verified and on its disk. */
  async put(source: string, path: string, options: CopyOptions = {}): Promise<Transferred> {
    const target = parseRemotePath(path)
    const file = await openLocalFile(source)
    try {
      options.onBegin?.(file.file)
      return await this.#client.put(target, file, options)
    } finally {
      await file.close()
    }
  }

  /**
   * Fetches files and folders, and what patterns match, into a local folder; see {@link getAll}. A lost connection is
   * restored; what is cut off anyway goes on where it was when the same is asked again.
   */
  async getAll(paths: readonly string[], destination: string, options: JobOptions = {}): Promise<JobSummary> {
    return this.#during(options, async (files) => {
      let lists: Promise<Link> | undefined
      const openLists = async (): Promise<Link> => (lists ??= files.another())
      try {
        return await getAll({ files, lists: openLists, peerId: this.peerId }, paths, destination, options)
      } finally {
        await (await lists?.catch(() => undefined))?.close()
      }
    })
  }

  /** Stores local files and folders in a folder of the share; see {@link putAll}. As {@link Remote.getAll} otherwise. */
  async putAll(sources: readonly string[], destination: string, options: JobOptions = {}): Promise<JobSummary> {
    return this.#during(options, async (link) => putAll(link, sources, destination, options))
  }

  /**
   * Passes the bytes of a file to `write` as they arrive, waiting for each call. They are known to be right only when this
   * resolves.
   */
  async getStream(
    path: string,
    write: (bytes: Uint8Array) => Promise<void>,
    options: TransferOptions = {},
  ): Promise<Transferred> {
    return this.#client.get(parseRemotePath(path), options, () => Promise.resolve(streamSink(write)))
  }

  /** Stores bytes of unknown number as the file `path`, which appears once they have ended. */
  async putStream(
    chunks: AsyncIterable<Uint8Array>,
    path: string,
    options: TransferOptions & { overwrite?: boolean } = {},
  ): Promise<Transferred> {
    const target = parseRemotePath(path)
    const { signal } = options
    const stop = new AbortController()
    const cancel = (): void => stop.abort(new SftError('ERR_ABORTED', 'cancelled', { cause: signal?.reason }))
    signal?.addEventListener('abort', cancel)
    if (signal?.aborted === true) cancel()
    const source = streamSource(chunks, stop.signal)
    this.#client.closed.then(
      () => stop.abort(new SftError('ERR_CLOSED', 'the session ended')),
      (error: unknown) => stop.abort(error),
    )
    try {
      const onRefused = (error: SftError): void => stop.abort(error)
      return await this.#client.put(target, source, { ...options, stream: true, onRefused })
    } finally {
      signal?.removeEventListener('abort', cancel)
      await source.close()
    }
  }

  /** Deletes a file, a link or an empty folder. */
  async remove(path: string, options?: CallOptions): Promise<void> {
    await this.#client.remove(parseRemotePath(path), options)
  }

  /** Renames or moves an entry within the share. @throws {@link SftError} `ERR_EXISTS` unless it may overwrite a file. */
  async rename(path: string, to: string, options: CallOptions & { overwrite?: boolean } = {}): Promise<void> {
    await this.#client.rename(parseRemotePath(path), parseRemotePath(to), options.overwrite === true, options)
  }

  /** Makes a folder; with `parents` also those above it, and none of them has to be new. */
  async mkdir(path: string, options: CallOptions & { parents?: boolean } = {}): Promise<void> {
    await this.#client.mkdir(parseRemotePath(path), options.parents === true, options)
  }

  /** Returns the digest of a file as the other machine reads it now. */
  async digest(path: string, algorithm: Algorithm = 'md5', options?: CallOptions): Promise<Uint8Array> {
    return this.#client.digest(parseRemotePath(path), algorithm, options)
  }

  /** Does a job on the session, which may be another one afterwards. */
  async #during(options: JobOptions, work: (link: Link) => Promise<JobSummary>): Promise<JobSummary> {
    const { onEvent, signal, patience } = options
    const link = new Link(this.#client, {
      open: this.#reopen,
      ...(onEvent && { onEvent }),
      ...(signal && { signal }),
      ...(patience !== undefined && { patience }),
    })
    try {
      return await work(link)
    } catch (error) {
      throw signal?.aborted === true ? new SftError('ERR_ABORTED', 'cancelled', { cause: error }) : error
    } finally {
      this.#client = await link.session.catch(() => this.#client)
    }
  }

  /** Whether the session is lost, so that every call but a job and {@link restore} fails. */
  get lost(): boolean {
    return this.#client.ended
  }

  /**
   * Opens another session with the same peer if the one there was is lost.
   *
   * @throws {@link SftError} why it could not be opened; trying again may help.
   */
  async restore({ signal }: CallOptions = {}): Promise<void> {
    throwIfCancelled(signal)
    if (this.#client.ended) this.#client = await this.#reopen(signal)
  }

  /** Ends the session, in order if the other side answers in time. */
  async close(): Promise<void> {
    await endSession(this.#client)
    await this.#seen
    await this.#node.stop()
  }

  /** Drops the session at once; calls under way throw `ERR_ABORTED` and leave nothing behind. */
  async abort(): Promise<void> {
    this.#client.abort(new SftError('ERR_ABORTED', 'cancelled'))
    await this.#node.stop()
  }
}

/** Ends a session in order if the other side answers in time; otherwise its node has to cut it. Never throws. */
export async function endSession(client: ProtocolClient): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, CLOSING_TIME)
  try {
    await Promise.race([client.close().then(() => client.closed), late])
  } catch {
    // The session is over either way, and every call that needed it has its own error.
  } finally {
    clearTimeout(timer)
  }
}
