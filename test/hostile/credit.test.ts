import { closeSync, openSync, readdirSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { generateIdentity } from '../../src/net/identity.ts'
import { Node, type Muxer } from '../../src/net/node.ts'
import { loadSodium } from '../../src/crypto/load-sodium.ts'
import { WINDOW } from '../../src/protocol/session.ts'
import { DEADLINES, type FileSink, type FileStore } from '../../src/protocol/types.ts'
import { MAX_DATA, MAX_WINDOW, PROTOCOL_ID } from '../../src/wire/limits.ts'
import type { Action } from '../../src/wire/message.ts'
import { parseRemotePath } from '../../src/wire/path.ts'
import { attackedPair, codeOf, outcome } from '../support/aftermath.ts'
import { GRANTED, HostilePeer } from '../support/hostile-peer.ts'
import { firstRequest, hostileShare } from '../support/hostile-provider.ts'
import { connectedMachine, sharingMachine } from '../support/machines.ts'
import { memoryShare } from '../support/memory-share.ts'
import { MemoryStore } from '../support/memory-store.ts'
import { requestOf } from '../support/protobuf.ts'
import { stallingProxy } from '../support/stalling-proxy.ts'

const RECORD = Buffer.alloc(MAX_DATA, 'x')

/** Makes a file of zeros that takes no room on the disk. */
function sparseFile(path: string, size: number): void {
  closeSync(openSync(path, 'w'))
  truncateSync(path, size)
}

function get(path: string, offset = 0): Action {
  return { type: 'get', path: parseRemotePath(path), offset, length: null }
}

/** A disk that takes nothing before `open` is called. */
function stuckDisk(): { store: (store: FileStore) => FileStore; open: () => void; written: () => number } {
  const gate = Promise.withResolvers<void>()
  let written = 0
  const slow = (sink: FileSink): FileSink => ({
    kept: sink.kept,
    readKept: async (buffer, offset) => sink.readKept(buffer, offset),
    async write(bytes) {
      await gate.promise
      written += bytes.byteLength
      await sink.write(bytes)
    },
    commit: async () => sink.commit(),
    setAside: async () => sink.setAside(),
    discard: async () => sink.discard(),
  })
  return {
    store: (store) => ({
      list: (path, recursive) => store.list(path, recursive),
      stat: async (path) => store.stat(path),
      kept: async (path, file, keepFor) => store.kept(path, file, keepFor),
      open: async (path) => store.open(path),
      create: async (path, file, options) => slow(await store.create(path, file, options)),
      remove: async (path) => store.remove(path),
      rename: async (from, target, overwrite) => store.rename(from, target, overwrite),
      mkdir: async (path, parents) => store.mkdir(path, parents),
    }),
    open: gate.resolve,
    written: () => written,
  }
}

test('R06 a client that sends more than it was granted is cut off', async () => {
  const disk = stuckDisk()
  const share = await memoryShare({ store: disk.store })
  const { stream, ending } = share.open()
  const peer = await HostilePeer.open(stream, share.clientInit)
  const file = { size: 100 * 1024 * 1024, mtime: 0n, executable: false }
  peer.send({
    type: 'request',
    id: 1,
    action: { type: 'put', path: parseRemotePath('big'), file, overwrite: false, offset: 0, stream: false },
  })
  for (let sent = 0; sent <= WINDOW; sent += MAX_DATA) peer.sendData(1, RECORD)
  // It is over before anything was written, and what waits in memory is at most the window.
  for (let received = await peer.receive(); received !== null;) received = await peer.receive()
  disk.open()
  expect(codeOf(await ending)).toBe('ERR_PROTOCOL')
  expect(disk.written()).toBeLessThanOrEqual(WINDOW)
  expect(readdirSync(share.root)).toEqual([])
})

test('R06 the credit is of the session, not of each upload', async () => {
  const disk = stuckDisk()
  const share = await memoryShare({ store: disk.store })
  const { stream, ending } = share.open()
  const peer = await HostilePeer.open(stream, share.clientInit)
  const file = { size: 100 * 1024 * 1024, mtime: 0n, executable: false }
  for (let id = 1; id <= 34; id += 1) {
    peer.send({
      type: 'request',
      id,
      action: { type: 'put', path: parseRemotePath(`big-${id}`), file, overwrite: false, offset: 0, stream: false },
    })
    if (id <= Math.ceil(WINDOW / MAX_DATA)) peer.sendData(id, RECORD)
  }
  for (let received = await peer.receive(); received !== null;) received = await peer.receive()
  disk.open()
  expect(codeOf(await ending)).toBe('ERR_PROTOCOL')
  expect(readdirSync(share.root)).toEqual([])
})

test('R05 a client that sends all it was granted to a slow disk is served', async () => {
  const disk = stuckDisk()
  const share = await memoryShare({ store: disk.store })
  const { stream, ending } = share.open()
  const peer = await HostilePeer.open(stream, share.clientInit)
  const content = Buffer.alloc(WINDOW, 'y')
  const file = { size: WINDOW, mtime: 0n, executable: false }
  peer.send({
    type: 'request',
    id: 1,
    action: { type: 'put', path: parseRemotePath('big'), file, overwrite: false, offset: 0, stream: false },
  })
  for (let offset = 0; offset < WINDOW; offset += MAX_DATA)
    peer.sendData(1, content.subarray(offset, offset + MAX_DATA))
  peer.send({ type: 'request', id: 2, action: { type: 'stat', path: parseRemotePath('.') } })
  expect(await peer.receiveType('result')).toMatchObject({ id: 2, error: 0 })
  disk.open()
  peer.sendEnd(1, content)
  expect(await peer.receiveType('result')).toMatchObject({ id: 1, error: 0 })
  peer.send({ type: 'close', error: 0 })
  await stream.close()
  expect(await ending).toBeNull()
})

test('R06 a provider that sends more than it was granted is cut off', async () => {
  const share = await hostileShare(async (peer) => {
    const { id } = await firstRequest(peer)
    peer.send({ type: 'begin', id, file: { size: 100 * 1024 * 1024, mtime: 0n, executable: false } })
    for (let sent = 0; sent <= WINDOW; sent += MAX_DATA) peer.sendData(id, RECORD)
  })
  const client = await share.open()
  const gate = Promise.withResolvers<void>()
  let [written, discarded] = [0, false]
  const sink: FileSink = {
    kept: 0,
    readKept: () => Promise.resolve(0),
    async write(bytes) {
      await gate.promise
      written += bytes.byteLength
    },
    commit: () => Promise.reject(new Error('nothing is to be committed')),
    setAside: () => Promise.reject(new Error('what a liar sent is of no use')),
    discard: () => {
      discarded = true
      return Promise.resolve()
    },
  }
  const getting = outcome(client.get(parseRemotePath('big'), {}, () => Promise.resolve(sink)))
  expect(await outcome(client.closed)).toBe('ERR_PROTOCOL')
  gate.resolve()
  expect(await getting).toBe('ERR_PROTOCOL')
  expect(written).toBeLessThanOrEqual(WINDOW)
  expect(discarded).toBe(true)
})

test('a peer whose window has grown cannot send more than that either when the disk gets stuck', async () => {
  const store = new MemoryStore()
  const share = await memoryShare({ store: () => store })
  const session = share.open()
  const peer = await HostilePeer.open(session.stream, share.clientInit)
  await peer.receiveType('welcome')
  const file = { size: 0, mtime: 0n, executable: false }
  const action = { type: 'put', path: parseRemotePath('big'), file, overwrite: false, offset: 0, stream: true } as const
  peer.send({ type: 'request', id: 1, action })
  const credit = { outstanding: WINDOW }
  let id = 1
  const send = (records: number): void => {
    for (let count = 0; count < records; count += 1) peer.sendData(1, RECORD)
    credit.outstanding -= records * MAX_DATA
  }
  const expectAnswer = async (): Promise<void> => {
    peer.send({ type: 'request', id: ++id, action: { type: 'stat', path: parseRemotePath('absent') } })
    for (let received = await peer.receive(); received?.type !== 'result'; received = await peer.receive()) {
      if (received?.type !== 'credit') throw new Error('no answer came')
      credit.outstanding += received.bytes
    }
  }
  while (credit.outstanding < (3 / 4) * MAX_WINDOW) {
    send(4)
    await expectAnswer()
    expect(credit.outstanding).toBeLessThanOrEqual(MAX_WINDOW)
  }
  const gate = Promise.withResolvers<void>()
  store.onWrite = async () => gate.promise
  send(1)
  await expectAnswer()
  send(Math.floor(credit.outstanding / MAX_DATA))
  await expectAnswer()
  peer.sendData(1, RECORD)
  expect(await peer.receive()).toBeNull()
  gate.resolve()
  expect(codeOf(await session.ending)).toBe('ERR_PROTOCOL')
})

test('F15 a grant beyond the window is refused', async () => {
  const pair = await attackedPair()
  for (const bytes of [1, MAX_WINDOW, MAX_WINDOW + 1, 2 ** 32 - 1]) {
    const peer = await HostilePeer.open(await pair.openStream(), pair.clientInit, 'initiator', MAX_WINDOW)
    peer.send({ type: 'credit', bytes })
    expect([String(bytes), await pair.ending()]).toEqual([String(bytes), 'ERR_PROTOCOL'])
    await pair.expectUnharmed()
  }
})

test('F15 a provider sends what it was granted and not a byte more', async () => {
  const pair = await attackedPair()
  sparseFile(join(pair.root, 'big'), 3 * GRANTED)
  const peer = await HostilePeer.open(await pair.openStream(), pair.clientInit)
  peer.send({ type: 'request', id: 1, action: get('big') })
  const receiveBytes = async (): Promise<number> => (await peer.receiveType('data'))?.bytes.byteLength ?? 0
  const records = Math.floor(GRANTED / MAX_DATA)
  for (let count = 0; count < records; count += 1) expect(await receiveBytes()).toBe(MAX_DATA)
  const expectNoData = async (id: number): Promise<void> => {
    peer.send({ type: 'request', id, action: { type: 'stat', path: parseRemotePath('kept.txt') } })
    expect((await peer.receive())?.type).toBe('result')
  }
  await expectNoData(2)
  peer.send({ type: 'credit', bytes: MAX_DATA })
  expect(await receiveBytes()).toBe(MAX_DATA)
  await expectNoData(3)
})

test('R04 a peer that asks and never reads: the answers do not pile up', async () => {
  let most = 0
  const share = await memoryShare({
    deadlines: { stall: 600 },
    provided: (stream) => ({
      source: stream.source,
      get full() {
        return stream.full
      },
      take: (length) => stream.take(length),
      write: (...parts) => {
        stream.write(...parts)
        most = Math.max(most, session.providerStream.queued)
      },
      drained: async () => stream.drained(),
      close: async () => stream.close(),
      abort: (error) => stream.abort(error),
    }),
  })
  const session = share.open()
  const peer = await HostilePeer.open(session.stream, share.clientInit)
  // Each of them is answered at once, and all the answers together would be half as much again as may pile up.
  for (let id = 1; id <= 64 * 1024; id += 1) peer.sendEncoded(requestOf(id, 'stat'))
  expect(codeOf(await session.ending)).toBe('ERR_TIMEOUT')
  expect(most).toBeLessThan(1.1 * 1024 * 1024)
  expect(session.stream.queued).toBeGreaterThan(0)
})

test('R04 a peer that asks for a huge file and reads nothing is cut off, and others are served', async () => {
  const machine = await sharingMachine({ deadlines: { ...DEADLINES, stall: 800 } })
  sparseFile(join(machine.root, 'huge'), 1024 ** 4)
  const proxy = await stallingProxy(machine.address)
  const peer = await hostilePeerAt(proxy.address)
  await peer.receiveType('welcome')
  proxy.stall()
  peer.send({ type: 'request', id: 1, action: get('huge') })
  const honest = await connectedMachine(machine.address)
  expect(await honest.stat('huge')).toMatchObject({ size: 1024 ** 4 })
  await expect
    .poll(() => machine.events.find(({ type }) => type === 'closed'), { timeout: 10_000, interval: 10 })
    .toMatchObject({ error: { code: 'ERR_TIMEOUT' } })
  expect(await honest.stat('huge')).toMatchObject({ type: 'file' })
})

test.for([
  ['large', 16_000, 1_700],
  ['tiny', 1, 60_000],
] as const)('R06 a flood of %s chunks that nobody reads is cut off', async ([, bytes, count]) => {
  const machine = await sharingMachine({ deadlines: { ...DEADLINES, stall: 20_000 } })
  sparseFile(join(machine.root, 'huge'), 1024 ** 4)
  const proxy = await stallingProxy(machine.address)
  // Yamux would hold the large chunks back for us; mplex does not.
  const peer = await hostilePeerAt(proxy.address, bytes > 1 ? 'mplex' : 'yamux')
  await peer.receiveType('welcome')
  proxy.stall()
  // The file fills the way back, so that the next request is the last thing the provider reads.
  peer.send({ type: 'request', id: 1, action: get('huge') })
  await new Promise((resolve) => setTimeout(resolve, 100))
  for (const id of [2, 3]) peer.send({ type: 'request', id, action: get('huge') })
  const flood = async (): Promise<void> => {
    for (let sent = 0; sent < count; sent += 1) {
      peer.sendRaw(new Uint8Array(bytes))
      if (sent % 100 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
  }
  expect(await outcome(flood())).toBeOneOf([null, 'ERR_CLOSED']) // it may be cut off before all was sent
  await expect
    .poll(() => machine.events.find(({ type }) => type === 'closed'), { timeout: 10_000, interval: 10 })
    .toMatchObject({ error: { code: expect.stringMatching(/^ERR_(PROTOCOL|CLOSED)$/) as string } })
  const honest = await connectedMachine(machine.address)
  expect(await honest.stat('huge')).toMatchObject({ type: 'file' })
})

/** Opens a hostile peer's session with the share at `address`, from a node of its own. */
async function hostilePeerAt(address: string, muxer: Muxer = 'yamux'): Promise<HostilePeer> {
  const node = await Node.start({ identity: await generateIdentity(), muxers: [muxer] })
  onTestFinished(async () => node.stop())
  const { stream, idBytes } = await node.dial(address, PROTOCOL_ID)
  const init = { sodium: await loadSodium(), localId: node.idBytes, remoteId: idBytes, deadlines: DEADLINES }
  return HostilePeer.open(stream, init)
}
