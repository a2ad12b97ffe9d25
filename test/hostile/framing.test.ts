import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { SftErrorCode } from '../../src/errors.ts'
import { ERRORS } from '../../src/errors.ts'
import { encodeFrame } from '../../src/wire/frame.ts'
import { encodeHello } from '../../src/wire/hello.ts'
import { MAX_DATA, MAX_MESSAGE, MAX_RECORD, MAX_REQUESTS, MAX_WINDOW } from '../../src/wire/limits.ts'
import { encodeMessage, type Action } from '../../src/wire/message.ts'
import { parseRemotePath } from '../../src/wire/path.ts'
import { RIGHTS } from '../../src/wire/rights.ts'
import { attackedPair, type AttackedPair } from '../support/aftermath.ts'
import { HostilePeer } from '../support/hostile-peer.ts'
import { md5 } from '../support/hostile-provider.ts'
import { ACTION, bytesField, MESSAGE, numberField, requestOf, varint } from '../support/protobuf.ts'
import { attacked } from '../support/wire-recorder.ts'

const ABC = Buffer.from('abc')

async function hostilePeer(pair: AttackedPair): Promise<HostilePeer> {
  return HostilePeer.open(await pair.openStream(), pair.clientInit)
}

function put(path: string, size: number, overwrite = false): Action {
  return {
    type: 'put',
    path: parseRemotePath(path),
    file: { size, mtime: 0n, executable: false },
    overwrite,
    offset: 0,
    stream: false,
  }
}

function stat(path: string): Action {
  return { type: 'stat', path: parseRemotePath(path) }
}

/**
 * Runs each attack in a session of its own, which must end with `code` and leave everything as it was.
 *
 * @returns The attacks that ended otherwise, with how they did.
 */
async function notRefused(
  attacks: Record<string, (peer: HostilePeer) => Promise<void> | void>,
  code: SftErrorCode,
): Promise<[string, SftErrorCode | null][]> {
  const pair = await attackedPair()
  const otherwise: [string, SftErrorCode | null][] = []
  for (const [name, attack] of Object.entries(attacks)) {
    await attack(await hostilePeer(pair))
    const ending = await pair.ending()
    if (ending !== code) otherwise.push([name, ending])
    await pair.expectUnharmed()
  }
  return otherwise
}

/**
 * Sends each request, given as protobuf, in one session, which must answer it with `code` and go on.
 *
 * @returns The requests that were answered otherwise, with the answer.
 */
async function notAnswered(requests: Record<string, Uint8Array>, code: SftErrorCode): Promise<[string, unknown][]> {
  const pair = await attackedPair()
  const peer = await hostilePeer(pair)
  await peer.receiveType('welcome')
  const otherwise: [string, unknown][] = []
  for (const [name, request] of Object.entries(requests)) {
    peer.sendEncoded(request)
    const answer = await peer.receive()
    if (answer === null || !('error' in answer) || answer.error !== ERRORS[code].wire) otherwise.push([name, answer])
    // A request for bytes ends with the word of the client.
    if (answer?.type === 'end') peer.send({ type: 'result', id: answer.id, error: 16 })
  }
  peer.send({ type: 'request', id: 1_000_000, action: stat('kept.txt') })
  expect(await peer.receiveType('result')).toMatchObject({ id: 1_000_000, error: 0 })
  await pair.expectUnharmed()
  return otherwise
}

test('F01 F02 lengths over the cap, zero or too small: refused at once', async () => {
  const length = (value: number): Uint8Array => Uint8Array.of(value >>> 8, value & 0xff)
  expect(
    await notRefused(
      {
        zero: (peer) => peer.sendRaw(length(0)),
        one: (peer) => peer.sendRaw(length(1)),
        'only a MAC and a tag': (peer) => peer.sendRaw(length(17)),
        'one over the cap': (peer) => peer.sendRaw(length(MAX_RECORD + 1)),
        'the most two bytes hold': (peer) => peer.sendRaw(length(65_535)),
        'in the middle of an upload': (peer) => {
          peer.send({ type: 'request', id: 1, action: put('new', 3) })
          peer.sendData(1, ABC)
          peer.sendRaw(length(65_535))
        },
      },
      'ERR_PROTOCOL',
    ),
  ).toEqual([])
})

