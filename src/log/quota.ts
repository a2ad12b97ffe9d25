/** How much of a log somebody may take up: so many bytes at once, and so many more with every second. */
export interface Quota {
  readonly burst: number
  readonly perSecond: number
}

/**
 * What was done for one peer: files that went across, and changes. More than a job of 10,000 files takes, also with
 * long names in any script, and so little with time that even the busiest peer needs days to push everybody else's lines out.
 */
export const DONE: Quota = { burst: 10 * 1024 * 1024, perSecond: 80 }

/** All else of one peer: failures, listings, sessions. */
export const OTHER: Quota = { burst: 256 * 1024, perSecond: 20 }

/** Peers that are turned away, or do not know the code they type, all together. */
export const STRANGERS: Quota = { burst: 32 * 1024, perSecond: 8 }

/** What is left to somebody of a quota. */
export class Allowance {
  readonly #quota: Quota
  #left: number
  #then: number

  /** @param now - By a clock in milliseconds that never goes back. */
  constructor(quota: Quota, now: number = performance.now()) {
    this.#quota = quota
    this.#left = quota.burst
    this.#then = now
  }

  /** Takes so many bytes, if they are left. */
  take(bytes: number, now: number = performance.now()): boolean {
    const { burst, perSecond } = this.#quota
    this.#left = Math.min(burst, this.#left + ((now - this.#then) * perSecond) / 1000)
    this.#then = now
    if (bytes > this.#left) return false
    this.#left -= bytes
    return true
  }
}
