import { addToHistory, HISTORY_LINES, readHistory } from '../../index.ts'
import type { Output } from '../output.ts'

/** The lines that were typed, here and in the shells before, for the arrow keys. */
export class TypedLines {
  readonly #output: Output
  #lines: string[] = []
  /** Those of this shell, to be kept; `null` where they cannot be. */
  #own: string[] | null = []

  constructor(output: Output) {
    this.#output = output
  }

  /** Takes in what was kept of the shells before. Says so if that cannot be had; then nothing is kept either. */
  async load(): Promise<void> {
    try {
      this.#lines = await readHistory()
    } catch (error) {
      this.#own = null
      this.#output.failure(error)
    }
  }

  /** The latest first, as a line editor wants them. */
  get latestFirst(): string[] {
    return this.#lines.toReversed()
  }

  /** Notes a line, unless it begins with a space or says the same as the one before. */
  note(line: string): void {
    if (line.trim() === '' || line.startsWith(' ') || line === this.#lines.at(-1)) return
    this.#lines = [...this.#lines, line].slice(-HISTORY_LINES)
    this.#own?.push(line)
  }

  /** Keeps the lines of this shell for the next ones. */
  async store(): Promise<void> {
    if (this.#own === null || this.#own.length === 0) return
    try {
      await addToHistory(this.#own)
    } catch (error) {
      this.#output.failure(error)
    }
  }
}
