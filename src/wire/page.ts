import { decodeWith, malformed } from './codec.ts'
import { MAX_PAGE_ENTRIES } from './limits.ts'
import { entryFromWire, entryToWire, type Entry, type Unlistable } from './message.ts'
import * as pb from './messages.ts'
import { decodePath, encodePath, type RemotePath } from './path.ts'

/** Returns how many bytes an entry takes in a page, at most: its path, and 40 for every other field and tag. */
export function entryBytes(entry: Entry | Unlistable): number {
  return (entry.type === 'unlistable' ? entry.name : encodePath(entry.path)).byteLength + 40
}

/** Encodes the page that one data record of a listing carries; see {@link entryBytes} for what fits. */
export function encodePage(entries: readonly (Entry | Unlistable)[]): Uint8Array {
  return pb.Page.encode({ entries: entries.map(entryToWire) })
}

/**
 * Decodes a page of a listing. An entry whose path is no path comes back as {@link Unlistable}.
 *
 * @throws {@link SftError} `ERR_PROTOCOL` if the bytes are not a page.
 */
export function decodePage(bytes: Uint8Array): (Entry | Unlistable)[] {
  const { entries } = decodeWith(pb.Page, bytes)
  if (entries.length === 0 || entries.length > MAX_PAGE_ENTRIES) throw malformed('a page with no or too many entries')
  return entries.map((entry) => {
    let path: RemotePath
    try {
      path = decodePath(entry.path)
    } catch {
      return { type: 'unlistable', name: entry.path } // decodePath throws for this reason only
    }
    return entry.type === 0 ? { type: 'unlistable', name: entry.path } : entryFromWire(entry, path)
  })
}
