import { SftError } from '../errors.ts'
import { decodeWith, malformed, own } from './codec.ts'
import { MAX_PROBE, MAX_WINDOW, MD5_BYTES } from './limits.ts'
import * as pb from './messages.ts'
import { decodePath, encodePath, type RemotePath } from './path.ts'
import { decodeRights, encodeRights, type Right } from './rights.ts'

/** What the sender of a file says about it before its first byte. */
export interface FileInfo {
  /** Bytes of the whole file, 0 to 2^53 - 1. */
  readonly size: number
  /** Modification time in nanoseconds since 1970, negative before. */
  readonly mtime: bigint
  /** Whether its owner may execute it: the only mode bit that travels. */
  readonly executable: boolean
}

export type EntryType = 'file' | 'directory' | 'link' | 'other'

/** One thing in a share, as STAT and LIST report it. The size of anything but a file is 0. */
export interface Entry extends FileInfo {
  readonly path: RemotePath
  readonly type: EntryType
}

/** An entry of a listing whose name is no path (not UTF-8, a backslash in it): it can be reported, never asked for. */
export interface Unlistable {
  readonly type: 'unlistable'
  /** The bytes of its path as the provider has them. */
  readonly name: Uint8Array
}

export type Algorithm = 'md5' | 'sha256'

/** What a client asks for (docs/protocol.md section 5). */
export type Action = FileAction | KeptAction | ProbeAction

/** What is asked of the share: each at a path, by which the right to it is judged. */
export type FileAction =
  | { readonly type: 'list'; readonly path: RemotePath; readonly recursive: boolean }
  | { readonly type: 'stat'; readonly path: RemotePath }
  | { readonly type: 'get'; readonly path: RemotePath; readonly offset: number; readonly length: number | null }
  | PutAction
  | { readonly type: 'delete'; readonly path: RemotePath }
  | { readonly type: 'rename'; readonly path: RemotePath; readonly to: RemotePath; readonly overwrite: boolean }
  | { readonly type: 'mkdir'; readonly path: RemotePath; readonly parents: boolean }
  | { readonly type: 'digest'; readonly path: RemotePath; readonly algorithm: Algorithm }

/** A file to store. */
export interface PutAction {
  readonly type: 'put'
  readonly path: RemotePath
  readonly file: FileInfo
  readonly overwrite: boolean
  /** Where in the file the data begins: what lies before it is kept over there. */
  readonly offset: number
  /** The size is not known before the end: that of `file` is 0 and means nothing, and so is `offset`. */
  readonly stream: boolean
}

/** What is kept of an upload of this very file that was cut off. */
export interface KeptAction {
  readonly type: 'kept'
  readonly path: RemotePath
  readonly file: FileInfo
}

/** Zero bytes, to measure the connection: nothing of the share is touched. */
export interface ProbeAction {
  readonly type: 'probe'
  /** 0 to 64 MiB. */
  readonly size: number
}

/** A decoded control value. `error` is 0 for success, else a number of the table in docs/protocol.md section 8. */
export type Message =
  | { readonly type: 'welcome'; readonly rights: ReadonlySet<Right> }
  | { readonly type: 'request'; readonly id: number; readonly action: Action }
  /** A request that could be read as far as its id and, if `kind` is known, its type: it is answered with the fault. */
  | { readonly type: 'badRequest'; readonly id: number; readonly kind: Action['type'] | null; readonly fault: SftError }
  | { readonly type: 'begin'; readonly id: number; readonly file: FileInfo }
  | {
      readonly type: 'end'
      readonly id: number
      readonly error: number
      readonly size: number
      readonly md5: Uint8Array
    }
  | {
      readonly type: 'result'
      readonly id: number
      readonly error: number
      readonly entry?: Entry
      readonly digest?: Uint8Array
      /** Bytes that are kept of a file; 0 if absent. */
      readonly kept?: number
      /** Whether something is kept of another version of it; false if absent. */
      readonly changed?: boolean
    }
  /** Leave to send that many file bytes more; 0 only says that the sender is alive. */
  | { readonly type: 'credit'; readonly bytes: number }
  | { readonly type: 'close'; readonly error: number }