test('F01 F02 a hello of the wrong length, version or content: refused', async () => {
  const pair = await attackedPair()
  const sodium = pair.clientInit.sodium
  const good = { publicKey: sodium.keyPair().publicKey, nonce: sodium.randomBytes(32), window: MAX_WINDOW }
  const hellos: Record<string, Uint8Array> = {
    empty: Uint8Array.of(0, 0),
    'one byte too long': Uint8Array.of(1, 1),
    'the longest frame': Uint8Array.of(255, 255),
    'no fields': encodeFrame(Uint8Array.of(0x78, 1)),
    'another protocol': Buffer.from('GET / HTTP/1.1\r\n\r\n'),
    'version 0': encodeFrame(Buffer.concat([encodeHello(good), numberField(1, 0)])),
    'version 2': encodeFrame(Buffer.concat([encodeHello(good), numberField(1, 2)])),
    'a short key': encodeFrame(encodeHello({ ...good, publicKey: new Uint8Array(31) })),
    'a long key': encodeFrame(encodeHello({ ...good, publicKey: new Uint8Array(33) })),
    'no nonce': encodeFrame(encodeHello({ ...good, nonce: new Uint8Array(0) })),
    'a window of 0': encodeFrame(encodeHello({ ...good, window: 0 })),
    'a window below a record': encodeFrame(encodeHello({ ...good, window: MAX_DATA - 1 })),
    'a window over the cap': encodeFrame(encodeHello({ ...good, window: MAX_WINDOW + 1 })),
    'a varint without end': encodeFrame(Buffer.concat([encodeHello(good), Buffer.alloc(12, 0xff)])),
    'a field longer than the hello': encodeFrame(Buffer.concat([encodeHello(good), Uint8Array.of(0x12, 0x7f)])),
  }
  for (const [name, hello] of Object.entries(hellos)) {
    const stream = await pair.openStream()
    stream.write(hello)
    expect([name, await pair.ending()]).toEqual([name, 'ERR_PROTOCOL'])
    await pair.expectUnharmed()
  }
})

