import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/** A way to a listening node that passes bytes on until the test says otherwise. */
export interface StallingProxy {
  /** The address of the node, by this way. */
  readonly address: string
  /** From now on nothing that the node sends is read, so that it piles up there. */
  readonly stall: () => void
}

/** Puts a proxy in front of the node at `address`, a multiaddr with an IPv4 address and a TCP port, until the test ends. */
export async function stallingProxy(address: string): Promise<StallingProxy> {
  const port = Number(/\/tcp\/(\d+)/.exec(address)?.[1])
  const sockets: Socket[] = []
  const answers: Socket[] = []
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1')
    sockets.push(near, far)
    answers.push(far)
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.pipe(to)
      from.on('error', () => to.destroy())
      from.on('close', () => to.destroy())
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const { port: ownPort } = server.address() as AddressInfo
  return {
    address: address.replace(/\/tcp\/\d+/, `/tcp/${ownPort}`),
    stall: () => {
      for (const answer of answers) answer.unpipe().pause()
    },
  }
}
