import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { loadSodium } from '../../src/crypto/load-sodium.ts'
import { ERRORS } from '../../src/errors.ts'
import { SharedFolder } from '../../src/fs/shared-folder.ts'
import { ProtocolClient } from '../../src/protocol/client.ts'
import { DEADLINES } from '../../src/protocol/types.ts'
import { MAX_DATA, MAX_PROBE } from '../../src/wire/limits.ts'
import { parseRemotePath } from '../../src/wire/path.ts'
import { codeOf, outcome } from '../support/aftermath.ts'
import { HostilePeer } from '../support/hostile-peer.ts'
import { firstRequest } from '../support/hostile-provider.ts'
import { memoryShare } from '../support/memory-share.ts'
import { memoryPair } from '../support/memory-stream.ts'
import { numberField, requestOf } from '../support/protobuf.ts'
import { sessionPair } from '../support/session-pair.ts'
import { snapshot } from '../support/snapshot.ts'
import { tempFolder } from '../support/tmp.ts'

const PATH = parseRemotePath('file')

/** A session of a real client that may do nothing with the share. */
async function withoutRights(): Promise<{ client: ProtocolClient; served: unknown[]; root: string }> {
  const root = tempFolder()
  const store = await SharedFolder.open(root)
  onTestFinished(async () => store.close())
  const served: unknown[] = []
  return {
    client: await sessionPair({ store, rights: () => new Set(), onServed: (one) => served.push(one) }),
    served,
    root,
  }
}

/** A session of a real client with a provider that has the right keys and follows `script`. */
async function withProvider(script: (peer: HostilePeer, id: number) => void): Promise<ProtocolClient> {
  const sodium = await loadSodium()
  const [providerId, clientId] = [sodium.randomBytes(38), sodium.randomBytes(38)]
  const [near, far] = memoryPair()
  const init = { sodium, localId: providerId, remoteId: clientId, deadlines: DEADLINES }
  const provided = HostilePeer.open(far, init, 'responder').then(async (peer) => {
    const { id } = await firstRequest(peer)
    script(peer, id)
    while ((await peer.receive()) !== null);
  })
  provided.catch(() => undefined) // it is the client that is tested
  const client = await ProtocolClient.open(near, { sodium, localId: clientId, remoteId: providerId })
  onTestFinished(async () => {
    client.abort(new Error('the test is over'))
    await Promise.allSettled([client.closed, provided])
  })
  return client
}

describe('a probe', () => {
  test.each([0, 1, MAX_DATA - 1, MAX_DATA, MAX_DATA + 1, 5_000_000, MAX_PROBE])(
    'of %i bytes brings just these',
    async (size) => {
      const { client } = await withoutRights()
      let told = 0
      expect(await client.probe(size, { onProgress: (bytes) => (told += bytes) })).toBe(size)
      expect(told).toBe(size)
    },
  )

  test('needs no right, touches nothing and is none of the requests to the share', async () => {
    const { client, served, root } = await withoutRights()
    const before = snapshot(root)
    await client.probe(100_000)
    await expect(client.stat(parseRemotePath('.'))).rejects.toMatchObject({ code: 'ERR_DENIED' })
    expect(served).toMatchObject([{ action: { type: 'stat' } }])
    expect(snapshot(root)).toEqual(before)
  })

  test.each([MAX_PROBE + 1, Number.MAX_SAFE_INTEGER])(
    'of %i bytes is refused, and the session goes on',
    async (size) => {
      const { client } = await withoutRights()
      await expect(client.probe(size)).rejects.toMatchObject({ code: 'ERR_PROTOCOL' })
      expect(await client.probe(10)).toBe(10)
    },
  )

  test('ends by its signal and leaves the session usable', async () => {
    const { client } = await withoutRights()
    const cancelled = new AbortController()
    let received = 0
    const onProgress = (bytes: number): void => {
      received += bytes
      cancelled.abort()
    }
    await expect(client.probe(MAX_PROBE, { signal: cancelled.signal, onProgress })).rejects.toMatchObject({
      code: 'ERR_ABORTED',
    })
    expect(received).toBeLessThan(MAX_PROBE / 2)
    expect(await client.probe(10)).toBe(10)
  })

  test('may be one of many', async () => {
    const { client } = await withoutRights()
    const sizes = Array.from({ length: 20 }, (_, index) => index * 50_000)
    expect(await Promise.all(sizes.map(async (size) => client.probe(size)))).toEqual(sizes)
  })
})

