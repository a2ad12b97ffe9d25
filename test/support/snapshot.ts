import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'

/** What {@link snapshot} says of one entry: whatever a peer could have changed about it. */
export interface SnapshotEntry {
  readonly kind: string
  readonly mode: number
  readonly mtime: bigint
  /** The bytes of a file or the target of a link, as latin1. */
  readonly content: string | null
}

/** Returns everything below a folder, and the folder itself, by path; `except` and what lies below it is left out. */
export function snapshot(folder: string, except?: string): Record<string, SnapshotEntry> {
  const entries: Record<string, SnapshotEntry> = {}
  const visit = (path: Buffer): void => {
    if (except !== undefined && path.equals(Buffer.from(except))) return
    const stats = lstatSync(path, { bigint: true })
    entries[path.toString('latin1')] = {
      kind: stats.isDirectory() ? 'folder' : stats.isFile() ? 'file' : stats.isSymbolicLink() ? 'link' : 'other',
      mode: Number(stats.mode),
      mtime: stats.mtimeNs,
      content: stats.isFile()
        ? readFileSync(path, 'latin1')
        : stats.isSymbolicLink()
          ? readlinkSync(path, 'latin1')
          : null,
    }
    if (!stats.isDirectory()) return
    for (const name of readdirSync(path, { encoding: 'buffer' })) visit(Buffer.concat([path, Buffer.from('/'), name]))
  }
  visit(Buffer.from(folder))
  return entries
}

/** Returns the names in a folder, sorted. */
export function names(...path: string[]): string[] {
  return readdirSync(join(...path)).toSorted()
}

/** Returns how many descriptors this process holds open. */
export function openDescriptors(): number {
  return readdirSync('/dev/fd').length
}
