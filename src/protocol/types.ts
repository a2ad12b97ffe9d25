import type { Uint8ArrayList } from 'uint8arraylist'
import type { Entry, FileInfo, Unlistable } from '../wire/message.ts'
import type { RemotePath } from '../wire/path.ts'

/** A reliable two-way byte stream, as the network layer supplies it. */
export interface ByteStream {
  /** The bytes from the peer; ends when the peer closes or dies, which cannot be told apart here. */
  readonly source: AsyncIterable<Uint8Array | Uint8ArrayList>
  /** Whether written bytes are piling up; wait for {@link drained} before adding more than a few. */
  readonly full: boolean
  /** Returns bytes to be filled and written once, all of them: for what is worth no allocation of its own. */
  take(length: number): Uint8Array
  /** Queues bytes in one go, which now belong to the stream and must not change. Throws if the stream is closed. */
  write(...parts: Uint8Array[]): void
  /** Resolves when the stream can take more; rejects if it closes first. */
  drained(): Promise<void>
  /** Ends this side's direction after everything written. */
  close(): Promise<void>
  /** Drops both directions at once. */
  abort(error: Error): void
}

/** An open file that is read to be sent. */
export interface FileSource {
  readonly file: FileInfo
  /** Its MD5, where it is known from an earlier reading of the same file, unaltered. */
  readonly md5?: Uint8Array | undefined
  /** Notes its MD5 for later; called after {@link verify}. */
  remember?(md5: Uint8Array): void
  /** Reads up to `buffer.byteLength` bytes at `offset` and returns how many; 0 only at the end of the file. */
  read(buffer: Uint8Array, offset: number): Promise<number>
  /** Throws ERR_CHANGED unless the file is still the one that was opened, unaltered. */
  verify(): Promise<void>
  close(): Promise<void>
}

/** A file that is being received: nothing is seen under its final name before {@link commit}. */
export interface FileSink {
  /** Bytes of an earlier attempt that are there already; what is written follows them. */
  readonly kept: number
  /** Reads kept bytes back, to hash them: as {@link FileSource.read}. */
  readKept(buffer: Uint8Array, offset: number): Promise<number>
  /** Appends bytes, which may be reused once it resolves. */
  write(bytes: Uint8Array): Promise<void>
  /** Makes the file durable and visible under its final name, all at once. */
  commit(): Promise<void>
  /**
   * Ends an attempt that failed, and keeps what was written for the next one where {@link CreateOptions.keepFor} was
   * given and it is worth it. May be called at any time, also after a failure of the others.
   */
  setAside(): Promise<void>
  /** Removes what was written and what was kept. May be called at any time, also after a failure of the others. */
  discard(): Promise<void>
}

/** What is kept of a file whose transfer was cut off. */
export interface Kept {
  /** Bytes from its beginning; 0 if nothing is kept. */
  readonly bytes: number
  /** Whether something was kept of another version of it, which is of no use now. */
  readonly changed: boolean
}

/** The files of a share, as a provider sees them. Every method refuses to leave the root. */
export interface FileStore {
  /** Yields the entries of a folder, or of everything under it, folders before what they hold. */
  list(path: RemotePath, recursive: boolean): AsyncIterable<Entry | Unlistable>
  stat(path: RemotePath): Promise<Entry>
  open(path: RemotePath): Promise<FileSource>
  create(path: RemotePath, file: FileInfo, options: CreateOptions): Promise<FileSink>
  /** Tells what is kept of this very file (path, size, mtime) of the peer `keepFor`. */
  kept(path: RemotePath, file: FileInfo, keepFor: string): Promise<Kept>
  remove(path: RemotePath): Promise<void>
  rename(from: RemotePath, to: RemotePath, overwrite: boolean): Promise<void>
  mkdir(path: RemotePath, parents: boolean): Promise<void>
}

export interface CreateOptions {
  readonly overwrite: boolean
  /** Called right before the file takes its final name; what it throws stops that. */
  readonly beforeCommit?: () => void
  /** Stands for the peer that sends the file: what is kept of it is for that one alone. Nothing is kept if absent. */
  readonly keepFor?: string
  /**
   * Continues after this many kept bytes; `ERR_CHANGED` if another number is kept. 0 or absent: starts over, and drops
   * what was kept.
   */
  readonly offset?: number
  /** The size is not known before the end: {@link FileInfo.size} is 0 and means nothing, and nothing is kept. */
  readonly stream?: boolean
}

/** How long a peer may take, in milliseconds. Only the local side sets these. */
export interface Deadlines {
  /** From the start of a stream to the end of the handshake. */
  readonly handshake: number
  /** Without a byte in the middle of a record. */
  readonly record: number
  /** Without a byte while a request is under way; a live peer shows itself four times as often. */
  readonly stall: number
}

export const DEADLINES: Deadlines = { handshake: 10_000, record: 10_000, stall: 120_000 }
