import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p, type Libp2p } from 'libp2p'
import { expect, onTestFinished, test } from 'vitest'
import { loadSodium } from '../../src/crypto/load-sodium.ts'
import { FramePool } from '../../src/net/frame-pool.ts'
import { generateIdentity } from '../../src/net/identity.ts'
import { Node } from '../../src/net/node.ts'
import { secure } from '../../src/net/secure.ts'

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

/** Starts a node of libp2p, as it comes if nothing else is said, which echoes. */
async function plainNode(encrypter: ReturnType<typeof noise> = noise()): Promise<string> {
  const node = await startLibp2p(encrypter)
  await node.handle(ECHO, (stream) => {
    stream.addEventListener('message', ({ data }) => void stream.send(data))
  })
  return String(node.getMultiaddrs()[0])
}

async function startLibp2p(encrypter: ReturnType<typeof noise>): Promise<Libp2p> {
  const node = await createLibp2p({
    privateKey: (await generateIdentity()).privateKey,
    addresses: { listen: [LOOPBACK] },
    transports: [tcp()],
    connectionEncrypters: [encrypter],
    streamMuxers: [yamux()],
  })
  onTestFinished(async () => node.stop())
  return node
}

test.each([1, 1_000, 70_000, 200_000])('%i bytes to a node with the Noise of libp2p and back', async (length) => {
  const bytes = randomBytes(length)
  expect(Buffer.from(await echoed(await plainNode(), bytes))).toEqual(bytes)
})

test.each([1, 1_000, 70_000, 200_000])('%i bytes to a node without native code and back', async (length) => {
  const bytes = randomBytes(length)
  const address = await plainNode(secure(await loadSodium('wasm'), new FramePool()))
  expect(Buffer.from(await echoed(address, bytes))).toEqual(bytes)
})

test.each(['native', 'wasm'] as const)('a buffer of the pool is free again once it was sent (%s)', async (build) => {
  const pool = new FramePool()
  const node = await startLibp2p(secure(await loadSodium(build), pool))
  const stream = await node.dialProtocol(multiaddr(await plainNode()), ECHO)
  const frame = pool.take(50_000).fill(1)
  stream.send(frame)
  await expect.poll(() => pool.take(1).buffer === frame.buffer).toBe(true)
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
