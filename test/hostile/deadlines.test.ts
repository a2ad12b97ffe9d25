import { closeSync, openSync, readdirSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { SftErrorCode } from '../../src/errors.ts'
import { ProtocolClient } from '../../src/protocol/client.ts'
import type { ByteStream } from '../../src/protocol/types.ts'
import { encodeFrame } from '../../src/wire/frame.ts'
import { encodeHello } from '../../src/wire/hello.ts'
import { MAX_DATA, MAX_WINDOW } from '../../src/wire/limits.ts'
import type { Action } from '../../src/wire/message.ts'
import { parseRemotePath, type RemotePath } from '../../src/wire/path.ts'
import { RIGHTS } from '../../src/wire/rights.ts'
import { attackedPair, codeOf, outcome, type AttackedPair } from '../support/aftermath.ts'
import { GRANTED, HostilePeer } from '../support/hostile-peer.ts'
import { firstRequest, hostileShare, memorySource, nextRequest } from '../support/hostile-provider.ts'

const SHORT = { handshake: 400, record: 300, stall: 500 }
const ABC = Buffer.from('abc')
const KEPT = parseRemotePath('kept.txt')

async function pause(milliseconds: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, milliseconds))
}

function get(path: string, offset = 0): Action {
  return { type: 'get', path: parseRemotePath(path), offset, length: null }
}

function put(size: number): Action {
  return {
    type: 'put',
    path: parseRemotePath('new'),
    file: { size, mtime: 0n, executable: false },
    overwrite: false,
    offset: 0,
    stream: false,
  }
}

/**
 * Lets all attackers hang at once, while an honest client is served.
 *
 * @returns How the sessions of the attackers ended, without repetition.
 */
async function endingsOf(
  pair: AttackedPair,
  attacks: ((stream: ByteStream) => Promise<void> | void)[],
): Promise<(SftErrorCode | null)[]> {
  for (const attack of attacks) await attack(await pair.openStream())
  const honest = await ProtocolClient.open(await pair.openStream(), pair.clientInit)
  expect(await honest.stat(KEPT)).toMatchObject({ size: 4 })
  await expect.poll(() => pair.endings.length, { timeout: 5_000, interval: 3 }).toBe(attacks.length)
  const codes = new Set(pair.endings.map(codeOf))
  expect(await honest.stat(KEPT)).toMatchObject({ size: 4 })
  await honest.close()
  await pair.expectUnharmed()
  return [...codes]
}

test('R03 a stream without a hello, or with a part of the handshake: ERR_TIMEOUT', async () => {
  const pair = await attackedPair({ deadlines: SHORT })
  const { sodium } = pair.clientInit
  const hello = encodeFrame(
    encodeHello({ publicKey: sodium.keyPair().publicKey, nonce: sodium.randomBytes(32), window: MAX_WINDOW }),
  )
  const endings = await endingsOf(pair, [
    (stream) => stream.write(hello.subarray(0, 1)),
    (stream) => stream.write(hello.subarray(0, 2)),
    (stream) => stream.write(hello.subarray(0, 40)),
    (stream) => stream.write(hello.subarray(0, -1)),
    (stream) => stream.write(hello),
    (stream) => stream.write(Buffer.concat([hello, Buffer.alloc(23)])),
    () => undefined,
    (stream) => {
      // A byte now and then does not extend the time for the whole.
      void (async () => {
        for (const byte of hello.subarray(0, 20)) {
          await pause(50)
          stream.write(Uint8Array.of(byte))
        }
      })().catch(() => undefined)
    },
  ])
  expect(endings).toEqual(['ERR_TIMEOUT'])
})

test('R03 a part of a record: ERR_TIMEOUT, also where no request is under way', async () => {
  const pair = await attackedPair({ deadlines: SHORT })
  const cutRecord =
    (end: number, request?: Action) =>
    async (stream: ByteStream): Promise<void> => {
      const peer = await HostilePeer.open(stream, pair.clientInit)
      if (request) peer.send({ type: 'request', id: 1, action: request })
      peer.sendRaw(encodeFrame(peer.seal(Buffer.concat([Uint8Array.of(2, 0, 0, 0, 1), ABC]))).subarray(0, end))
    }
  const endings = await endingsOf(pair, [
    ...[1, 2, 3, 20, -1].map((end) => cutRecord(end)),
    ...[1, 2, -1].map((end) => cutRecord(end, put(3))),
  ])
  expect(endings).toEqual(['ERR_TIMEOUT'])
})

