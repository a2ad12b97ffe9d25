import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { ERRORS, type SftErrorCode } from '../../src/errors.ts'
import { MOST_UPLOADS } from '../../src/protocol/actions.ts'
import { MAX_DATA } from '../../src/wire/limits.ts'
import { encodeMessage, type Action } from '../../src/wire/message.ts'
import { parseRemotePath } from '../../src/wire/path.ts'
import { outcome } from '../support/aftermath.ts'
import { HostilePeer } from '../support/hostile-peer.ts'
import { firstRequest, hostileShare, md5 } from '../support/hostile-provider.ts'
import { MemoryStore } from '../support/memory-store.ts'
import { memoryShare } from '../support/memory-share.ts'

const PATH = parseRemotePath('file')
const CONTENT = randomBytes(3 * MAX_DATA)
const FILE = { size: CONTENT.byteLength, mtime: 0n, executable: false }

function put(changes: Partial<Extract<Action, { type: 'put' }>> = {}): Extract<Action, { type: 'put' }> {
  return { type: 'put', path: PATH, file: FILE, overwrite: false, offset: 0, stream: false, ...changes }
}

/** A peer that may put into a store in memory, where the first record of `CONTENT` is kept for it. */
async function uploader(): Promise<{
  peer: HostilePeer
  store: MemoryStore
  kept: () => Promise<number>
  nextId: () => number
}> {
  const store = new MemoryStore()
  const share = await memoryShare({ store: () => store })
  const peer = await HostilePeer.open(share.open().stream, share.clientInit)
  await peer.receiveType('welcome')
  peer.send({ type: 'request', id: 1, action: put() })
  peer.sendData(1, CONTENT.subarray(0, MAX_DATA))
  peer.send({ type: 'end', id: 1, error: ERRORS.ERR_FILE.wire, size: 0, md5: new Uint8Array(0) })
  expect(await peer.receiveType('result')).toMatchObject({ id: 1, error: ERRORS.ERR_FILE.wire })
  let id = 1
  const nextId = (): number => (id += 1)
  const kept = async (): Promise<number> => {
    peer.send({ type: 'request', id: nextId(), action: { type: 'kept', path: PATH, file: FILE } })
    const result = await peer.receiveType('result')
    expect(result).toMatchObject({ id, error: 0 })
    return result?.kept ?? 0
  }
  expect(await kept()).toBe(MAX_DATA)
  return { peer, store, kept, nextId }
}

type Attack = (peer: HostilePeer, id: number) => void
const rest = CONTENT.subarray(MAX_DATA)

/** Sends bytes in records, and an end that speaks of `end` as the whole file. */
function send(bytes: Uint8Array, end: Uint8Array, size = end.byteLength): Attack {
  return (peer, id) => {
    for (let at = 0; at < bytes.byteLength; at += MAX_DATA) peer.sendData(id, bytes.subarray(at, at + MAX_DATA))
    peer.send({ type: 'end', id, error: 0, size, md5: md5(end) })
  }
}

test.each([
  ['more bytes than the file has', MAX_DATA, send(Buffer.concat([rest, rest]), CONTENT), 'ERR_PROTOCOL'],
  ['fewer bytes than the file has', MAX_DATA, send(rest.subarray(1), CONTENT), 'ERR_TRUNCATED'],
  ['an end with the size of the rest', MAX_DATA, send(rest, CONTENT, rest.byteLength), 'ERR_TRUNCATED'],
  ['the digest of the rest', MAX_DATA, send(rest, rest, CONTENT.byteLength), 'ERR_DIGEST'],
  ['other bytes', MAX_DATA, send(Buffer.alloc(rest.byteLength), CONTENT), 'ERR_DIGEST'],
] as [string, number, Attack, SftErrorCode][])(
  'an upload that goes on with %s is refused, and nothing is kept of it',
  async (_name, offset, attack, code) => {
    const { peer, store, nextId } = await uploader()
    const id = nextId()
    peer.send({ type: 'request', id, action: put({ offset }) })
    attack(peer, id)
    expect(await peer.receiveType('result')).toMatchObject({ id, error: ERRORS[code].wire })
    expect(store.files.size).toBe(0)
    const next = nextId()
    peer.send({ type: 'request', id: next, action: put({ offset }) })
    send(rest, CONTENT)(peer, next)
    expect(await peer.receiveType('result')).toMatchObject({ id: next, error: ERRORS.ERR_CHANGED.wire })
  },
)

test.each([1, MAX_DATA - 1, MAX_DATA + 1, CONTENT.byteLength])(
  'an upload that goes on at %i, where nothing ends, is refused and what is kept stays',
  async (offset) => {
    const { peer, store, nextId } = await uploader()
    const id = nextId()
    peer.send({ type: 'request', id, action: put({ offset }) })
    send(CONTENT.subarray(offset), CONTENT)(peer, id)
    expect(await peer.receiveType('result')).toMatchObject({ id, error: ERRORS.ERR_CHANGED.wire })
    const next = nextId()
    peer.send({ type: 'request', id: next, action: put({ offset: MAX_DATA }) })
    send(rest, CONTENT)(peer, next)
    expect(await peer.receiveType('result')).toMatchObject({ id: next, error: 0 })
    expect(store.files.get('file')).toEqual(CONTENT)
  },
)

test.each([
  ['an offset beyond the file', put({ offset: CONTENT.byteLength + 1 })],
  ['a stream with a size', put({ stream: true })],
  ['a stream with an offset', put({ file: { ...FILE, size: 0 }, offset: 1, stream: true })],
])('%s is a fault of that request alone', async (_name, action) => {
  const { peer, store, kept, nextId } = await uploader()
  const id = nextId()
  peer.sendEncoded(encodeMessage({ type: 'request', id, action }))
  expect(await peer.receiveType('result')).toMatchObject({ id, error: ERRORS.ERR_PROTOCOL.wire })
  send(CONTENT, CONTENT)(peer, id)
  expect(await kept()).toBe(MAX_DATA)
  expect(store.files.size).toBe(0)
})

test('more uploads of large files than a session may have are refused, small ones are not', async () => {
  const { peer, store, nextId } = await uploader()
  for (let count = 0; count <= MOST_UPLOADS; count += 1) {
    const stream = count % 2 === 0
    const file = { ...FILE, size: stream ? 0 : FILE.size }
    peer.send({ type: 'request', id: nextId(), action: put({ path: parseRemotePath(`large-${count}`), stream, file }) })
  }
  const last = MOST_UPLOADS + 3 // the first was taken, the second asked what is kept
  expect(await peer.receiveType('result')).toMatchObject({ id: last, error: ERRORS.ERR_BUSY.wire })
  peer.send({ type: 'request', id: last + 1, action: put({ file: { ...FILE, size: 3 } }) })
  send(Buffer.from('abc'), Buffer.from('abc'))(peer, last + 1)
  expect(await peer.receiveType('result')).toMatchObject({ id: last + 1, error: 0 })
  expect([...store.files.keys()]).toEqual(['file'])
})

test('a provider that keeps more than there is of a file is not believed', async () => {
  const share = await hostileShare(async (peer) => {
    const { id } = await firstRequest(peer)
    peer.send({ type: 'result', id, error: 0, kept: FILE.size + 1 })
  })
  const client = await share.open()
  expect(await outcome(client.kept(PATH, FILE))).toBe('ERR_PROTOCOL')
})
