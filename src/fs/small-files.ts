import { Worker } from 'node:worker_threads'

/** Files of up to so many bytes go across in one piece. */
export const SMALL = 64 * 1024

/** Whoever has fewer of them does without the thread, which takes some time to start. */
const WORTH_A_THREAD = 32

/** Jobs that the thread gets at once, and how many such batches it has at a time. */
const BATCH = 64
const BATCHES = 4

/** A file to read. Folders are given by descriptors that stay open until the job is done. */
export interface ReadJob {
  readonly root: number
  /** From the root to the folder of the file; empty for the root. */
  readonly folder: string
  readonly name: string
  readonly maxBytes: number
}

/** A file to store: under `part` in the folder `parts` first, then under its name. */
export interface StoreJob extends Omit<ReadJob, 'maxBytes'> {
  readonly otherSpellings: readonly string[]
  readonly parts: number
  readonly part: string
  readonly bytes: Uint8Array
  readonly mode: number
  /** Its modification time, in seconds since 1970. */
  readonly seconds: string
  readonly overwrite: boolean
}

/** A file that was read: where its bytes lie, and what is known of it. */
export interface ReadResult {
  readonly block: number
  readonly offset: number
  readonly size: number
  readonly mtime: bigint
  readonly executable: boolean
}

/** `not done` leaves nothing behind; a file that is `not durable` is there, but the disk failed to say that it holds it. */
export type StoreResult = 'done' | 'not done' | 'not durable'

export type ToWorker =
  | { readonly type: 'read'; readonly batch: number; readonly jobs: readonly ReadJob[] }
  | { readonly type: 'store'; readonly batch: number; readonly jobs: readonly StoreJob[] }
  | { readonly type: 'finish'; readonly batch: number; readonly allowed: readonly boolean[] }

export type FromWorker =
  | {
      readonly type: 'read'
      readonly batch: number
      readonly results: readonly (ReadResult | null)[]
      readonly blocks: readonly Uint8Array[]
    }
  | { readonly type: 'prepared'; readonly batch: number; readonly done: readonly boolean[] }
  | { readonly type: 'stored'; readonly batch: number; readonly results: readonly StoreResult[] }

/** A small file in memory: all of it, as it was at one moment. */
export interface SmallFile extends Omit<ReadResult, 'block' | 'offset'> {
  readonly bytes: Uint8Array
}

interface Reading {
  readonly type: 'read'
  readonly job: ReadJob
  readonly resolve: (file: SmallFile | null) => void
}

interface Storing {
  readonly type: 'store'
  readonly job: StoreJob
  /** Throws if the file may not take its name after all. */
  readonly mayTakeName: () => void
  readonly resolve: (result: StoreResult) => void
  readonly reject: (error: unknown) => void
  /** What `mayTakeName` threw, until nothing is left of the file. */
  refused?: { readonly error: unknown }
}

/** Small files, read and stored by a thread of their own, many at once. */
class SmallFiles {
  #worker: Worker | null = null
  #broken = false
  #asked = 0
  #lastBatch = 0
  #scheduled = false
  readonly #waiting: (Reading | Storing)[] = []
  readonly #batches = new Map<number, readonly (Reading | Storing)[]>()

  /** Tells whether a job of this kind is worth handing over; counts them, and starts the thread when there are enough. */
  wanted(): boolean {
    this.#asked += 1
    return this.#asked > WORTH_A_THREAD && !this.#broken
  }

  /** Reads a file, following no link; `null` if it is not small, or anything is unusual. */
  async read(job: ReadJob): Promise<SmallFile | null> {
    return new Promise((resolve) => this.#add({ type: 'read', job, resolve }))
  }

  /**
   * Stores a file.
   *
   * @throws What `mayTakeName` throws, which is called right before the file takes its name; nothing is left then.
   */
  async store(job: StoreJob, mayTakeName: () => void): Promise<StoreResult> {
    return new Promise((resolve, reject) => this.#add({ type: 'store', job, mayTakeName, resolve, reject }))
  }

  #add(item: Reading | Storing): void {
    this.#waiting.push(item)
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#dispatch()
    })
  }

  #dispatch(): void {
    while (this.#waiting.length > 0 && (this.#broken || this.#batches.size < BATCHES)) {
      const type = this.#waiting[0]?.type
      const other = this.#waiting.findIndex((item) => item.type !== type)
      const items = this.#waiting.splice(0, Math.min(BATCH, other < 0 ? BATCH : other))
      if (this.#broken) {
        giveUp(items)
        continue
      }
      this.#lastBatch += 1
      this.#batches.set(this.#lastBatch, items)
      const jobs = items.map(({ job }) => job)
      this.#send({ type, batch: this.#lastBatch, jobs } as ToWorker)
    }
    // The program may end while the thread is idle, and not before.
    if (this.#batches.size > 0) this.#worker?.ref()
    else this.#worker?.unref()
  }

  #send(message: ToWorker): void {
    this.#worker ??= this.#start()
    this.#worker.postMessage(message, [])
  }

  #start(): Worker {
    // The file beside this one, in the source as in what is built of it.
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
    const worker = new Worker(new URL(`small-files-worker.${extension}`, import.meta.url), { execArgv: [] })
    worker.on('message', (message: FromWorker) => this.#receive(message))
    const failed = (): void => this.#fail()
    worker.on('error', failed)
    worker.on('exit', failed)
    return worker
  }

  #receive(message: FromWorker): void {
    const items = this.#batches.get(message.batch) ?? []
    if (message.type === 'prepared') {
      this.#send({
        type: 'finish',
        batch: message.batch,
        allowed: items.map((item, at) => isAllowed(item, message.done[at])),
      })
      return
    }
    this.#batches.delete(message.batch)
    for (const [index, item] of items.entries()) {
      if (message.type === 'read' && item.type === 'read') item.resolve(fileOf(message, index))
      else if (message.type !== 'stored' || item.type !== 'store') continue
      else if (item.refused) item.reject(item.refused.error)
      else item.resolve(message.results[index] ?? 'not done')
    }
    this.#dispatch()
  }

  /** Without the thread everything is done the ordinary way. */
  #fail(): void {
    this.#broken = true
    for (const items of this.#batches.values()) giveUp(items)
    this.#batches.clear()
    this.#dispatch()
  }
}

function isAllowed(item: Reading | Storing, prepared: boolean | undefined): boolean {
  if (item.type !== 'store' || prepared !== true) return false
  try {
    item.mayTakeName()
    return true
  } catch (error) {
    item.refused = { error }
    return false
  }
}

function fileOf(message: FromWorker & { type: 'read' }, index: number): SmallFile | null {
  const result = message.results[index]
  const block = result && message.blocks[result.block]
  if (!block) return null
  const { offset, size, mtime, executable } = result
  return { bytes: block.subarray(offset, offset + size), size, mtime, executable }
}

function giveUp(items: readonly (Reading | Storing)[]): void {
  for (const item of items) {
    if (item.type === 'read') item.resolve(null)
    else item.resolve('not done')
  }
}

/** The thread of this program. */
export const smallFiles = new SmallFiles()
