import { SftError } from '../errors.ts'
import { MAX_WINDOW } from '../wire/limits.ts'
import { BLOCK_BYTES } from './blocks.ts'

/** Bytes in a millisecond from which on a peer is brisk: a block then takes less than 50 ms. */
const BRISK = 5_000

/** The credit of the sending side: how many file bytes the peer is ready to receive (docs/protocol.md section 6). */
export class SendCredit {
  #available: number
  readonly #waiting: { bytes: number; resolve: () => void; reject: (error: Error) => void }[] = []
  #closed: Error | undefined
  readonly #window: number
  #grantedAt = performance.now()
  #brisk = false

  constructor(window: number) {
    this.#window = window
    this.#available = window
  }

  /** Whether the peer takes bytes fast, going by its last grant and the time since the one before. */
  get brisk(): boolean {
    return this.#brisk
  }

  /** Takes credit for `bytes` if it is there and nobody waits for it. Throws what {@link close} was given. */
  tryTake(bytes: number): boolean {
    if (this.#closed) throw this.#closed
    if (this.#waiting.length > 0 || this.#available < bytes) return false
    this.#available -= bytes
    return true
  }

  /** Takes credit for `bytes`, in the order of the calls, waiting until there is enough. Throws what {@link close} was given. */
  async take(bytes: number): Promise<void> {
    if (this.tryTake(bytes)) return
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#waiting.push({ bytes, resolve, reject })
    await promise
  }

  /** Adds what the peer granted; throws `ERR_PROTOCOL` if that is more than any window. */
  grant(bytes: number): void {
    const now = performance.now()
    this.#brisk = bytes >= BRISK * (now - this.#grantedAt) && this.#window >= 4 * BLOCK_BYTES
    this.#grantedAt = now
    this.giveBack(bytes)
  }

  /** Adds what was taken or granted; throws `ERR_PROTOCOL` if that is more than any window. */
  giveBack(bytes: number): void {
    this.#available += bytes
    if (this.#available > MAX_WINDOW)
      throw new SftError('ERR_PROTOCOL', 'the peer granted more credit than any window holds')
    for (let next = this.#waiting[0]; next && next.bytes <= this.#available; next = this.#waiting[0]) {
      this.#available -= next.bytes
      this.#waiting.shift()
      next.resolve()
    }
  }

  /** Makes every waiting and later call throw `error`. */
  close(error: Error): void {
    this.#closed = error
    for (const { reject } of this.#waiting.splice(0)) reject(error)
  }
}

/** Bytes that the windows of several sessions may have together beyond those they began with. */
export class WindowBudget {
  #free: number

  constructor(bytes: number) {
    this.#free = bytes
  }

  /** Takes up to `bytes` of what is left; returns how many. */
  take(bytes: number): number {
    const taken = Math.min(bytes, this.#free)
    this.#free -= taken
    return taken
  }

  /** Gives back what was taken. */
  release(bytes: number): void {
    this.#free += bytes
  }
}

/** The budget of all sessions of this process. */
const SHARED_BUDGET = new WindowBudget(64 * 1024 * 1024)

/**
 * The credit of the receiving side: it bounds what the peer may have on the way, and so the memory it can take.
 *
 * The window doubles, up to `MAX_WINDOW` and what the budget holds, each time a whole one went through and whoever takes
 * the bytes was ahead of the peer: then the link is what limits. A slow disk never comes there, and so its window stays.
 */
export class ReceiveCredit {
  /** Bytes granted that have not arrived. */
  #granted: number
  /** Bytes that arrived and are in memory. */
  #held = 0
  /** Bytes that left memory since the window grew, and whether none were left behind at some moment. */
  #taken = 0
  #caughtUp = false
  #window: number
  #borrowed = 0
  readonly #grant: (bytes: number) => void
  readonly #budget: WindowBudget

  /** @param grant - Tells the peer that it may send that many bytes more. */
  constructor(window: number, grant: (bytes: number) => void, budget = SHARED_BUDGET) {
    this.#window = window
    this.#granted = window
    this.#grant = grant
    this.#budget = budget
  }

  /** Counts bytes that arrived; throws `ERR_PROTOCOL` if the peer had no credit for them. */
  arrived(bytes: number): void {
    this.#granted -= bytes
    this.#held += bytes
    if (this.#granted < 0) throw new SftError('ERR_PROTOCOL', 'the peer sent more data than it was granted')
  }

  /** Counts bytes that are out of memory again, and grants more when a quarter of the window has come together. */
  consumed(bytes: number): void {
    this.#held -= bytes
    this.#taken += bytes
    if (this.#held === 0) this.#caughtUp = true
    if (this.#taken >= this.#window) this.#adapt()
    if (this.#room >= this.#window / 4) this.flush()
  }

  /** Grants at once what there is room for, which may be nothing: a sign of life all the same. */
  flush(): void {
    const granted = this.#room
    this.#granted += granted
    this.#grant(granted)
  }

  /** Gives back what the window grew by. */
  close(): void {
    this.#budget.release(this.#borrowed)
    this.#borrowed = 0
  }

  get #room(): number {
    return this.#window - this.#granted - this.#held
  }

  #adapt(): void {
    if (this.#caughtUp) {
      const more = this.#budget.take(Math.min(this.#window, MAX_WINDOW - this.#window))
      this.#borrowed += more
      this.#window += more
    }
    this.#taken = 0
    this.#caughtUp = false
  }
}
