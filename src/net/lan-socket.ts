import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { BlockList } from 'node:net'
import multicastDns from 'multicast-dns'
import { ipOf, type InterfaceAddress } from './address.ts'
import {
  ADVERT_TTL,
  asksForUs,
  formatAdvert,
  isWorthDecoding,
  parseAdvert,
  SERVICE,
  type Advert,
  type DnsPacket,
} from './advert.ts'

/** What a machine announces: addresses of all its interfaces, and whether it shows a pairing code. */
export type Announced = Pick<Advert, 'addresses' | 'pairing'>

export interface LanSocketInit {
  /** The address of the interface to work on. */
  readonly on: InterfaceAddress
  /** A name of letters and digits that says nothing about the machine. */
  readonly instance: string
  /** Asked at each answer; `null` for a machine that only listens. */
  readonly announced: () => Announced | null
  /** Takes what another machine, or this one, announced. Must not throw. */
  readonly onAdvert: (advert: Advert) => void
}

type Step = 'cannot use port 5353' | 'cannot join the group' | 'cannot send to the group' | 'send failed'

const GROUP = '224.0.0.251'
const PORT = 5353

/** Between two answers on one interface, in milliseconds: a flood of questions must not become one of answers. */
const ANSWER_INTERVAL = 1_000

/** An answer waits a random time of this range, in milliseconds, so that not all machines answer at once. */
const ANSWER_DELAY = { least: 20, most: 120 }

/** When a new socket asks, and when it announces, in milliseconds: a single packet can be lost. */
const FIRST_QUERIES = [0, 250, 1_000]
const FIRST_ANNOUNCEMENTS = [0, 1_000]

/** Speaks multicast DNS on one IPv4 address of this machine. Keeps no process alive. */
export class LanSocket {
  readonly #init: LanSocketInit
  readonly #socket: Socket
  readonly #mdns: multicastDns.MulticastDNS
  readonly #network = new BlockList()
  readonly #timers = new Set<NodeJS.Timeout>()
  /** What does not work now, by the step that failed. */
  readonly #faults = new Map<Step, string>()
  #open = false
  #closed: Promise<void> | null = null
  #answering = false
  #lastAnswer = -Infinity
  /** Addresses that others may have from us. */
  #sent: readonly string[] = []

