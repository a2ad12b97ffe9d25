import { formatBytes } from './format.ts'

const REDRAW_MS = 100

/** One line on a terminal that shows how far a transfer is; nothing anywhere else. */
export class Progress {
  readonly #label: string
  readonly #total: number | undefined
  readonly #shown: boolean
  readonly #started = Date.now()
  #bytes = 0
  #drawn = 0

  /** @param label - What is transferred, escaped. */
  constructor(label: string, total: number | undefined, enabled: boolean) {
    this.#label = label
    this.#total = total
    this.#shown = enabled && process.stderr.isTTY
  }

  /** Notes that `bytes` more went across. */
  add(bytes: number): void {
    this.#bytes += bytes
    if (!this.#shown || Date.now() - this.#drawn < REDRAW_MS) return
    this.#drawn = Date.now()
    const seconds = Math.max((this.#drawn - this.#started) / 1000, 0.1)
    const percent = this.#total ? `${String(Math.floor((100 * this.#bytes) / this.#total)).padStart(3)}%  ` : ''
    const line = `${percent}${formatBytes(this.#bytes)}  ${formatBytes(this.#bytes / seconds)}/s  ${this.#label}`
    process.stderr.write(`\r\u001b[2K${line.slice(0, (process.stderr.columns || 80) - 1)}`)
  }

  /** Takes the line away. */
  clear(): void {
    if (this.#drawn > 0) process.stderr.write('\r\u001b[2K')
  }
}
