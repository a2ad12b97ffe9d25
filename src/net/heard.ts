import { MAX_PER_SOURCE, type Advert } from './advert.ts'

/** A peer that says it is on the local network: a hint, until it has proved its key. */
export interface Heard {
  readonly peerId: string
  /** Multiaddrs, each ending in `/p2p/` and the peer ID; those that show a code first, then the newest first. */
  readonly addresses: readonly string[]
  /** Whether it shows a pairing code at one of them. */
  readonly pairing: boolean
}

/** One address of one peer; its IP is the source it was heard from. */
interface Sighting {
  readonly peerId: string
  readonly source: string
  readonly pairing: boolean
  /** When it ends, on the clock of the list. */
  readonly end: number
}

const MAX_SIGHTINGS = 256
const MAX_OF_SOURCE = 64
const MAX_OF_PEER = 4

/** What was heard on the local network, bounded so that nobody who shouts can crowd out the others. */
export class HeardList {
  readonly #now: () => number
  /** By address, the one heard longest ago first. */
  readonly #sightings = new Map<string, Sighting>()

  /** @param now - A clock in milliseconds. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** Takes an advert, and returns the peer if it is new or something about it changed. */
  add(advert: Advert): Heard | null {
    const { peerId, source, pairing, ttl } = advert
    const before = this.of(peerId)
    const now = this.#now()
    for (const [address, { end }] of this.#sightings) if (end <= now) this.#sightings.delete(address)
    for (const address of advert.addresses.toReversed()) {
      this.#sightings.delete(address) // so that it becomes the newest
      if (ttl > 0) this.#sightings.set(address, { peerId, source, pairing, end: now + ttl * 1_000 })
    }
    this.#limit(MAX_PER_SOURCE, (other) => other.source === source && other.peerId === peerId)
    this.#limit(MAX_OF_PEER, (other) => other.peerId === peerId)
    this.#limit(MAX_OF_SOURCE, (other) => other.source === source)
    while (this.#sightings.size > MAX_SIGHTINGS) {
      const loudest = this.#loudest()
      this.#dropOldest((other) => other.source === loudest)
    }
    const after = this.of(peerId)
    return after !== null && summary(after) !== summary(before) ? after : null
  }

  /** Returns what is known of one peer; `null` if it was not heard lately. */
  of(peerId: string): Heard | null {
    const now = this.#now()
    const found: [address: string, sighting: Sighting][] = []
    for (const entry of this.#sightings) if (entry[1].peerId === peerId && entry[1].end > now) found.push(entry)
    if (found.length === 0) return null
    const newestFirst = found.toReversed().toSorted(([, a], [, b]) => Number(b.pairing) - Number(a.pairing))
    return {
      peerId,
      addresses: newestFirst.map(([address]) => address),
      pairing: found.some(([, { pairing }]) => pairing),
    }
  }

  /** Returns every peer that was heard lately, the newest first. */
  list(): Heard[] {
    const newestFirst = [...this.#sightings.values()].toReversed()
    return [...new Set(newestFirst.map(({ peerId }) => peerId))].flatMap((peerId) => this.of(peerId) ?? [])
  }

  #limit(most: number, matches: (sighting: Sighting) => boolean): void {
    let excess = -most
    for (const sighting of this.#sightings.values()) if (matches(sighting)) excess++
    while (excess-- > 0) this.#dropOldest(matches)
  }

  #dropOldest(matches: (sighting: Sighting) => boolean): void {
    for (const [address, sighting] of this.#sightings) {
      if (!matches(sighting)) continue
      this.#sightings.delete(address)
      return
    }
  }

  /** Returns the source with the most entries. */
  #loudest(): string {
    const counts = new Map<string, number>()
    for (const { source } of this.#sightings.values()) counts.set(source, (counts.get(source) ?? 0) + 1)
    return [...counts].reduce((most, next) => (next[1] > most[1] ? next : most), ['', 0])[0]
  }
}

/** Returns text that is the same for two states of a peer if nobody needs to hear of the change. */
function summary(heard: Heard | null): string {
  return JSON.stringify(heard && [heard.pairing, heard.addresses.toSorted()])
}
