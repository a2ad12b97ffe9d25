/** Lets only so many pieces of work go on at once; the others wait in the order they came. */
export class Turns {
  #free: number
  #waiting: (() => void)[] = []
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

  /** Resolves when it is the caller's turn, which it ends with {@link done}. */
  async take(): Promise<void> {
    if (!this.tryTake()) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  /** Ends a turn. */
  done(): void {
    const next = this.#waiting[this.#next]
    if (!next) {
      this.#free += 1
      return
    }
    this.#next += 1
    if (this.#next === this.#waiting.length || this.#next === MOST_GONE) {
      this.#waiting = this.#waiting.slice(this.#next)
      this.#next = 0
    }
    next()
  }
}

/** How many that had their turn stay in the queue: taking each out of a long one would move all the others. */
const MOST_GONE = 1_024
