import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { SftError } from '../errors.ts'
import { errno, fileError } from './errno.ts'
import { createPrivateFile } from './private-file.ts'

/** Most bytes of a file of settings. */
export const MAX_SETTINGS_BYTES = 64 * 1024

/**
 * Reads a file of settings, or returns `null` if there is none. It may be a link and readable by all, as it holds no
 * secret, but nobody else may have a say in what it says.
 *
 * @throws {@link SftError} `ERR_USAGE` if it is no file, too large or not UTF-8, or if another user but the superuser owns
 * it or may change it; the code of another failure.
 */
export async function readSettingsFile(path: string): Promise<string | null> {
  let handle
  try {
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    if (errno(error) === 'ENOENT') return null
    throw fileError(error, `cannot read ${path}`)
  }
  try {
    const stats = await handle.stat()
    if (!stats.isFile()) throw unfit(path, 'is not a file')
    if (process.platform !== 'win32') {
      if (stats.uid !== process.getuid?.() && stats.uid !== 0) throw unfit(path, 'belongs to another user')
      if ((stats.mode & 0o022) !== 0) throw unfit(path, `can be changed by others; run: chmod go-w "${path}"`)
    }
    const buffer = new Uint8Array(Math.min(stats.size, MAX_SETTINGS_BYTES) + 1)
    const { bytesRead } = await handle.read(buffer, 0, buffer.byteLength, 0)
    if (bytesRead > MAX_SETTINGS_BYTES) throw unfit(path, `is larger than ${MAX_SETTINGS_BYTES / 1024} KiB`)
    return decode(buffer.subarray(0, bytesRead), path)
  } catch (error) {
    throw fileError(error, `cannot read ${path}`)
  } finally {
    await handle.close()
  }
}

/**
 * Creates a file of settings that only its owner may read, complete or not at all.
 *
 * @returns Whether this call created it: false if there is anything of that name.
 */
export async function createSettingsFile(path: string, text: string): Promise<boolean> {
  return createPrivateFile(path, new TextEncoder().encode(text))
}

function decode(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw unfit(path, 'is not UTF-8')
  }
}

function unfit(path: string, why: string): SftError {
  return new SftError('ERR_USAGE', `${path} ${why}`)
}