describe('a client that probes as no honest one does', () => {
  test('gets two answers at a time and no byte beyond its credit, and its requests to the share go on', async () => {
    const share = await memoryShare()
    writeFileSync(join(share.root, 'file'), 'file')
    const { stream, providerStream } = share.open()
    const peer = await HostilePeer.open(stream, share.clientInit, 'initiator', 4 * MAX_DATA)
    for (const id of [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]) {
      peer.send({ type: 'request', id, action: { type: 'probe', size: 4 * MAX_DATA } })
    }
    peer.send({ type: 'request', id: 11, action: { type: 'stat', path: PATH } })
    const records: number[] = []
    for (;;) {
      const received = await peer.receive()
      if (received?.type === 'data') records.push(received.id)
      if (received?.type === 'result') break
    }
    while (records.length < 4) records.push((await peer.receiveType('data'))?.id ?? 0)
    expect(new Set(records)).toEqual(new Set([1, 2]))
    expect(providerStream.queued).toBe(0)
    const order: (string | number)[] = []
    peer.send({ type: 'credit', bytes: 36 * MAX_DATA })
    for (let ended = 0; ended < 10;) {
      const received = await peer.receive()
      if (received === null) throw new Error('the session ended')
      if (received.type === 'data') order.push(received.id)
      if (received.type !== 'end') continue
      order.push('end')
      ended += 1
      peer.send({ type: 'result', id: received.id, error: 0 })
      expect(received).toMatchObject({ error: 0, size: 4 * MAX_DATA, md5: new Uint8Array(0) })
    }
    expect(order.indexOf('end')).toBeLessThan(order.indexOf(3))
    stream.abort(new Error('the test is over'))
  })

  test.each<[string, bigint]>([
    ['2^53', 2n ** 53n],
    ['2^64 - 1', 2n ** 64n - 1n],
  ])('is cut off for asking for %s bytes', async (_what, size) => {
    const share = await memoryShare()
    const { stream, ending } = share.open()
    const peer = await HostilePeer.open(stream, share.clientInit)
    peer.sendEncoded(requestOf(1, 'probe', numberField(1, size)))
    expect(codeOf(await ending)).toBe('ERR_PROTOCOL')
  })

  test('gets the least a size of 2^64 can be read as: none, or the end', async () => {
    const share = await memoryShare()
    const { stream, ending } = share.open()
    const peer = await HostilePeer.open(stream, share.clientInit)
    const tooLarge = Uint8Array.of(0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x02)
    peer.sendEncoded(requestOf(1, 'probe', Buffer.concat([Uint8Array.of(8), tooLarge])))
    const answer = await Promise.race([ending.then(codeOf), peer.receiveType('end').catch(codeOf)])
    if (typeof answer === 'object') expect(answer).toMatchObject({ size: 0 })
    else expect(answer).toMatch(/^ERR_(PROTOCOL|CLOSED)$/)
    stream.abort(new Error('the test is over'))
  })

  test('is told that a size over the limit is a fault, as the end of the probe', async () => {
    const share = await memoryShare()
    const { stream } = share.open()
    const peer = await HostilePeer.open(stream, share.clientInit)
    peer.sendEncoded(requestOf(1, 'probe', numberField(1, MAX_PROBE + 1)))
    expect(await peer.receiveType('end')).toMatchObject({ id: 1, error: ERRORS.ERR_PROTOCOL.wire })
    peer.send({ type: 'result', id: 1, error: ERRORS.ERR_PROTOCOL.wire })
    peer.send({ type: 'request', id: 2, action: { type: 'probe', size: 1 } })
    expect(await peer.receiveType('data')).toMatchObject({ id: 2, bytes: new Uint8Array(1) })
    stream.abort(new Error('the test is over'))
  })

  test.each(['data', 'end', 'a success before the end'])('is cut off for sending %s', async (what) => {
    const share = await memoryShare()
    const { stream, ending } = share.open()
    const peer = await HostilePeer.open(stream, share.clientInit, 'initiator', MAX_DATA)
    peer.send({ type: 'request', id: 1, action: { type: 'probe', size: MAX_PROBE } })
    if (what === 'data') peer.sendData(1, Buffer.alloc(1))
    else if (what === 'end') peer.sendEnd(1, Buffer.alloc(0))
    else peer.send({ type: 'result', id: 1, error: 0 })
    expect(codeOf(await ending)).toBe('ERR_PROTOCOL')
  })
})

