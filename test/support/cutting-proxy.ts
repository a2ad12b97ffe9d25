import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/** How a way breaks: with a reset, with an orderly end, or so that nothing comes any more and nobody is told. */
export type Break = 'reset' | 'end' | 'silence'

/** A way to a listening node that breaks again and again. */
export interface CuttingProxy {
  /** The address of the node, by this way. */
  readonly address: string
  /** How often it broke. */
  readonly cuts: () => number
  /** Bytes that it passed on in both directions together. */
  readonly passed: () => number
}

/**
 * Puts a proxy in front of the node at `address`, a multiaddr with an IPv4 address and a TCP port, until the test ends.
 *
 * @param after - Bytes after which each connection breaks, in turn; what comes after the last one stays whole.
 */
export async function cuttingProxy(address: string, how: Break, after: readonly number[]): Promise<CuttingProxy> {
  const port = Number(/\/tcp\/(\d+)/.exec(address)?.[1])
  const sockets = new Set<Socket>()
  const limits = [...after]
  let [cuts, passed] = [0, 0]
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1')
    let left = limits.shift() ?? Infinity
    const both = [near, far]
    for (const socket of both) {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => sockets.delete(socket))
    }
    const breakNow = (): void => {
      cuts += 1
      for (const socket of both) {
        if (how === 'silence') socket.removeAllListeners('data').removeAllListeners('close').pause()
        else if (how === 'reset') socket.resetAndDestroy()
        else socket.destroy()
      }
    }
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on('data', (bytes) => {
        if (left <= 0) return
        passed += Math.min(bytes.byteLength, left)
        const full = !to.write(bytes.subarray(0, left))
        left -= bytes.byteLength
        if (left <= 0) breakNow()
        else if (full) from.pause()
      })
      to.on('drain', () => from.resume())
      from.on('close', () => to.destroy())
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const { port: ownPort } = server.address() as AddressInfo
  return { address: address.replace(/\/tcp\/\d+/, `/tcp/${ownPort}`), cuts: () => cuts, passed: () => passed }
}
