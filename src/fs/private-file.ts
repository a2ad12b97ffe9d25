import { constants, watch, type FSWatcher } from 'node:fs'
import { chmod, link, mkdir, open, readdir, rename, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { SftError } from '../errors.ts'
import { errno, fileError } from './errno.ts'
import { lstatIfThere, unlinkIfThere } from './names.ts'

const MAX_BYTES = 64 * 1024

/** Milliseconds in which several changes of a watched file count as one. */
const SETTLE_MS = 50

/** Longer than anybody takes to write a private file, in milliseconds. */
const ABANDONED_MS = 60_000

/**
 * Reads a file that only its owner may know, or returns `null` if there is none.
 *
 * @param maxBytes - Most bytes it may have.
 * @throws {@link SftError} `ERR_IDENTITY` if it is a link or no file or too large, or if anybody else owns it or may read
 * it.
 */
export async function readPrivateFile(path: string, maxBytes: number = MAX_BYTES): Promise<Uint8Array | null> {
  let handle
  try {
    handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    if (errno(error) === 'ENOENT') return null
    if (errno(error) === 'ELOOP') throw unfit(path, 'is a symbolic link; put the key itself there')
    throw fileError(error, `cannot read ${path}`)
  }
  try {
    const stats = await handle.stat()
    if (!stats.isFile()) throw unfit(path, 'is not a file; remove it')
    if (process.platform !== 'win32') {
      if (stats.uid !== process.getuid?.())
        throw unfit(path, 'belongs to another user; set SFT_HOME to a folder of yours')
      if ((stats.mode & 0o077) !== 0)
        throw unfit(path, `can be read by others; if nobody else did, run: chmod 600 "${path}"`)
    }
    if (stats.size > maxBytes) throw unfit(path, 'is far too large')
    return await handle.readFile()
  } finally {
    await handle.close()
  }
}

/**
 * Creates a file that only its owner may read, complete or not at all, and durable.
 *
 * @returns Whether this call created it: false if it exists, perhaps since a moment ago.
 */
export async function createPrivateFile(path: string, content: Uint8Array): Promise<boolean> {
  let created = true
  try {
    await storePart(path, content, async (part) => {
      try {
        await link(part, path)
      } catch (error) {
        if (errno(error) !== 'EEXIST') throw error
        created = false
      }
    })
    return created
  } catch (error) {
    throw fileError(error, `cannot create ${path}`)
  }
}

/**
 * Replaces a file that only its owner may read, or creates it. Whoever reads it, and whatever happens meanwhile, it is
 * the old one or the new one, complete; the new one is durable.
 *
 * A link is replaced itself, not what it leads to. Of calls at the same time the last one counts: who changes what was
 * read before must see to it that nobody else does.
 *
 * @throws {@link SftError} the code of the failure. If only the folder could not be synced, the new file is in place.
 */
export async function replacePrivateFile(path: string, content: Uint8Array): Promise<void> {
  try {
    await storePart(path, content, async (part) => rename(part, path))
  } catch (error) {
    throw fileError(error, `cannot replace ${path}`)
  }
}

/**
 * Calls `onChange` within a tenth of a second after a file was created, replaced, edited in place or removed, once for
 * changes that come together and always after the last one. What it then reads may be half of an edit in place, of
 * which the other half brings another call.
 *
 * Watches the folder of the file, as another file may take its name. If that folder goes or can be watched no longer,
 * that is a change as well, and the last one seen. Does not keep the process alive.
 *
 * @param onChange - Gets whether it may have been the folder that changed: then the path has to be watched anew.
 * @returns What ends it; `onChange` is not called after that.
 * @throws {@link SftError} `ERR_NOT_FOUND` if there is no such folder, or the code of another failure.
 */
export function watchPrivateFile(path: string, onChange: (folderToo: boolean) => void): () => void {
  const folder = dirname(resolve(path))
  let timer: NodeJS.Timeout | undefined
  let folderToo = false
  const changed = (itsFolder: boolean): void => {
    folderToo ||= itsFolder
    // Not put off by what follows: whoever writes without end would keep the change from being seen.
    timer ??= setTimeout(() => {
      const reported = folderToo
      timer = undefined
      folderToo = false
      onChange(reported)
    }, SETTLE_MS).unref()
  }
  const watcher = watchFolder(folder, path)
  watcher.on('change', (_type, name: string | Buffer | null) => {
    // The system may not say which name it is, and gives the folder's own when that is moved or removed.
    if (name === null || String(name) === basename(folder)) changed(true)
    else if (String(name) === basename(path)) changed(false)
  })
  watcher.on('error', () => changed(true))
  return () => {
    watcher.close()
    clearTimeout(timer)
  }
}

function watchFolder(folder: string, path: string): FSWatcher {
  try {
    return watch(folder, { persistent: false })
  } catch (error) {
    // For a watch, the system says this of its limits and not of the disk.
    if (errno(error) !== 'ENOSPC') throw fileError(error, `cannot watch ${path}`)
    const why = 'too many files are watched; raise fs.inotify.max_user_watches'
    throw new SftError('ERR_BUSY', `cannot watch ${path}: ${why}`, { cause: error })
  }
}

/**
 * Removes from a folder of private files what killed programs were about to put there, a minute after they wrote last.
 * Failing to is no failure.
 */
export async function sweepParts(folder: string): Promise<void> {
  try {
    for (const name of await readdir(folder)) {
      const part = join(folder, name)
      const stats = PART.test(name) ? await lstatIfThere(part) : null
      if (stats?.isFile() && Date.now() - stats.mtimeMs > ABANDONED_MS) await unlinkIfThere(part)
    }
  } catch {
    // Whoever comes next tries again.
  }
}

const PART = /^\.[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.part$/

/** Writes a durable part file beside `path`, lets `place` give it that name, and leaves nothing else behind. */
async function storePart(path: string, content: Uint8Array, place: (part: string) => Promise<void>): Promise<void> {
  const folder = dirname(path)
  const part = join(folder, `.${crypto.randomUUID()}.part`)
  await makePrivateFolder(folder)
  const handle = await open(
    part,
    constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
    0o600,
  )
  try {
    await handle.writeFile(content)
    await handle.sync()
    await place(part)
  } finally {
    await handle.close()
    await unlinkIfThere(part)
  }
  await syncFolder(folder)
}

/**
 * Makes a folder that only its owner may enter, and those above it that are not there. Node's own recursive mkdir never
 * ends where a folder that is there can hold no other, as /proc.
 */
export async function makePrivateFolder(folder: string): Promise<void> {
  if (await makeIfNotThere(folder)) return
  await makePrivateFolder(dirname(folder))
  if (!(await makeIfNotThere(folder))) throw new SftError('ERR_READ_ONLY', `no folder can be made at ${folder}`)
}

/** Makes a folder, whatever the umask makes of it; returns false if that above it is not there, or can hold none. */
async function makeIfNotThere(folder: string): Promise<boolean> {
  try {
    await mkdir(folder, 0o700)
    await chmod(folder, 0o700)
    return true
  } catch (error) {
    if (errno(error) === 'ENOENT' && dirname(folder) !== folder) return false
    if (errno(error) === 'EEXIST' && (await stat(folder)).isDirectory()) return true
    throw error
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function unfit(path: string, why: string): SftError {
  return new SftError('ERR_IDENTITY', `${path} ${why}`)
}
