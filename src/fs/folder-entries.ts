import { lstat, opendir } from 'node:fs/promises'
import type { Entry, Unlistable } from '../wire/message.ts'
import { decodeName, joinPath, nameFault, ROOT, type RemotePath } from '../wire/path.ts'
import { entryType, fileInfo } from './entry.ts'
import { errno } from './errno.ts'
import type { Folder } from './folder.ts'
import { isPartName } from './names.ts'
import { smallFiles } from './small-files.ts'

/** Names of a folder that are read and looked at together. */
const NAMES_AT_ONCE = 256

/** Yields the entries of an open folder, which is at `path`. Incomplete files are left out. Throws what the system says. */
export async function* entriesIn(folder: Folder, path: RemotePath): AsyncGenerator<Entry | Unlistable> {
  for await (const names of namesIn(folder)) {
    for (const seen of await describeAll(folder, path, names)) {
      const entry = isUnseen(seen) ? await describe(folder, seen) : seen
      if (entry !== null) yield entry
    }
  }
}

/**
 * Yields the names in a folder, some at a time, as bytes: one that is not UTF-8 has to be told from one that holds
 * replacement characters.
 */
async function* namesIn(folder: Folder): AsyncGenerator<Buffer[]> {
  let names: Buffer[] = []
  const entries = await opendir(folder.address, { encoding: 'buffer' as BufferEncoding, bufferSize: NAMES_AT_ONCE })
  for await (const { name } of entries) {
    names.push(name as unknown as Buffer)
    if (names.length < NAMES_AT_ONCE) continue
    yield names
    names = []
  }
  yield names
}

/** An entry of a folder that nobody looked at yet. */
interface Unseen {
  readonly name: string
  readonly path: RemotePath
}

/** Describes entries of a folder: many at once, or as {@link Unseen} if they have to be looked at one by one. */
async function describeAll(
  folder: Folder,
  path: RemotePath,
  names: readonly Buffer[],
): Promise<(Entry | Unlistable | Unseen | null)[]> {
  const entries = names.map((name) => firstGlance(path, name))
  const unseen = entries.filter(isUnseen)
  if (folder.descriptor === null || !smallFiles.wantedFor(unseen.length)) return entries
  const looked = await smallFiles.look({ folder: folder.descriptor, names: unseen.map(({ name }) => name) })
  if (looked === null) return entries
  let next = 0
  return entries.map((entry) => {
    if (!isUnseen(entry)) return entry
    const index = next
    next += 1
    const [type, size, mtime] = [looked.types[index], looked.sizes[index], looked.mtimes[index]]
    if (type === 'gone') return null
    if (type === undefined || type === 'unclear' || size === undefined || mtime === undefined) return entry
    return { path: entry.path, type, size, mtime, executable: looked.executables[index] === 1 }
  })
}

function isUnseen(entry: Entry | Unlistable | Unseen | null): entry is Unseen {
  return entry !== null && !('type' in entry)
}

/** Tells of an entry what its name tells; `null` if it is not for peers to know. */
function firstGlance(path: RemotePath, rawName: Buffer): Unlistable | Unseen | null {
  const name = decodeName(rawName)
  if (name !== null && isPartName(name)) return null
  if (name === null || nameFault(name) !== null) return { type: 'unlistable', name: rawPath(path, rawName) }
  try {
    return { name, path: joinPath(path, name) }
  } catch {
    return { type: 'unlistable', name: rawPath(path, rawName) } // too deep or too long as a whole
  }
}

async function describe(folder: Folder, { name, path }: Unseen): Promise<Entry | null> {
  try {
    const stats = await lstat(folder.at(name), { bigint: true })
    return { path, type: entryType(stats), ...fileInfo(stats) }
  } catch (error) {
    if (errno(error) === 'ENOENT') return null // removed since it was read
    throw error
  }
}

function rawPath(path: RemotePath, name: Buffer): Uint8Array {
  return path === ROOT ? name : Buffer.concat([Buffer.from(`${path}/`), name])
}