describe('a provider that answers a probe of 100,000 bytes as no honest one does', () => {
  const SIZE = 100_000
  const end = (id: number, size: number, error = 0) =>
    ({ type: 'end', id, error, size, md5: new Uint8Array(0) }) as const
  const zeros = (peer: HostilePeer, id: number, size: number): void => {
    for (let sent = 0; sent < size; sent += MAX_DATA) peer.sendData(id, Buffer.alloc(Math.min(MAX_DATA, size - sent)))
  }

  test.each<[string, string, (peer: HostilePeer, id: number) => void]>([
    ['a byte more', 'ERR_PROTOCOL', (peer, id) => (zeros(peer, id, SIZE + 1), peer.send(end(id, SIZE + 1)))],
    [
      'a byte more, and says otherwise',
      'ERR_PROTOCOL',
      (peer, id) => (zeros(peer, id, SIZE + 1), peer.send(end(id, SIZE))),
    ],
    ['a byte less', 'ERR_TRUNCATED', (peer, id) => (zeros(peer, id, SIZE - 1), peer.send(end(id, SIZE - 1)))],
    [
      'a byte less, and says otherwise',
      'ERR_TRUNCATED',
      (peer, id) => (zeros(peer, id, SIZE - 1), peer.send(end(id, SIZE))),
    ],
    [
      'all bytes, and says otherwise',
      'ERR_TRUNCATED',
      (peer, id) => (zeros(peer, id, SIZE), peer.send(end(id, SIZE + 1))),
    ],
    ['nothing', 'ERR_TRUNCATED', (peer, id) => peer.send(end(id, 0))],
    [
      'another byte at the end',
      'ERR_PROTOCOL',
      (peer, id) => (zeros(peer, id, SIZE - 1), peer.sendData(id, Uint8Array.of(1)), peer.send(end(id, SIZE))),
    ],
    ['an error', 'ERR_BUSY', (peer, id) => peer.send(end(id, 0, ERRORS.ERR_BUSY.wire))],
  ])('%s: the probe fails and the session goes on', async (_what, code, script) => {
    const client = await withProvider((peer, id) => {
      script(peer, id)
      peer.send({ type: 'result', id: id + 1, error: ERRORS.ERR_NOT_FOUND.wire })
    })
    const [probed, next] = await Promise.allSettled([client.probe(SIZE), client.stat(PATH)])
    expect(probed).toMatchObject({ status: 'rejected', reason: { code } })
    expect(next).toMatchObject({ status: 'rejected', reason: { code: 'ERR_NOT_FOUND' } })
  })

  test.each<[string, (peer: HostilePeer, id: number) => void]>([
    ['a file', (peer, id) => peer.send({ type: 'begin', id, file: { size: SIZE, mtime: 0n, executable: false } })],
    ['a result', (peer, id) => peer.send({ type: 'result', id, error: 0 })],
    ['a second end', (peer, id) => (peer.send(end(id, 0, 3)), peer.send(end(id, 0, 3)))],
  ])('%s: the session ends', async (_what, script) => {
    const client = await withProvider(script)
    const [probed, closed] = await Promise.all([outcome(client.probe(SIZE)), outcome(client.closed)])
    expect(probed).toMatch(/^ERR_(PROTOCOL|BUSY)$/)
    expect(closed).toBe('ERR_PROTOCOL')
  })
})
