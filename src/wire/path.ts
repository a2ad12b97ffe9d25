import { SftError } from '../errors.ts'
import { MAX_DEPTH, MAX_NAME_BYTES, MAX_PATH_BYTES } from './limits.ts'

declare const checked: unique symbol

/**
 * A path inside a share that passed {@link parseRemotePath}: canonical, relative, `/` between components, and `.` for
 * the root. Nothing else makes one, so a function that takes it needs no check of its own.
 */
export type RemotePath = string & { readonly [checked]: true }

/** The root of a share. */
export const ROOT = '.' as RemotePath

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Checks a path that a person typed or a program passed (docs/protocol.md section 7).
 *
 * Only the canonical spelling of a path is one: no empty component, no `.` or `..` inside, no leading or trailing `/`.
 * Backslashes and drive letters are refused on every system, so that a path means the same file on each.
 *
 * @throws {@link SftError} `ERR_PATH` with the reason.
 */
export function parseRemotePath(text: string): RemotePath {
  if (text === ROOT) return ROOT
  if (text.length > MAX_PATH_BYTES) throw badPath('is too long')
  const components = text.split('/')
  if (components.length > MAX_DEPTH) throw badPath('has too many components')
  for (const component of components) {
    const fault = nameFault(component)
    if (fault !== null) throw badPath(fault)
  }
  if (isLonger(text, MAX_PATH_BYTES)) throw badPath('is too long')
  return text as RemotePath
}

/** Returns why `name` cannot be a component of a path, or `null` if it can. */
export function nameFault(name: string): string | null {
  if (name === '') return 'has an empty component'
  if (name === '.' || name === '..') return 'is not in its canonical form'
  if (!name.isWellFormed()) return 'is not valid Unicode'
  if (name.includes('\0')) return 'contains a NUL byte'
  if (name.includes('/')) return 'contains a separator inside a name'
  if (name.includes('\\')) return 'contains a backslash'
  if (/^[a-z]:/i.test(name)) return 'starts with a drive letter'
  if (isLonger(name, MAX_NAME_BYTES)) return 'has a name that is too long'
  return null
}

/** Tells whether a text takes more than `most` bytes in UTF-8, where no unit of UTF-16 takes more than 3. */
function isLonger(text: string, most: number): boolean {
  if (text.length * 3 <= most) return false
  return text.length > most || encoder.encode(text).byteLength > most
}

/** Encodes a path for the wire, in UTF-8. */
export function encodePath(path: RemotePath): Uint8Array {
  return encoder.encode(path)
}

/**
 * Decodes a path from a peer.
 *
 * @throws {@link SftError} `ERR_PATH` if the bytes are not valid UTF-8 or not a canonical path.
 */
export function decodePath(bytes: Uint8Array): RemotePath {
  if (bytes.byteLength > MAX_PATH_BYTES) throw badPath('is too long')
  const text = decodeName(bytes)
  if (text === null) throw badPath('is not valid UTF-8')
  return parseRemotePath(text)
}

/** Decodes bytes as UTF-8 without replacing anything, or returns `null` if they are not. */
export function decodeName(bytes: Uint8Array): string | null {
  try {
    return decoder.decode(bytes)
  } catch {
    return null // the fatal decoder throws for this one reason
  }
}

/** Splits a path into its components; the root has none. */
export function components(path: RemotePath): string[] {
  return path === ROOT ? [] : path.split('/')
}

/** Joins a path and the name of an entry in it. Throws `ERR_PATH` if the result is not a path. */
export function joinPath(path: RemotePath, name: string): RemotePath {
  return parseRemotePath(path === ROOT ? name : `${path}/${name}`)
}

/** Returns the last component of a path; that of the root is `.`. */
export function baseName(path: RemotePath): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

function badPath(reason: string): SftError {
  return new SftError('ERR_PATH', `the path ${reason}`)
}

/** Returns the path of the folder that holds the entry at `path`; that of the root is the root. */
export function parentPath(path: RemotePath): RemotePath {
  const names = components(path)
  return names.length <= 1 ? ROOT : (names.slice(0, -1).join('/') as RemotePath) // a prefix of a checked path
}
