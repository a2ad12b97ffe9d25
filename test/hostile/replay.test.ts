import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createLocalFile } from '../../src/fs/local-files.ts'
import { ProtocolClient } from '../../src/protocol/client.ts'
import { encodeFrame } from '../../src/wire/frame.ts'
import { encodeHello } from '../../src/wire/hello.ts'
import { MAX_DATA, MAX_WINDOW } from '../../src/wire/limits.ts'
import { parseRemotePath } from '../../src/wire/path.ts'
import { RIGHTS } from '../../src/wire/rights.ts'
import { attackedPair, outcome, type AttackedPair } from '../support/aftermath.ts'
import { forgedTags, TAG } from '../support/forged-tags.ts'
import { HostilePeer } from '../support/hostile-peer.ts'
import { firstRequest, hostileShare, memorySource } from '../support/hostile-provider.ts'
import { tempFolder } from '../support/tmp.ts'
import { attacked, rearranged, Recording, type Meddle } from '../support/wire-recorder.ts'

const RECORDS = 5
const BIG = Buffer.alloc(RECORDS * MAX_DATA, 'five records of a file. ')

/** What happens to the data records of a file, which are counted from 0. */
const REARRANGEMENTS: Record<string, () => (record: Uint8Array, number: number) => Uint8Array[]> = {
  'dropped at the start': () => (record, number) => (number === 0 ? [] : [record]),
  'dropped in the middle': () => (record, number) => (number === 2 ? [] : [record]),
  'dropped at the end': () => (record, number) => (number === RECORDS - 1 ? [] : [record]),
  duplicated: () => (record, number) => (number === 2 ? [record, record] : [record]),
  'sent again later': () => {
    let kept = new Uint8Array(0)
    return (record, number) => {
      if (number === 1) kept = record.slice()
      return number === 3 ? [kept, record] : [record]
    }
  },
  swapped: () => {
    let kept = new Uint8Array(0)
    return (record, number) => {
      if (number === 1) kept = record.slice()
      return number === 1 ? [] : number === 2 ? [record, kept] : [record]
    }
  },
  'cut short by a byte': () => (record, number) => (number === 2 ? [encodeFrame(record.subarray(2, -1))] : [record]),
  'split in two': () => (record, number) =>
    number === 2 ? [encodeFrame(record.subarray(2, 1_000)), encodeFrame(record.subarray(1_000))] : [record],
  'joined into one': () => {
    let kept = new Uint8Array(0)
    return (record, number) => {
      if (number === 4) kept = record.slice(2, 2_000)
      return number === 4 ? [encodeFrame(Buffer.concat([kept, record.subarray(2, 60_000)]))] : [record]
    }
  },
}

/** Applies a rearrangement to the data records, which begin after `before` others. */
function dataRecords(before: number, change: (record: Uint8Array, number: number) => Uint8Array[]): Meddle {
  return rearranged((record, number) => {
    const index = number - before
    return index >= 0 && index < RECORDS ? change(record, index) : [record]
  })
}

test('C04 records of an upload dropped, repeated, swapped, resized: nothing is committed', async () => {
  const pair = await attackedPair()
  for (const [name, rearrangement] of Object.entries(REARRANGEMENTS)) {
    const outgoing = dataRecords(1, rearrangement())
    const client = await ProtocolClient.open(attacked(await pair.openStream(), { outgoing }), pair.clientInit)
    expect([name, await outcome(client.put(parseRemotePath('big'), memorySource(BIG), {}))]).toEqual([
      name,
      'ERR_CLOSED',
    ])
    expect([name, await pair.ending()]).toEqual([name, 'ERR_DECRYPT'])
    await pair.expectUnharmed()
  }
})

