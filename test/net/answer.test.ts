import { createServer, type AddressInfo, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { interfaceOf, scopeOf, tryTcp, whoAnswers, withoutPeerId } from '../../src/net/answer.ts'
import { generateIdentity, type Identity } from '../../src/net/identity.ts'
import { Node } from '../../src/net/node.ts'

/** Long enough for everything that answers at all, in milliseconds. */
const PATIENCE = 20_000

/** A node that listens on loopback until the test ends. */
async function listeningNode(identity?: Identity, admits = true): Promise<{ node: Node; address: string }> {
  const node = await Node.start({
    identity: identity ?? (await generateIdentity()),
    listen: ['/ip4/127.0.0.1/tcp/0'],
  })
  onTestFinished(async () => node.stop())
  await node.handle('/test/1.0.0', { admits: () => admits, onStream: () => undefined })
  return { node, address: withoutPeerId(node.addresses[0] ?? '') }
}

async function dialingNode(identity?: Identity, lanOnly = false): Promise<Node> {
  const node = await Node.start({ identity: identity ?? (await generateIdentity()), lanOnly })
  onTestFinished(async () => node.stop())
  return node
}

/** A program on loopback that does this with each connection. */
async function program(onConnection: (socket: Socket) => void): Promise<string> {
  const server = createServer(onConnection)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return `/ip4/127.0.0.1/tcp/${(server.address() as AddressInfo).port}`
}

async function closedAddress(): Promise<string> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return `/ip4/127.0.0.1/tcp/${port}`
}

test('a connection by TCP is made or not, and says nothing', async () => {
  const said: Buffer[] = []
  const open = await program((socket) => socket.on('data', (bytes) => said.push(bytes)))
  expect(await tryTcp(open, PATIENCE)).toEqual({ state: 'open', localIp: '127.0.0.1' })
  expect(await tryTcp(open.replace('/ip4/127.0.0.1', '/dns4/localhost'), PATIENCE)).toMatchObject({ state: 'open' })
  expect(await tryTcp(await closedAddress(), PATIENCE)).toEqual({ state: 'closed' })
  expect(said).toEqual([])
})

test.each([
  '/ip4/127.0.0.1/udp/7380',
  '/ip4/127.0.0.1',
  '/ip6zone/lo',
  '/unix/tmp/socket',
  '/ip4/999.0.0.1/tcp/1',
  'no multiaddr',
  '',
])('"%s" is no address of TCP', async (address) => {
  expect(await tryTcp(address, PATIENCE)).toEqual({ state: 'unusable' })
})

test('what is not wanted any more counts as silent', async () => {
  const address = await program(() => undefined)
  expect(await tryTcp(address, PATIENCE, AbortSignal.abort())).toEqual({ state: 'silent' })
  const controller = new AbortController()
  const trial = tryTcp(address, PATIENCE, controller.signal)
  controller.abort()
  expect(await trial).toEqual({ state: 'silent' })
})

test('whoever answers is told, also one that turns everybody away, and this machine itself', async () => {
  const identity = await generateIdentity()
  const asking = await dialingNode(identity)
  const friendly = await listeningNode()
  expect(await whoAnswers(asking, friendly.address, PATIENCE)).toBe(friendly.node.peerId)
  const elsewhere = `${friendly.address}/p2p/${identity.peerId}` // whom an address names is nothing to go by
  expect(await whoAnswers(asking, elsewhere, PATIENCE)).toBe(friendly.node.peerId)
  const strict = await listeningNode(undefined, false)
  expect(await whoAnswers(asking, strict.address, PATIENCE)).toBe(strict.node.peerId)
  const itself = await listeningNode(identity)
  expect(await whoAnswers(asking, itself.address, PATIENCE)).toBe(identity.peerId)
})

test('nobody is told where nothing listens, nor where another program does', async () => {
  const asking = await dialingNode()
  expect(await whoAnswers(asking, await closedAddress(), PATIENCE)).toBe(null)
  const sockets: Socket[] = []
  onTestFinished(() => sockets.forEach((socket) => socket.destroy()))
  const mute = await program((socket) => sockets.push(socket))
  expect(await whoAnswers(asking, mute, 200)).toBe(null)
})

test('a machine that claims the peer ID of another one is not believed', async () => {
  const [eve, ana] = await Promise.all([generateIdentity(), generateIdentity()])
  const { privateKey } = eve
  const claimed = { type: privateKey.type, raw: privateKey.raw, publicKey: ana.privateKey.publicKey }
  const signing = { sign: privateKey.sign.bind(privateKey), equals: privateKey.equals.bind(privateKey) }
  const forged: Identity = { peerId: ana.peerId, privateKey: { ...claimed, ...signing } }
  const { address, node } = await listeningNode(forged)
  expect(node.peerId).toBe(ana.peerId)
  expect(await whoAnswers(await dialingNode(), address, PATIENCE)).not.toBe(ana.peerId)
})

test('what may not be dialled is not, and a signal ends the search', async () => {
  const local = await dialingNode(undefined, true)
  await expect(whoAnswers(local, '/ip4/203.0.113.1/tcp/1', PATIENCE)).rejects.toMatchObject({ code: 'ERR_USAGE' })
  const { address } = await listeningNode()
  await expect(whoAnswers(local, address, PATIENCE, AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough')
})

test('an address of this machine belongs to an interface, and reaches so far', () => {
  expect(interfaceOf('127.0.0.1')).toMatchObject({ scope: 'loopback' })
  expect(interfaceOf('203.0.113.1')).toBe(null)
  expect(scopeOf({ address: '192.168.1.7', internal: false })).toBe('private')
  expect(scopeOf({ address: '203.0.113.1', internal: false })).toBe('public')
  expect(withoutPeerId('/ip4/127.0.0.1/tcp/1/p2p/12D3KooW')).toBe('/ip4/127.0.0.1/tcp/1')
  expect(withoutPeerId('/ip4/127.0.0.1/tcp/1')).toBe('/ip4/127.0.0.1/tcp/1')
})
