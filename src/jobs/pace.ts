/** The longest a transfer that is held back does not look whether it is still wanted, in milliseconds. */
const LOOK = 100

/** Holds transfers back so that all of them together keep to a number of bytes a second. */
export class Pace {
  readonly #bytesPerSecond: number
  readonly #signal: AbortSignal | undefined
  #next = 0

  /**
   * @param bytesPerSecond - `undefined` for no limit.
   * @param signal - Ends every wait.
   */
  constructor(bytesPerSecond: number | undefined, signal?: AbortSignal) {
    this.#bytesPerSecond = bytesPerSecond ?? Infinity
    this.#signal = signal
  }

  /** Whether there is a limit. */
  get limited(): boolean {
    return this.#bytesPerSecond !== Infinity
  }

  /** Waits until so many bytes may go across. Throws the reason of the signal. */
  async take(bytes: number): Promise<void> {
    if (!this.limited) return
    const start = Math.max(this.#next, performance.now())
    this.#next = start + (bytes * 1000) / this.#bytesPerSecond
    for (let left = start - performance.now(); left > 0; left = start - performance.now()) {
      this.#signal?.throwIfAborted()
      await new Promise((resolve) => setTimeout(resolve, Math.min(left, LOOK)))
    }
  }
}