test('C04 records of a download dropped, repeated, swapped, resized: nothing is kept', async () => {
  const pair = await attackedPair()
  const folder = tempFolder()
  writeFileSync(join(pair.root, 'big'), BIG)
  for (const [name, rearrangement] of Object.entries(REARRANGEMENTS)) {
    const incoming = dataRecords(2, rearrangement())
    const client = await ProtocolClient.open(attacked(await pair.openStream(), { incoming }), pair.clientInit)
    expect([name, await outcome(fetchBig(client, folder))]).toEqual([name, 'ERR_DECRYPT'])
    expect([name, readdirSync(folder)]).toEqual([name, []])
    expect([name, await pair.ending()]).toEqual([name, 'ERR_CLOSED'])
    await pair.expectUnharmed({ big: BIG })
  }
})

async function fetchBig(client: ProtocolClient, folder: string): Promise<unknown> {
  return client.get(parseRemotePath('big'), {}, (file) =>
    createLocalFile(join(folder, 'big'), file, { overwrite: false }),
  )
}

test('C08 a record of another session in the place of the same record: refused', async () => {
  const pair = await attackedPair()
  const recording = new Recording()
  const first = await ProtocolClient.open(
    attacked(await pair.openStream(), { outgoing: recording.meddle }),
    pair.clientInit,
  )
  await first.put(parseRemotePath('one'), memorySource(BIG), {})
  await first.close()
  expect(await pair.ending()).toBeNull()

  const outgoing = rearranged((record, number) => (number === 3 ? [recording.units[number + 2] ?? record] : [record]))
  const second = await ProtocolClient.open(attacked(await pair.openStream(), { outgoing }), pair.clientInit)
  expect(await outcome(second.put(parseRemotePath('two'), memorySource(BIG), {}))).toBe('ERR_CLOSED')
  expect(await pair.ending()).toBe('ERR_DECRYPT')
  await pair.expectUnharmed({ one: BIG })
})

test('C08 C10 a record of another request of the same session: refused', async () => {
  const pair = await attackedPair()
  let kept: Uint8Array = new Uint8Array(0)
  // Records of the first upload: 0 request, 1 to 5 data, 6 end. Of the second: 7 request, 8 to 12 data.
  const outgoing = rearranged((record, number) => {
    if (number === 3) kept = record.slice()
    return number === 10 ? [kept] : [record]
  })
  const client = await ProtocolClient.open(attacked(await pair.openStream(), { outgoing }), pair.clientInit)
  await client.put(parseRemotePath('one'), memorySource(BIG), {})
  expect(await outcome(client.put(parseRemotePath('two'), memorySource(BIG), {}))).toBe('ERR_CLOSED')
  expect(await pair.ending()).toBe('ERR_DECRYPT')
  await pair.expectUnharmed({ one: BIG })
})

test('C08 our own records sent back to us: refused on both sides', async () => {
  const pair = await attackedPair()
  const sent: Uint8Array[] = []
  const reflecting = attacked(await pair.openStream(), {
    outgoing: rearranged((record) => {
      sent.push(record.slice())
      return [record]
    }),
    // The welcome passes, and in place of all that follows the client gets what it sent itself.
    incoming: rearranged((record, number) => (number === 0 ? [record] : sent.slice(number - 1, number))),
  })
  const client = await ProtocolClient.open(reflecting, pair.clientInit)
  expect(await outcome(client.stat(parseRemotePath('kept.txt')))).toBe('ERR_DECRYPT')
  expect(await pair.ending()).toBe('ERR_CLOSED')

  const received: Uint8Array[] = []
  const mirrored = attacked(await pair.openStream(), {
    outgoing: rearranged(() => received.slice(0, 1)),
    incoming: rearranged((record) => {
      received.push(record.slice())
      return [record]
    }),
  })
  const second = await ProtocolClient.open(mirrored, pair.clientInit)
  expect(await outcome(second.stat(parseRemotePath('kept.txt')))).toBe('ERR_CLOSED')
  expect(await pair.ending()).toBe('ERR_DECRYPT')
  await pair.expectUnharmed()
})

