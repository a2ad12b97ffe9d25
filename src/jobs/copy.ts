import { asSftError, SftError } from '../errors.ts'
import type { Transferred } from '../protocol/transfer.ts'
import type { Entry, Unlistable } from '../wire/message.ts'
import { baseName, ROOT, type RemotePath } from '../wire/path.ts'
import { clash, Decider, type Candidate } from './decide.ts'
import { Filter } from './filter.ts'
import type { Named } from './find.ts'
import { Folders } from './folders.ts'
import type { JobOptions, JobSummary } from './job.ts'
import { isFatal, Ledger, type Naming } from './ledger.ts'
import { Queue } from './queue.ts'
import { statIfThere, thereAt, type Names, type SourceTree, type TargetTree, type There } from './tree.ts'
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
export interface CopyInit extends Naming {
  readonly from: SourceTree
  readonly to: TargetTree
  /** Whether the contents of folders go where other things that were named go, so that two files may meet anywhere. */
  readonly mayMeet: boolean
  /** Where everything goes, as the user wrote it. */
  readonly destination: string
  readonly copyFile: (file: FileCopy) => Promise<Transferred>
}

interface Item extends Candidate {
  readonly place: Place
}

/** A file from this size on counts as large: few of them go at a time, and what comes of a cut attempt is kept. */
export const LARGE = 1024 * 1024

const LARGE_AT_ONCE = 4

/** Small files that go at a time for each large one: enough to fill a link with a long round trip. */
const SMALL_FOR_EACH_LARGE = 64

/** Files that wait for their turn. */
const WAITING = 2_048

/** Copies files and folders from one tree to another, many at a time, and says what became of each. */
export class Copy implements Visitor {
  readonly #init: CopyInit
  readonly #options: JobOptions
  readonly #filter: Filter
  readonly #walk: Walk
  readonly #ledger: Ledger
  readonly #folders: Folders
  readonly #decider: Decider
  readonly #small = new Queue<Item>(WAITING)
  readonly #large: Queue<Item>

