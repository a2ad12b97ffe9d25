import { sameDigest } from '../crypto/digest.ts'
import { asSftError, SftError, type SftErrorCode } from '../errors.ts'
import type { Transferred } from '../protocol/transfer.ts'
import { Turns } from '../protocol/turns.ts'
import type { Entry, Unlistable } from '../wire/message.ts'
import { baseName, joinPath, parentPath, ROOT, type RemotePath } from '../wire/path.ts'
import { isNewer, isSameVersion, numberedName } from './conflict.ts'
import { Filter } from './filter.ts'
import type { Named } from './find.ts'
import type { JobEvent, JobOptions, JobSummary, SkipReason } from './job.ts'
import { Queue } from './queue.ts'
import { namesIn, statIfThere, thereAt, type Names, type SourceTree, type TargetTree, type There } from './tree.ts'
import { pathIn, Walk, type Branch, type Place, type Visitor } from './walk.ts'

/** One file on its way. */
export interface FileCopy {
  readonly entry: Entry
  readonly to: RemotePath
  readonly overwrite: boolean
  readonly onBegin: (offset: number) => void
  readonly onProgress: (bytes: number) => void
  /** Tells that what was kept of an earlier attempt is of no use. */
  readonly onRestart: (reason: 'changed' | 'damaged') => void
}

/** What a copy is made from: where to, where from, and how one file goes across. */
export interface CopyInit {
  readonly from: SourceTree
  readonly to: TargetTree
  /** Whether the contents of folders go where other things that were named go, so that two files may meet anywhere. */
  readonly mayMeet: boolean
  /** Where everything goes, as the user wrote it. */
  readonly destination: string
  readonly copyFile: (file: FileCopy) => Promise<Transferred>
  /** Names a path of either side as the user knows it. */
  readonly nameSource: (path: RemotePath) => string
  readonly nameTarget: (path: RemotePath) => string
}

interface Item {
  readonly entry: Entry
  readonly to: RemotePath
  readonly place: Place
  /** Whether another file of this job has that name. */
  readonly clashes: boolean
}

/** A file from this size on counts as large: few of them go at a time, and what comes of a cut attempt is kept. */
export const LARGE = 1024 * 1024

const LARGE_AT_ONCE = 4

/** Small files that go at a time for each large one: enough to fill a link with a long round trip. */
const SMALL_FOR_EACH_LARGE = 64

/** Files that wait for their turn, and folders that are made at a time. */
const WAITING = 2_048
const FOLDERS_MADE_AT_ONCE = 128

/** Names tried for a file that is put beside another. */
const MOST_NUMBERS = 1_000

/** With these nothing further can go well. */
const FATAL: ReadonlySet<SftErrorCode> = new Set([
  'ERR_CLOSED',
  'ERR_TIMEOUT',
  'ERR_UNREACHABLE',
  'ERR_REFUSED',
  'ERR_IDENTITY',
  'ERR_DECRYPT',
  'ERR_NO_SPACE',
  'ERR_BUSY',
  'ERR_ABORTED',
])

/** What becomes of a file: the name it gets, and whether it may replace what has it. */
interface Decision {
  readonly to: RemotePath
  readonly overwrite: boolean
}

/** Copies files and folders from one tree to another, many at a time, and says what became of each. */
export class Copy implements Visitor {
  readonly #init: CopyInit
  readonly #options: JobOptions
  readonly #filter: Filter
  readonly #walk: Walk
  readonly #small = new Queue<Item>(WAITING)
  readonly #large: Queue<Item>
  readonly #total = { files: 0, bytes: 0 }
  readonly #done = { files: 0, folders: 0, bytes: 0, sent: 0, skipped: 0, failed: 0 }
  readonly #making = new Turns(FOLDERS_MADE_AT_ONCE)
  readonly #made = new Set<Promise<unknown>>()
  readonly #claimed = new Set<string>()
  #error: SftError | null = null
  #fatal: SftError | null = null
  #asking: Promise<unknown> = Promise.resolve()

  constructor(init: CopyInit, options: JobOptions) {
    this.#init = init
    this.#options = options
    this.#filter = new Filter(options.include, options.exclude)
    this.#walk = new Walk(init.from, this)
    this.#large = options.parallel === 1 ? this.#small : new Queue(WAITING)
  }