const ENTRY_TYPES: readonly EntryType[] = ['file', 'directory', 'link', 'other'] // wire number: index + 1
const ALGORITHMS: readonly Algorithm[] = ['md5', 'sha256'] // wire number: index + 1
const NO_BYTES = new Uint8Array(0)
const DIGEST_BYTES: Record<Algorithm, number> = { md5: MD5_BYTES, sha256: 32 }

/** Encodes a control message. A `badRequest` has no encoding. */
export function encodeMessage(message: Exclude<Message, { type: 'badRequest' }>): Uint8Array {
  switch (message.type) {
    case 'welcome':
      return pb.Message.encode({ welcome: { rights: encodeRights(message.rights) } })
    case 'request':
      return pb.Message.encode({ request: { id: message.id, ...encodeAction(message.action) } })
    case 'begin':
      return pb.Message.encode({ begin: { id: message.id, file: message.file } })
    case 'end':
      return pb.Message.encode({
        end: { id: message.id, error: message.error, size: message.size, md5: own(message.md5) },
      })
    case 'result': {
      const { id, error, entry, digest = NO_BYTES, kept = 0, changed = false } = message
      return pb.Message.encode({
        result: { id, error, digest: own(digest), kept, changed, ...(entry && { entry: entryToWire(entry) }) },
      })
    }
    case 'credit':
      return pb.Message.encode({ credit: { bytes: message.bytes } })
    case 'close':
      return pb.Message.encode({ close: { error: message.error } })
  }
}

/**
 * Decodes a control message. Unknown fields are ignored.
 *
 * @throws {@link SftError} `ERR_PROTOCOL` if the bytes are not a message this version knows.
 */
export function decodeMessage(bytes: Uint8Array): Message {
  const { welcome, request, begin, end, result, credit, close } = decodeWith(pb.Message, bytes)
  if (welcome) return { type: 'welcome', rights: decodeRights(welcome.rights) }
  if (request) return decodeRequest(request)
  if (begin) return { type: 'begin', id: requestId(begin.id), file: decodeFileInfo(begin.file) }
  if (end) {
    if (end.md5.byteLength !== 0 && end.md5.byteLength !== MD5_BYTES) throw malformed('a digest of the wrong length')
    return { type: 'end', id: requestId(end.id), error: end.error, size: safeSize(end.size), md5: end.md5 }
  }
  if (result) return decodeResult(result)
  if (credit) {
    if (credit.bytes > MAX_WINDOW) throw malformed('a credit out of range')
    return { type: 'credit', bytes: credit.bytes }
  }
  if (close) return { type: 'close', error: close.error }
  throw malformed('a message of unknown type')
}

function encodeAction(action: Action): Omit<pb.Request, 'id'> {
  if (action.type === 'probe') return { probe: { size: action.size } }
  const path = own(encodePath(action.path))
  switch (action.type) {
    case 'list':
      return { list: { path, recursive: action.recursive } }
    case 'stat':
      return { stat: { path } }
    case 'get':
      return { get: { path, offset: action.offset, ...(action.length !== null && { length: action.length }) } }
    case 'put':
      return {
        put: {
          path,
          file: action.file,
          overwrite: action.overwrite,
          offset: action.offset,
          stream: action.stream,
        },
      }
    case 'kept':
      return { kept: { path, file: action.file } }
    case 'delete':
      return { delete: { path } }
    case 'rename':
      return { rename: { from: path, to: own(encodePath(action.to)), overwrite: action.overwrite } }
    case 'mkdir':
      return { mkdir: { path, parents: action.parents } }
    case 'digest':
      return { digest: { path, algorithm: ALGORITHMS.indexOf(action.algorithm) + 1 } }
  }
}

function decodeRequest(request: pb.Request): Message {
  const id = requestId(request.id)
  try {
    return { type: 'request', id, action: decodeAction(request) }
  } catch (error) {
    if (error instanceof SftError) return { type: 'badRequest', id, kind: actionType(request), fault: error }
    throw error
  }
}

