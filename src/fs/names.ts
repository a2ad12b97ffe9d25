import { constants, type Stats } from 'node:fs'
import { link, lstat, open, rename, unlink } from 'node:fs/promises'
import { SftError } from '../errors.ts'
import { errno } from './errno.ts'
import type { Folder } from './folder.ts'

/** The folder in which incomplete files lie; what begins like it is this program's own. */
export const PARTS_FOLDER = '.sft-parts'

const HIDDEN = '.sft-part'

/** Tells whether `name` is one of what is not complete, which is never listed and cannot be asked for. */
export function isPartName(name: string): boolean {
  return name.startsWith(HIDDEN)
}

/**
 * Throws `ERR_EXISTS` if `name` is taken in `folder`, or if another spelling of it is (composed or decomposed accents),
 * which one file system keeps apart and the next one does not. A folder is never replaced.
 *
 * @param self - The entry that is about to get the name, where it may be the one that has it.
 */
export async function expectFree(folder: Folder, name: string, overwrite: boolean, self?: Stats): Promise<void> {
  for (const spelling of [name, ...otherSpellings(name)]) {
    const taken = await lstatIfThere(folder.at(spelling), spelling !== name)
    if (taken === null || (taken.ino === self?.ino && taken.dev === self.dev)) continue
    if (spelling !== name) throw new SftError('ERR_EXISTS', `"${name}" exists with its accents spelled another way`)
    if (taken.isDirectory()) throw new SftError('ERR_EXISTS', `"${name}" is a folder`)
    if (!overwrite) throw new SftError('ERR_EXISTS', `"${name}" exists`)
  }
}

/** Returns the spellings of a name with accents that some file systems take for the same. */
export function otherSpellings(name: string): string[] {
  return [...new Set([name.normalize('NFC'), name.normalize('NFD')])].filter((spelling) => spelling !== name)
}

/**
 * Returns what is at an address, not following a link there, or `null` if nothing is.
 *
 * @param mayBeTooLong - Whether a name that is too long for the file system is just not there, and no error.
 */
export async function lstatIfThere(address: string, mayBeTooLong = false): Promise<Stats | null> {
  try {
    return await lstat(address)
  } catch (error) {
    if (errno(error) === 'ENOENT' || (mayBeTooLong && errno(error) === 'ENAMETOOLONG')) return null
    throw error
  }
}

/** Removes what is at an address, if anything is. */
export async function unlinkIfThere(path: string): Promise<void> {
  try {
    await unlink(path)
  } catch (error) {
    if (errno(error) !== 'ENOENT') throw error
  }
}

/** What a file system answers that knows no hard links. */
const NO_LINKS = new Set(['EPERM', 'EOPNOTSUPP', 'ENOTSUP', 'ENOSYS', 'EMLINK'])

/**
 * Gives an entry another name. With `replace` what has that name goes; otherwise it is never touched, even if it appears
 * at the last moment.
 *
 * @param way - `link` is for files: a second name is made only where there is nothing, and the first one removed. `claim`
 * is for all else (on macOS a link to a symbolic link would be one to its target) and for file systems without links
 * (FAT): an empty file takes the name for the moment before the rename.
 */
export async function moveEntry(from: string, to: string, way: 'replace' | 'link' | 'claim'): Promise<void> {
  switch (way) {
    case 'replace':
      await rename(from, to)
      return
    case 'link':
      try {
        await link(from, to)
      } catch (error) {
        if (!NO_LINKS.has(errno(error) ?? '')) throw error
        await moveEntry(from, to, 'claim')
        return
      }
      await unlink(from)
      return
    case 'claim':
      await (await open(to, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL)).close()
      try {
        await rename(from, to)
      } catch (error) {
        await unlink(to)
        throw error
      }
  }
}