test('F02 F04 F08 records and messages that are none: the session ends', async () => {
  const sendPlaintext =
    (...parts: (Uint8Array | string)[]) =>
    (peer: HostilePeer): void =>
      peer.sendPlaintext(Buffer.concat(parts.map((part) => Buffer.from(part))))
  const kind = { none: Uint8Array.of(0), message: Uint8Array.of(1), data: Uint8Array.of(2) }
  expect(
    await notRefused(
      {
        'record kind 0': sendPlaintext(kind.none, 'abc'),
        'record kind 3': sendPlaintext(Uint8Array.of(3), 'abc'),
        'record kind 255': sendPlaintext(Uint8Array.of(255), 'abc'),
        'an empty message': sendPlaintext(kind.message),
        'a message of unknown type': sendPlaintext(kind.message, bytesField(8, 'abc')),
        'a message of type 0': sendPlaintext(kind.message, Uint8Array.of(0, 0)),
        JSON: sendPlaintext(kind.message, '{"__proto__":{"rights":127},"request":{"id":1}}'),
        'a message over its cap': sendPlaintext(
          kind.message,
          bytesField(MESSAGE.credit, bytesField(99, Buffer.alloc(MAX_MESSAGE))),
        ),
        'data without an id': sendPlaintext(kind.data, 'abc'),
        'data without bytes': sendPlaintext(kind.data, Uint8Array.of(0, 0, 0, 1)),
        'data over its cap': sendPlaintext(kind.data, Buffer.alloc(4 + MAX_DATA + 1)),
        'an overlong varint': sendPlaintext(kind.message, bytesField(MESSAGE.request, numberField(1, 1, 12))),
        'a varint that is cut': sendPlaintext(kind.message, bytesField(MESSAGE.request, Uint8Array.of(8, 0x80))),
        'a length beyond the message': sendPlaintext(kind.message, Uint8Array.of(0x12, 0x7f, 8, 1)),
        'a length of 2^32-1': sendPlaintext(kind.message, Uint8Array.of(0x12), varint(2 ** 32 - 1)),
        'a length of 2^53': sendPlaintext(kind.message, Uint8Array.of(0x12), varint(2 ** 53)),
        '16,000 groups one in the other': sendPlaintext(kind.message, Buffer.alloc(16_000, 0x43)),
        '8,000 messages one in the other': sendPlaintext(kind.message, nested(8_000)),
        'wire type 7': sendPlaintext(kind.message, Uint8Array.of(0x47, 1)),
        'request 0': (peer) => peer.sendEncoded(requestOf(0, 'stat', bytesField(1, 'kept.txt'))),
        'a request without an id': (peer) => peer.sendEncoded(bytesField(MESSAGE.request, bytesField(3))),
        'a digest of the wrong length in an end': (peer) => {
          peer.send({ type: 'request', id: 1, action: put('new', 3) })
          peer.sendData(1, ABC)
          peer.send({ type: 'end', id: 1, error: 0, size: 3, md5: md5(ABC).subarray(1) })
        },
      },
      'ERR_PROTOCOL',
    ),
  ).toEqual([])
  expect(Object.keys(Object.prototype)).toEqual([])
  expect({}).not.toHaveProperty('rights')
})

/** Messages of field 2 one in the other, as far as they fit. */
function nested(depth: number): Uint8Array {
  let message: Uint8Array = new Uint8Array(0)
  for (let level = 0; level < depth && message.byteLength < MAX_MESSAGE - 8; level += 1)
    message = Buffer.concat([Uint8Array.of(0x12), varint(message.byteLength), message])
  return message
}

test('F04 A02 requests of unknown type, or with fields that make none: answered with an error', async () => {
  const path = bytesField(1, 'kept.txt')
  expect(
    await notAnswered(
      {
        'no action': bytesField(MESSAGE.request, numberField(1, 1)),
        'an unknown action': bytesField(MESSAGE.request, numberField(1, 2), bytesField(15, path)),
        'F09 offset + length over 2^53': requestOf(
          8,
          'get',
          path,
          numberField(2, Number.MAX_SAFE_INTEGER),
          numberField(3, 1),
        ),
        'F14 no digest algorithm': requestOf(9, 'digest', path),
        'F14 an unknown digest algorithm': requestOf(10, 'digest', path, numberField(2, 3)),
        'a put without a file': requestOf(11, 'put', bytesField(1, 'new')),
      },
      'ERR_PROTOCOL',
    ),
  ).toEqual([])
})

test('F09 numbers that no size or offset can be: the session ends', async () => {
  const path = bytesField(1, 'kept.txt')
  const request =
    (action: 'get' | 'put', ...fields: Uint8Array[]) =>
    (peer: HostilePeer): void =>
      peer.sendEncoded(requestOf(1, action, path, ...fields))
  expect(
    await notRefused(
      {
        'an offset of -1': request('get', numberField(2, -1)),
        'an offset of 2^53': request('get', numberField(2, 2 ** 53)),
        'a length of 2^53': request('get', numberField(3, 2 ** 53)),
        'a size of 2^53': request('put', bytesField(2, numberField(1, 2 ** 53)), numberField(3, 1)),
        'an offset of 2^64-1': request('get', numberField(2, 2n ** 64n - 1n)),
        'a length of -1': request('get', numberField(3, -1)),
        'a size of -1': request('put', bytesField(2, numberField(1, -1)), numberField(3, 1)),
        'a varint of 11 bytes': request('get', numberField(2, 1, 10)),
      },
      'ERR_PROTOCOL',
    ),
  ).toEqual([])
})

