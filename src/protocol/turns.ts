/** Lets only so many pieces of work go on at once; the others wait in the order they came. */
export class Turns {
  #free: number
  readonly #waiting: (() => void)[] = []

  constructor(atOnce: number) {
    this.#free = atOnce
  }

  /** Resolves when it is the caller's turn, which it ends with {@link done}. */
  async take(): Promise<void> {
    if (this.#free > 0) this.#free -= 1
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  /** Ends a turn. */
  done(): void {
    const next = this.#waiting.shift()
    if (next) next()
    else this.#free += 1
  }
}