  /** Copies everything. Never throws for a file: each failure is an event and counted. */
  async run(named: AsyncIterable<Named>): Promise<JobSummary> {
    const { parallel = LARGE_AT_ONCE, signal } = this.#options
    const stop = (): void => this.#end(new SftError('ERR_ABORTED', 'cancelled', { cause: signal?.reason }))
    signal?.addEventListener('abort', stop)
    if (signal?.aborted === true) stop()
    const count = parallel === 1 ? [1, 0] : [parallel * SMALL_FOR_EACH_LARGE, parallel]
    const workers = [this.#small, this.#large].flatMap((queue, index) =>
      Array.from({ length: count[index] ?? 0 }, async () => this.#work(queue)),
    )
    try {
      await this.#walk.run(named)
      this.#emit({ type: 'plan', ...this.#total, complete: true })
    } catch (error) {
      this.#end(asSftError(error, 'ERR_INTERNAL', 'the job failed'))
    } finally {
      this.#small.close()
      this.#large.close()
      await Promise.all(workers)
      await Promise.all(this.#made)
      signal?.removeEventListener('abort', stop)
    }
    return { ...this.#done, error: this.#fatal ?? this.#error, ended: this.#fatal !== null }
  }

  get ended(): boolean {
    return this.#fatal !== null
  }

  async root(named: Named): Promise<Branch | null> {
    if ('error' in named) {
      this.#noteFailure({ path: named.name, target: this.#init.destination }, named.error)
      return null
    }
    const { entry, to } = named
    try {
      return await this.#root(entry, to)
    } catch (error) {
      this.failed(entry.path, to, error)
      return null
    }
  }

  async folder(name: string, above: Branch): Promise<Branch | null> {
    const below = `${above.below}${name}`
    if (!this.#filter.enters(below)) return null
    return this.#branch(pathIn(above.path, name), pathIn(above.to, name), above.place, `${below}/`)
  }

  async entry(entry: Entry, name: string, { to, place, below }: Branch): Promise<void> {
    let target
    try {
      target = pathIn(to, name)
    } catch (error) {
      this.failed(entry.path, to, error)
      return
    }
    const clashes = this.#init.mayMeet && !this.#claim(target)
    await this.#offer({ entry, to: target, place, clashes }, `${below}${name}`)
  }

  unlistable({ name }: Unlistable): void {
    this.#skip(this.#source(new TextDecoder().decode(name) as RemotePath), 'unlistable') // to be shown, not to be used
  }

  failed(path: RemotePath, to: RemotePath, error: unknown): void {
    this.#noteFailure({ path: this.#source(path), target: this.#target(to) }, error)
  }

  async #root(entry: Entry, to: RemotePath): Promise<Branch | null> {
    const above = this.#lookAt(to)
    if (entry.type !== 'directory') {
      await this.#offer({ entry, to, place: above, clashes: !this.#claim(to) }, baseName(entry.path))
      return null
    }
    if (!this.#init.mayMeet && !this.#claim(to)) throw clash(this.#target(to))
    if (to !== ROOT) return this.#branch(entry.path, to, above, '')
    return { path: entry.path, to, place: once(async () => namesIn(this.#init.to, to)), below: '' }
  }

  /** Returns whether nothing else of this job has gone to a path of the target. */
  #claim(to: RemotePath): boolean {
    if (this.#claimed.has(to)) return false
    this.#claimed.add(to)
    return true
  }

  /** Describes a folder on its way, and has it made, unless only what is in it is wanted. */
  async #branch(path: RemotePath, to: RemotePath, above: Place, below: string): Promise<Branch> {
    const place = once(async () => this.#make(path, to, above))
    if (this.#filter.keepsEmpty) {
      await this.#making.take()
      const made: Promise<unknown> = place()
        .catch(() => undefined) // which it told
        .then(() => {
          this.#making.done()
          this.#made.delete(made)
        })
      this.#made.add(made)
    }
    return { path, to, place, below }
  }

  /** Offers one entry of the source, at `path` below what was named. */
  async #offer(item: Item, path: string): Promise<void> {
    const { entry } = item
    if (!this.#filter.takes(path)) return
    if (entry.type !== 'file') {
      this.#skip(this.#source(entry.path), entry.type === 'link' ? 'link' : 'special')
      return
    }
    this.#total.files += 1
    this.#total.bytes += entry.size
    this.#emit({ type: 'plan', ...this.#total, complete: false })
    await (entry.size < LARGE ? this.#small : this.#large).push(item)
  }

  /** Makes a folder of the target, unless it is there. Folders above it come first. */
  async #make(from: RemotePath, to: RemotePath, above: Place): Promise<Names> {
    const names = await above()
    if (this.#fatal) throw this.#fatal
    try {
      const there = await thereAt(this.#init.to, to, names)
      if (there !== null && there !== 'unknown') {
        if (there.type === 'directory') return await namesIn(this.#init.to, to)
        throw new SftError('ERR_EXISTS', `"${this.#target(to)}" is there and no folder`)
      }
      if (this.#options.dryRun === true) {
        this.#emit({ type: 'planned', path: this.#source(from), target: this.#target(to), action: 'folder' })
        return null
      }
      try {
        await this.#init.to.mkdir(to)
      } catch (error) {
        // Made meanwhile, perhaps by this job before a connection was lost; or nobody could look.
        if (!isTaken(error)) throw error
        const now = await statIfThere(this.#init.to, to)
        if (now === null || (now !== 'unknown' && now.type !== 'directory')) throw error
        return await namesIn(this.#init.to, to)
      }
      this.#done.folders += 1
      this.#emit({ type: 'folder', path: this.#source(from), target: this.#target(to) })
      return null
    } catch (error) {
      this.failed(from, to, error)
      throw error
    }
  }

  /** Looks at one name of the target, where the rest of its folder is of no interest. */
  #lookAt(path: RemotePath): Place {
    return once(async () => {
      const there = await statIfThere(this.#init.to, path)
      return there === null || there === 'unknown' ? there : new Map([[baseName(path), there]])
    })
  }

  async #work(queue: Queue<Item>): Promise<void> {
    for await (const item of queue) {
      if (this.#fatal) return
      let names: Names
      try {
        names = await item.place()
      } catch (error) {
        // The folder said why, unless it is only to be looked at.
        if (isFatal(error)) this.failed(item.entry.path, item.to, error)
        else this.#done.failed += 1
        continue
      }
      try {
        await this.#copy(item, item.clashes ? 'taken' : await thereAt(this.#init.to, item.to, names))
      } catch (error) {
        this.failed(item.entry.path, item.to, error)
      }
    }
  }

  /** Copies one file, or leaves it out, as the policy says. */
  async #copy(item: Item, seen: There | 'taken'): Promise<void> {
    const { entry } = item
    let [there, renamed] = [seen, 0]
    for (;;) {
      const decision = await this.#decide(item, there, renamed)
      if (decision === 'skip') return
      const { to, overwrite } = decision
      if (to !== item.to) renamed += 1
      if (this.#options.dryRun === true) {
        const action = overwrite ? 'replace' : to === item.to ? 'new' : 'rename'
        this.#emit({ type: 'planned', path: this.#source(entry.path), target: this.#target(to), action })
        return
      }
      try {
        await this.#transfer(entry, to, overwrite)
        return
      } catch (error) {
        if (overwrite || !isTaken(error)) throw error
        // Taken since it was looked at, perhaps by this very file before a connection was lost; or nobody could look.
        const now = await statIfThere(this.#init.to, to)
        if (now === null) throw error // another spelling of the name is taken
        there = now === 'unknown' || item.clashes ? 'taken' : now
      }
    }
  }

  async #transfer(entry: Entry, to: RemotePath, overwrite: boolean): Promise<void> {
    const path = this.#source(entry.path)
    const target = this.#target(to)
    let sent = 0
    const { size, md5 } = await this.#init.copyFile({
      entry,
      to,
      overwrite,
      onBegin: (offset) => this.#emit({ type: 'begin', path, target, size: entry.size, offset }),
      onProgress: (bytes) => {
        sent += bytes
        this.#done.sent += bytes
        this.#emit({ type: 'progress', path, bytes })
      },
      onRestart: (reason) => this.#emit({ type: 'restarted', path, reason }),
    })
    this.#done.files += 1
    this.#done.bytes += size
    this.#emit({ type: 'file', path, target, size, sent, md5 })
  }

  async #isSame(entry: Entry, there: Entry): Promise<boolean> {
    if (there.type !== 'file') return false
    if (this.#options.checksum !== true) return isSameVersion(entry, there)
    if (entry.size !== there.size) return false
    const { from, to } = this.#init
    const [one, other] = await Promise.all([from.digest(entry.path), to.digest(there.path)])
    return sameDigest(one, other)
  }

  /**
   * Decides what becomes of a file.
   *
   * @param there - What has its name; `taken` if only that is known.
   * @param renamed - How many other names were tried.
   */
  async #decide(item: Item, there: There | 'taken', renamed: number): Promise<Decision | 'skip'> {
    const { entry, to } = item
    if (there === null || there === 'unknown') return { to, overwrite: false }
    if (there !== 'taken' && (await this.#isSame(entry, there))) return this.#skipIdentical(entry)
    const decision = await this.#choose(item, there)
    if (decision === 'rename') return this.#beside(item, renamed + 1)
    return decision === 'skip' ? 'skip' : { to, overwrite: true }
  }

  /** Finds the name for a file that goes beside another one, unless it did so before and is there. */
  async #beside({ entry, to }: Item, first: number): Promise<Decision | 'skip'> {
    const folder = parentPath(to)
    for (let number = first; number <= MOST_NUMBERS; number += 1) {
      const numbered = joinPath(folder, numberedName(baseName(to), number))
      const there = await statIfThere(this.#init.to, numbered)
      const isFree = there === null || there === 'unknown'
      if (!isFree && !(await this.#isSame(entry, there))) continue
      if (!this.#claim(numbered)) continue // another file of this job, though it may look the same
      return isFree ? { to: numbered, overwrite: false } : this.#skipIdentical(entry)
    }
    throw new SftError('ERR_EXISTS', `there are too many files called like "${this.#target(to)}"`)
  }

  #skipIdentical(entry: Entry): 'skip' {
    this.#done.bytes += entry.size
    this.#skip(this.#source(entry.path), 'identical', entry.size)
    return 'skip'
  }

  /** Decides what becomes of a file whose name is taken by another one. */
  async #choose({ entry, to, clashes }: Item, there: Entry | 'taken'): Promise<'skip' | 'overwrite' | 'rename'> {
    const { onConflict = 'fail', ask } = this.#options
    const target = this.#target(to)
    if (onConflict === 'rename') return 'rename'
    if (onConflict === 'skip') {
      this.#skip(this.#source(entry.path), 'exists', entry.size)
      return 'skip'
    }
    if (clashes) throw clash(target)
    if (there !== 'taken' && there.type === 'directory') throw new SftError('ERR_EXISTS', `"${target}" is a folder`)
    if (onConflict === 'overwrite') return 'overwrite'
    if (there === 'taken') throw new SftError('ERR_EXISTS', `"${target}" is there already`)
    if (onConflict === 'newer' && there.type === 'file') {
      if (isNewer(entry, there)) return 'overwrite'
      this.#skip(this.#source(entry.path), 'older', entry.size)
      return 'skip'
    }
    if (onConflict === 'ask' && ask) {
      const conflict = { path: this.#source(entry.path), target, file: entry, there }
      const answer = this.#asking.then(async () => {
        if (this.#fatal) throw this.#fatal
        return ask(conflict)
      })
      this.#asking = answer.catch(() => undefined)
      const decision = await answer
      if (decision === 'skip') this.#skip(this.#source(entry.path), 'exists', entry.size)
      return decision
    }
    throw new SftError('ERR_EXISTS', `"${target}" is there already, and differs`)
  }

  #skip(path: string, reason: SkipReason, size = 0): void {
    this.#done.skipped += 1
    this.#emit({ type: 'skipped', path, reason, size })
  }

  #noteFailure(where: { path: string; target: string }, error: unknown): void {
    if (this.#fatal) return // everything fails then, for the same reason
    const failure = asSftError(error, 'ERR_INTERNAL', 'the transfer failed')
    if (isFatal(failure)) {
      this.#end(failure)
      return
    }
    this.#done.failed += 1
    this.#error ??= failure
    this.#emit({ type: 'failed', ...where, error: failure })
  }

  /** Ends the job: nothing further is begun. */
  #end(error: SftError): void {
    this.#fatal ??= error
    this.#small.clear()
    this.#large.clear()
    this.#walk.stop()
  }

  #source(path: RemotePath): string {
    return this.#init.nameSource(path)
  }

  #target(path: RemotePath): string {
    return this.#init.nameTarget(path)
  }

  #emit(event: JobEvent): void {
    this.#options.onEvent?.(event)
  }
}

function clash(target: string): SftError {
  return new SftError('ERR_EXISTS', `another one of what was named goes to "${target}" too`)
}

function isFatal(error: unknown): boolean {
  return error instanceof SftError && FATAL.has(error.code)
}

function isTaken(error: unknown): boolean {
  return error instanceof SftError && error.code === 'ERR_EXISTS'
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
