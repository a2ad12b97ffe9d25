/** What strangers do to a share that is open to any peer: nothing of it may harm it or anybody else. */
import { randomBytes, randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createConnection, type Socket } from 'node:net'
import { loadSodium } from '../src/crypto/load-sodium.ts'
import { generateIdentity } from '../src/net/identity.ts'
import { Node } from '../src/net/node.ts'
import { DEADLINES } from '../src/protocol/types.ts'
import { PROTOCOL_ID } from '../src/wire/limits.ts'
import { parseRemotePath, ROOT } from '../src/wire/path.ts'
import { HostilePeer } from '../test/support/hostile-peer.ts'
import { pause } from './far-end.ts'

/** Opens a socket to a share. */
export async function knockAt(address: string): Promise<Socket> {
  const port = Number(/\/tcp\/(\d+)/.exec(address)?.[1])
  const socket = createConnection(port, '127.0.0.1').on('error', () => undefined)
  await once(socket, 'connect')
  return socket.resume()
}

/** What a socket says that is no peer. */
const WORDS: readonly (() => Buffer)[] = [
  () => randomBytes(1 + randomInt(100_000)),
  () => Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'),
  () => Buffer.from('\x13/multistream/1.0.0\n\x07/noise\n\x00\x20'),
  () => Buffer.concat([Buffer.from('\x13/multistream/1.0.0\n\x07/noise\n'), randomBytes(5_000)]),
  () => Buffer.alloc(100_000, 0xff),
]

/** Sockets that say what no peer says, nothing at all, or end in the middle. */
export async function garbage(address: string): Promise<void> {
  const sockets = await Promise.all(
    [...WORDS, null, null].map(async (words) => ({ words, socket: await knockAt(address) })),
  )
  for (const { words, socket } of sockets) if (words) socket.write(words())
  await pause(randomInt(5_000))
  for (const { socket } of sockets) {
    if (randomInt(2) === 0) socket.resetAndDestroy()
    else socket.destroy()
  }
}

/** Streams of peers that got past Noise and say what is no handshake. */
export async function garbageStreams(address: string): Promise<void> {
  await asStranger(async (node) => {
    for (let count = 0; count < 4; count += 1) {
      const { stream } = await node.dial(address, PROTOCOL_ID)
      stream.write(randomBytes(1 + randomInt(70_000)))
      await ended(stream.source)
    }
  })
}

/** Peers with the right keys that break the rules of a session, each in another way. */
export async function ruleBreakers(address: string, large: string): Promise<void> {
  const path = parseRemotePath(large)
  const file = { size: 1_000_000, mtime: 0n, executable: false }
  const breaches: readonly ((peer: HostilePeer) => void)[] = [
    (peer) => peer.sendPlaintext(randomBytes(1 + randomInt(60_000))),
    (peer) => peer.sendRaw(randomBytes(70_000)),
    (peer) => peer.send({ type: 'result', id: 77, error: 0 }),
    (peer) => peer.sendData(5, randomBytes(1_000)),
    (peer) => {
      for (let id = 1; id <= 300; id += 1)
        peer.send({ type: 'request', id, action: { type: 'list', path: ROOT, recursive: true } })
    },
    (peer) => peer.send({ type: 'request', id: 1, action: { type: 'get', path, offset: 0, length: null } }),
    (peer) => {
      const target = parseRemotePath(`work/never-${randomInt(2 ** 40)}`)
      peer.send({
        type: 'request',
        id: 1,
        action: { type: 'put', path: target, file, overwrite: false, offset: 0, stream: false },
      })
      peer.sendData(1, randomBytes(30_000))
    },
  ]
  const sodium = await loadSodium()
  await asStranger(async (node) => {
    for (const breach of breaches) {
      const { stream, idBytes } = await node.dial(address, PROTOCOL_ID)
      const init = { sodium, localId: node.idBytes, remoteId: idBytes, deadlines: DEADLINES }
      const peer = await HostilePeer.open(stream, init)
      breach(peer)
      await pause(500) // it reads nothing and grants nothing
      stream.abort(new Error('gone'))
    }
  })
}

async function asStranger(work: (node: Node) => Promise<void>): Promise<void> {
  const node = await Node.start({ identity: await generateIdentity() })
  try {
    await work(node)
  } finally {
    await node.stop()
  }
}

/** Waits until the other side ends a stream, however it does. */
async function ended(source: AsyncIterable<unknown>): Promise<void> {
  try {
    await Array.fromAsync(source)
  } catch {
    // With an error is fine too.
  }
}