test('silence while a request is under way: ERR_TIMEOUT, and nothing is left of it', async () => {
  const pair = await attackedPair({ deadlines: SHORT })
  const request =
    (action: Action, then?: (peer: HostilePeer) => void) =>
    async (stream: ByteStream): Promise<void> => {
      const peer = await HostilePeer.open(stream, pair.clientInit)
      peer.send({ type: 'request', id: 1, action })
      then?.(peer)
    }
  const endings = await endingsOf(pair, [
    request(put(3)),
    request(put(3), (peer) => peer.sendData(1, ABC)),
    request(put(2), (peer) => peer.sendData(1, ABC)), // refused, but the end of it never comes
    // The file was sent, or the refusal, and the word of the client on it is missing.
    request(get('kept.txt')),
    request(get('absent')),
    request({ type: 'list', path: parseRemotePath('.'), recursive: false }),
  ])
  expect(endings).toEqual(['ERR_TIMEOUT'])
})

/** Reads to the end of the stream and says nothing. */
async function takeAll(peer: HostilePeer): Promise<void> {
  while ((await peer.receive()) !== null);
}

test('a client that waits for credit it never gives: ERR_TIMEOUT', async () => {
  const pair = await attackedPair({ deadlines: SHORT })
  closeSync(openSync(join(pair.root, 'big'), 'w'))
  truncateSync(join(pair.root, 'big'), 2 * GRANTED)
  const peer = await HostilePeer.open(await pair.openStream(), pair.clientInit)
  peer.send({ type: 'request', id: 1, action: get('big') })
  await takeAll(peer)
  expect(await pair.ending()).toBe('ERR_TIMEOUT')
})

test('W04 a peer that is slow but shows itself is not cut off', async () => {
  const pair = await attackedPair({ deadlines: SHORT })
  const peer = await HostilePeer.open(await pair.openStream(), pair.clientInit)
  peer.send({ type: 'request', id: 1, action: put(3) })
  for (let count = 0; count < 10; count += 1) {
    await pause(100)
    peer.send({ type: 'credit', bytes: 0 })
  }
  peer.sendData(1, ABC)
  peer.sendEnd(1, ABC)
  expect(await peer.receiveType('result')).toMatchObject({ id: 1, error: 0 })
  await pair.expectUnharmed({ new: ABC })
})

test('a session without requests may be silent for as long as it likes', async () => {
  const pair = await attackedPair({ deadlines: SHORT })
  const share = await hostileShare(async (peer) => {
    const { id } = await firstRequest(peer)
    await pause(SHORT.stall / 2)
    peer.send({ type: 'result', id, error: 0 })
  }, SHORT)
  const client = await ProtocolClient.open(await pair.openStream(), pair.clientInit)
  const patient = await share.open()
  await pause(2 * SHORT.stall)
  expect(await client.stat(KEPT)).toMatchObject({ size: 4 })
  expect(await outcome(patient.mkdir(parseRemotePath('folder'), false))).toBeNull()
})

test('a session that is closed on one side only: ERR_TIMEOUT', async () => {
  const pair = await attackedPair({ deadlines: SHORT })
  const peer = await HostilePeer.open(await pair.openStream(), pair.clientInit)
  peer.send({ type: 'close', error: 0 })
  expect(await pair.ending()).toBe('ERR_TIMEOUT')
  await pair.expectUnharmed()
})

