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
    mtime: clamp(stats.mtimeNs),
    executable: stats.isFile() && (stats.mode & 0o100n) !== 0n,
  }
}

/** The times that 64 bits of nanoseconds can hold, which end in the years 1677 and 2262. */
const MOST = 2n ** 63n - 1n

function clamp(time: bigint): bigint {
  return time > MOST ? MOST : time < -MOST ? -MOST : time
}
