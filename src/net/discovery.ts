import { describeInterfaces, type InterfaceAddress } from './address.ts'
import type { Advert } from './advert.ts'
import { Found } from './found.ts'
import { HeardList, type Heard } from './heard.ts'
import { LanSocket, type Announced } from './lan-socket.ts'

export type { Heard } from './heard.ts'

export interface DiscoveryInit {
  /** The peer ID of this machine, whose own adverts are passed over. */
  readonly peerId: string
  /**
   * What this machine announces, with addresses as a node has them, each ending in `/p2p/` and its peer ID; absent for one
   * that only listens. Asked at each answer.
   */
  readonly advert?: () => Announced
}

/** Between two looks at the interfaces, in milliseconds: a cable may be plugged in later. */
const SCAN_INTERVAL = 5_000

/** Every so many looks the network is asked again. */
const SCANS_PER_QUERY = 2

/**
 * Finds machines that run sft on the networks this one is on, by multicast DNS over IPv4, without a server or a route out.
 * What it hears are hints that anybody on the network can forge; only the handshake tells who is at an address. What it
 * says is the peer ID, the addresses of the interface it says it on, and whether a pairing code is shown.
 */
export class Discovery {
  readonly #init: DiscoveryInit
  /** A name for this process that says nothing about the machine. */
  readonly #instance = randomName()
  readonly #sockets = new Map<string, LanSocket>()
  readonly #heard = new HeardList()
  readonly #listeners = new Set<(heard: Heard) => void>()
  readonly #searches = new Set<(advert: Advert) => void>()
  readonly #ended = new AbortController()
  #timer: NodeJS.Timeout | undefined
  #scans = 0

  /**
   * Begins to listen, and to announce this machine if it has an advert. Keeps no process alive.
   *
   * Never throws because of the network: where nothing can be heard, {@link problems} tells why, and it is tried again.
   */
  static async start(init: DiscoveryInit): Promise<Discovery> {
    const discovery = new Discovery(init)
    await discovery.#scan()
    discovery.#timer = setInterval(() => discovery.#tick(), SCAN_INTERVAL).unref()
    return discovery
  }

  private constructor(init: DiscoveryInit) {
    this.#init = init
  }

  /** Why nothing may be heard: texts such as `eth0: send failed (ENETUNREACH)`. */
  get problems(): readonly string[] {
    const sockets = [...this.#sockets.values()]
    const lonely = sockets.every(({ internal }) => internal) ? ['no interface with an IPv4 network is up'] : []
    return [...lonely, ...sockets.flatMap(({ problem }) => problem ?? [])]
  }

  /** Returns every peer heard in the last two minutes, the newest first. */
  heard(): Heard[] {
    return this.#heard.list()
  }

  /**
   * Asks for a peer and yields the addresses at which it says it is, each once: those known first, then as they come, until
   * `signal` aborts or this is stopped. Whoever waits for one keeps the process alive.
   */
  async *find(peerId: string, signal: AbortSignal): AsyncGenerator<string, void, undefined> {
    const ending = AbortSignal.any([signal, this.#ended.signal])
    const found = new Found()
    const take = (advert: Advert): void => {
      if (advert.peerId === peerId && advert.ttl > 0) found.add(advert.addresses)
    }
    found.add(this.#heard.of(peerId)?.addresses ?? [])
    this.#searches.add(take)
    const hold = setInterval(() => {}, SCAN_INTERVAL)
    try {
      this.query()
      while (!ending.aborted) {
        const address = found.next()
        if (address === undefined) await found.more(ending)
        else yield address
      }
    } finally {
      clearInterval(hold)
      this.#searches.delete(take)
    }
  }

  /** Calls back with each peer that is new or changed, until the returned function is called. */
  onHeard(listener: (heard: Heard) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** Asks again who is there. */
  query(): void {
    void this.#scan()
    for (const socket of this.#sockets.values()) socket.query()
  }

  /** Announces this machine without being asked: its addresses changed, or a pairing code is shown now or no longer. */
  announce(): void {
    void this.#scan()
    for (const socket of this.#sockets.values()) socket.announce()
  }

  /** Says goodbye if this machine was announced, ends every search, and closes the sockets. */
  async stop(): Promise<void> {
    clearInterval(this.#timer)
    this.#ended.abort()
    await Promise.all([...this.#sockets.values()].map(async (socket) => socket.close()))
  }

  #tick(): void {
    if (++this.#scans % SCANS_PER_QUERY === 0) this.query()
    else void this.#scan()
  }

  /** Opens a socket on each address that came up and closes those on addresses that went. */
  async #scan(): Promise<void> {
    if (this.#ended.signal.aborted) return
    const present = new Map(usableAddresses().map((on) => [`${on.name} ${on.cidr}`, on]))
    for (const [key, socket] of this.#sockets) {
      socket.join()
      if (present.has(key) && socket.usable) continue
      this.#sockets.delete(key)
      void socket.close()
    }
    const opening = [...present].map(async ([key, on]) => {
      if (this.#sockets.has(key)) return
      const announced = (): Announced | null => this.#init.advert?.() ?? null
      const onAdvert = (advert: Advert): void => this.#hear(advert)
      const socket = new LanSocket({ on, instance: this.#instance, announced, onAdvert })
      this.#sockets.set(key, socket)
      await socket.open()
    })
    await Promise.all(opening)
  }

  #hear(advert: Advert): void {
    if (advert.peerId === this.#init.peerId) return
    const changed = this.#heard.add(advert)
    for (const take of this.#searches) take(advert)
    if (changed !== null) for (const listener of this.#listeners) listener(changed)
  }
}

/** Returns the IPv4 addresses that have a network around them; those of loopback only if there are no others. */
function usableAddresses(): InterfaceAddress[] {
  const usable = describeInterfaces().filter(
    ({ family, cidr }) => family === 'IPv4' && cidr !== null && !cidr.endsWith('/32'),
  )
  const external = usable.filter(({ internal }) => !internal)
  return external.length > 0 ? external : usable
}

function randomName(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('hex')
}
