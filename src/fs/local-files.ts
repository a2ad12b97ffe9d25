import { realpath, stat } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path'
import { SftError } from '../errors.ts'
import type { CreateOptions, FileSink, FileSource } from '../protocol/types.ts'
import type { FileInfo } from '../wire/message.ts'
import { errno, fileError } from './errno.ts'
import { LocalFileSink } from './file-sink.ts'
import { LocalFileSource } from './file-source.ts'
import { Folder } from './folder.ts'
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