test('a provider that says nothing: ERR_TIMEOUT for the client', async () => {
  const silences: ((peer: HostilePeer, id: number) => Promise<void> | void)[] = [
    () => undefined,
    (peer) => peer.sendRaw(Uint8Array.of(0)),
    (peer, id) => peer.send({ type: 'begin', id, file: { size: 3, mtime: 0n, executable: false } }),
    (peer, id) => {
      peer.send({ type: 'begin', id, file: { size: 2 * MAX_DATA, mtime: 0n, executable: false } })
      peer.sendData(id, Buffer.alloc(MAX_DATA))
    },
    (peer, id) => {
      peer.send({ type: 'begin', id, file: { size: 3, mtime: 0n, executable: false } })
      peer.sendData(id, ABC)
      peer.sendRaw(encodeFrame(peer.seal(Uint8Array.of(1, 2, 3))).subarray(0, 10))
    },
  ]
  const share = await hostileShare(async (peer) => {
    const { id, action } = await firstRequest(peer)
    if (action.type === 'put') await takeAll(peer)
    else if (action.type === 'get') await silences[Number(action.path)]?.(peer, id)
  }, SHORT)
  const calls = silences.map(async (_, index) => {
    const client = await share.open()
    expect(await outcome(share.get(client, String(index)))).toBe('ERR_TIMEOUT')
    expect(await outcome(client.closed)).toBe('ERR_TIMEOUT')
  })
  const client = await share.open()
  const source = memorySource(Buffer.alloc(2 * GRANTED))
  expect(await outcome(client.put(parseRemotePath('big'), source, {}))).toBe('ERR_TIMEOUT')
  await Promise.all(calls)
  expect(readdirSync(share.local)).toEqual([])
})

test('a provider that never gets to the welcome: ERR_TIMEOUT for the client', async () => {
  const share = await hostileShare(() => undefined, SHORT)
  expect(await outcome(share.open())).toBe('ERR_TIMEOUT')
})

test('a client that closes while a file arrives, from a provider that does not care: ERR_TIMEOUT, no crash', async () => {
  const share = await hostileShare(async (peer) => {
    const { id } = await firstRequest(peer)
    peer.send({ type: 'begin', id, file: { size: 20 * MAX_DATA, mtime: 0n, executable: false } })
    peer.sendData(id, Buffer.alloc(MAX_DATA))
    await peer.receiveType('close')
    for (let count = 0; count < 15; count += 1) peer.sendData(id, Buffer.alloc(MAX_DATA))
  }, SHORT)
  const client = await share.open()
  const getting = outcome(share.get(client, 'abc.txt'))
  await expect.poll(() => readdirSync(share.local).length, { interval: 3 }).toBe(1)
  await client.close()
  expect(await getting).toBe('ERR_TIMEOUT')
  expect(await outcome(client.closed)).toBe('ERR_TIMEOUT')
  expect(await outcome(client.stat(KEPT))).toBe('ERR_TIMEOUT')
  expect(readdirSync(share.local)).toEqual([])
})

test('a client that closed its session gets ERR_CLOSED for what it asks then', async () => {
  const pair = await attackedPair()
  const client = await ProtocolClient.open(await pair.openStream(), pair.clientInit)
  const closing = client.close()
  expect(await outcome(client.stat(KEPT))).toBe('ERR_CLOSED')
  await closing
  await client.closed
  expect(await outcome(client.stat(KEPT))).toBe('ERR_CLOSED')
})

test('a file that is complete when the client closes is there, and the call says so', async () => {
  const content = Buffer.alloc(MAX_DATA + 1, 'abc') // a smaller one would not be begun before all of it is there
  const share = await hostileShare(
    async (peer) => {
      const { id } = await firstRequest(peer)
      peer.send({ type: 'begin', id, file: { size: content.byteLength, mtime: 0n, executable: false } })
      await peer.receiveType('close')
      for (let at = 0; at < content.byteLength; at += MAX_DATA) peer.sendData(id, content.subarray(at, at + MAX_DATA))
      peer.sendEnd(id, content)
      await nextRequest(peer)
    },
    { ...SHORT, stall: 5_000 },
  )
  const client = await share.open()
  const getting = outcome(share.get(client, 'abc.txt'))
  await expect.poll(() => readdirSync(share.local).length, { interval: 3 }).toBe(1)
  await client.close()
  expect(await getting).toBeNull()
  expect(readdirSync(share.local)).toEqual(['abc.txt'])
})

