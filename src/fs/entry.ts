import type { BigIntStats } from 'node:fs'
import type { FileInfo, EntryType } from '../wire/message.ts'

/** What a folder says about one of its entries, or a descriptor about its file. */
export function entryType(stats: BigIntStats): EntryType {
  if (stats.isFile()) return 'file'
  if (stats.isDirectory()) return 'directory'
  return stats.isSymbolicLink() ? 'link' : 'other'
}

/** Returns what travels of a file's metadata; the size of anything but a file is 0. */
export function fileInfo(stats: BigIntStats): FileInfo {
  return {
    size: stats.isFile() ? Number(stats.size) : 0,
    mtime: stats.mtimeNs,
    executable: stats.isFile() && (stats.mode & 0o100n) !== 0n,
  }
}
