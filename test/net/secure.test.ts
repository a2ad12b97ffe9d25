import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { tcp } from '@libp2p/tcp'
import { createLibp2p } from 'libp2p'
import { expect, onTestFinished, test } from 'vitest'
import { generateIdentity } from '../../src/net/identity.ts'
import { Node } from '../../src/net/node.ts'

const ECHO = '/echo/1.0.0'
const LOOPBACK = '/ip4/127.0.0.1/tcp/0'

/** Sends `bytes` to the node at `address`, which sends them back, and returns what came. */
async function echoed(address: string, bytes: Uint8Array): Promise<Uint8Array> {
  const node = await Node.start({ identity: await generateIdentity() })
  onTestFinished(async () => node.stop())
  const { stream } = await node.dial(address, ECHO)
  const parts: Uint8Array[] = []
  stream.write(bytes)
  for await (const part of stream.source) {
    parts.push(part.subarray())
    if (parts.reduce((sum, { byteLength }) => sum + byteLength, 0) === bytes.byteLength) break
  }
  return Buffer.concat(parts)
}

/** Starts a node of libp2p as it comes, which echoes. */
async function plainNode(): Promise<string> {
  const node = await createLibp2p({
    privateKey: (await generateIdentity()).privateKey,
    addresses: { listen: [LOOPBACK] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
  })
  onTestFinished(async () => node.stop())
  await node.handle(ECHO, (stream) => {
    stream.addEventListener('message', ({ data }) => void stream.send(data))
  })
  return String(node.getMultiaddrs()[0])
}

test.each([1, 1_000, 70_000, 200_000])('%i bytes to a node with the Noise of libp2p and back', async (length) => {
  const bytes = randomBytes(length)
  expect(Buffer.from(await echoed(await plainNode(), bytes))).toEqual(bytes)
})

test('a bit that was flipped on the way ends the connection, and no byte of that message arrives', async () => {
  const server = await Node.start({ identity: await generateIdentity(), listen: [LOOPBACK] })
  onTestFinished(async () => server.stop())
  const arrived: Uint8Array[] = []
  const over = Promise.withResolvers<unknown>()
  await server.handle(ECHO, {
    admits: () => true,
    onStream: ({ stream }) => {
      void (async () => {
        for await (const bytes of stream.source) arrived.push(bytes.subarray())
      })().then(over.resolve, over.resolve)
    },
  })
  const { address, flip } = await flippingProxy(server.addresses[0] ?? '')
  const client = await Node.start({ identity: await generateIdentity() })
  onTestFinished(async () => client.stop())
  const { stream } = await client.dial(address, ECHO)
  stream.write(Buffer.from('before'))
  await expect.poll(() => Buffer.concat(arrived).toString()).toBe('before')
  flip()
  stream.write(Buffer.alloc(40_000, 'after'))
  await over.promise
  expect(Buffer.concat(arrived).toString()).toBe('before')
})

/** A way to a node on which a bit of what a client sends can be flipped. */
async function flippingProxy(address: string): Promise<{ address: string; flip: () => void }> {
  const [, port, peer] = /\/tcp\/(\d+)(\/p2p\/.+)$/.exec(address) ?? []
  let flipping = false
  const sockets: Socket[] = []
  const server = createServer((near) => {
    const far = connect(Number(port), '127.0.0.1')
    sockets.push(near, far)
    far.pipe(near)
    near.on('data', (bytes) => {
      if (flipping) bytes.writeUInt8(bytes.readUInt8(bytes.length >> 1) ^ 1, bytes.length >> 1)
      flipping = false
      far.write(bytes)
    })
    for (const socket of [near, far]) socket.on('error', () => undefined)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const local = (server.address() as AddressInfo).port
  return { address: `/ip4/127.0.0.1/tcp/${local}${peer ?? ''}`, flip: () => (flipping = true) }
}
