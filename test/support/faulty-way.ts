import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/** What goes wrong on a way: each kind breaks some connections, or none and is only slow. */
export const TROUBLES = ['reset', 'stall', 'corrupt', 'byte by byte', '1 kB/s', 'storm'] as const
export type Trouble = (typeof TROUBLES)[number]

/** A way to a listening node on which things go wrong. */
export interface FaultyWay {
  /** The address of the node, by this way. */
  readonly address: string
  /** How often something went wrong. */
  readonly troubles: () => number
  readonly close: () => void
}

/** What goes wrong in one connection. */
interface Fate {
  /** Bytes in one direction, or in both together, after which it does. */
  left: number
  readonly direction: 'there' | 'back' | 'both'
}

/** Bytes a second where they are few, and how often they go, in milliseconds. */
const [RATE, TICK] = [1_000, 50]

/** Connections that a storm breaks at most, and the bytes that the most lucky one of them passes. */
const [STORM, STORM_BYTES] = [10, 20_000]

/**
 * Puts a way in front of the node at `address`, a multiaddr with an IPv4 address and a TCP port.
 *
 * @param random - Returns numbers from 0 to 1, below 1.
 * @param reach - About so many bytes go across if all is well: trouble comes before, at any of them with an even chance
 * for each order of magnitude.
 */
export async function faultyWay(
  address: string,
  trouble: Trouble,
  random: () => number,
  reach: number,
): Promise<FaultyWay> {
  const port = Number(/\/tcp\/(\d+)/.exec(address)?.[1])
  const sockets = new Set<Socket>()
  const timers = new Set<NodeJS.Timeout>()
  const broken = 1 + Math.floor(random() * (trouble === 'storm' ? STORM : 3))
  let [connections, troubles] = [0, 0]

  const fateOf = (connection: number): Fate => {
    const isSlow = trouble === 'byte by byte' || trouble === '1 kB/s'
    if (isSlow || connection >= broken) return { left: Infinity, direction: 'both' }
    if (trouble === 'storm') return { left: Math.floor(random() * STORM_BYTES), direction: 'both' }
    const left = Math.floor(reach ** random())
    return { left, direction: trouble === 'corrupt' ? (random() < 0.5 ? 'there' : 'back') : 'both' }
  }

  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1')
    const fate = fateOf(connections++)
    let silent = false
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.setNoDelay(true)
      socket.on('error', () => undefined)
      socket.on('close', () => sockets.delete(socket))
    }
    const breakNow = (): void => {
      troubles += 1
      silent = trouble === 'stall'
      for (const socket of [near, far]) {
        if (silent) socket.pause()
        else socket.resetAndDestroy()
      }
    }
    for (const [from, to, direction] of [
      [near, far, 'there'],
      [far, near, 'back'],
    ] as const) {
      const pass = passOn(from, to, trouble, timers)
      from.on('data', (bytes) => {
        if (silent) return
        if (fate.direction !== 'both' && fate.direction !== direction) return pass(bytes)
        const whole = bytes.byteLength <= fate.left
        if (trouble === 'corrupt' && !whole) {
          bytes[fate.left] = (bytes[fate.left] ?? 0) ^ (1 << Math.floor(random() * 8))
          troubles += 1
          fate.left = Infinity
        } else fate.left -= bytes.byteLength
        if (whole || trouble === 'corrupt') return pass(bytes)
        pass(bytes.subarray(0, bytes.byteLength + fate.left))
        return breakNow()
      })
      from.on('close', () => silent || to.destroy())
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port: ownPort } = server.address() as AddressInfo
  return {
    address: address.replace(/\/tcp\/\d+/, `/tcp/${ownPort}`),
    troubles: () => (trouble === 'byte by byte' || trouble === '1 kB/s' ? connections : troubles),
    close: () => {
      for (const timer of timers) clearInterval(timer)
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}

/** Returns what takes bytes from one socket to another as fast as the trouble lets them. */
function passOn(from: Socket, to: Socket, trouble: Trouble, timers: Set<NodeJS.Timeout>): (bytes: Buffer) => void {
  if (trouble === 'byte by byte') {
    return (bytes) => {
      for (let at = 0; at < bytes.byteLength && !to.destroyed; at += 1) to.write(bytes.subarray(at, at + 1))
    }
  }
  if (trouble !== '1 kB/s') {
    to.on('drain', () => from.resume())
    return (bytes) => {
      if (!to.destroyed && !to.write(bytes)) from.pause()
    }
  }
  let waiting = Buffer.alloc(0)
  const timer = setInterval(() => {
    const some = (RATE * TICK) / 1000
    if (waiting.byteLength > 0 && !to.destroyed) to.write(waiting.subarray(0, some))
    waiting = waiting.subarray(some)
    if (waiting.byteLength === 0) from.resume()
  }, TICK)
  timers.add(timer)
  to.on('close', () => clearInterval(timer))
  return (bytes) => {
    waiting = Buffer.concat([waiting, bytes])
    from.pause()
  }
}