test('P01 P02 P03 N01 N10 F08 paths that are none: answered with an error', async () => {
  const paths: (string | Uint8Array)[] = [
    '',
    '..',
    '../outside.txt',
    'a/../../outside.txt',
    './kept.txt',
    'kept.txt/.',
    '/etc/passwd',
    'a//b',
    'kept.txt/',
    '\\\\server\\share',
    'a\\b',
    'C:kept.txt',
    'kept.txt\0',
    Uint8Array.of(0xff, 0xfe),
    Uint8Array.of(0xc0, 0xae, 0xc0, 0xae), // '..' overlong
    Uint8Array.of(0xed, 0xa0, 0x80), // a lone surrogate
    'a'.repeat(256),
    'a/'.repeat(300) + 'b',
    'a'.repeat(4_097),
    'a'.repeat(16_000),
  ]
  const requests: Record<string, Uint8Array> = {}
  let id = 0
  for (const path of paths) {
    const field = bytesField(1, path)
    requests[`stat ${String(path)}`] = requestOf(++id, 'stat', field)
    requests[`delete ${String(path)}`] = requestOf(++id, 'delete', field)
    requests[`mkdir ${String(path)}`] = requestOf(++id, 'mkdir', field, numberField(2, 1))
    requests[`get ${String(path)}`] = requestOf(++id, 'get', field)
    requests[`list ${String(path)}`] = requestOf(++id, 'list', field)
    if (path.length > 8_000) continue // two of them are over the cap of a message
    requests[`rename from ${String(path)}`] = requestOf(++id, 'rename', field, bytesField(2, 'new'), numberField(3, 1))
    requests[`rename to ${String(path)}`] = requestOf(
      ++id,
      'rename',
      bytesField(1, 'kept.txt'),
      bytesField(2, path),
      numberField(3, 1),
    )
  }
  expect(await notAnswered(requests, 'ERR_PATH')).toEqual([])
})

test('F08 names of JavaScript are names like any other, and a repeated field counts once', async () => {
  const pair = await attackedPair()
  const peer = await hostilePeer(pair)
  let id = 0
  for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
    const inner = parseRemotePath(`${name}/${name}`)
    const actions: Action[] = [
      { type: 'mkdir', path: inner, parents: true },
      { type: 'delete', path: inner },
      { type: 'delete', path: parseRemotePath(name) },
    ]
    for (const action of actions) {
      peer.send({ type: 'request', id: ++id, action })
      expect([`${action.type} ${name}`, await peer.receiveType('result')]).toMatchObject([
        `${action.type} ${name}`,
        { id, error: 0 },
      ])
    }
  }
  expect(Object.keys(Object.prototype)).toEqual([])
  const second = await hostilePeer(pair)
  second.sendEncoded(requestOf(1, 'delete', bytesField(1, 'kept.txt'), bytesField(1, 'absent')))
  expect(await second.receiveType('result')).toMatchObject({ id: 1, error: ERRORS.ERR_NOT_FOUND.wire })
  // Of two actions at most one is carried out, and it is answered once.
  second.sendEncoded(
    bytesField(
      MESSAGE.request,
      numberField(1, 2),
      bytesField(ACTION.stat, bytesField(1, 'kept.txt')),
      bytesField(ACTION.mkdir, bytesField(1, 'kept.txt')),
    ),
  )
  second.send({ type: 'request', id: 3, action: stat('absent') })
  const answered = [await second.receiveType('result'), await second.receiveType('result')]
  expect(new Set(answered.map((result) => result?.id))).toEqual(new Set([2, 3])) // in any order
  await pair.expectUnharmed()
})

