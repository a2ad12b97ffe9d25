import { SftError } from '../errors.ts'
import type { Entry, Unlistable } from '../wire/message.ts'
import { baseName, type RemotePath } from '../wire/path.ts'

/** A tree of files that a job reads from, here or on the other machine. */
export interface SourceTree {
  /** Yields the entries right in a folder. */
  list(path: RemotePath): AsyncIterable<Entry | Unlistable>
  stat(path: RemotePath): Promise<Entry>
  /** SHA-256 of a file as it is now. */
  digest(path: RemotePath): Promise<Uint8Array>
}

/** A tree of files that a job writes to, on the other side. */
export interface TargetTree extends SourceTree {
  mkdir(path: RemotePath): Promise<void>
}

/** Entries of one folder of the target that are remembered. */
const MOST_NAMES = 65_536

/**
 * What is in a folder of the target: by name; `null` if it is new and empty; `unknown` if that may not be asked; `many` if
 * there are more than can be remembered, to be asked one by one.
 */
export type Names = ReadonlyMap<string, Entry> | null | 'unknown' | 'many'

/** What has a name in the target; `null` if it is free, `unknown` if that may not be asked. */
export type There = Entry | null | 'unknown'

/** Returns what is in a folder of the target. */
export async function namesIn(tree: TargetTree, path: RemotePath, most = MOST_NAMES): Promise<Names> {
  const names = new Map<string, Entry>()
  try {
    for await (const entry of tree.list(path)) {
      if (entry.type !== 'unlistable') names.set(baseName(entry.path), entry)
      if (names.size > most) return 'many'
    }
  } catch (error) {
    if (error instanceof SftError && error.code === 'ERR_DENIED') return 'unknown'
    throw error
  }
  return names
}

/** Returns the entry at a path of the target, where `names` is known of its folder. */
export async function thereAt(tree: TargetTree, path: RemotePath, names: Names): Promise<There> {
  if (names === 'many') return statIfThere(tree, path)
  return names === null || names === 'unknown' ? names : (names.get(baseName(path)) ?? null)
}

/** Returns the entry at a path of the target. */
export async function statIfThere(tree: TargetTree, path: RemotePath): Promise<There> {
  try {
    return await tree.stat(path)
  } catch (error) {
    if (error instanceof SftError && error.code === 'ERR_NOT_FOUND') return null
    if (error instanceof SftError && error.code === 'ERR_DENIED') return 'unknown'
    throw error
  }
}

/** The target of a dry run that is not there yet. */
export const NOTHING: TargetTree = {
  async *list() {
    // It is empty.
  },
  stat: () => Promise.reject(new SftError('ERR_NOT_FOUND', 'no such entry')),
  digest: () => Promise.reject(new SftError('ERR_NOT_FOUND', 'no such entry')),
  mkdir: () => Promise.reject(new SftError('ERR_INTERNAL', 'a dry run makes no folder')),
}