  constructor(init: CopyInit, options: JobOptions) {
    this.#init = init
    this.#options = options
    this.#filter = new Filter(options.include, options.exclude)
    this.#walk = new Walk(init.from, this)
    this.#large = options.parallel === 1 ? this.#small : new Queue(WAITING)
    this.#ledger = new Ledger(init, options.onEvent, () => {
      this.#small.clear()
      this.#large.clear()
      this.#walk.stop()
    })
    this.#folders = new Folders(init.to, this.#ledger, options.dryRun === true)
    this.#decider = new Decider(init, options, this.#ledger)
  }

  /** Copies everything. Never throws for a file: each failure is an event and counted. */
  async run(named: AsyncIterable<Named>): Promise<JobSummary> {
    const { parallel = LARGE_AT_ONCE, signal } = this.#options
    const stop = (): void => this.#ledger.end(new SftError('ERR_ABORTED', 'cancelled', { cause: signal?.reason }))
    signal?.addEventListener('abort', stop)
    if (signal?.aborted === true) stop()
    const count = parallel === 1 ? [1, 0] : [parallel * SMALL_FOR_EACH_LARGE, parallel]
    const workers = [this.#small, this.#large].flatMap((queue, index) =>
      Array.from({ length: count[index] ?? 0 }, async () => this.#work(queue)),
    )
    try {
      await this.#walk.run(named)
      this.#ledger.complete()
    } catch (error) {
      this.#ledger.end(asSftError(error, 'ERR_INTERNAL', 'the job failed'))
    } finally {
      this.#small.close()
      this.#large.close()
      await Promise.all(workers)
      await this.#folders.settled()
      signal?.removeEventListener('abort', stop)
    }
    return this.#ledger.summary
  }

  get ended(): boolean {
    return this.#ledger.fatal !== null
  }

  async root(named: Named): Promise<Branch | null> {
    if ('error' in named) {
      this.#ledger.failedNamed({ path: named.name, target: this.#init.destination }, named.error)
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
    const clashes = this.#init.mayMeet && !this.#decider.claim(target)
    await this.#offer({ entry, to: target, place, clashes }, `${below}${name}`)
  }

  unlistable({ name }: Unlistable): void {
    this.#ledger.skipped(new TextDecoder().decode(name) as RemotePath, 'unlistable') // to be shown, not to be used
  }

  failed(path: RemotePath, to: RemotePath, error: unknown): void {
    this.#ledger.failed(path, to, error)
  }

  async #root(entry: Entry, to: RemotePath): Promise<Branch | null> {
    const above = this.#folders.around(to)
    if (entry.type !== 'directory') {
      await this.#offer({ entry, to, place: above, clashes: !this.#decider.claim(to) }, baseName(entry.path))
      return null
    }
    if (!this.#init.mayMeet && !this.#decider.claim(to)) throw clash(this.#ledger.target(to))
    if (to !== ROOT) return this.#branch(entry.path, to, above, '')
    return { path: entry.path, to, place: this.#folders.root(), below: '' }
  }

  /** Describes a folder on its way, and has it made, unless only what is in it is wanted. */
  async #branch(path: RemotePath, to: RemotePath, above: Place, below: string): Promise<Branch> {
    const place = this.#folders.place(path, to, above)
    if (this.#filter.keepsEmpty) await this.#folders.start(place)
    return { path, to, place, below }
  }

  /** Offers one entry of the source, at `path` below what was named. */
  async #offer(item: Item, path: string): Promise<void> {
    const { entry } = item
    if (!this.#filter.takes(path)) return
    if (entry.type !== 'file') {
      this.#ledger.skipped(entry.path, entry.type === 'link' ? 'link' : 'special')
      return
    }
    this.#ledger.expected(entry.size)
    await (entry.size < LARGE ? this.#small : this.#large).push(item)
  }

  async #work(queue: Queue<Item>): Promise<void> {
    for await (const item of queue) {
      if (this.ended) return
      let names: Names
      try {
        names = await item.place()
      } catch (error) {
        // The folder said why, unless it is only to be looked at.
        if (isFatal(error)) this.failed(item.entry.path, item.to, error)
        else this.#ledger.failedWithFolder()
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
      const decision = await this.#decider.decide(item, there, renamed)
      if (decision === 'skip') return
      const { to, overwrite } = decision
      if (to !== item.to) renamed += 1
      if (this.#options.dryRun === true) {
        const action = overwrite ? 'replace' : to === item.to ? 'new' : 'rename'
        const [path, target] = [this.#ledger.source(entry.path), this.#ledger.target(to)]
        this.#ledger.emit({ type: 'planned', path, target, action })
        return
      }
      try {
        await this.#transfer(entry, to, overwrite)
        return
      } catch (error) {
        if (overwrite || !(error instanceof SftError) || error.code !== 'ERR_EXISTS') throw error
        // Taken since it was looked at, perhaps by this very file before a connection was lost; or nobody could look.
        const now = await statIfThere(this.#init.to, to)
        if (now === null) throw error // another spelling of the name is taken
        there = now === 'unknown' || item.clashes ? 'taken' : now
      }
    }
  }

  async #transfer(entry: Entry, to: RemotePath, overwrite: boolean): Promise<void> {
    const ledger = this.#ledger
    const [path, target] = [ledger.source(entry.path), ledger.target(to)]
    let sent = 0
    const { size, md5 } = await this.#init.copyFile({
      entry,
      to,
      overwrite,
      onBegin: (offset) => ledger.emit({ type: 'begin', path, target, size: entry.size, offset }),
      onProgress: (bytes) => {
        sent += bytes
        ledger.sent(path, bytes)
      },
      onRestart: (reason) => ledger.emit({ type: 'restarted', path, reason }),
    })
    ledger.file({ path, target, size, sent, md5 })
  }
}
