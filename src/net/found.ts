import { ipOf } from './address.ts'
import { MAX_PER_SOURCE } from './advert.ts'

/** Most addresses of a peer that one search may yield: two for each machine of a usual network. */
const MAX_FOUND = 512

/**
 * The addresses a search came upon and has still to yield: each once, and only two at one IP, so that whoever makes up
 * addresses leaves room for the honest one.
 */
export class Found {
  readonly #seen = new Set<string>()
  /** How many came from each IP. */
  readonly #counts = new Map<string, number>()
  readonly #waiting: string[] = []
  #wake = (): void => {}

  add(addresses: readonly string[]): void {
    for (const address of addresses) {
      const ip = ipOf(address) ?? ''
      const count = this.#counts.get(ip) ?? 0
      if (this.#seen.has(address) || count >= MAX_PER_SOURCE || this.#seen.size >= MAX_FOUND) continue
      this.#counts.set(ip, count + 1)
      this.#seen.add(address)
      this.#waiting.push(address)
    }
    this.#wake()
  }

  next(): string | undefined {
    return this.#waiting.shift()
  }

  /** Waits until there may be another, or the signal aborts. */
  async more(signal: AbortSignal): Promise<void> {
    const woken = Promise.withResolvers<void>()
    this.#wake = woken.resolve
    signal.addEventListener('abort', this.#wake, { once: true })
    await woken.promise
    signal.removeEventListener('abort', this.#wake)
  }
}
