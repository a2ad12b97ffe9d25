import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ERRORS, type SftErrorCode } from '../../src/errors.ts'
import type { ProtocolClient } from '../../src/protocol/client.ts'
import { encodeFrame } from '../../src/wire/frame.ts'
import { MAX_DATA, MAX_PAGE_ENTRIES, MAX_WINDOW } from '../../src/wire/limits.ts'
import { parseRemotePath } from '../../src/wire/path.ts'
import { RIGHTS } from '../../src/wire/rights.ts'
import { outcome, tree } from '../support/aftermath.ts'
import type { HostilePeer, Received } from '../support/hostile-peer.ts'
import { firstRequest, hostileShare, md5, memorySource, nextRequest } from '../support/hostile-provider.ts'
import { bytesField, MESSAGE, numberField } from '../support/protobuf.ts'

const ABC = Buffer.from('abc')
const FILE = { size: 3, mtime: 0n, executable: false }

type Lie = (peer: HostilePeer, id: number) => Promise<void> | void

/**
 * Lets a real client make one call of each of many hostile providers; every call must fail with `code`, and nothing
 * appear or change in the folder of the client.
 *
 * @returns The lies after which it was otherwise, with how the call ended.
 */
async function notRefused(
  lies: Record<string, Lie>,
  call: (client: ProtocolClient, get: (path: string) => Promise<unknown>) => Promise<unknown>,
  code: SftErrorCode,
): Promise<[string, SftErrorCode | null][]> {
  let lie: Lie = () => undefined
  const share = await hostileShare(async (peer) => {
    const { id } = await firstRequest(peer)
    await lie(peer, id)
  })
  writeFileSync(join(share.local, 'mine.txt'), 'mine')
  const before = tree(share.local)
  const otherwise: [string, SftErrorCode | null][] = []
  for (const [name, one] of Object.entries(lies)) {
    lie = one
    const client = await share.open()
    const ending = await outcome(call(client, async (path) => share.get(client, path)))
    if (ending !== code) otherwise.push([name, ending])
    expect([name, tree(share.local)]).toEqual([name, before])
    client.abort(new Error('the test is over'))
    await client.closed.catch(() => undefined)
  }
  return otherwise
}

const getAbc = async (_client: ProtocolClient, get: (path: string) => Promise<unknown>): Promise<unknown> =>
  get('abc.txt')

test('F05 F11 a file that was not asked for, or in the wrong order: the client ends the session', async () => {
  expect(
    await notRefused(
      {
        'F11 another file': (peer, id) => peer.send({ type: 'begin', id: id + 1, file: FILE }),
        'F11 an extra file': (peer, id) => {
          peer.send({ type: 'begin', id, file: FILE })
          peer.send({ type: 'begin', id: id + 1, file: FILE })
        },
        'a begin twice': (peer, id) => {
          peer.send({ type: 'begin', id, file: FILE })
          peer.send({ type: 'begin', id, file: FILE })
        },
        'data before the begin': (peer, id) => peer.sendData(id, ABC),
        'data of another id': (peer, id) => {
          peer.send({ type: 'begin', id, file: FILE })
          peer.sendData(id + 1, ABC)
        },
        'data of id 0': (peer, id) => {
          peer.send({ type: 'begin', id, file: FILE })
          peer.sendData(0, ABC)
        },
        'an end before the begin': (peer, id) => peer.sendEnd(id, ABC),
        'an end of another id': (peer, id) => {
          peer.send({ type: 'begin', id, file: FILE })
          peer.sendData(id, ABC)
          peer.sendEnd(id + 1, ABC)
        },
        'a result in place of a file': (peer, id) => peer.send({ type: 'result', id, error: 0 }),
        'a failed result in place of a file': (peer, id) => peer.send({ type: 'result', id, error: 6 }),
        'a result of another id': (peer, id) => peer.send({ type: 'result', id: id + 1, error: 0 }),
        'a request': (peer) => {
          peer.send({
            type: 'request',
            id: 1,
            action: { type: 'get', path: parseRemotePath('mine.txt'), offset: 0, length: null },
          })
        },
        'a bad request': (peer) => peer.sendEncoded(bytesField(MESSAGE.request, numberField(1, 1))),
        'a second welcome': (peer) => peer.send({ type: 'welcome', rights: new Set(RIGHTS) }),
        'a message of unknown type': (peer) => peer.sendEncoded(bytesField(9, 'abc')),
        'a record of unknown kind': (peer) => peer.sendPlaintext(Uint8Array.of(9, 9)),
        'a begin without a file': (peer, id) => peer.sendEncoded(bytesField(MESSAGE.begin, numberField(1, id))),
        'F09 a size of -1': (peer, id) =>
          peer.sendEncoded(bytesField(MESSAGE.begin, numberField(1, id), bytesField(2, numberField(1, -1)))),
        'F09 a size of 2^53': (peer, id) =>
          peer.sendEncoded(bytesField(MESSAGE.begin, numberField(1, id), bytesField(2, numberField(1, 2 ** 53)))),
        'F14 an end with a digest of 15 bytes': (peer, id) => {
          peer.send({ type: 'begin', id, file: FILE })
          peer.sendData(id, ABC)
          peer.send({ type: 'end', id, error: 0, size: 3, md5: md5(ABC).subarray(1) })
        },
        'F01 a length over the cap': (peer) => peer.sendRaw(Uint8Array.of(255, 255)),
        'F02 a length of 0': (peer) => peer.sendRaw(Uint8Array.of(0, 0)),
      },
      getAbc,
      'ERR_PROTOCOL',
    ),
  ).toEqual([])
})

