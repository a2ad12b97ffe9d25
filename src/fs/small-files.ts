import { Worker } from 'node:worker_threads'
import type { EntryType } from '../wire/message.ts'

/** Files of up to so many bytes go across in one piece. */
export const SMALL = 64 * 1024

/** Whoever has fewer of them does without the thread, which takes some time to start. */
const WORTH_A_THREAD = 32

/** As many names of folders are worth the thread. */
const NAMES_WORTH_A_THREAD = 256

/** Jobs that the thread gets at once, and how many such batches of one kind it has at a time. */
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

/** A file to store as it goes to the thread: its bytes lie behind those of the one before, in one piece of memory. */
export interface PackedStoreJob extends Omit<StoreJob, 'bytes'> {
  readonly size: number
}

/** Entries of one folder to look at. The folder is given by a descriptor that stays open until they are. */
export interface LookJob {
  readonly folder: number
  readonly names: readonly string[]
}

/** What entries of a folder are, by their places in {@link LookJob.names}. */
export interface Looked {
  /** `gone` is not there any more; `unclear` could not be told here, and is looked at the ordinary way. */
  readonly types: readonly (EntryType | 'gone' | 'unclear')[]
  readonly sizes: Float64Array
  readonly mtimes: BigInt64Array
  /** 1 for a file that its owner may execute. */
  readonly executables: Uint8Array
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
  | {
      readonly type: 'store'
      readonly batch: number
      readonly jobs: readonly PackedStoreJob[]
      readonly bytes: Uint8Array
    }
  | { readonly type: 'look'; readonly batch: number; readonly jobs: readonly LookJob[] }
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
  | { readonly type: 'looked'; readonly batch: number; readonly results: readonly Looked[] }

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

interface Looking {
  readonly type: 'look'
  readonly job: LookJob
  readonly resolve: (looked: Looked | null) => void
}

type Item = Reading | Storing | Looking

/** Jobs of one kind: those that wait, and how many batches of them the thread has. */
interface Lane<T extends Item> {
  waiting: T[]
  batches: number
}

/** Small files, read and stored by a thread of their own, many at once. */
class SmallFiles {
  #worker: Worker | null = null
  #broken = false
  #asked = 0
  #names = 0
  #lastBatch = 0
  #scheduled = false
  readonly #lanes: { [T in Item as T['type']]: Lane<T> } = {
    read: { waiting: [], batches: 0 },
    store: { waiting: [], batches: 0 },
    look: { waiting: [], batches: 0 },
  }
  readonly #batches = new Map<number, readonly Item[]>()

  /** Tells whether a job of this kind is worth handing over; counts them, and starts the thread when there are enough. */
  wanted(): boolean {
    this.#asked += 1
    return this.#asked > WORTH_A_THREAD && !this.#broken
  }

  /** As {@link wanted}, for so many names of a folder to look at. */
  wantedFor(names: number): boolean {
    this.#names += names
    return (this.#worker !== null || this.#names > NAMES_WORTH_A_THREAD) && !this.#broken
  }

  /** Reads a file, following no link; `null` if it is not small, or anything is unusual. */
  async read(job: ReadJob): Promise<SmallFile | null> {
    return new Promise((resolve) => this.#add(this.#lanes.read, { type: 'read', job, resolve }))
  }

  /**
   * Stores a file.
   *
   * @throws What `mayTakeName` throws, which is called right before the file takes its name; nothing is left then.
   */
  async store(job: StoreJob, mayTakeName: () => void): Promise<StoreResult> {
    return new Promise((resolve, reject) =>
      this.#add(this.#lanes.store, { type: 'store', job, mayTakeName, resolve, reject }),
    )
  }

  /** Looks at entries of a folder, following no link; `null` if that is to be done the ordinary way. */
  async look(job: LookJob): Promise<Looked | null> {
    return new Promise((resolve) => this.#add(this.#lanes.look, { type: 'look', job, resolve }))
  }

  #add<T extends Item>(lane: Lane<T>, item: T): void {
    lane.waiting.push(item)
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#dispatch()
    })
  }

  #dispatch(): void {
    for (const lane of Object.values(this.#lanes)) this.#dispatchFrom(lane)
    // The program may end while the thread is idle, and not before.
    if (this.#batches.size > 0) this.#worker?.ref()
    else this.#worker?.unref()
  }

  /** Hands over full batches, and a short one only where none is under way: meanwhile it grows. */
  #dispatchFrom(lane: Lane<Item>): void {
    while (lane.waiting.length > 0) {
      if (!this.#broken && lane.batches >= (lane.waiting.length < BATCH ? 1 : BATCHES)) return
      const items = lane.waiting.splice(0, BATCH)
      if (this.#broken) {
        giveUp(items)
        continue
      }
      this.#lastBatch += 1
      this.#batches.set(this.#lastBatch, items)
      lane.batches += 1
      this.#send(messageFor(this.#lastBatch, items))
    }
  }

  #send(message: ToWorker): void {
    this.#worker ??= this.#start()
    this.#worker.postMessage(message, message.type === 'store' ? [message.bytes.buffer as ArrayBuffer] : [])
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
    if (items[0]) this.#lanes[items[0].type].batches -= 1
    for (const [index, item] of items.entries()) {
      if (message.type === 'read' && item.type === 'read') item.resolve(fileOf(message, index))
      else if (message.type === 'looked' && item.type === 'look') item.resolve(message.results[index] ?? null)
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

/** Makes a message of items of one kind. */
function messageFor(batch: number, items: readonly Item[]): ToWorker {
  const [first] = items
  if (first?.type !== 'store') return { type: first?.type, batch, jobs: items.map(({ job }) => job) } as ToWorker
  const stores = (items as readonly Storing[]).map(({ job }) => job)
  const bytes = new Uint8Array(stores.reduce((sum, job) => sum + job.bytes.byteLength, 0))
  let packed = 0
  const jobs = stores.map(({ bytes: own, ...job }) => {
    bytes.set(own, packed)
    packed += own.byteLength
    return { ...job, size: own.byteLength }
  })
  return { type: 'store', batch, jobs, bytes }
}

function isAllowed(item: Item, prepared: boolean | undefined): boolean {
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

function giveUp(items: readonly Item[]): void {
  for (const item of items) {
    if (item.type === 'store') item.resolve('not done')
    else item.resolve(null)
  }
}

/** The thread of this program. */
export const smallFiles = new SmallFiles()
