import { constants, type Stats } from 'node:fs'
import { link, lstat, open, rename, unlink } from 'node:fs/promises'
import { SftError } from '../errors.ts'
import { errno } from './errno.ts'
import type { Folder } from './folder.ts'

const PART_PREFIX = '.sft-part-'

/** Returns a name for a file that is not complete: random, so that nobody can have put something in its place. */
export function newPartName(): string {
  return `${PART_PREFIX}${crypto.randomUUID()}`
}

/** Tells whether `name` is one of an incomplete file, which is never listed and cannot be asked for. */
export function isPartName(name: string): boolean {
  return name.startsWith(PART_PREFIX)
}

/**
 * Throws `ERR_EXISTS` if `name` is taken in `folder`, or if another spelling of it is (composed or decomposed accents),
 * which one file system keeps apart and the next one does not. A folder is never replaced.
 */
export async function expectFree(folder: Folder, name: string, overwrite: boolean): Promise<void> {
  for (const spelling of new Set([name, name.normalize('NFC'), name.normalize('NFD')])) {
    const taken = await lstatIfThere(folder.at(spelling))
    if (taken === null) continue
    if (spelling !== name) throw new SftError('ERR_EXISTS', `"${name}" exists with its accents spelled another way`)
    if (taken.isDirectory()) throw new SftError('ERR_EXISTS', `"${name}" is a folder`)
    if (!overwrite) throw new SftError('ERR_EXISTS', `"${name}" exists`)
  }
}

/** Returns what is at an address, not following a link there, or `null` if nothing is. */
export async function lstatIfThere(address: string): Promise<Stats | null> {
  try {
    return await lstat(address)
  } catch (error) {
    if (errno(error) === 'ENOENT' || errno(error) === 'ENAMETOOLONG') return null // too long: refused when it is created
    throw error
  }
}

/** What a file system answers that knows no hard links. */
const NO_LINKS = new Set(['EPERM', 'EOPNOTSUPP', 'ENOTSUP', 'ENOSYS', 'EMLINK'])

/**
 * Gives a file another name in one step. With `replace` what has that name goes; without, it is never touched, even if
 * it appears at the last moment: a link is made only where there is nothing.
 */
export async function moveEntry(from: string, to: string, replace: boolean): Promise<void> {
  if (!replace) {
    try {
      await link(from, to)
      await unlink(from)
      return
    } catch (error) {
      if (!NO_LINKS.has(errno(error) ?? '')) throw error
      // Without links (FAT) an empty file takes the name for the moment before the rename.
      await (await open(to, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL)).close()
    }
  }
  await rename(from, to)
}