test('F07 F10 a file that is not what was announced: nothing is kept', async () => {
  expect(
    await notRefused(
      {
        'one byte more': (peer, id) => {
          peer.send({ type: 'begin', id, file: { ...FILE, size: 2 } })
          peer.sendData(id, ABC)
          peer.sendEnd(id, ABC)
        },
        'bytes for an empty file': (peer, id) => {
          peer.send({ type: 'begin', id, file: { ...FILE, size: 0 } })
          peer.sendData(id, ABC)
          peer.sendEnd(id, ABC)
        },
        'bytes without an end': (peer, id) => {
          peer.send({ type: 'begin', id, file: { ...FILE, size: 0 } })
          for (let count = 0; count < 30; count += 1) peer.sendData(id, Buffer.alloc(MAX_DATA))
        },
      },
      getAbc,
      'ERR_PROTOCOL',
    ),
  ).toEqual([])
  expect(
    await notRefused(
      {
        'one byte less': (peer, id) => {
          peer.send({ type: 'begin', id, file: { ...FILE, size: 4 } })
          peer.sendData(id, ABC)
          peer.sendEnd(id, ABC)
        },
        'nothing of many bytes': (peer, id) => {
          peer.send({ type: 'begin', id, file: { ...FILE, size: 100_000 } })
          peer.sendEnd(id, Buffer.alloc(0))
        },
        'an end with another size': (peer, id) => {
          peer.send({ type: 'begin', id, file: FILE })
          peer.sendData(id, ABC)
          peer.send({ type: 'end', id, error: 0, size: 2, md5: md5(ABC) })
        },
      },
      getAbc,
      'ERR_TRUNCATED',
    ),
  ).toEqual([])
  expect(
    await notRefused(
      {
        'other bytes than those of the digest': (peer, id) => {
          peer.send({ type: 'begin', id, file: FILE })
          peer.sendData(id, Buffer.from('abd'))
          peer.sendEnd(id, ABC)
        },
        'F14 no digest': (peer, id) => {
          peer.send({ type: 'begin', id, file: FILE })
          peer.sendData(id, ABC)
          peer.send({ type: 'end', id, error: 0, size: 3, md5: new Uint8Array(0) })
        },
      },
      getAbc,
      'ERR_DIGEST',
    ),
  ).toEqual([])
})