test('C08 C16 hello and header of a side sent back to it: refused', async () => {
  const pair = await attackedPair()
  const stream = await pair.openStream()
  const arriving = stream.source[Symbol.asyncIterator]()
  let waiting = Buffer.alloc(0)
  const read = async (length: number): Promise<Buffer> => {
    while (waiting.byteLength < length) {
      const { value, done } = await arriving.next()
      if (done === true) throw new Error('the stream ended')
      waiting = Buffer.concat([waiting, value.subarray()])
    }
    const bytes = waiting.subarray(0, length)
    waiting = waiting.subarray(length)
    return bytes
  }
  // A hello with somebody's key, to be answered; then everything the provider says goes back to it.
  const { publicKey } = pair.clientInit.sodium.keyPair()
  const nonce = pair.clientInit.sodium.randomBytes(32)
  const hello = encodeFrame(encodeHello({ publicKey, nonce, window: MAX_WINDOW }))
  stream.write(hello)
  await read(hello.byteLength)
  stream.write(await read(24)) // its header
  const length = await read(2)
  stream.write(Buffer.concat([length, await read(length.readUInt16BE())])) // its welcome
  expect(await pair.ending()).toBe('ERR_DECRYPT')
  await pair.expectUnharmed()
})

test('C07 a whole recorded session sent again does nothing', async () => {
  const pair = await attackedPair()
  writeFileSync(join(pair.root, 'victim'), 'first')
  const recording = new Recording()
  const client = await ProtocolClient.open(
    attacked(await pair.openStream(), { outgoing: recording.meddle }),
    pair.clientInit,
  )
  await client.remove(parseRemotePath('victim'))
  await client.put(parseRemotePath('added'), memorySource(BIG), {})
  await client.close()
  expect(await pair.ending()).toBeNull()

  writeFileSync(join(pair.root, 'victim'), 'second')
  for (const bytes of [recording.bytes, recording.bytes.subarray(0, -30)]) {
    const stream = await pair.openStream()
    stream.write(bytes)
    expect(await pair.ending()).toBe('ERR_DECRYPT')
  }
  await pair.expectUnharmed({ victim: 'second', added: BIG })
})

test('C06 the right record after one that failed: the session stays dead', async () => {
  const pair = await attackedPair()
  const peer = await HostilePeer.open(await pair.openStream(), pair.clientInit)
  const record = peer.seal(Uint8Array.of(1, 0x32, 0))
  const forged = record.slice()
  forged[3] = (forged[3] ?? 0) ^ 1
  peer.sendRaw(Buffer.concat([encodeFrame(forged), encodeFrame(record)]))
  peer.send({ type: 'request', id: 1, action: { type: 'delete', path: parseRemotePath('kept.txt') } })
  expect(await pair.ending()).toBe('ERR_DECRYPT')
  await pair.expectUnharmed()
})

const BAD_TAGS: [string, number][] = [
  ['PUSH', TAG.push],
  ['REKEY before it is due', TAG.rekey],
  ['no tag of secretstream', 4],
  ['0x7f', 0x7f],
  ['0xff', 0xff],
]

test('C09 C11 records with a tag that is not due: refused', async () => {
  const pair = await attackedPair()
  for (const [name, tag] of BAD_TAGS) {
    const forged = forgedTags(pair.clientInit.sodium)
    const peer = await HostilePeer.open(await pair.openStream(), { ...pair.clientInit, sodium: forged.sodium })
    forged.tag = tag
    peer.send({ type: 'request', id: 1, action: { type: 'delete', path: parseRemotePath('kept.txt') } })
    expect([name, await pair.ending()]).toEqual([name, 'ERR_DECRYPT'])
    await pair.expectUnharmed()
  }
})

test('C11 a record without REKEY where it is due: refused', async () => {
  const pair = await attackedPair()
  const forged = forgedTags(pair.clientInit.sodium)
  const peer = await HostilePeer.open(await pair.openStream(), { ...pair.clientInit, sodium: forged.sodium })
  for (let number = 1; number < 4_096; number += 1) peer.send({ type: 'credit', bytes: 0 })
  forged.tag = TAG.message
  peer.send({ type: 'request', id: 1, action: { type: 'delete', path: parseRemotePath('kept.txt') } })
  expect(await pair.ending()).toBe('ERR_DECRYPT')
  await pair.expectUnharmed()
})

