import { Worker } from 'node:worker_threads'
import { SftError } from '../errors.ts'
import { createHasher } from './digest.ts'

/** What is smaller is hashed at once: starting the thread would take longer. */
const WORTH_A_THREAD = 16 * 1024 * 1024

/** A digest of many blocks in the making. */
export interface BlockHasher {
  /**
   * Adds a block. It must not change before the promise resolves, if there is one; one in shared memory is not copied.
   */
  update(block: Uint8Array): Promise<void> | undefined
  /** Ends it and returns the digest. */
  digest(): Promise<Uint8Array>
  /** Ends it without a digest. May be called at any time, also after {@link digest}. */
  drop(): void
}

export type ToHashWorker =
  | { readonly type: 'begin'; readonly id: number; readonly algorithm: 'md5' | 'sha256' }
  | { readonly type: 'update'; readonly id: number; readonly block: Uint8Array }
  | { readonly type: 'digest'; readonly id: number }
  | { readonly type: 'drop'; readonly id: number }

/** The answer to an update or a digest, in the order they were sent. */
export interface FromHashWorker {
  readonly digest?: Uint8Array | undefined
}

/** Tells whether digests of large files are left to a thread where there are so many cores. */
export function hashesInThread(cores = navigator.hardwareConcurrency): boolean {
  return cores > 2
}

/**
 * Starts a digest of about `size` bytes. MD5 costs as much as the encryption of a transfer does, so that of a large file
 * is left to a thread of its own, where there are cores for it: measured with both ends on two, handing blocks over cost
 * an eighth of the speed.
 */
export function createBlockHasher(
  algorithm: 'md5' | 'sha256',
  size: number,
  cores = navigator.hardwareConcurrency,
): BlockHasher {
  if (size >= WORTH_A_THREAD && hashesInThread(cores)) {
    thread ??= HashThread.start()
    if (!thread.failed) return thread.begin(algorithm)
  }
  const hasher = createHasher(algorithm)
  return {
    update(block) {
      hasher.update(block)
      return undefined
    },
    digest: () => Promise.resolve(hasher.digest()),
    drop: () => undefined,
  }
}

/** Returns what gives a digest that is known already, whatever blocks it is shown. */
export function knownDigest(digest: Uint8Array): BlockHasher {
  return { update: () => undefined, digest: () => Promise.resolve(digest), drop: () => undefined }
}

let thread: HashThread | undefined

/** The one thread that hashes for all transfers of this process. */
class HashThread {
  readonly #worker: Worker
  readonly #waiting: { resolve: (digest: Uint8Array | undefined) => void; reject: (error: Error) => void }[] = []
  #last = 0
  failed = false

  static start(): HashThread {
    // The file beside this one, in the source as in what is built of it.
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
    return new HashThread(new Worker(new URL(`hash-worker.${extension}`, import.meta.url), { execArgv: [] }))
  }

  private constructor(worker: Worker) {
    this.#worker = worker
    worker.unref() // whoever waits for it also waits for a file or a connection
    worker.on('message', ({ digest }: FromHashWorker) => this.#waiting.shift()?.resolve(digest))
    worker.on('error', (error) => this.#fail(error))
    worker.on('exit', () => this.#fail(undefined))
  }

  begin(algorithm: 'md5' | 'sha256'): BlockHasher {
    this.#last += 1
    const id = this.#last
    this.#send({ type: 'begin', id, algorithm })
    return {
      update: async (block) => {
        await this.#ask({ type: 'update', id, block })
      },
      digest: async () => {
        const digest = await this.#ask({ type: 'digest', id })
        if (!digest) throw new SftError('ERR_INTERNAL', 'a digest was asked for twice')
        return digest
      },
      drop: () => this.#send({ type: 'drop', id }),
    }
  }

  async #ask(message: ToHashWorker): Promise<Uint8Array | undefined> {
    if (this.failed) throw new SftError('ERR_INTERNAL', 'the thread that computes digests ended')
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array | undefined>()
    this.#waiting.push({ resolve, reject })
    this.#send(message)
    return promise
  }

  #send(message: ToHashWorker): void {
    if (!this.failed) this.#worker.postMessage(message, [])
  }

  /** Ends whoever waits; from now on everything is hashed without the thread. */
  #fail(cause: unknown): void {
    this.failed = true
    const error = new SftError('ERR_INTERNAL', 'the thread that computes digests ended; try again', { cause })
    for (const { reject } of this.#waiting.splice(0)) reject(error)
  }
}
