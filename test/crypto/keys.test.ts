import { describe, expect, test } from 'vitest'
import { deriveStreamKeys, hashTranscript, type Transcript } from '../../src/crypto/keys.ts'
import type { Sodium } from '../../src/crypto/sodium.ts'
import { fromHex, toHex } from '../vectors/read.ts'
import { refusal } from '../wire/decodes.ts'
import { BUILDS, LOW_ORDER, PAIRS } from './builds.ts'

const SEEDS = { initiator: new Uint8Array(32).fill(1), responder: new Uint8Array(32).fill(2) }
const SECRET = new Uint8Array(32).fill(9)
const TRANSCRIPT: Transcript = {
  initiatorId: Uint8Array.of(1, 2),
  responderId: Uint8Array.of(3, 4),
  initiatorHello: Uint8Array.of(5, 6),
  responderHello: Uint8Array.of(7, 8),
}

/** Derives the keys of one side, as hex. */
function derive(
  sodium: Sodium,
  role: 'initiator' | 'responder',
  pairingSecret?: Uint8Array,
  transcript = TRANSCRIPT,
): { seal: string; open: string } {
  const peer = sodium.keyPair(SEEDS[role === 'initiator' ? 'responder' : 'initiator']).publicKey
  const hash = hashTranscript(sodium, transcript)
  const { seal, open } = deriveStreamKeys(sodium, role, sodium.keyPair(SEEDS[role]), peer, hash, pairingSecret)
  return { seal: toHex(seal), open: toHex(open) }
}

describe.each(PAIRS)('keys, $name', ({ sealing, opening }) => {
  test.each([undefined, SECRET])('are the same on both sides, crossed over', (pairingSecret) => {
    const ours = derive(sealing, 'initiator', pairingSecret)
    const theirs = derive(opening, 'responder', pairingSecret)
    expect([ours.seal, ours.open]).toEqual([theirs.open, theirs.seal])
  })
})

describe.each(BUILDS)('keys on $name', (sodium) => {
  test('are 32 bytes, another one in each direction', () => {
    const { seal, open } = derive(sodium, 'initiator')
    expect(seal).toHaveLength(64)
    expect(open).toHaveLength(64)
    expect(seal).not.toBe(open)
  })

  test('C18: differ in both directions with any part of the transcript', () => {
    const usual = derive(sodium, 'initiator')
    for (const part of Object.keys(TRANSCRIPT) as (keyof Transcript)[]) {
      const other = derive(sodium, 'initiator', undefined, { ...TRANSCRIPT, [part]: Uint8Array.of(0, 0) })
      expect(other.seal).not.toBe(usual.seal)
      expect(other.open).not.toBe(usual.open)
    }
  })

  test('differ in both directions with the pairing secret', () => {
    const [none, right, wrong] = [undefined, SECRET, SECRET.with(31, 8)].map((secret) =>
      derive(sodium, 'responder', secret),
    )
    expect(new Set([none?.seal, right?.seal, wrong?.seal, none?.open, right?.open, wrong?.open]).size).toBe(6)
  })

  test('of peers that never paired are those of 32 zero bytes', () => {
    expect(derive(sodium, 'initiator')).toEqual(derive(sodium, 'initiator', new Uint8Array(32)))
  })

  test('differ when a byte moves from one part of the transcript to the next', () => {
    const moved = { ...TRANSCRIPT, initiatorId: Uint8Array.of(1, 2, 3), responderId: Uint8Array.of(4) }
    expect(toHex(hashTranscript(sodium, moved))).not.toBe(toHex(hashTranscript(sodium, TRANSCRIPT)))
    const swapped = { ...TRANSCRIPT, initiatorId: TRANSCRIPT.responderId, responderId: TRANSCRIPT.initiatorId }
    expect(toHex(hashTranscript(sodium, swapped))).not.toBe(toHex(hashTranscript(sodium, TRANSCRIPT)))
  })

  test('are not made twice from one secret: it is wiped', () => {
    const own = sodium.keyPair(SEEDS.initiator)
    const peer = sodium.keyPair(SEEDS.responder).publicKey
    deriveStreamKeys(sodium, 'initiator', own, peer, new Uint8Array(32))
    expect(own.secretKey).toEqual(own.secretKey.map(() => 0))
    expect(toHex(own.publicKey)).toBe(toHex(sodium.keyPair(SEEDS.initiator).publicKey))
  })

  test('leave the pairing secret and the transcript as they were', () => {
    derive(sodium, 'initiator', SECRET)
    expect(SECRET).toEqual(new Uint8Array(32).fill(9))
    expect(TRANSCRIPT.initiatorHello).toEqual(Uint8Array.of(5, 6))
  })

  test.each(LOW_ORDER)('are refused for %s, a key of low order, and the secret is wiped', (point) => {
    const own = sodium.keyPair()
    const attempt = (): unknown =>
      deriveStreamKeys(sodium, 'responder', own, fromHex(point), new Uint8Array(32), SECRET)
    expect(refusal(attempt)).toBe('ERR_PROTOCOL')
    expect(own.secretKey).toEqual(own.secretKey.map(() => 0))
  })
})