test('F05 messages that only a provider sends, or that belong to no request: the session ends', async () => {
  const file = { size: 3, mtime: 0n, executable: false }
  const end = { type: 'end', error: 0, size: 3, md5: md5(ABC) } as const
  expect(
    await notRefused(
      {
        'a welcome from a client': (peer) => peer.send({ type: 'welcome', rights: new Set(RIGHTS) }),
        'data of no request': (peer) => peer.sendData(1, ABC),
        'an end of no request': (peer) => peer.send({ ...end, id: 1 }),
        'a success of no request': (peer) => peer.send({ type: 'result', id: 1, error: 0 }),
        'a begin of no request': (peer) => peer.send({ type: 'begin', id: 1, file }),
        'a begin for an upload': (peer) => {
          peer.send({ type: 'request', id: 1, action: put('new', 3) })
          peer.send({ type: 'begin', id: 1, file })
        },
        'a result for an upload': (peer) => {
          peer.send({ type: 'request', id: 1, action: put('new', 3) })
          peer.sendData(1, ABC)
          peer.send({ type: 'result', id: 1, error: 0 })
        },
        'data for a download': (peer) => {
          peer.send({
            type: 'request',
            id: 1,
            action: { type: 'get', path: parseRemotePath('kept.txt'), offset: 0, length: null },
          })
          peer.sendData(1, ABC)
        },
        'an end for a question': (peer) => {
          peer.send({
            type: 'request',
            id: 1,
            action: { type: 'digest', path: parseRemotePath('kept.txt'), algorithm: 'md5' },
          })
          peer.send({ ...end, id: 1 })
        },
        'a request id used again': (peer) => {
          peer.send({ type: 'request', id: 1, action: stat('kept.txt') })
          peer.send({ type: 'request', id: 1, action: { type: 'delete', path: parseRemotePath('kept.txt') } })
        },
        'a request id used again after its answer': async (peer) => {
          peer.send({ type: 'request', id: 7, action: stat('kept.txt') })
          await peer.receiveType('result')
          peer.send({ type: 'request', id: 7, action: { type: 'delete', path: parseRemotePath('kept.txt') } })
        },
        'request ids that go back': async (peer) => {
          peer.send({ type: 'request', id: 7, action: stat('kept.txt') })
          await peer.receiveType('result')
          peer.send({ type: 'request', id: 6, action: { type: 'delete', path: parseRemotePath('kept.txt') } })
        },
        'a bad request with an id used before': async (peer) => {
          peer.send({ type: 'request', id: 7, action: stat('kept.txt') })
          await peer.receiveType('result')
          peer.sendEncoded(requestOf(7, 'stat', bytesField(1, '..')))
        },
      },
      'ERR_PROTOCOL',
    ),
  ).toEqual([])
})

test('a success reported before our end of the file: the session ends', async () => {
  const pair = await attackedPair()
  const content = Buffer.alloc(40 * MAX_DATA)
  writeFileSync(join(pair.root, 'big'), content)
  const peer = await hostilePeer(pair)
  peer.send({ type: 'request', id: 1, action: { type: 'get', path: parseRemotePath('big'), offset: 0, length: null } })
  await peer.receiveType('data')
  peer.send({ type: 'result', id: 1, error: 0 })
  expect(await pair.ending()).toBe('ERR_PROTOCOL')
  await pair.expectUnharmed({ big: content })
})

