import { SftError } from '../errors.ts'

/** Lets only so many pieces of work go on at once; the others wait in the order they came. */
export class Turns {
  #free: number
  /** Each takes its turn, unless it does not want it any more. */
  #waiting: (() => boolean)[] = []
  #next = 0

  constructor(atOnce: number) {
    this.#free = atOnce
  }

  /** Takes a turn if there is one at once. */
  tryTake(): boolean {
    if (this.#free === 0) return false
    this.#free -= 1
    return true
  }

  /**
   * Resolves when it is the caller's turn, which it ends with {@link done}.
   *
   * @throws {@link SftError} `ERR_ABORTED` if the signal is aborted before.
   */
  async take(signal?: AbortSignal): Promise<void> {
    if (this.tryTake()) return
    const turn = Promise.withResolvers<void>()
    let wanted = true
    this.#waiting.push(() => {
      turn.resolve()
      return wanted
    })
    const cancel = (): void => {
      wanted = false
      turn.reject(new SftError('ERR_ABORTED', 'cancelled', { cause: signal?.reason }))
    }
    signal?.addEventListener('abort', cancel)
    if (signal?.aborted === true) cancel()
    try {
      await turn.promise
    } finally {
      signal?.removeEventListener('abort', cancel)
    }
  }

  /** Ends a turn. */
  done(): void {
    for (let next = this.#pop(); next; next = this.#pop()) if (next()) return
    this.#free += 1
  }

  #pop(): (() => boolean) | undefined {
    const next = this.#waiting[this.#next]
    if (!next) return undefined
    this.#next += 1
    if (this.#next === this.#waiting.length || this.#next === MOST_GONE) {
      this.#waiting = this.#waiting.slice(this.#next)
      this.#next = 0
    }
    return next
  }
}

/** How many that had their turn stay in the queue: taking each out of a long one would move all the others. */
const MOST_GONE = 1_024
