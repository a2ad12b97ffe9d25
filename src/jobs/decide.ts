import { sameDigest } from '../crypto/digest.ts'
import { SftError } from '../errors.ts'
import type { Entry } from '../wire/message.ts'
import { baseName, joinPath, parentPath, type RemotePath } from '../wire/path.ts'
import { isNewer, isSameVersion, numberedName } from './conflict.ts'
import type { JobOptions } from './job.ts'
import type { Ledger } from './ledger.ts'
import { statIfThere, type SourceTree, type TargetTree, type There } from './tree.ts'

/** Names tried for a file that is put beside another. */
const MOST_NUMBERS = 1_000

/** A file that is about to get a name. */
export interface Candidate {
  readonly entry: Entry
  readonly to: RemotePath
  /** Whether another file of this job has that name. */
  readonly clashes: boolean
}

/** What becomes of a file: the name it gets, and whether it may replace what has it. */
export interface Decision {
  readonly to: RemotePath
  readonly overwrite: boolean
}

/** Decides for each file of a job whether it goes across and under which name. */
export class Decider {
  readonly #from: SourceTree
  readonly #to: TargetTree
  readonly #options: JobOptions
  readonly #ledger: Ledger
  readonly #claimed = new Set<string>()
  #asking: Promise<unknown> = Promise.resolve()

  constructor({ from, to }: { from: SourceTree; to: TargetTree }, options: JobOptions, ledger: Ledger) {
    this.#from = from
    this.#to = to
    this.#options = options
    this.#ledger = ledger
  }

  /** Returns whether nothing else of this job has gone to a path of the target. */
  claim(to: RemotePath): boolean {
    if (this.#claimed.has(to)) return false
    this.#claimed.add(to)
    return true
  }

  /**
   * Decides what becomes of a file; one that is left out has been noted.
   *
   * @param there - What has its name; `taken` if only that is known.
   * @param renamed - How many other names were tried.
   * @throws {@link SftError} `ERR_EXISTS` if it is not to go there, and what looking there throws.
   */
  async decide(file: Candidate, there: There | 'taken', renamed: number): Promise<Decision | 'skip'> {
    const { entry, to } = file
    if (there === null || there === 'unknown') return { to, overwrite: false }
    if (there !== 'taken' && (await this.#isSame(entry, there))) return this.#skip(entry, 'identical')
    const decision = await this.#choose(file, there)
    if (decision === 'rename') return this.#beside(file, renamed + 1)
    return decision === 'skip' ? 'skip' : { to, overwrite: true }
  }

  /** Finds the name for a file that goes beside another one, unless it did so before and is there. */
  async #beside({ entry, to }: Candidate, first: number): Promise<Decision | 'skip'> {
    const folder = parentPath(to)
    for (let number = first; number <= MOST_NUMBERS; number += 1) {
      const numbered = joinPath(folder, numberedName(baseName(to), number))
      const there = await statIfThere(this.#to, numbered)
      const isFree = there === null || there === 'unknown'
      if (!isFree && !(await this.#isSame(entry, there))) continue
      if (!this.claim(numbered)) continue // another file of this job, though it may look the same
      return isFree ? { to: numbered, overwrite: false } : this.#skip(entry, 'identical')
    }
    throw new SftError('ERR_EXISTS', `there are too many files called like "${this.#ledger.target(to)}"`)
  }

  /** Decides what becomes of a file whose name is taken by another one. */
  async #choose({ entry, to, clashes }: Candidate, there: Entry | 'taken'): Promise<'skip' | 'overwrite' | 'rename'> {
    const { onConflict = 'fail', ask } = this.#options
    const target = this.#ledger.target(to)
    if (onConflict === 'rename') return 'rename'
    if (onConflict === 'skip') return this.#skip(entry, 'exists')
    if (clashes) throw clash(target)
    if (there !== 'taken' && there.type === 'directory') throw new SftError('ERR_EXISTS', `"${target}" is a folder`)
    if (onConflict === 'overwrite') return 'overwrite'
    if (there === 'taken') throw new SftError('ERR_EXISTS', `"${target}" is there already`)
    if (onConflict === 'newer' && there.type === 'file') {
      return isNewer(entry, there) ? 'overwrite' : this.#skip(entry, 'older')
    }
    if (onConflict === 'ask' && ask) {
      const conflict = { path: this.#ledger.source(entry.path), target, file: entry, there }
      const answer = this.#asking.then(async () => {
        if (this.#ledger.fatal) throw this.#ledger.fatal
        return ask(conflict)
      })
      this.#asking = answer.catch(() => undefined)
      const decision = await answer
      return decision === 'skip' ? this.#skip(entry, 'exists') : decision
    }
    throw new SftError('ERR_EXISTS', `"${target}" is there already, and differs`)
  }

  async #isSame(entry: Entry, there: Entry): Promise<boolean> {
    if (there.type !== 'file') return false
    if (this.#options.checksum !== true) return isSameVersion(entry, there)
    if (entry.size !== there.size) return false
    const [one, other] = await Promise.all([this.#from.digest(entry.path), this.#to.digest(there.path)])
    return sameDigest(one, other)
  }

  #skip({ path, size }: Entry, reason: 'identical' | 'exists' | 'older'): 'skip' {
    this.#ledger.skipped(path, reason, size)
    return 'skip'
  }
}

/** What is wrong with a thing that was named and goes where another one went. */
export function clash(target: string): SftError {
  return new SftError('ERR_EXISTS', `another one of what was named goes to "${target}" too`)
}