test('R12 the work for a peer that no longer wants it ends', async () => {
  const pair = await attackedPair()
  closeSync(openSync(join(pair.root, 'huge'), 'w'))
  truncateSync(join(pair.root, 'huge'), 1024 ** 4)
  for (const action of [
    get('huge', 1024 ** 4 - 1),
    { type: 'digest', path: parseRemotePath('huge'), algorithm: 'md5' } as const,
  ]) {
    const peer = await HostilePeer.open(await pair.openStream(), pair.clientInit)
    peer.send({ type: 'request', id: 1, action })
    peer.send({ type: 'result', id: 1, error: 16 })
    expect(await peer.receiveType(action.type === 'get' ? 'end' : 'result')).toMatchObject({ id: 1, error: 16 })
    peer.send({ type: 'request', id: 2, action })
    await pause(20)
    peer.stream.abort(new Error('gone'))
    expect(await pair.ending()).toBe('ERR_CLOSED')
  }
  expect(pair.served).toHaveLength(4)
})

test('a request that is cancelled while it waits for its turn is not carried out', async () => {
  const pair = await attackedPair()
  closeSync(openSync(join(pair.root, 'huge'), 'w'))
  truncateSync(join(pair.root, 'huge'), 1024 ** 4)
  const peer = await HostilePeer.open(await pair.openStream(), pair.clientInit)
  await peer.receiveType('welcome')
  // As many as are worked on at once; each reads on until it is cancelled.
  for (let id = 1; id <= 16; id += 1)
    peer.send({ type: 'request', id, action: { type: 'digest', path: parseRemotePath('huge'), algorithm: 'md5' } })
  peer.send({ type: 'request', id: 17, action: { type: 'delete', path: KEPT } })
  peer.send({ type: 'result', id: 17, error: 16 })
  peer.send({ type: 'request', id: 18, action: { type: 'stat', path: KEPT } })
  for (let id = 1; id <= 16; id += 1) peer.send({ type: 'result', id, error: 16 })
  const answers = new Map<number, number>()
  while (answers.size < 18) {
    const { id, error } = (await peer.receiveType('result')) ?? { id: 0, error: -1 }
    expect(id).toBeGreaterThan(0)
    answers.set(id, error)
  }
  expect(answers.get(17)).toBe(16)
  expect(answers.get(18)).toBe(0)
  expect(pair.served.find(({ action }) => action.type === 'delete')?.error?.code).toBe('ERR_ABORTED')
})

test('of many files that are asked for at once, 16 large ones are read and the small ones do not wait for them', async () => {
  const pair = await attackedPair()
  closeSync(openSync(join(pair.root, 'huge'), 'w'))
  truncateSync(join(pair.root, 'huge'), 1024 ** 4)
  const peer = await HostilePeer.open(await pair.openStream(), pair.clientInit)
  await peer.receiveType('welcome')
  const get = (path: RemotePath): Action => ({ type: 'get', path, offset: 0, length: null })
  for (let id = 1; id <= 20; id += 1) peer.send({ type: 'request', id, action: get(parseRemotePath('huge')) })
  peer.send({ type: 'request', id: 21, action: get(KEPT) })
  const begun = new Set<number>()
  while (!begun.has(21)) begun.add((await peer.receiveType('begin'))?.id ?? 0)
  while (begun.size < 17) begun.add((await peer.receiveType('begin'))?.id ?? 0)
  // Which ones wait is decided by when they were opened, in threads.
  const waiting = [...Array(20).keys()].map((id) => id + 1).filter((id) => !begun.has(id))
  expect(waiting).toHaveLength(4)
  // One that waits is cancelled, then one that does not: another takes its place.
  const reading = [...begun].find((id) => id !== 21) ?? 0
  for (const id of [waiting[0] ?? 0, reading]) peer.send({ type: 'result', id, error: 16 })
  peer.send({ type: 'credit', bytes: GRANTED }) // for which all of them wait
  expect(waiting.slice(1)).toContain((await peer.receiveType('begin'))?.id)
})

test('a client whose provider has the right to nothing still learns it in order', async () => {
  const share = await hostileShare((peer) => {
    peer.send({ type: 'welcome', rights: new Set(RIGHTS.slice(0, 1)) })
    peer.send({ type: 'close', error: 4 })
    void peer.stream.close()
  })
  const client = await share.open()
  expect(await client.rights()).toEqual(new Set(['list']))
  expect(await outcome(client.closed)).toBe('ERR_DENIED')
})
