import { describe, expect, test } from 'vitest'
import { deriveStreamKeys, hashTranscript } from '../../src/crypto/keys.ts'
import { Opener, Sealer } from '../../src/crypto/secretstream.ts'
import { SECRETSTREAM, type Sodium } from '../../src/crypto/sodium.ts'
import { encodeFrame, FrameDecoder } from '../../src/wire/frame.ts'
import { decodeHello } from '../../src/wire/hello.ts'
import { MAX_HELLO, MAX_RECORD, RECORD_OVERHEAD } from '../../src/wire/limits.ts'
import { fromHex, readVectors, toHex, type Hex, type Participant, type SessionVectors } from '../vectors/read.ts'
import { refusal } from '../wire/decodes.ts'
import { BUILDS } from './builds.ts'

const keySchedule = readVectors('key-schedule')
const records = readVectors('records')
const session = readVectors('session')

describe.each(BUILDS)('key schedule on $name', (sodium) => {
  test.each(keySchedule.valid)('of $description', (vector) => {
    const { role, pairingSecret } = vector
    const own = sodium.keyPair(fromHex(vector.seed))
    expect([toHex(own.publicKey), toHex(own.secretKey)]).toEqual([vector.publicKey, vector.secretKey])
    const shared = sodium.sessionKeys(role, own, fromHex(vector.peerPublicKey))
    expect(shared && [toHex(shared.rx), toHex(shared.tx)]).toEqual([vector.rx, vector.tx])
    const hash = hashTranscript(sodium, {
      initiatorId: fromHex(vector.initiatorId),
      responderId: fromHex(vector.responderId),
      initiatorHello: fromHex(vector.initiatorHello),
      responderHello: fromHex(vector.responderHello),
    })
    expect(toHex(hash)).toBe(vector.transcriptHash)
    expect(toHex(sodium.hash(64, [hash], fromHex(pairingSecret ?? '00'.repeat(32))))).toBe(vector.salt)
    const secret = pairingSecret === null ? undefined : fromHex(pairingSecret)
    const keys = deriveStreamKeys(sodium, role, own, fromHex(vector.peerPublicKey), hash, secret)
    expect([toHex(keys.seal), toHex(keys.open)]).toEqual([vector.sealKey, vector.openKey])
  })

  test.each(keySchedule.invalid)('refuses the key $description', ({ publicKey, error }) => {
    const derive = (): unknown =>
      deriveStreamKeys(sodium, 'initiator', sodium.keyPair(), fromHex(publicKey), new Uint8Array(32))
    expect(refusal(derive)).toBe(error)
  })
})

describe.each(BUILDS)('records on $name', (sodium) => {
  const [key, header] = [fromHex(records.key), fromHex(records.header)]

  test.each(records.valid)('of $description are sealed to these bytes', ({ repeat, records }) => {
    const sealer = sealerAfter(sodium, key, header, repeat)
    const sealed = records.map(({ plaintext, tag }) => toHex(seal(sealer, fromHex(plaintext), tag === 'FINAL')))
    expect(sealed).toEqual(records.map(({ record }) => record))
  })

  test.each(records.valid)('of $description open', ({ repeat, records }) => {
    const opener = openerAfter(sodium, key, header, repeat)
    for (const { plaintext, record, tag } of records) {
      expect(toHex(opener.open(fromHex(record)))).toBe(plaintext)
      expect(opener.done).toBe(tag === 'FINAL')
    }
  })

  test.each(records.invalid)('are refused: $description', ({ repeat, before, record, instead, error }) => {
    const opener = openerAfter(sodium, key, header, repeat)
    for (const earlier of before) opener.open(fromHex(earlier))
    expect(refusal(() => opener.open(fromHex(record)))).toBe(error)
    expect(refusal(() => opener.open(fromHex(instead ?? record)))).toBe(error)
  })

  test.each(records.invalid.filter(({ instead }) => instead !== null))(
    'open where they are not refused: $description',
    ({ repeat, before, instead }) => {
      const opener = openerAfter(sodium, key, header, repeat)
      for (const earlier of before) opener.open(fromHex(earlier))
      expect(opener.open(fromHex(instead ?? '')).byteLength).toBeGreaterThan(0)
    },
  )
})

