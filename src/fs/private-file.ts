import { constants } from 'node:fs'
import { chmod, link, mkdir, open, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { SftError } from '../errors.ts'
import { errno, fileError } from './errno.ts'

const MAX_BYTES = 64 * 1024

/**
 * Reads a file that only its owner may know, or returns `null` if there is none.
 *
 * @throws {@link SftError} `ERR_IDENTITY` if it is a link or no file, or if anybody else owns it or may read it.
 */
export async function readPrivateFile(path: string): Promise<Uint8Array | null> {
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
    if (stats.size > MAX_BYTES) throw unfit(path, 'is far too large')
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
  const folder = dirname(path)
  const part = join(folder, `.${crypto.randomUUID()}.part`)
  try {
    await makePrivateFolder(folder)
    const handle = await open(
      part,
      constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
      0o600,
    )
    try {
      await handle.writeFile(content)
      await handle.sync()
      await link(part, path)
    } catch (error) {
      if (errno(error) === 'EEXIST') return false
      throw error
    } finally {
      await handle.close()
      await unlink(part)
    }
    await syncFolder(folder)
    return true
  } catch (error) {
    throw fileError(error, `cannot create ${path}`)
  }
}

async function makePrivateFolder(folder: string): Promise<void> {
  const created = await mkdir(folder, { recursive: true, mode: 0o700 })
  if (created !== undefined) await chmod(folder, 0o700) // whatever the umask made of it
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
