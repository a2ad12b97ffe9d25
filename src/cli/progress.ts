import { formatBytes, formatDuration } from './format.ts'

const REDRAW_MS = 100

/** Shorter transfers say nothing of their speed: it would be mostly that of getting started. */
const TELLING_SECONDS = 1

/** One line on a terminal that is written over and taken away again; nothing anywhere else. */
export class StatusLine {
  readonly #enabled = process.stderr.isTTY && process.env['TERM'] !== 'dumb'
  #shown = false

  /** Shows `text`, which is one escaped line, cut to what fits. */
  show(text: string): void {
    if (!this.#enabled) return
    this.#shown = true
    process.stderr.write(`\r\u001b[2K${cut(text, (process.stderr.columns || 80) - 1)}`)
  }

  /** Takes the line away. */
  clear(): void {
    if (this.#shown) process.stderr.write('\r\u001b[2K')
    this.#shown = false
  }
}

/** Shows on a terminal how far a transfer is, and says in the end how it went. */
export class Progress {
  readonly #label: string
  readonly #line: StatusLine | undefined
  readonly #started = Date.now()
  #total = 0
  #bytes = 0
  #drawn = 0

  /** @param label - What is transferred, escaped. */
  constructor(label: string, enabled: boolean) {
    this.#label = label
    this.#line = enabled ? new StatusLine() : undefined
  }

  /** Notes how many bytes there will be. */
  begin(total: number): void {
    this.#total = total
  }

  /** Notes that `bytes` more went across. */
  add(bytes: number): void {
    this.#bytes += bytes
    if (Date.now() - this.#drawn < REDRAW_MS) return
    this.#drawn = Date.now()
    this.#line?.show(this.#describe())
  }

  /** Takes the line away. */
  clear(): void {
    this.#line?.clear()
  }

  /** Returns the outcome of a transfer that went well: how much, and for longer ones how fast. */
  get outcome(): string {
    const seconds = this.#seconds
    const size = formatBytes(this.#bytes)
    return seconds < TELLING_SECONDS
      ? size
      : `${size} in ${formatDuration(seconds)}, ${formatBytes(this.#bytes / seconds)}/s`
  }

  get #seconds(): number {
    return (Date.now() - this.#started) / 1000
  }

  #describe(): string {
    const perSecond = this.#bytes / Math.max(this.#seconds, 0.1)
    const parts = [formatBytes(this.#bytes), `${formatBytes(perSecond)}/s`]
    if (this.#total > 0) {
      parts.unshift(`${Math.min(Math.floor((100 * this.#bytes) / this.#total), 100)}%`)
      // The first second tells little of the rest.
      if (this.#seconds > TELLING_SECONDS) parts.push(`${formatDuration((this.#total - this.#bytes) / perSecond)} left`)
    }
    return [...parts, this.#label].join('  ')
  }
}

/**
 * Cuts one line to what fits into `columns`, so that a terminal does not wrap it and the next redraw covers all of it.
 * Characters that may be two columns wide count as two.
 */
export function cut(text: string, columns: number): string {
  let [width, kept] = [0, '']
  for (const character of text) {
    width += (character.codePointAt(0) ?? 0) < 0x1100 ? 1 : 2
    if (width > columns) return kept
    kept += character
  }
  return kept
}
