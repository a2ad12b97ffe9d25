import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { connect } from '../../src/index.ts'
import { loadSodium } from '../../src/crypto/load-sodium.ts'
import type { FileStore } from '../../src/protocol/types.ts'
import { generateIdentity } from '../../src/net/identity.ts'
import { Node } from '../../src/net/node.ts'
import { ProtocolClient } from '../../src/protocol/client.ts'
import { DEADLINES } from '../../src/protocol/types.ts'
import { encodeFrame, FrameDecoder } from '../../src/wire/frame.ts'
import { MIN_WINDOW, PROTOCOL_ID } from '../../src/wire/limits.ts'
import { parseRemotePath, ROOT, type RemotePath } from '../../src/wire/path.ts'
import { PATIENTLY, startShare, twoMachines } from '../support/cli.ts'
import { HostilePeer } from '../support/hostile-peer.ts'
import { memoryShare } from '../support/memory-share.ts'
import { tempFolder } from '../support/tmp.ts'

test('R11: of a hundred listings at once 16 are worked on, and other sessions are served meanwhile', async () => {
  let [active, most, begun] = [0, 0, 0]
  async function* counted(...[store, path]: [FileStore, RemotePath]): ReturnType<FileStore['list']> {
    begun += 1
    active += 1
    most = Math.max(most, active)
    try {
      yield* store.list(path, true)
    } finally {
      active -= 1
    }
  }
  const share = await memoryShare({
    store: (store) =>
      ({
        list: (path) => counted(store, path),
        stat: async (path) => store.stat(path),
      }) as Partial<FileStore> as FileStore,
  })
  mkdirSync(join(share.root, 'many'))
  for (let index = 0; index < 400; index += 1)
    writeFileSync(join(share.root, 'many', `${index} ${'x'.repeat(200)}`), '')
  const [greedy, other] = [
    await HostilePeer.open(share.open().stream, share.clientInit, 'initiator', MIN_WINDOW),
    await ProtocolClient.open(share.open().stream, share.clientInit),
  ]
  for (let id = 1; id <= 100; id += 1)
    greedy.send({ type: 'request', id, action: { type: 'list', path: ROOT, recursive: true } })
  // Its credit is used up by now, and it gives no more.
  await expect.poll(() => begun).toBe(16)
  expect(await other.stat(parseRemotePath('many'))).toMatchObject({ type: 'directory' })
  expect(await Array.fromAsync(other.list(parseRemotePath('many'), false))).toHaveLength(400)
  expect({ begun, most }).toEqual({ begun: 17, most: 17 })
  for (let ended = 0; ended < 100;) {
    const received = await greedy.receive()
    if (received?.type === 'data') greedy.send({ type: 'credit', bytes: received.bytes.byteLength })
    if (received?.type !== 'end') continue
    greedy.send({ type: 'result', id: received.id, error: 0 })
    ended += 1
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

test.skipIf(spawnSync('prlimit', ['--version']).status !== 0)(
  'R14: a share that has no descriptor left says that it is busy, and serves again when it has',
  async () => {
    const { sharer, root } = twoMachines()
    writeFileSync(join(root, 'large'), '')
    truncateSync(join(root, 'large'), 100_000_000)
    const { address, child } = await startShare(root, ['--open'], sharer)
    execFileSync('prlimit', ['--pid', String(child.pid), '--nofile=64:64'])
    const peers: HostilePeer[] = []
    for (let count = 0; count < 6; count += 1) {
      const node = await Node.start({ identity: await generateIdentity() })
      onTestFinished(async () => node.stop())
      const { stream, idBytes } = await node.dial(address, PROTOCOL_ID)
      const init = { sodium: await loadSodium(), localId: node.idBytes, remoteId: idBytes, deadlines: DEADLINES }
      peers.push(await HostilePeer.open(stream, init))
    }
    const path = parseRemotePath('large')
    const answers: number[] = []
    const listen = async (peer: HostilePeer): Promise<void> => {
      for (let received = await peer.receive(); received !== null; received = await peer.receive())
        if (received.type === 'end') answers.push(received.error)
    }
    for (const peer of peers) {
      for (let id = 1; id <= 15; id += 1)
        peer.send({ type: 'request', id, action: { type: 'get', path, offset: 0, length: null } })
      void listen(peer).catch(() => undefined) // each ends with its stream
    }
    await expect.poll(() => answers.length, PATIENTLY).toBeGreaterThan(10)
    expect(new Set(answers)).toEqual(new Set([3]))
    for (const peer of peers) peer.stream.abort(new Error('gone'))
    const home = join(tempFolder(), 'home')
    const fetched = async (): Promise<unknown> => {
      const remote = await connect(address, { home }).catch(() => null)
      const entry = await remote?.stat('large').catch(() => null)
      await remote?.close()
      return entry
    }
    await expect.poll(fetched, PATIENTLY).toMatchObject({ size: 100_000_000 })
    expect(child.exitCode).toBeNull()
  },
)