test('F07 bytes after the end of a file: at most the right file is kept, and the session ends', async () => {
  for (const sendMore of [
    (peer: HostilePeer, id: number): void => peer.sendData(id, ABC),
    (peer: HostilePeer, id: number): void => peer.sendEnd(id, Buffer.from('abcabc')),
    (peer: HostilePeer, id: number): void => peer.send({ type: 'begin', id, file: { ...FILE, size: 6 } }),
  ]) {
    const share = await hostileShare(async (peer) => {
      const { id } = await firstRequest(peer)
      peer.send({ type: 'begin', id, file: FILE })
      peer.sendData(id, ABC)
      peer.sendEnd(id, ABC)
      sendMore(peer, id)
    })
    const client = await share.open()
    expect(await outcome(share.get(client, 'abc.txt'))).toBeOneOf([null, 'ERR_PROTOCOL'])
    expect(await outcome(client.closed)).toBe('ERR_PROTOCOL')
    const kept = readdirSync(share.local).map((name) => [name, readFileSync(join(share.local, name), 'utf8')])
    expect(kept).toBeOneOf([[], [['abc.txt', 'abc']]])
  }
})

test('F04 F16 an error number that means nothing, from a peer that cannot send a text', async () => {
  expect(
    await notRefused(
      {
        'an unknown number': (peer, id) =>
          peer.send({ type: 'end', id, error: 4_000_000_000, size: 0, md5: new Uint8Array(0) }),
        'a text in place of it': (peer, id) =>
          peer.sendEncoded(
            bytesField(
              MESSAGE.end,
              numberField(1, id),
              numberField(2, 99),
              bytesField(9, '\u001b[31mfatal'.repeat(1_000)),
            ),
          ),
      },
      getAbc,
      'ERR_INTERNAL',
    ),
  ).toEqual([])
})

/** A page of a listing that holds one entry with these bytes as its path. */
function page(path: string | Uint8Array, ...fields: Uint8Array[]): Uint8Array {
  return encodeFrame(bytesField(1, bytesField(1, path), numberField(2, 1), ...fields))
}

async function sendPages(peer: HostilePeer, id: number, ...pages: Uint8Array[]): Promise<void> {
  const bytes = Buffer.concat(pages)
  for (let offset = 0; offset < bytes.byteLength; offset += MAX_DATA)
    peer.sendData(id, bytes.subarray(offset, offset + MAX_DATA))
  peer.send({ type: 'end', id, error: 0, size: bytes.byteLength, md5: new Uint8Array(0) })
  await peer.receiveType('result')
}

const listDocs =
  (recursive: boolean) =>
  async (client: ProtocolClient): Promise<unknown> =>
    Array.fromAsync(client.list(parseRemotePath('docs'), recursive))

test('F12 entries outside the folder that was asked for: refused', async () => {
  const outside: Record<string, Lie> = Object.fromEntries(
    ['other', 'docs', '.', 'docs-evil/a', 'other/docs/a', 'DOCS/a'].map((path) => [
      path,
      async (peer: HostilePeer, id: number) => sendPages(peer, id, page('docs/good'), page(path)),
    ]),
  )
  expect(await notRefused(outside, listDocs(true), 'ERR_PROTOCOL')).toEqual([])
  expect(
    await notRefused(
      { ...outside, 'deeper than asked for': async (peer, id) => sendPages(peer, id, page('docs/a/b')) },
      listDocs(false),
      'ERR_PROTOCOL',
    ),
  ).toEqual([])
})

test('F12 F13 pages that are none: refused', async () => {
  const tooMany = encodeFrame(
    Buffer.concat(
      Array.from({ length: MAX_PAGE_ENTRIES + 1 }, () => bytesField(1, bytesField(1, 'docs/a'), numberField(2, 1))),
    ),
  )
  expect(
    await notRefused(
      {
        'no entries': async (peer, id) => sendPages(peer, id, encodeFrame(Uint8Array.of(0x10, 1))),
        'too many entries': async (peer, id) => sendPages(peer, id, tooMany),
        'a page of no bytes': async (peer, id) => sendPages(peer, id, Uint8Array.of(0, 0)),
        'a page over the cap': async (peer, id) => sendPages(peer, id, Uint8Array.of(255, 255)),
        'no protobuf': async (peer, id) => sendPages(peer, id, encodeFrame(Buffer.from('[{"path":"docs/a"}]'))),
        'F09 a size of 2^53': async (peer, id) => sendPages(peer, id, page('docs/a', numberField(3, 2 ** 53))),
        'F09 a size of -1': async (peer, id) => sendPages(peer, id, page('docs/a', numberField(3, -1))),
        'a file in place of a listing': (peer, id) => peer.send({ type: 'begin', id, file: FILE }),
        'a result in place of a listing': (peer, id) => peer.send({ type: 'result', id, error: 0 }),
      },
      listDocs(false),
      'ERR_PROTOCOL',
    ),
  ).toEqual([])
  expect(
    await notRefused(
      {
        'a page that is cut': async (peer, id) => sendPages(peer, id, page('docs/a').subarray(0, -1)),
        'half a length': async (peer, id) => sendPages(peer, id, page('docs/a'), Uint8Array.of(0)),
        'an end with another size': async (peer, id) => {
          peer.sendData(id, page('docs/a'))
          peer.send({ type: 'end', id, error: 0, size: 1, md5: new Uint8Array(0) })
          await peer.receiveType('result')
        },
      },
      listDocs(false),
      'ERR_TRUNCATED',
    ),
  ).toEqual([])
})