function actionType(request: pb.Request): Action['type'] | null {
  const types = ['list', 'stat', 'get', 'put', 'delete', 'rename', 'mkdir', 'digest', 'probe', 'kept'] as const
  return types.find((type) => request[type] !== undefined) ?? null
}

function decodeAction(request: pb.Request): Action {
  const { list, stat, get, put, delete: del, rename, mkdir, digest, probe, kept } = request
  if (list) return { type: 'list', path: decodePath(list.path), recursive: list.recursive }
  if (stat) return { type: 'stat', path: decodePath(stat.path) }
  if (get) {
    const [offset, length] = [safeSize(get.offset), get.length === undefined ? null : safeSize(get.length)]
    if (length !== null) safeSize(offset + length)
    return { type: 'get', path: decodePath(get.path), offset, length }
  }
  if (put) return decodePut(put)
  if (del) return { type: 'delete', path: decodePath(del.path) }
  if (rename) {
    return { type: 'rename', path: decodePath(rename.from), to: decodePath(rename.to), overwrite: rename.overwrite }
  }
  if (mkdir) return { type: 'mkdir', path: decodePath(mkdir.path), parents: mkdir.parents }
  if (digest) {
    const algorithm = ALGORITHMS[digest.algorithm - 1]
    if (algorithm === undefined) throw malformed('an unknown digest algorithm')
    return { type: 'digest', path: decodePath(digest.path), algorithm }
  }
  if (probe) {
    if (probe.size > MAX_PROBE) throw malformed('a probe out of range')
    return { type: 'probe', size: safeSize(probe.size) }
  }
  if (kept) return { type: 'kept', path: decodePath(kept.path), file: decodeFileInfo(kept.file) }
  throw malformed('a request of unknown type')
}

function decodePut({ path, file: info, overwrite, offset, stream }: pb.Put): PutAction {
  const file = decodeFileInfo(info)
  if (safeSize(offset) > file.size) throw malformed('an offset beyond the end of the file')
  if (stream && file.size !== 0) throw malformed('a stream with a size')
  return { type: 'put', path: decodePath(path), file, overwrite, offset, stream }
}

function decodeResult({ id, error, entry, digest, kept, changed }: pb.Result): Message {
  if (digest.byteLength !== 0 && !Object.values(DIGEST_BYTES).includes(digest.byteLength)) {
    throw malformed('a digest of the wrong length')
  }
  let path: RemotePath | undefined
  try {
    path = entry && decodePath(entry.path)
  } catch {
    throw malformed('an entry with an invalid path')
  }
  return {
    type: 'result',
    id: requestId(id),
    error,
    ...(entry && path !== undefined && { entry: entryFromWire(entry, path) }),
    ...(digest.byteLength > 0 && { digest }),
    ...(safeSize(kept) > 0 && { kept }),
    ...(changed && { changed }),
  }
}

/** Returns an entry as the generated codec takes it. */
export function entryToWire(entry: Entry | Unlistable): pb.Entry {
  if (entry.type === 'unlistable') return { path: own(entry.name), type: 0, size: 0, mtime: 0n, executable: false }
  const { path, type, size, mtime, executable } = entry
  return { path: own(encodePath(path)), type: ENTRY_TYPES.indexOf(type) + 1, size, mtime, executable }
}

/** Returns an entry whose path was decoded. @throws {@link SftError} `ERR_PROTOCOL` for a size that is none. */
export function entryFromWire(entry: pb.Entry, path: RemotePath): Entry {
  const type = ENTRY_TYPES[entry.type - 1] ?? 'other'
  return { path, type, size: safeSize(entry.size), mtime: entry.mtime, executable: entry.executable }
}

function decodeFileInfo(file: pb.FileInfo | undefined): FileInfo {
  if (file === undefined) throw malformed('a file without its size')
  return { size: safeSize(file.size), mtime: file.mtime, executable: file.executable }
}

function requestId(id: number): number {
  if (id === 0) throw malformed('a message for request 0')
  return id
}

function safeSize(value: number): number {
  if (!Number.isSafeInteger(value) || value < 0) throw malformed('a size or offset out of range')
  return value
}