  /** @param socket - The UDP socket to use, not bound yet. */
  constructor(init: LanSocketInit, socket: Socket = createSocket({ type: 'udp4', reuseAddr: true })) {
    this.#init = init
    this.#socket = socket
    const [network = '', prefix] = init.on.cidr?.split('/') ?? []
    this.#network.addSubnet(network, Number(prefix), 'ipv4')
    socket.on('error', (error) => this.#fail('cannot use port 5353', error))
    // With its own binding and membership, multicast-dns would keep a timer that cannot be let go of.
    this.#mdns = multicastDns({ socket, bind: false, multicast: false, port: PORT })
    this.#mdns.on('error', () => {}) // the socket told us
    this.#mdns.on('query', (packet: DnsPacket) => void (asksForUs(packet) && this.#answerAfter(randomDelay())))
    this.#mdns.on('response', (packet: DnsPacket, { address }: RemoteInfo) => this.#hear(packet, address))
    this.#filter()
  }

  /** What keeps this socket from hearing or being heard, such as `eth0: send failed (ENETUNREACH)`. */
  get problem(): string | null {
    return [...this.#faults.values()][0] ?? null
  }

  /** Whether it reaches this machine only. */
  get internal(): boolean {
    return this.#init.on.internal
  }

  /** Whether the socket is bound, or will be. */
  get usable(): boolean {
    return !this.#faults.has('cannot use port 5353')
  }

  /** Begins to listen, announces this machine and asks for others. Never throws: see {@link problem}. */
  async open(): Promise<void> {
    const socket = this.#socket
    await new Promise<void>((resolve) => {
      socket
        .once('listening', resolve)
        .once('error', () => resolve())
        .once('close', resolve)
      socket.bind(PORT) // every address: the group alone cannot be bound on Windows
    })
    if (!this.usable || this.#closed !== null) return
    this.#open = true
    socket.unref()
    this.join()
    try {
      socket.setMulticastInterface(this.#init.on.address)
      socket.setMulticastTTL(255)
    } catch (error) {
      this.#fail('cannot send to the group', error)
    }
    for (const delay of FIRST_ANNOUNCEMENTS) this.#after(delay, () => this.announce())
    for (const delay of FIRST_QUERIES) this.#after(delay, () => this.query())
  }

  /** Joins the multicast group, or makes sure of it: an interface that lost its address may have left. */
  join(): void {
    try {
      if (this.#open) this.#socket.addMembership(GROUP, this.#init.on.address)
    } catch (error) {
      if (codeOf(error) !== 'EADDRINUSE') return this.#fail('cannot join the group', error)
    }
    this.#faults.delete('cannot join the group') // it joined, or it is a member already
  }

  /** Asks who is there. */
  query(): void {
    if (this.#open) this.#mdns.query([{ name: SERVICE, type: 'PTR' }], (error) => this.#sentOrFailed(error))
  }

  /** Says what this machine announces, at once unless it did a moment ago. */
  announce(): void {
    this.#answerAfter(0)
  }

  /** Says goodbye if others may know this machine, and closes the socket. */
  async close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer)
    if (this.#open && this.#sent.length > 0) await this.#respond({ addresses: this.#sent, pairing: false, ttl: 0 })
    this.#open = false
    await new Promise<void>((resolve) => this.#mdns.destroy(resolve))
  }

  /** Puts a look at each packet before the decoder. */
  #filter(): void {
    const decoders = this.#socket.listeners('message') as ((bytes: Buffer, from: RemoteInfo) => void)[]
    this.#socket.removeAllListeners('message')
    this.#socket.on('message', (bytes, from) => {
      // Every socket of a machine hears what comes in by any interface: the network of the sender tells which it was.
      if (from.port !== PORT || !this.#network.check(from.address, 'ipv4') || !isWorthDecoding(bytes)) return
      for (const decode of decoders) decode(bytes, from)
    })
  }

  #hear(packet: DnsPacket, source: string): void {
    const advert = parseAdvert(packet, source)
    if (advert !== null) this.#init.onAdvert(advert)
  }

  #answerAfter(delay: number): void {
    if (!this.#open || this.#closed !== null || this.#answering) return
    this.#answering = true
    this.#after(Math.max(delay, this.#lastAnswer + ANSWER_INTERVAL - performance.now()), () => {
      this.#answering = false
      void this.#answer()
    })
  }

  async #answer(): Promise<void> {
    const announced = this.#init.announced()
    const addresses = announced?.addresses.filter((address) => ipOf(address) === this.#init.on.address) ?? []
    if (announced === null || addresses.length === 0) return
    this.#lastAnswer = performance.now()
    this.#sent = addresses
    await this.#respond({ addresses, pairing: announced.pairing, ttl: ADVERT_TTL })
  }

  async #respond(advert: Pick<Advert, 'addresses' | 'pairing' | 'ttl'>): Promise<void> {
    return new Promise((resolve) => {
      this.#mdns.respond(formatAdvert(this.#init.instance, advert), (error) => {
        this.#sentOrFailed(error)
        resolve()
      })
    })
  }

  #sentOrFailed(error: Error | null | undefined): void {
    if (error) this.#fail('send failed', error)
    else this.#faults.delete('send failed')
  }

  #fail(step: Step, error: unknown): void {
    this.#faults.set(step, `${this.#init.on.name}: ${step} (${codeOf(error)})`)
  }

  #after(delay: number, run: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      run()
    }, delay)
    this.#timers.add(timer.unref())
  }
}

function randomDelay(): number {
  return ANSWER_DELAY.least + Math.random() * (ANSWER_DELAY.most - ANSWER_DELAY.least)
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error)
}