test('a session goes on over the record that carries REKEY', async () => {
  const pair = await attackedPair()
  const peer = await HostilePeer.open(await pair.openStream(), pair.clientInit)
  for (let number = 1; number <= 4_096; number += 1) peer.send({ type: 'credit', bytes: 0 })
  peer.send({ type: 'request', id: 1, action: { type: 'stat', path: parseRemotePath('kept.txt') } })
  expect(await peer.receiveType('result')).toMatchObject({ id: 1, error: 0 })
  peer.send({ type: 'close', error: 0 })
  await peer.stream.close()
  expect(await pair.ending()).toBeNull()
  await pair.expectUnharmed()
})

test('a close message without FINAL, or FINAL on another record: refused', async () => {
  const pair = await attackedPair()
  const forged = forgedTags(pair.clientInit.sodium)
  const first = await HostilePeer.open(await pair.openStream(), { ...pair.clientInit, sodium: forged.sodium })
  forged.tag = TAG.message
  first.send({ type: 'close', error: 0 })
  expect(await pair.ending()).toBe('ERR_PROTOCOL')
  forged.tag = null
  const second = await HostilePeer.open(await pair.openStream(), { ...pair.clientInit, sodium: forged.sodium })
  forged.tag = TAG.final
  second.send({ type: 'request', id: 1, action: { type: 'delete', path: parseRemotePath('kept.txt') } })
  expect(await pair.ending()).toBe('ERR_PROTOCOL')
  await pair.expectUnharmed()
})

test('C03 F07 anything after the final record: refused', async () => {
  const pair = await attackedPair()
  const forged = forgedTags(pair.clientInit.sodium)
  const open = async (): Promise<HostilePeer> => {
    forged.tag = null
    return HostilePeer.open(await pair.openStream(), { ...pair.clientInit, sodium: forged.sodium })
  }
  const afterwards: ((peer: HostilePeer) => void)[] = [
    (peer) => peer.sendRaw(Uint8Array.of(0)),
    (peer) => peer.sendRaw(Buffer.alloc(1_000, 'more')),
    (peer) => peer.send({ type: 'request', id: 1, action: { type: 'delete', path: parseRemotePath('kept.txt') } }),
  ]
  for (const sendMore of afterwards) {
    const peer = await open()
    // The final record is sealed as an ordinary one would be, so that more can follow it.
    forged.tag = TAG.final
    peer.sendPlaintext(Uint8Array.of(1, 0x3a, 0))
    forged.tag = null
    sendMore(peer)
    expect(await pair.ending()).toBe('ERR_PROTOCOL')
  }
  await pair.expectUnharmed()
})

test('C03 a provider that goes on after its final record: refused by the client', async () => {
  const share = await hostileShare((peer) => {
    peer.send({ type: 'welcome', rights: new Set(RIGHTS) })
    peer.send({ type: 'close', error: 0 })
    peer.sendRaw(Buffer.alloc(50, 'more'))
  })
  const client = await share.open()
  expect(await outcome(client.closed)).toBe('ERR_PROTOCOL')
})

// The points of low order on Curve25519, and what is congruent to one of them.
const LOW_ORDER = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
]

test.for(['native', 'wasm'] as const)('C12 keys of low order: refused (%s)', async (sodium) => {
  const pair = await attackedPair({ sodium })
  for (const key of LOW_ORDER) {
    const stream = await pair.openStream()
    const hello = encodeHello({ publicKey: Buffer.from(key, 'hex'), nonce: new Uint8Array(32), window: MAX_WINDOW })
    stream.write(encodeFrame(hello))
    stream.write(new Uint8Array(24))
    expect(await pair.ending()).toBe('ERR_PROTOCOL')
  }
  await pair.expectUnharmed()
})