describe.each(BUILDS)('a session on $name', (sodium) => {
  test.each(['initiator', 'responder'] as const)('can be read from what the %s wrote', (writer) => {
    const { frames, opener } = read(sodium, session, writer)
    const plaintexts = frames.map((record) => toHex(opener.open(record)))
    expect(plaintexts).toEqual(session[writer].writes.slice(2).map(({ plaintext }) => plaintext))
    expect(opener.done).toBe(true)
  })

  test.each(['initiator', 'responder'] as const)('of the %s cannot be read without the pairing secret', (writer) => {
    const { frames, opener } = read(sodium, { ...session, pairingSecret: null }, writer)
    expect(refusal(() => opener.open(frames[0] ?? new Uint8Array(0)))).toBe('ERR_DECRYPT')
  })

  test.each(['initiator', 'responder'] as const)('is written by the %s to these bytes', (writer) => {
    const { seal: key } = keysOf(sodium, session, writer)
    const [, header, ...sealed] = session[writer].writes
    const sealer = new Sealer(sodium, key, fromHex(header?.bytes ?? ''))
    const written = sealed.map(({ plaintext = '' }, at) =>
      toHex(encodeFrame(seal(sealer, fromHex(plaintext), at === sealed.length - 1))),
    )
    expect(written).toEqual(sealed.map(({ bytes }) => bytes))
  })
})

function seal(sealer: Sealer, plaintext: Uint8Array, final = false): Uint8Array {
  const record = new Uint8Array(plaintext.byteLength + RECORD_OVERHEAD)
  sealer.seal(record, plaintext, final)
  return record
}

interface Repeat {
  readonly count: number
  readonly plaintext: Hex
}

function sealerAfter(sodium: Sodium, key: Uint8Array, header: Uint8Array, repeat: Repeat): Sealer {
  const sealer = new Sealer(sodium, key, header)
  for (let at = 0; at < repeat.count; at += 1) seal(sealer, fromHex(repeat.plaintext))
  return sealer
}

function openerAfter(sodium: Sodium, key: Uint8Array, header: Uint8Array, repeat: Repeat): Opener {
  const sealer = new Sealer(sodium, key, header)
  const opener = new Opener(sodium, key, header)
  for (let at = 0; at < repeat.count; at += 1) opener.open(seal(sealer, fromHex(repeat.plaintext)))
  return opener
}

function helloOf({ writes: [hello] }: Participant): Uint8Array {
  return fromHex(hello?.bytes ?? '').subarray(2)
}

/** The keys of one side of the session. */
function keysOf(
  sodium: Sodium,
  { initiator, responder, pairingSecret }: SessionVectors,
  role: 'initiator' | 'responder',
): { seal: Uint8Array; open: Uint8Array } {
  const hash = hashTranscript(sodium, {
    initiatorId: fromHex(initiator.id),
    responderId: fromHex(responder.id),
    initiatorHello: helloOf(initiator),
    responderHello: helloOf(responder),
  })
  const [own, peer] = role === 'initiator' ? [initiator, responder] : [responder, initiator]
  const secret = pairingSecret === null ? undefined : fromHex(pairingSecret)
  const { publicKey } = decodeHello(helloOf(peer))
  return deriveStreamKeys(sodium, role, sodium.keyPair(fromHex(own.seed)), publicKey, hash, secret)
}

/** Cuts what one side wrote into records, as the other side does, and returns them with what opens them. */
function read(
  sodium: Sodium,
  session: SessionVectors,
  writer: 'initiator' | 'responder',
): { frames: Uint8Array[]; opener: Opener } {
  const decoder = new FrameDecoder()
  decoder.push(Buffer.concat(session[writer].writes.map(({ bytes }) => fromHex(bytes))))
  expect(decodeHello(decoder.next(1, MAX_HELLO) ?? new Uint8Array(0)).nonce).toHaveLength(32)
  const header = decoder.take(SECRETSTREAM.headerBytes) ?? new Uint8Array(0)
  const frames: Uint8Array[] = []
  for (let next = decoder.next(18, MAX_RECORD); next; next = decoder.next(18, MAX_RECORD)) frames.push(next)
  expect(decoder.pending).toBe(0)
  const { open } = keysOf(sodium, session, writer === 'initiator' ? 'responder' : 'initiator')
  return { frames, opener: new Opener(sodium, open, header) }
}
