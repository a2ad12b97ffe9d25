import { isAbsolute, resolve } from 'node:path'
import { isGlob, isLocalFolder, parseRemotePath, realFolder, SftError, type RemotePath } from '../../index.ts'
import { literalPattern } from './words.ts'

/** A pattern for paths of a share, and the folder it starts from. */
export interface RemotePattern {
  readonly below: RemotePath
  readonly pattern: string
}

/** Where a shell is: in which folder of the share, and in which of this machine. */
export class Place {
  readonly #start: string
  #remote: RemotePath = parseRemotePath('.')
  #local: string

  /** @param start - The folder of this machine to begin in. */
  constructor(start: string) {
    this.#start = start
    this.#local = start
  }

  get remote(): RemotePath {
    return this.#remote
  }

  get local(): string {
    return this.#local
  }

  /** The folder of the share as people read it: the root is `/`. */
  get shown(): string {
    return this.#remote === '.' ? '/' : `/${this.#remote}`
  }

  /** Goes to a folder of the share, which is there. */
  enter(folder: RemotePath): void {
    this.#remote = folder
  }

  /** Goes to a folder of this machine. @throws {@link SftError} `ERR_NOT_FOUND` if there is none. */
  async enterLocal(text: string | undefined): Promise<void> {
    // The process stays where it is: other paths, such as $SFT_HOME, may be relative to that.
    const folder = text === undefined ? this.#start : resolve(this.#local, text)
    if (!(await isLocalFolder(folder))) throw new SftError('ERR_NOT_FOUND', `there is no folder "${folder}"`)
    this.#local = await realFolder(folder)
  }

  /**
   * Reads a path of the share as it is typed here: from the folder this is in, or with `/` in front from the root.
   *
   * @throws {@link SftError} `ERR_PATH` for what leads out of the share, or is no path.
   */
  remotePath(text: string): RemotePath {
    if (text === '') throw new SftError('ERR_PATH', 'an empty path names nothing; write . for the folder you are in')
    const { folder, rest } = this.#climb(text, () => true)
    return parseRemotePath(joined(folder, rest))
  }

  /** As {@link remotePath}, for a destination: a slash at its end, which says that it is a folder, stays. */
  remoteDestination(text: string | undefined): string {
    const path = this.remotePath(text ?? '.')
    return path !== '.' && (text === undefined || text.endsWith('/')) ? `${path}/` : path
  }

  /** As {@link remotePath}, for a pattern. */
  remotePattern(pattern: string): RemotePattern {
    const { folder, rest } = this.#climb(pattern, (step) => !isGlob(step))
    if (/^!(?!\()/.test(rest))
      throw new SftError('ERR_USAGE', `"${pattern}" would match all but that; name what is meant`)
    return { below: folder, pattern: rest }
  }

  /**
   * Returns a pattern from the root, or `null` if none can say it: a name on the way would be taken for one itself.
   */
  patternFromRoot({ below, pattern }: RemotePattern): string | null {
    return literalPattern(below) === below ? joined(below, pattern) : null
  }

  /** Names a path of this machine, typed here, for the whole process. A `.` or a slash at its end stays what it is. */
  localPath(text: string): string {
    if (this.#local === this.#start || isAbsolute(text) || text === '') return text
    return `${this.#local.replace(/\/$/, '')}/${text}`
  }

  /** Names an entry from the folder that this is in, where it lies below that; else from the root. */
  nameOf(path: string): string {
    if (this.#remote === '.') return path
    return path.startsWith(`${this.#remote}/`) ? path.slice(this.#remote.length + 1) : `/${path}`
  }

  /**
   * Takes the steps at the beginning of a path: from the root for `/`, and one up for each `..`.
   *
   * @param isName - Whether a step is the name of one folder, so that `..` behind it leads back.
   */
  #climb(text: string, isName: (step: string) => boolean): { folder: RemotePath; rest: string } {
    const folders = text.startsWith('/') || this.#remote === '.' ? [] : this.#remote.split('/')
    const names: string[] = []
    for (const step of text.split('/')) {
      if (step === '' || step === '.') continue
      if (step !== '..') names.push(step)
      else if (names.length === 0) {
        if (folders.pop() !== undefined) continue
        throw new SftError('ERR_PATH', `"${text}" leads out of the share; there is nothing above its root`)
      } else if (!isName(names.pop() ?? '')) {
        throw new SftError('ERR_PATH', `"${text}" has ".." behind a pattern; name the folder itself`)
      }
    }
    return { folder: parseRemotePath(folders.join('/') || '.'), rest: names.join('/') }
  }
}

function joined(folder: string, rest: string): string {
  return folder === '.' ? rest || '.' : rest === '' ? folder : `${folder}/${rest}`
}
