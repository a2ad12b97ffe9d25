import { Worker } from 'node:worker_threads'
import { SftError } from '../errors.ts'
import type { BlockHasher } from './digest.ts'

/** Bytes handed over at once. */
const PLACE_BYTES = 256 * 1024

/** How many such pieces the thread may lag behind: enough that neither side waits for the other to be woken. */
const PLACES = 16

export type ToHashWorker =
  | { readonly type: 'begin'; readonly id: number; readonly algorithm: 'md5' | 'sha256' }
  | { readonly type: 'update'; readonly id: number; readonly bytes: Uint8Array }
  | { readonly type: 'digest'; readonly id: number }
  | { readonly type: 'drop'; readonly id: number }

/** The answer to an update or a digest, in the order they were sent. */
export interface FromHashWorker {
  readonly digest?: Uint8Array | undefined
}

interface Waiting<T> {
  readonly resolve: (value: T) => void
  readonly reject: (error: Error) => void
}

/** The one thread that hashes for all transfers of this process, from memory that it shares with them. */
export class HashThread {
  readonly #worker: Worker
  readonly #free: Uint8Array[]
  /** Who waits for a place that is free, in the order they came. */
  readonly #inLine: Waiting<Uint8Array>[] = []
  /** Who hears the next answer, in the order of what was sent. */
  readonly #asked: Waiting<Uint8Array | undefined>[] = []
  #last = 0
  failed = false

  static start(): HashThread {
    // The file beside this one, in the source as in what is built of it.
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
    return new HashThread(new Worker(new URL(`hash-worker.${extension}`, import.meta.url), { execArgv: [] }))
  }

  private constructor(worker: Worker) {
    this.#worker = worker
    const memory = new SharedArrayBuffer(PLACES * PLACE_BYTES)
    this.#free = Array.from({ length: PLACES }, (_, i) => new Uint8Array(memory, i * PLACE_BYTES, PLACE_BYTES))
    worker.unref() // whoever waits for it also waits for a file or a connection
    worker.on('message', ({ digest }: FromHashWorker) => this.#asked.shift()?.resolve(digest))
    worker.on('error', (error) => this.#fail(error))
    worker.on('exit', () => this.#fail(undefined))
  }

  /** Starts a digest. Its blocks are copied, and wait only while the thread lags far behind. */
  begin(algorithm: 'md5' | 'sha256'): BlockHasher {
    this.#last += 1
    const id = this.#last
    this.#send({ type: 'begin', id, algorithm })
    return {
      update: (block) => this.#update(id, block),
      digest: async () => {
        if (this.failed) throw new SftError('ERR_INTERNAL', 'the thread that computes digests ended')
        const { promise, resolve, reject } = Promise.withResolvers<Uint8Array | undefined>()
        this.#asked.push({ resolve, reject })
        this.#send({ type: 'digest', id })
        const digest = await promise
        if (!digest) throw new SftError('ERR_INTERNAL', 'a digest was asked for twice')
        return digest
      },
      drop: () => this.#send({ type: 'drop', id }),
    }
  }

  #update(id: number, block: Uint8Array): Promise<void> | undefined {
    for (let rest = block; rest.byteLength > 0; rest = rest.subarray(PLACE_BYTES)) {
      const place = this.#free.pop()
      if (!place) return this.#updateInTurn(id, rest)
      this.#handOver(id, rest, place)
    }
    return undefined
  }

  async #updateInTurn(id: number, block: Uint8Array): Promise<void> {
    for (let rest = block; rest.byteLength > 0; rest = rest.subarray(PLACE_BYTES)) {
      if (this.failed) throw new SftError('ERR_INTERNAL', 'the thread that computes digests ended')
      const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>()
      this.#inLine.push({ resolve, reject })
      this.#handOver(id, rest, await promise)
    }
  }

  /** Has as many bytes hashed as a place holds. */
  #handOver(id: number, bytes: Uint8Array, place: Uint8Array): void {
    const piece = bytes.subarray(0, PLACE_BYTES)
    place.set(piece)
    const done = (): void => {
      const next = this.#inLine.shift()
      if (next) next.resolve(place)
      else this.#free.push(place)
    }
    this.#asked.push({ resolve: done, reject: () => undefined })
    this.#send({ type: 'update', id, bytes: place.subarray(0, piece.byteLength) })
  }

  #send(message: ToHashWorker): void {
    if (!this.failed) this.#worker.postMessage(message, [])
  }

  /** Ends whoever waits; from now on everything is hashed without the thread. */
  #fail(cause: unknown): void {
    this.failed = true
    this.#free.length = 0
    const error = new SftError('ERR_INTERNAL', 'the thread that computes digests ended; try again', { cause })
    for (const { reject } of [...this.#asked.splice(0), ...this.#inLine.splice(0)]) reject(error)
  }
}
