import { SftError } from '../errors.ts'
import { Turns } from '../protocol/turns.ts'
import { baseName, ROOT, type RemotePath } from '../wire/path.ts'
import type { Ledger } from './ledger.ts'
import { namesIn, statIfThere, thereAt, type Names, type TargetTree } from './tree.ts'
import type { Place } from './walk.ts'

/** Folders that are made at a time. */
const MADE_AT_ONCE = 128

/** The folders of the target: each is made once, after those above it, and only when it is wanted. */
export class Folders {
  readonly #tree: TargetTree
  readonly #ledger: Ledger
  readonly #isDryRun: boolean
  readonly #making = new Turns(MADE_AT_ONCE)
  readonly #made = new Set<Promise<unknown>>()

  constructor(tree: TargetTree, ledger: Ledger, isDryRun: boolean) {
    this.#tree = tree
    this.#ledger = ledger
    this.#isDryRun = isDryRun
  }

  /** The folder that everything goes to, which is there. */
  root(): Place {
    return once(async () => namesIn(this.#tree, ROOT))
  }

  /** One name of the target, where the rest of its folder is of no interest. */
  around(path: RemotePath): Place {
    return once(async () => {
      const there = await statIfThere(this.#tree, path)
      return there === null || there === 'unknown' ? there : new Map([[baseName(path), there]])
    })
  }

  /** A folder that `from` goes to, made at the first call. What fails is noted, and thrown at every call. */
  place(from: RemotePath, to: RemotePath, above: Place): Place {
    return once(async () => this.#make(from, to, above))
  }

  /** Makes a folder though nothing in it may be wanted; waits for its turn, and not until it is made. */
  async start(place: Place): Promise<void> {
    await this.#making.take()
    const made: Promise<unknown> = place()
      .catch(() => undefined) // which it told
      .then(() => {
        this.#making.done()
        this.#made.delete(made)
      })
    this.#made.add(made)
  }

  /** Waits for every folder that was started. */
  async settled(): Promise<void> {
    await Promise.all(this.#made)
  }

  /** Makes a folder, unless it is there. Folders above it come first. */
  async #make(from: RemotePath, to: RemotePath, above: Place): Promise<Names> {
    const names = await above()
    if (this.#ledger.fatal) throw this.#ledger.fatal
    try {
      const there = await thereAt(this.#tree, to, names)
      if (there !== null && there !== 'unknown') {
        if (there.type === 'directory') return await namesIn(this.#tree, to)
        throw new SftError('ERR_EXISTS', `"${this.#ledger.target(to)}" is there and no folder`)
      }
      if (this.#isDryRun) {
        const [path, target] = [this.#ledger.source(from), this.#ledger.target(to)]
        this.#ledger.emit({ type: 'planned', path, target, action: 'folder' })
        return null
      }
      try {
        await this.#tree.mkdir(to)
      } catch (error) {
        // Made meanwhile, perhaps by this job before a connection was lost; or nobody could look.
        if (!(error instanceof SftError) || error.code !== 'ERR_EXISTS') throw error
        const now = await statIfThere(this.#tree, to)
        if (now === null || (now !== 'unknown' && now.type !== 'directory')) throw error
        return await namesIn(this.#tree, to)
      }
      this.#ledger.folder(from, to)
      return null
    } catch (error) {
      this.#ledger.failed(from, to, error)
      throw error
    }
  }
}

/** Does `work` at the first call, and returns the same at each. */
function once<T>(work: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined
  return () => {
    if (result === undefined) {
      result = work()
      result.catch(() => undefined) // thrown at whoever asks
    }
    return result
  }
}
