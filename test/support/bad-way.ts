import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/** What is wrong with a way to a listening node. */
export interface Badness {
  /** How long each byte takes in each direction, in milliseconds. */
  readonly delay?: number
  /** Of so many chunks one gets lost, so that it and all behind it come when it was sent again, as TCP sees to. */
  readonly lossOneIn?: number
  /** In each connection, in turn, the byte at this offset of what the node sends arrives with a bit flipped. */
  readonly flips?: readonly number[]
}

/** How long it takes until a lost chunk comes, in milliseconds: at least twice the delay, and what a sender waits. */
const SENT_AGAIN = 400

/** A way to a listening node that is bad, but never breaks by itself. */
export interface BadWay {
  /** The address of the node, by this way. */
  readonly address: string
  /** Bits that were flipped. */
  readonly flipped: () => number
  /** Breaks every connection and takes no further one. */
  readonly close: () => void
}

/** Puts a bad way in front of the node at `address`, a multiaddr with an IPv4 address and a TCP port, until the test ends. */
export async function badWay(address: string, { delay = 0, lossOneIn = 0, flips = [] }: Badness): Promise<BadWay> {
  const port = Number(/\/tcp\/(\d+)/.exec(address)?.[1])
  const sockets = new Set<Socket>()
  const offsets = [...flips]
  let [flipped, chunks] = [0, 0]
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1')
    const both = [near, far]
    for (const socket of both) {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        sockets.delete(socket)
        for (const other of both) other.destroy()
      })
    }
    let left = offsets.shift() ?? Infinity
    const flip = (bytes: Buffer): Buffer => {
      if (left < bytes.byteLength && left >= 0) {
        bytes[left] = (bytes[left] ?? 0) ^ 4
        flipped += 1
      }
      left -= bytes.byteLength
      return bytes
    }
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      let passed = Promise.resolve()
      from.on('data', (bytes) => {
        const chunk = from === far ? flip(Buffer.from(bytes)) : bytes
        const isLost = lossOneIn > 0 && (chunks += 1) % lossOneIn === 0
        const due = performance.now() + delay + (isLost ? SENT_AGAIN : 0)
        passed = passed.then(async () => {
          const wait = due - performance.now()
          if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait))
          if (!to.destroyed) to.write(chunk)
        })
      })
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const close = (): void => {
    for (const socket of sockets) socket.destroy()
    server.close()
  }
  onTestFinished(close)
  const { port: ownPort } = server.address() as AddressInfo
  return { address: address.replace(/\/tcp\/\d+/, `/tcp/${ownPort}`), flipped: () => flipped, close }
}