test('F12 names that are no names are told, and are no paths', async () => {
  const names: (string | Uint8Array)[] = [
    '',
    '..',
    'docs/..',
    'docs/../../etc/passwd',
    '/docs/a',
    'docs//a',
    'docs/',
    'docs/a\\b',
    'docs\\..\\a',
    'C:\\a',
    'docs/a\0b',
    Uint8Array.of(0xff),
    'docs/' + 'a'.repeat(256),
    'a/'.repeat(2_000) + 'b',
    'x'.repeat(60_000),
  ]
  const share = await hostileShare(async (peer) => {
    const { id } = await firstRequest(peer)
    await sendPages(peer, id, ...names.map((name) => page(name)), page('docs/good'))
  })
  const client = await share.open()
  const entries = await Array.fromAsync(client.list(parseRemotePath('docs'), true))
  expect(entries).toHaveLength(names.length + 1)
  for (const [index, name] of names.entries()) {
    const entry = entries[index]
    expect(entry).toEqual({ type: 'unlistable', name: expect.anything() as unknown })
    expect(Buffer.from(entry?.type === 'unlistable' ? entry.name : '')).toEqual(Buffer.from(name))
  }
  expect(entries.at(-1)).toMatchObject({ type: 'file', path: 'docs/good' })
})

test('F11 F14 answers that are not to the question: refused', async () => {
  const entry = { path: parseRemotePath('other'), type: 'file', size: 1, mtime: 0n, executable: false } as const
  expect(
    await notRefused(
      {
        'another entry': (peer, id) => peer.send({ type: 'result', id, error: 0, entry }),
        'no entry': (peer, id) => peer.send({ type: 'result', id, error: 0 }),
        'an entry with a path that is none': (peer, id) =>
          peer.sendEncoded(bytesField(MESSAGE.result, numberField(1, id), bytesField(3, bytesField(1, '../abc')))),
        'a digest of 15 bytes': (peer, id) => peer.send({ type: 'result', id, error: 0, digest: new Uint8Array(15) }),
        'the answer to another question': (peer, id) => peer.send({ type: 'result', id: id + 1, error: 0, entry }),
      },
      async (client) => client.stat(parseRemotePath('abc')),
      'ERR_PROTOCOL',
    ),
  ).toEqual([])
  expect(
    await notRefused(
      {
        'MD5 in place of SHA-256': (peer, id) => peer.send({ type: 'result', id, error: 0, digest: md5(ABC) }),
        'no digest': (peer, id) => peer.send({ type: 'result', id, error: 0 }),
        'a digest of 33 bytes': (peer, id) => peer.send({ type: 'result', id, error: 0, digest: new Uint8Array(33) }),
        'data in place of a digest': (peer, id) => peer.sendData(id, md5(ABC)),
        'an end in place of a digest': (peer, id) => peer.sendEnd(id, ABC),
      },
      async (client) => client.digest(parseRemotePath('abc'), 'sha256'),
      'ERR_PROTOCOL',
    ),
  ).toEqual([])
})

test('an upload that is acknowledged before its end is no success', async () => {
  const big = Buffer.alloc(2 * MAX_WINDOW) // more than is ever on the way
  expect(
    await notRefused(
      {
        'before any byte': (peer, id) => peer.send({ type: 'result', id, error: 0 }),
        'in the middle': async (peer, id) => {
          await peer.receiveType('data')
          peer.send({ type: 'result', id, error: 0 })
        },
        'a begin for an upload': (peer, id) => peer.send({ type: 'begin', id, file: FILE }),
        'an end for an upload': (peer, id) => peer.sendEnd(id, ABC),
        'data for an upload': (peer, id) => peer.sendData(id, ABC),
      },
      async (client) => client.put(parseRemotePath('big'), memorySource(big), {}),
      'ERR_PROTOCOL',
    ),
  ).toEqual([])
})

