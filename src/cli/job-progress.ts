import type { JobEvent } from '../index.ts'
import { escapeText } from './escape.ts'
import { formatBytes, formatDuration } from './format.ts'
import { cutStart } from './width.ts'

/** Over how long the speed is measured at least, in milliseconds. */
const SPAN = 5_000

/** Files shown beside the whole, at most. */
const MOST_ACTIVE = 3

/** What a line says, and how early it is left out where there is no room: the highest rank goes first. */
interface Part {
  readonly text: string
  readonly rank: number
}

/** How far a job is, from its events. */
export class JobProgress {
  readonly #started = performance.now()
  readonly #active = new Map<string, { bytes: number; readonly size: number }>()
  /** Bytes that went across until some moments of the last seconds. */
  readonly #samples = [{ time: this.#started, sent: 0 }]
  #total = { files: 0, bytes: 0, complete: false }
  #files = 0
  #bytes = 0
  #sent = 0
  #begun = false
  /** When the next attempt to reconnect comes, while there is no connection. */
  #nextAttempt: number | null = null

  /** Takes in what happened. */
  note(event: JobEvent): void {
    switch (event.type) {
      case 'plan':
        this.#total = event
        return
      case 'begin':
        this.#drop(event.path)
        this.#active.set(event.path, { bytes: event.offset, size: event.size })
        this.#bytes += event.offset
        this.#begun = true
        return
      case 'progress': {
        const active = this.#active.get(event.path)
        if (active) active.bytes += event.bytes
        this.#bytes += event.bytes
        this.#sent += event.bytes
        return
      }
      case 'file':
        this.#drop(event.path)
        this.#bytes += event.size
        this.#files += 1
        return
      case 'skipped':
        if (event.reason !== 'identical' && event.reason !== 'exists' && event.reason !== 'older') return
        this.#files += 1
        this.#bytes += event.size
        return
      case 'failed':
        this.#drop(event.path)
        return
      case 'reconnecting':
        this.#nextAttempt = performance.now() + event.wait
        return
      case 'reconnected':
        this.#nextAttempt = null
        return
      default:
    }
  }

  /** The numbers, for programs. */
  get numbers(): Record<string, number | boolean> {
    const { files, bytes, complete } = this.#total
    const [done, speed] = [{ files: this.#files, bytes: this.#bytes }, Math.round(this.#speed())]
    return { ...done, totalFiles: files, totalBytes: bytes, complete, sent: this.#sent, bytesPerSecond: speed }
  }

  /** Seconds since the job began. */
  get seconds(): number {
    return (performance.now() - this.#started) / 1000
  }

  /** Describes the whole job in one line, as long as it may be: what tells least is left out first. */
  describe(columns: number): string {
    if (this.#nextAttempt !== null) {
      const wait = Math.ceil((this.#nextAttempt - performance.now()) / 1000)
      return `connection lost; reconnecting${wait > 0 ? ` in ${wait} s` : '…'}`
    }
    const { files, bytes, complete } = this.#total
    if (!this.#begun && files !== 1) return `${files} files${files > 0 ? `, ${formatBytes(bytes)},` : ''} found so far`
    const speed = this.#speed()
    const left = bytes - this.#bytes
    const parts = [
      { text: complete && bytes > 0 ? `${percentOf(this.#bytes, bytes)}%` : '', rank: 0 },
      complete
        ? { text: `${formatBytes(this.#bytes)} of ${formatBytes(bytes)}`, rank: 4 }
        : { text: formatBytes(this.#bytes), rank: 0 },
      { text: `${formatBytes(speed)}/s`, rank: 1 },
      { text: complete && speed > 0 && left > 0 ? `${formatDuration(left / speed)} left` : '', rank: 2 },
      { text: files > 1 ? `${this.#files}/${files}${complete ? '' : '+'} files` : '', rank: 3 },
    ]
    return fit(parts, columns)
  }

  /** Describes the files that are under way, the largest first, each in a line of at most `columns`. */
  active(columns: number): string[] {
    return [...this.#active]
      .toSorted(([, one], [, other]) => other.size - one.size)
      .slice(0, MOST_ACTIVE)
      .map(([path, { bytes, size }]) => {
        const percent = `${String(percentOf(bytes, size)).padStart(5)}%  `
        return `${percent}${cutStart(escapeText(path), columns - percent.length)}`
      })
  }

  /** Bytes a second, lately. */
  #speed(): number {
    const now = performance.now()
    this.#samples.push({ time: now, sent: this.#sent })
    while ((this.#samples[1]?.time ?? now) <= now - SPAN) this.#samples.shift()
    const [since = { time: this.#started, sent: 0 }] = this.#samples
    // Of the first moments nothing can be said yet.
    return ((this.#sent - since.sent) * 1000) / Math.max(now - since.time, 100)
  }

  /** Takes back what was counted of a file that is not under way any more. */
  #drop(path: string): void {
    this.#bytes -= this.#active.get(path)?.bytes ?? 0
    this.#active.delete(path)
  }
}

function percentOf(bytes: number, size: number): number {
  return size === 0 ? 100 : Math.min(Math.floor((100 * bytes) / size), 100)
}

/** Joins as many parts as fit into a line; one stays in any case. */
function fit(parts: readonly Part[], columns: number): string {
  let left = parts.filter(({ text }) => text !== '')
  while (left.length > 1 && left.reduce((sum, { text }) => sum + text.length + 2, -2) > columns) {
    const least = left.reduce((one, other) => (other.rank > one.rank ? other : one))
    left = left.filter((part) => part !== least)
  }
  return left.map(({ text }) => text).join('  ')
}
