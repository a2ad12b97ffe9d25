import * as fc from 'fast-check'
import { Uint8ArrayList } from 'uint8arraylist'
import { describe, expect, test } from 'vitest'
import { encodeFrame, FrameDecoder, writeLength } from '../../src/wire/frame.ts'
import { LENGTH_BYTES, MAX_HELLO, MAX_RECORD, RECORD_OVERHEAD } from '../../src/wire/limits.ts'
import { decodesOrRefuses, failureOf, refusal } from './decodes.ts'

const SIZES = [0, 1, 255, 256, MAX_RECORD - 1, MAX_RECORD, MAX_RECORD + 1, 65_535]

function payload(size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, at) => at % 251)
}

/** Pushes chunks one by one and returns all payloads that come out. */
function decodeAll(chunks: Iterable<Uint8Array>, least = 0, most = 65_535): Uint8Array[] {
  const decoder = new FrameDecoder()
  const payloads: Uint8Array[] = []
  for (const chunk of chunks) {
    decoder.push(chunk)
    for (let next = decoder.next(least, most); next !== null; next = decoder.next(least, most)) payloads.push(next)
  }
  return payloads
}

test.each(SIZES)('returns a payload of %i bytes as it was', (size) => {
  const frame = encodeFrame(payload(size))
  expect(frame.byteLength).toBe(LENGTH_BYTES + size)
  expect(decodeAll([frame])).toEqual([payload(size)])
})

test('writes the length big-endian', () => {
  expect([...encodeFrame(new Uint8Array(0x0102)).subarray(0, 2)]).toEqual([1, 2])
  const frame = new Uint8Array(3)
  writeLength(frame, 0xfffe)
  expect([...frame]).toEqual([0xff, 0xfe, 0])
})

test('reads frames that come one byte at a time', () => {
  const bytes = Buffer.concat([3, 0, 1, 300].map((size) => encodeFrame(payload(size))))
  expect(decodeAll(Array.from(bytes, (byte) => Uint8Array.of(byte)))).toEqual([3, 0, 1, 300].map(payload))
})

test('reads frames that are split at any place', () => {
  const bytes = Uint8Array.from(Buffer.concat([2, 0, 17, 5].map((size) => encodeFrame(payload(size)))))
  for (let at = 0; at <= bytes.byteLength; at += 1) {
    expect(decodeAll([bytes.slice(0, at), bytes.slice(at)])).toEqual([2, 0, 17, 5].map(payload))
  }
})

test('reads any frames from any chunks', () => {
  const frames = fc.array(fc.uint8Array({ maxLength: 600 }), { maxLength: 12 })
  fc.assert(
    fc.property(frames, fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1 }), (payloads, lengths) => {
      const bytes = Uint8Array.from(Buffer.concat(payloads.map(encodeFrame)))
      const chunks: Uint8Array[] = []
      for (let [at, turn] = [0, 0]; at < bytes.byteLength; turn += 1) {
        const length = lengths[turn % lengths.length] ?? 1
        chunks.push(bytes.slice(at, at + length))
        at += length
      }
      expect(decodeAll(chunks)).toEqual(payloads)
    }),
  )
})

test('takes chunks that are lists of arrays', () => {
  const decoder = new FrameDecoder()
  decoder.push(new Uint8ArrayList(Uint8Array.of(0), Uint8Array.of(2, 7), Uint8Array.of(8, 0)))
  expect(decoder.next(0, 10)).toEqual(Uint8Array.of(7, 8))
  expect(decoder.pending).toBe(1)
})

describe('the range of lengths', () => {
  test.each([
    ['a hello', 1, MAX_HELLO],
    ['a record', RECORD_OVERHEAD + 1, MAX_RECORD],
  ])('of %s holds its two ends and nothing beyond', (_name, least, most) => {
    const next = (length: number): (() => unknown) => {
      const decoder = new FrameDecoder()
      decoder.push(encodeFrame(new Uint8Array(length)))
      return () => decoder.next(least, most)
    }
    expect(next(least)()).toHaveLength(least)
    expect(next(most)()).toHaveLength(most)
    expect(refusal(next(least - 1))).toBe('ERR_PROTOCOL')
    expect(refusal(next(most + 1))).toBe('ERR_PROTOCOL')
  })

  test('is checked as soon as the length is there, before any of the payload', () => {
    const decoder = new FrameDecoder()
    decoder.push(Uint8Array.of(0xff))
    expect(decoder.next(1, MAX_HELLO)).toBeNull()
    decoder.push(Uint8Array.of(0xff))
    expect(refusal(() => decoder.next(1, MAX_HELLO))).toBe('ERR_PROTOCOL')
  })

  test('is refused again when the caller asks again', () => {
    const decoder = new FrameDecoder()
    decoder.push(Uint8Array.of(0, 0, 0, 1, 5))
    expect(refusal(() => decoder.next(1, 1))).toBe('ERR_PROTOCOL')
    expect(refusal(() => decoder.next(1, 1))).toBe('ERR_PROTOCOL')
  })
})

test('takes bytes that are not framed from between frames', () => {
  const decoder = new FrameDecoder()
  decoder.push(encodeFrame(Uint8Array.of(1)))
  decoder.push(Uint8Array.of(2, 3))
  expect(decoder.next(1, 9)).toEqual(Uint8Array.of(1))
  expect(decoder.take(3)).toBeNull()
  decoder.push(Uint8Array.of(4, 0, 1, 5))
  expect(decoder.take(3)).toEqual(Uint8Array.of(2, 3, 4))
  expect(decoder.next(1, 9)).toEqual(Uint8Array.of(5))
  expect(decoder.take(0)).toHaveLength(0)
})

test('counts the bytes it holds', () => {
  const decoder = new FrameDecoder()
  expect(decoder.pending).toBe(0)
  decoder.push(Uint8Array.of(0, 2, 9))
  expect(decoder.next(0, 9)).toBeNull()
  expect(decoder.pending).toBe(3)
  decoder.push(Uint8Array.of(9))
  decoder.next(0, 9)
  expect(decoder.pending).toBe(0)
})

test('makes frames of any bytes or refuses them', () => {
  const property = fc.property(fc.uint8Array({ maxLength: 2_000 }), fc.nat(64), fc.nat(2_000), (bytes, least, most) => {
    const outcome = decodesOrRefuses((all) => decodeAll([all], least, most), bytes)
    if (typeof outcome === 'string') return outcome === 'ERR_PROTOCOL'
    return outcome.every(({ byteLength }) => byteLength >= least && byteLength <= most)
  })
  expect(failureOf(property)).toBeUndefined()
})
