import { mkdirSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { loadSodium } from '../../src/crypto/load-sodium.ts'
import type { FileStore } from '../../src/protocol/types.ts'
import { generateIdentity } from '../../src/net/identity.ts'
import { Node } from '../../src/net/node.ts'
import { ProtocolClient } from '../../src/protocol/client.ts'
import { DEADLINES } from '../../src/protocol/types.ts'
import { encodeFrame, FrameDecoder } from '../../src/wire/frame.ts'
import { PROTOCOL_ID } from '../../src/wire/limits.ts'
import { parseRemotePath, ROOT } from '../../src/wire/path.ts'
import { LOOPBACK, PATIENTLY, startProgram, twoMachines } from '../support/cli.ts'
import { HostilePeer } from '../support/hostile-peer.ts'
import { connectedMachine } from '../support/machines.ts'
import { memoryShare } from '../support/memory-share.ts'

test('R11: of a hundred listings at once 16 are worked on, and other sessions are served meanwhile', async () => {
  let [active, most, begun] = [0, 0, 0]
  const counted = (store: FileStore): FileStore =>
    Object.assign(Object.create(store) as FileStore, {
      async *list(...[path, recursive]: Parameters<FileStore['list']>) {
        begun += 1
        active += 1
        most = Math.max(most, active)
        try {
          yield* store.list(path, recursive)
        } finally {
          active -= 1
        }
      },
    })
  const share = await memoryShare({ store: counted })
  mkdirSync(join(share.root, 'many'))
  for (let index = 0; index < 3_000; index += 1) writeFileSync(join(share.root, 'many', `${index} ${'x'.repeat(200)}`), '')
  const [greedy, other] = [
    await HostilePeer.open(share.open().stream, share.clientInit),
    await ProtocolClient.open(share.open().stream, share.clientInit),
  ]
  for (let id = 1; id <= 100; id += 1)
    greedy.send({ type: 'request', id, action: { type: 'list', path: ROOT, recursive: true } })
  // Its credit is used up by now, and it gives no more.
  await expect.poll(() => begun).toBe(16)
  expect(await other.stat(parseRemotePath('many'))).toMatchObject({ type: 'directory' })
  expect(await Array.fromAsync(other.list(parseRemotePath('many'), false))).toHaveLength(3_000)
  expect({ begun, most }).toEqual({ begun: 17, most: 17 })
  for (let round = 0; round < 1_000 && begun < 101; round += 1) {
    const received = await greedy.receive()
    if (received?.type === 'data') greedy.send({ type: 'credit', bytes: received.bytes.byteLength })
    if (received?.type === 'end') greedy.send({ type: 'result', id: received.id, error: 0 })
  }
  expect(begun).toBe(101)
  expect(most).toBe(17)
  await other.close()
})

test('R16: a million frames of a byte cost no more for being so many, all at once or byte by byte', () => {
  const frame = encodeFrame(Uint8Array.of(7))
  const all = new Uint8Array(1_000_000 * frame.byteLength)
  for (let offset = 0; offset < all.byteLength; offset += frame.byteLength) all.set(frame, offset)
  const count = (size: number): number => {
    const decoder = new FrameDecoder()
    let frames = 0
    for (let offset = 0; offset < all.byteLength; offset += size) {
      decoder.push(all.subarray(offset, offset + size))
      while (decoder.next(1, 1) !== null) frames += 1
    }
    return frames
  }
  expect([count(1), count(65_536), count(all.byteLength)]).toEqual([1_000_000, 1_000_000, 1_000_000])
})

test('R16: an upload in records of a byte arrives', async () => {
  const share = await memoryShare()
  const { stream } = share.open()
  const peer = await HostilePeer.open(stream, share.clientInit)
  const content = Buffer.alloc(20_000, 'abc')
  const file = { size: content.byteLength, mtime: 0n, executable: false }
  const path = parseRemotePath('small-records')
  peer.send({ type: 'request', id: 1, action: { type: 'put', path, file, overwrite: false, offset: 0, stream: false } })
  for (let at = 0; at < content.byteLength; at += 1) {
    peer.sendData(1, content.subarray(at, at + 1))
    if (at % 1_000 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  peer.sendEnd(1, content)
  expect(await peer.receiveType('result')).toMatchObject({ id: 1, error: 0 })
})

test('R14: a share that has no descriptor left says that it is busy, and serves again when it has', async () => {
  const { sharer, root } = twoMachines()
  writeFileSync(join(root, 'large'), '')
  truncateSync(join(root, 'large'), 100_000_000)
  const { address, child } = await startProgram(
    ['sh', '-c', 'ulimit -n 64; exec "$@"', 'sh'],
    ['share', root, '--open', '--json', ...LOOPBACK],
    sharer,
  )
  const peers: HostilePeer[] = []
  for (let count = 0; count < 6; count += 1) {
    const node = await Node.start({ identity: await generateIdentity() })
    onTestFinished(async () => node.stop())
    const { stream, idBytes } = await node.dial(address, PROTOCOL_ID)
    const init = { sodium: await loadSodium(), localId: node.idBytes, remoteId: idBytes, deadlines: DEADLINES }
    peers.push(await HostilePeer.open(stream, init))
  }
  const answers: number[] = []
  await Promise.all(
    peers.map(async (peer) => {
      for (let id = 1; id <= 15; id += 1)
        peer.send({ type: 'request', id, action: { type: 'get', path: parseRemotePath('large'), offset: 0, length: null } })
      peer.send({ type: 'request', id: 16, action: { type: 'stat', path: parseRemotePath('large') } })
      for (;;) {
        const received = await peer.receive()
        if (received?.type === 'end') answers.push(received.error)
        if (received === null || (received.type === 'result' && received.id === 16)) return
      }
    }),
  )
  expect(answers.length).toBeGreaterThan(10)
  expect(new Set(answers)).toEqual(new Set([3]))
  for (const peer of peers) peer.stream.abort(new Error('gone'))
  const honest = await expect
    .poll(async () => (await connectedMachine(address)).stat('large').catch(() => null), PATIENTLY)
    .toMatchObject({ size: 100_000_000 })
    .then(() => true)
  expect(honest).toBe(true)
  expect(child.exitCode).toBeNull()
})