test('F07 F10 F14 an upload that is not what was announced: nothing is committed, the session goes on', async () => {
  const pair = await attackedPair()
  const peer = await hostilePeer(pair)
  await peer.receiveType('welcome')
  const end = { type: 'end', error: 0, size: 3, md5: md5(ABC) } as const
  const uploads: Record<string, [SftErrorCode, number, (id: number) => void]> = {
    'F10 one byte more than announced': ['ERR_PROTOCOL', 2, (id) => peer.sendData(id, ABC)],
    'F10 bytes for an empty file': ['ERR_PROTOCOL', 0, (id) => peer.sendData(id, ABC)],
    'F10 one byte less than announced': ['ERR_TRUNCATED', 4, (id) => peer.sendData(id, ABC)],
    'F10 no bytes': ['ERR_TRUNCATED', 3, () => undefined],
    'F10 no bytes of many': ['ERR_TRUNCATED', 100_000, () => undefined],
    'F10 no bytes of 2^53-1': ['ERR_NO_SPACE', Number.MAX_SAFE_INTEGER, () => undefined],
    'other bytes than those of the digest': ['ERR_DIGEST', 3, (id) => peer.sendData(id, Buffer.from('abd'))],
  }
  let id = 0
  for (const [name, [code, size, sendBytes]] of Object.entries(uploads)) {
    peer.send({ type: 'request', id: ++id, action: put('new', size) })
    sendBytes(id)
    peer.send({ ...end, id, size: name.includes('bytes for') ? 3 : size })
    expect([name, await peer.receiveType('result')]).toMatchObject([name, { id, error: ERRORS[code].wire }])
  }
  const ends: Record<
    string,
    [SftErrorCode, Partial<typeof end> & { size?: number; md5?: Uint8Array; error?: number }]
  > = {
    'an end with another size': ['ERR_TRUNCATED', { size: 4 as 3 }],
    'an end with size 0': ['ERR_TRUNCATED', { size: 0 as 3 }],
    'F14 an end without a digest': ['ERR_DIGEST', { md5: new Uint8Array(0) }],
    'an end with the digest of something else': ['ERR_DIGEST', { md5: md5('abd') }],
    'an end that says the source changed': ['ERR_CHANGED', { error: ERRORS.ERR_CHANGED.wire as 0 }],
    'an end with an unknown error': ['ERR_INTERNAL', { error: 4_000_000_000 as 0 }],
  }
  for (const [name, [code, wrong]] of Object.entries(ends)) {
    peer.send({ type: 'request', id: ++id, action: put('new', 3) })
    peer.sendData(id, ABC)
    peer.send({ ...end, ...wrong, id })
    expect([name, await peer.receiveType('result')]).toMatchObject([name, { id, error: ERRORS[code].wire }])
  }
  await pair.expectUnharmed()
})

test('F10 a large upload of more than was announced ends there, and not only when it ends', async () => {
  const pair = await attackedPair()
  const peer = await hostilePeer(pair)
  await peer.receiveType('welcome')
  const [size, chunk] = [100_000, new Uint8Array(50_000)]
  peer.send({ type: 'request', id: 1, action: put('new', size) })
  for (let sent = 0; sent <= size; sent += chunk.byteLength) peer.sendData(1, chunk)
  expect(await peer.receiveType('result')).toMatchObject({ id: 1, error: ERRORS.ERR_PROTOCOL.wire })
  peer.sendEnd(1, new Uint8Array(size))
  peer.send({ type: 'request', id: 2, action: stat('kept.txt') })
  expect(await peer.receiveType('result')).toMatchObject({ id: 2, error: 0 })
  await pair.expectUnharmed()
})

test('F07 bytes after the end of a file: nothing more is committed', async () => {
  const pair = await attackedPair()
  const attacks: ((peer: HostilePeer) => void)[] = [
    (peer) => peer.sendData(1, ABC),
    (peer) => peer.sendEnd(1, ABC),
    (peer) => peer.send({ type: 'result', id: 1, error: 0 }),
  ]
  for (const attack of attacks) {
    const peer = await hostilePeer(pair)
    peer.send({ type: 'request', id: 1, action: put('new', 4) })
    peer.sendData(1, ABC)
    peer.sendEnd(1, ABC) // one byte short: refused, whatever comes after it
    attack(peer)
    expect(await pair.ending()).toBe('ERR_PROTOCOL')
    await pair.expectUnharmed()
  }
  for (const attack of attacks) {
    const peer = await hostilePeer(pair)
    peer.send({ type: 'request', id: 1, action: put('kept.txt', 3, true) })
    peer.sendData(1, ABC)
    // The bytes come before the end is read, so that they belong to the file: more than was announced.
    peer.sendData(1, ABC)
    peer.sendEnd(1, ABC)
    attack(peer)
    expect(await pair.ending()).toBe('ERR_PROTOCOL')
    await pair.expectUnharmed()
  }
})

