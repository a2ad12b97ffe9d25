import { open, realpath, stat } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path'
import { SftError } from '../errors.ts'
import type { CreateOptions, FileSink, FileSource } from '../protocol/types.ts'
import type { Entry, FileInfo, Unlistable } from '../wire/message.ts'
import { baseName, ROOT, type RemotePath } from '../wire/path.ts'
import { entryType, fileInfo } from './entry.ts'
import { errno, fileError } from './errno.ts'
import { LocalFileSink } from './file-sink.ts'
import { LocalFileSource } from './file-source.ts'
import { Folder } from './folder.ts'
import { entriesIn } from './folder-entries.ts'
import { lstatIfThere } from './names.ts'

/** Opens a file of this machine that the user named, to send it. Symbolic links are followed. */
export async function openLocalFile(path: string): Promise<FileSource> {
  try {
    return await LocalFileSource.open(path, true)
  } catch (error) {
    throw localError(error, `cannot read "${path}"`)
  }
}

/** Starts receiving into the file `path` of this machine; its folder must exist. */
export async function createLocalFile(path: string, file: FileInfo, options: CreateOptions): Promise<FileSink> {
  const folder = await Folder.openLocal(dirname(path))
  return LocalFileSink.create(folder, basename(path), file, options) // which closes the folder
}

/**
 * Returns where a file called `name` goes for a destination the user named: into it if it is a folder or ends in a
 * separator, else it is the file itself.
 *
 * @throws {@link SftError} `ERR_NOT_FOUND` if it ends in a separator and is no folder.
 */
export async function resolveDestination(destination: string, name: string): Promise<string> {
  const isFolder = await isLocalFolder(destination)
  if (/[/\\]$/.test(destination) && !isFolder) {
    throw new SftError('ERR_NOT_FOUND', `there is no folder "${destination}"; create it first`)
  }
  return isFolder ? join(destination, name) : destination
}

/** Tells whether a path of this machine is a folder, or a link to one. */
export async function isLocalFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch (error) {
    if (errno(error) === 'ENOENT' || errno(error) === 'ENOTDIR') return false
    throw fileError(error, `cannot look at "${path}"`)
  }
}

/** How a folder of this machine is listed. */
export interface LocalListing {
  /** The folder, from the root, which itself is meant if this is absent. */
  readonly path?: RemotePath
  /** Whether links are told as what they lead to, all but those that lead nowhere. */
  readonly follow?: boolean
}

/**
 * Yields the entries right in a folder of this machine, under their paths from `root`; incomplete files are left out.
 *
 * @throws {@link SftError} `ERR_NOT_FOUND` if it is no folder, or the code of another failure.
 */
export async function* listLocalFolder(
  root: string,
  { path = ROOT, follow = false }: LocalListing = {},
): AsyncGenerator<Entry | Unlistable> {
  const folder = await Folder.openLocal(join(root, path))
  try {
    for await (const entry of entriesIn(folder, path)) {
      yield follow && entry.type === 'link' ? await followed(folder, entry) : entry
    }
  } catch (error) {
    throw fileError(error, `cannot list "${join(root, path)}"`)
  } finally {
    await folder.close()
  }
}

/** Returns a link of a folder as what it leads to, or as it is if that is nothing. */
async function followed(folder: Folder, link: Entry): Promise<Entry> {
  try {
    const stats = await stat(folder.at(baseName(link.path)), { bigint: true })
    return { path: link.path, type: entryType(stats), ...fileInfo(stats) }
  } catch {
    return link
  }
}

/**
 * Reads a text file of this machine, or what comes out of a pipe that has a name.
 *
 * @param maxBytes - Most bytes it may have.
 * @throws {@link SftError} `ERR_USAGE` if it has more or is not UTF-8, or the code of another failure.
 */
export async function readTextFile(path: string, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  try {
    const handle = await open(path)
    for await (const chunk of handle.createReadStream() as AsyncIterable<Uint8Array>) {
      bytes += chunk.byteLength
      if (bytes > maxBytes) throw new SftError('ERR_USAGE', `"${path}" has more than ${maxBytes} bytes`)
      chunks.push(chunk)
    }
  } catch (error) {
    throw fileError(error, `cannot read "${path}"`)
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks))
  } catch (error) {
    throw new SftError('ERR_USAGE', `"${path}" is not a text in UTF-8`, { cause: error })
  }
}

/** Returns the absolute path of a folder of this machine, symbolic links resolved. It must exist. */
export async function realFolder(path: string): Promise<string> {
  try {
    return await realpath(path)
  } catch (error) {
    throw fileError(error, `cannot look at "${path}"`)
  }
}

/** As {@link fileError}, with the path in front of errors that are already ours. */
function localError(error: unknown, what: string): SftError {
  if (error instanceof SftError) return new SftError(error.code, `${what}: ${error.message}`, { cause: error })
  return fileError(error, what)
}

/**
 * As {@link containsPath}, for an `inner` that need not exist yet, nor the folders it is in. It is not contained where it
 * cannot be looked at: then nothing can be made there either.
 */
export async function wouldContain(outer: string, inner: string): Promise<boolean> {
  try {
    let [path, rest] = [resolve(inner), '']
    while ((await lstatIfThere(path)) === null) [path, rest] = [dirname(path), join(basename(path), rest)]
    return isAtOrBelow(await realpath(outer), join(await realpath(path), rest))
  } catch {
    return false
  }
}

/** Tells whether `inner` is `outer` or lies below it, symbolic links resolved. Both must exist. */
export async function containsPath(outer: string, inner: string): Promise<boolean> {
  return isAtOrBelow(await realpath(outer), await realpath(inner))
}

function isAtOrBelow(outer: string, inner: string): boolean {
  const below = relative(outer, inner)
  return below === '' || !(below === '..' || below.startsWith(`..${sep}`) || isAbsolute(below))
}