test('an upload that is refused in the middle ends with the error, and the session goes on', async () => {
  const big = Buffer.alloc(64 * MAX_DATA)
  const share = await hostileShare(async (peer) => {
    const { id } = await firstRequest(peer)
    await peer.receiveType('data')
    peer.send({ type: 'result', id, error: ERRORS.ERR_NO_SPACE.wire })
    const next = await nextRequest(peer)
    peer.send({ type: 'result', id: next.id, error: 0 })
  })
  const client = await share.open()
  expect(await outcome(client.put(parseRemotePath('big'), memorySource(big), {}))).toBe('ERR_NO_SPACE')
  expect(await outcome(client.mkdir(parseRemotePath('folder'), false))).toBeNull()
})

test('F04 a provider that begins with anything but a welcome: refused', async () => {
  const beginnings: ((peer: HostilePeer) => void)[] = [
    (peer) => peer.send({ type: 'begin', id: 1, file: FILE }),
    (peer) => peer.send({ type: 'result', id: 1, error: 0 }),
    (peer) => peer.sendData(1, ABC),
    (peer) => peer.send({ type: 'request', id: 1, action: { type: 'stat', path: parseRemotePath('mine.txt') } }),
    (peer) => peer.sendEncoded(new Uint8Array(0)),
    (peer) => peer.sendEncoded(bytesField(MESSAGE.credit, numberField(1, MAX_WINDOW + 1))),
  ]
  let begin = beginnings[0]
  const share = await hostileShare((peer) => begin?.(peer))
  for (begin of beginnings) expect(await outcome(share.open())).toBe('ERR_PROTOCOL')
})

test('a file that is described with bytes, or ends in an error, is not taken for described', async () => {
  const describing = async (client: ProtocolClient): Promise<unknown> => client.describe(parseRemotePath('abc.txt'))
  const described = (then: Lie): Lie => {
    return async (peer, id) => {
      peer.send({ type: 'begin', id, file: FILE })
      await then(peer, id)
    }
  }
  const bytes = described((peer, id) => {
    peer.sendData(id, ABC)
    peer.sendEnd(id, ABC)
  })
  expect(await notRefused({ bytes }, describing, 'ERR_PROTOCOL')).toEqual([])
  const error = described((peer, id) =>
    peer.send({ type: 'end', id, error: ERRORS.ERR_CHANGED.wire, size: 0, md5: new Uint8Array(0) }),
  )
  expect(await notRefused({ error }, describing, 'ERR_CHANGED')).toEqual([])
})

test('F08 rights that do not exist are ignored', async () => {
  const share = await hostileShare((peer) => peer.sendEncoded(bytesField(MESSAGE.welcome, numberField(1, 0xffff_ffff))))
  const client = await share.open()
  expect(await client.rights()).toEqual(new Set(RIGHTS))
})

test('a call that is cancelled ends at once, and what still comes for it is thrown away', async () => {
  const answered = Promise.withResolvers<Received | null>()
  const share = await hostileShare(async (peer) => {
    const { id } = await firstRequest(peer)
    peer.send({ type: 'begin', id, file: { ...FILE, size: 1_000_000 } })
    answered.resolve(await peer.receiveType('result'))
    peer.sendData(id, ABC)
    peer.sendEnd(id, ABC)
    const next = await nextRequest(peer)
    peer.send({ type: 'result', id: next.id, error: 0 })
  })
  const client = await share.open()
  const controller = new AbortController()
  const path = parseRemotePath('abc.txt')
  const getting = client.get(path, { signal: controller.signal }, () => {
    controller.abort()
    throw new Error('no sink is needed')
  })
  await expect(getting).rejects.toThrow('no sink is needed')
  expect(await answered.promise).toMatchObject({ type: 'result', error: expect.any(Number) as number })
  expect(await outcome(client.mkdir(parseRemotePath('folder'), false))).toBeNull()
  expect(readdirSync(share.local)).toEqual([])
})