test('more requests at once than allowed: the session ends', async () => {
  const pair = await attackedPair()
  const peer = await hostilePeer(pair)
  for (let id = 1; id <= MAX_REQUESTS; id += 1) peer.send({ type: 'request', id, action: put(`new-${id}`, 3) })
  peer.send({ type: 'request', id: MAX_REQUESTS + 1, action: stat('kept.txt') })
  expect(await pair.ending()).toBe('ERR_PROTOCOL')
  await pair.expectUnharmed()
})

test('as many requests at once as allowed, again and again, are all answered', async () => {
  const pair = await attackedPair()
  writeFileSync(join(pair.root, 'small'), ABC)
  const peer = await hostilePeer(pair)
  const action: Action = { type: 'get', path: parseRemotePath('small'), offset: 0, length: null }
  let id = 0
  while (id < MAX_REQUESTS) peer.send({ type: 'request', id: ++id, action })
  for (let ended = 0; ended < 1_000; ended += 1) {
    const end = await peer.receiveType('end')
    expect(end).toMatchObject({ error: 0, size: 3 })
    // One is over and the next begins, in one breath.
    peer.send({ type: 'result', id: end?.id ?? 0, error: 0 })
    peer.send({ type: 'request', id: ++id, action })
  }
  await pair.expectUnharmed({ small: ABC })
})

test('F06 a session byte by byte, and all at once, gives the same answers', async () => {
  const pair = await attackedPair()
  const big = Buffer.alloc(2_000, 'byte by byte ')
  const answers: unknown[] = []
  const split = (bytes: Uint8Array): Uint8Array[] => Array.from(bytes, (byte) => Uint8Array.of(byte))
  for (const way of ['as it comes', 'byte by byte', 'all at once'] as const) {
    const stream = await pair.openStream()
    const written: Uint8Array[] = []
    let held = false
    const peer = await HostilePeer.open(
      {
        ...attacked(stream, {}),
        source: stream.source,
        write(bytes) {
          if (held) written.push(bytes)
          else for (const part of way === 'byte by byte' ? split(bytes) : [bytes]) stream.write(part)
        },
      },
      pair.clientInit,
    )
    held = way === 'all at once'
    const name = `new ${way}`
    peer.send({ type: 'request', id: 1, action: put(name, big.byteLength) })
    peer.sendData(1, big.subarray(0, 1_500))
    peer.sendData(1, big.subarray(1_500))
    peer.sendEnd(1, big)
    peer.sendEncoded(requestOf(2, 'stat', bytesField(1, '..')))
    peer.send({ type: 'request', id: 3, action: stat('absent') })
    held = false
    if (written.length > 0) peer.sendRaw(Buffer.concat(written))
    const seen: unknown[] = []
    for (let count = 0; count < 4; count += 1) seen.push(await peer.receive())
    answers.push(seen.toSorted((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b))))
    peer.send({ type: 'close', error: 0 })
    await stream.close()
    expect([way, await pair.ending()]).toEqual([way, null])
  }
  expect(answers[1]).toEqual(answers[0])
  expect(answers[2]).toEqual(answers[0])
  await pair.expectUnharmed({ 'new as it comes': big, 'new byte by byte': big, 'new all at once': big })
})

test('an unknown field in a message is ignored, in a hello too', async () => {
  const pair = await attackedPair()
  const peer = await hostilePeer(pair)
  const request = encodeMessage({ type: 'request', id: 1, action: stat('kept.txt') })
  peer.sendEncoded(Buffer.concat([request, bytesField(2_000, 'from the future'), numberField(2_001, 1)]))
  expect(await peer.receiveType('result')).toMatchObject({ id: 1, error: 0 })
  await pair.expectUnharmed()
})