test('C15 A06 a peer whose identity is not the one Noise proved, or without the pairing secret: refused', async () => {
  const pair = await attackedPair()
  const { localId, remoteId } = pair.clientInit
  const other = new Uint8Array(localId.byteLength).fill(7)
  for (const wrong of [
    { localId: other },
    { remoteId: other },
    { localId: remoteId, remoteId: localId },
    { pairingSecret: other.slice(0, 32) },
  ]) {
    const peer = await HostilePeer.open(await pair.openStream(), { ...pair.clientInit, ...wrong })
    peer.send({ type: 'request', id: 1, action: { type: 'delete', path: parseRemotePath('kept.txt') } })
    expect(await pair.ending()).toBe('ERR_DECRYPT')
    // Nor does the client take such a provider for a good one.
    const opening = ProtocolClient.open(await pair.openStream(), { ...pair.clientInit, ...wrong })
    expect(await outcome(opening)).toBe('ERR_DECRYPT')
    expect(await pair.ending()).toBe('ERR_CLOSED')
  }
  await pair.expectUnharmed()
})

/** How an upload ends that was not finished. */
const DEATHS: Record<string, (peer: HostilePeer) => Promise<void> | void> = {
  'the connection drops': (peer) => peer.stream.abort(new Error('killed')),
  'the stream ends without a final record': async (peer) => peer.stream.close(),
  'the session is closed in order': async (peer) => {
    peer.send({ type: 'close', error: 0 })
    await peer.stream.close()
  },
  'the session is closed with an error': async (peer) => {
    peer.send({ type: 'close', error: 1 })
    await peer.stream.close()
  },
}

async function startUpload(pair: AttackedPair, bytes: number): Promise<HostilePeer> {
  const peer = await HostilePeer.open(await pair.openStream(), pair.clientInit)
  const file = { size: BIG.byteLength, mtime: 0n, executable: false }
  peer.send({
    type: 'request',
    id: 1,
    action: { type: 'put', path: parseRemotePath('big'), file, overwrite: false, offset: 0, stream: false },
  })
  for (let offset = 0; offset < bytes; offset += MAX_DATA) peer.sendData(1, BIG.subarray(offset, offset + MAX_DATA))
  // What is there to be killed: the part file.
  await expect.poll(() => readdirSync(pair.root).length, { interval: 3 }).toBe(2)
  return peer
}

test('C01 C02 a sender that stops in the middle of an upload: nothing is committed', async () => {
  const pair = await attackedPair()
  for (const [name, die] of Object.entries(DEATHS)) {
    for (const bytes of [0, MAX_DATA, BIG.byteLength]) {
      pair.served.length = 0
      await die(await startUpload(pair, bytes))
      const closed =
        name === 'the session is closed in order' ? null : name.includes('error') ? 'ERR_INTERNAL' : 'ERR_CLOSED'
      expect([name, await pair.ending()]).toEqual([name, closed])
      await expect.poll(() => pair.served[0]?.error?.code, { interval: 3 }).toBe(closed ?? 'ERR_CLOSED')
      expect(pair.served[0]?.transferred).toBeUndefined()
      await pair.expectUnharmed()
    }
  }
})

test('C01 C02 a sender that stops in the middle of a download: nothing is kept', async () => {
  let [bytes, die]: [number, (peer: HostilePeer) => Promise<void> | void] = [0, () => undefined]
  const share = await hostileShare(async (peer) => {
    const { id } = await firstRequest(peer)
    peer.send({ type: 'begin', id, file: { size: BIG.byteLength, mtime: 0n, executable: false } })
    for (let offset = 0; offset < bytes; offset += MAX_DATA) peer.sendData(id, BIG.subarray(offset, offset + MAX_DATA))
    await die(peer)
  })
  for (const [name, death] of Object.entries(DEATHS)) {
    for (const sent of [0, MAX_DATA, BIG.byteLength]) {
      bytes = sent
      die = death
      const client = await share.open()
      const expected = name.includes('error') ? 'ERR_INTERNAL' : 'ERR_CLOSED'
      expect([name, await outcome(share.get(client, 'big'))]).toEqual([name, expected])
      expect([name, readdirSync(share.local)]).toEqual([name, []])
      await outcome(client.closed)
    }
  }
})
