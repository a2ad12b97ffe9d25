import { dirname, join, resolve } from 'node:path'
import { baseName, listLocalFolder, parseRemotePath, type Entry, type Unlistable } from '../../index.ts'
import type { Session } from '../context.ts'
import { escapeBytes, escapeText } from '../escape.ts'
import { formatBytes, formatTime } from '../format.ts'

/** Something in a folder, as a browser shows it. */
export interface Leaf {
  /** Its path as it is, to be asked for; `null` for what cannot be named. */
  readonly path: string | null
  /** Its name, escaped. */
  readonly label: string
  readonly kind: 'file' | 'folder' | 'other'
  readonly notes: readonly string[]
}

/** Folders in folders, of this machine or of a share. */
export interface Tree {
  /** Where a person begins. */
  readonly start: string
  /** Names a folder for people, escaped. */
  describe(folder: string): string
  list(folder: string, signal: AbortSignal): AsyncGenerator<Leaf>
  /** The folder that a folder is in; `null` for the topmost. */
  above(folder: string): string | null
}

/** The folders of the share that a session is with. */
export function remoteTree({ remote }: Session, name: string): Tree {
  return {
    start: '.',
    describe: (folder) => escapeText(`${name}:/${folder === '.' ? '' : folder}`),
    list: async function* (folder, signal) {
      for await (const entry of remote.list(folder, { signal })) yield remoteLeaf(entry)
    },
    above: (folder) => {
      if (folder === '.') return null
      const end = folder.lastIndexOf('/')
      return end < 0 ? '.' : parseRemotePath(folder.slice(0, end))
    },
  }
}

const KINDS: Record<Entry['type'], Leaf['kind']> = { file: 'file', directory: 'folder', link: 'other', other: 'other' }

const NOTES: Partial<Record<Entry['type'], string>> = { link: 'link, not shared', other: 'not a file, not shared' }

/** What there is to say of an entry that cannot be named. */
const UNNAMED = 'its name cannot be shared'

function remoteLeaf(entry: Entry | Unlistable): Leaf {
  if (entry.type === 'unlistable') {
    return { path: null, label: escapeBytes(entry.name), kind: 'other', notes: [UNNAMED] }
  }
  const { path, type, size, mtime } = entry
  const notes = [type === 'file' ? formatBytes(size).padStart(8) : (NOTES[type] ?? '       -'), formatTime(mtime)]
  return { path, label: escapeText(baseName(path)), kind: KINDS[type], notes }
}

/** The folders of this machine, from the one that the program runs in. */
export function localTree(start: string = process.cwd()): Tree {
  return {
    start,
    describe: (folder) => escapeText(folder),
    list: async function* (folder, signal) {
      for await (const entry of listLocalFolder(folder, { follow: true })) {
        signal.throwIfAborted()
        if (entry.type === 'unlistable') {
          yield { path: null, label: escapeBytes(entry.name), kind: 'other', notes: [UNNAMED] }
        } else {
          const { path, type } = entry // which is only a name
          yield { path: join(folder, path), label: escapeText(path), kind: KINDS[type], notes: [] }
        }
      }
    },
    above: (folder) => (dirname(resolve(folder)) === folder ? null : dirname(resolve(folder))),
  }
}
