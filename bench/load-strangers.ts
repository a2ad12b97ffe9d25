/** The strangers of bench/load.ts: many sockets, connections and identities at addresses of 127.0.0.0/8. */
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import type { Connection } from '@libp2p/interface'
import { tcp, type TCPOptions } from '@libp2p/tcp'
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr'
import { createLibp2p, type Libp2p } from 'libp2p'
import { createConnection, type Socket } from 'node:net'
import { generateIdentity } from '../src/net/identity.ts'
import { PROTOCOL_ID } from '../src/wire/limits.ts'
import { PAIR_PROTOCOL_ID } from '../src/wire/pairing.ts'
import { pause } from './far-end.ts'

/** Sockets that are opened and say nothing, so many a second, each from the next of some addresses. */
export class SilentSockets {
  opened = 0
  readonly #sockets = new Set<Socket>()
  readonly #timer: NodeJS.Timeout

  constructor(address: string, perSecond: number, from: readonly string[]) {
    const port = Number(/\/tcp\/(\d+)/.exec(address)?.[1])
    const started = performance.now()
    this.#timer = setInterval(() => {
      const due = ((performance.now() - started) / 1_000) * perSecond
      for (; this.opened < due; this.opened += 1) {
        const localAddress = from[this.opened % from.length] ?? '127.0.0.1'
        const socket = createConnection({ port, host: '127.0.0.1', localAddress })
        this.#sockets.add(socket)
        socket.on('error', () => undefined).on('close', () => this.#sockets.delete(socket))
        socket.resume()
      }
    }, 5)
  }

  /** How many of them are open. */
  get open(): number {
    return this.#sockets.size
  }

  stop(): void {
    clearInterval(this.#timer)
    for (const socket of this.#sockets) socket.destroy()
  }
}

interface Components {
  readonly transportManager: { dial: (address: Multiaddr, options: { signal: AbortSignal }) => Promise<Connection> }
}

type Stranger = Libp2p<{ dial: Components['transportManager'] }>

/** How long a stranger waits to be let in, in milliseconds. */
const PATIENCE = 20_000

/** Connects once more, though a connection stands already. */
async function dial({ services }: Stranger, target: Multiaddr): Promise<Connection> {
  const patience = new AbortController() // which must not abort later: it would take the connection with it
  const timer = setTimeout(() => patience.abort(), PATIENCE)
  try {
    return await services.dial.dial(target, { signal: patience.signal })
  } finally {
    clearTimeout(timer)
  }
}

/** Starts a node without any limit of ours, which dials from an address of its own. */
async function startStranger(from: string): Promise<Stranger> {
  const { privateKey } = await generateIdentity()
  return createLibp2p({
    privateKey,
    transports: [tcp({ dialOpts: { localAddress: from } } as TCPOptions)],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionMonitor: { enabled: false },
    connectionManager: { maxConnections: 10_000, reconnectRetries: 0 },
    services: { dial: ({ transportManager }: Components) => transportManager },
  })
}

/** Connections that got past Noise and a muxer, and stay. */
export interface OpenConnections {
  readonly open: () => number
  readonly stop: () => Promise<void>
}

/** Opens `count` connections to a share, some from each of many addresses. */
export async function openConnections(address: string, count: number, addresses: number): Promise<OpenConnections> {
  const strangers = await Promise.all(
    Array.from({ length: addresses }, async (_, index) => startStranger(`127.1.0.${index + 1}`)),
  )
  const connections: Connection[] = []
  const failed: unknown[] = []
  const target = multiaddr(address)
  const standing = (): number => connections.filter(({ status }) => status === 'open').length
  while (standing() < count) {
    const wanted = Math.min(strangers.length, count - standing())
    const tried = await Promise.allSettled(strangers.slice(0, wanted).map(async (stranger) => dial(stranger, target)))
    for (const each of tried) {
      if (each.status === 'fulfilled') connections.push(each.value)
      else failed.push(each.reason)
    }
    if (failed.length > count) throw new Error('the share takes no connections', { cause: failed[0] })
  }
  return {
    open: standing,
    stop: async () => void (await Promise.all(strangers.map(async (stranger) => stranger.stop()))),
  }
}

/** What strangers reached. */
export interface Reached {
  readonly strangers: number
  /** Streams that they asked for once they were past Noise, those that were agreed upon, and those on which anything came. */
  readonly asked: number
  readonly agreed: number
  readonly answered: number
}

/** What a stranger asks for: ours, what every libp2p node may have, and nothing that there is. */
const PROTOCOLS = [PROTOCOL_ID, PAIR_PROTOCOL_ID, '/ipfs/id/1.0.0', '/ipfs/ping/1.0.0', '/other/1.0.0']

/** Lets strangers, each with an identity of its own, try to reach every protocol. */
export async function tryProtocols(address: string, strangers: number): Promise<Reached> {
  let [asked, agreed, answered] = [0, 0, 0]
  const target = multiaddr(address)
  const ask = async (stranger: Stranger, protocol: string): Promise<void> => {
    const connection = await dial(stranger, target)
    asked += 1
    const stream = await connection.newStream(protocol, { negotiateFully: true, signal: AbortSignal.timeout(PATIENCE) })
    agreed += 1
    stream.addEventListener('message', () => (answered += 1))
    stream.send(new Uint8Array(64))
    await pause(300)
    connection.abort(new Error('enough'))
  }
  for (let index = 0; index < strangers; index += 1) {
    const stranger = await startStranger(`127.2.${index % 10}.1`)
    await Promise.allSettled(PROTOCOLS.map(async (protocol) => ask(stranger, protocol)))
    await stranger.stop()
  }
  return { strangers, asked, agreed, answered }
}
