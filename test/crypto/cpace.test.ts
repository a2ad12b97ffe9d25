import { readFileSync } from 'node:fs'
import { expect, onTestFinished, test, vi } from 'vitest'
import { calculateGenerator, CPaceSide, lengthValues, multiplyVerified, sameBytes } from '../../src/crypto/cpace.ts'
import vectors from '../vectors/cpace.json' with { type: 'json' }
import { fromHex, toHex } from '../vectors/read.ts'

const { run, multiply, invalid } = vectors
const context = {
  code: fromHex(run.code),
  channel: fromHex(run.channel),
  sessionId: fromHex(run.sessionId),
}
const text = (value: string): Uint8Array => new TextEncoder().encode(value)
const scalarOf = (hex: string): bigint => BigInt(`0x${toHex(fromHex(hex).toReversed())}`)

/** Both sides of a run that may differ in what they agree on. */
function pair(changes: Partial<typeof context> = {}): [CPaceSide, CPaceSide] {
  return [
    new CPaceSide('initiator', context, text('initiator')),
    new CPaceSide('responder', { ...context, ...changes }, text('responder')),
  ]
}

test('C13: computes the generator, the points, the product and the key of the draft', () => {
  expect(toHex(calculateGenerator(context).toBytes())).toBe(run.generator)
  const [a, b] = (['initiator', 'responder'] as const).map(
    (role) => new CPaceSide(role, context, fromHex(run[role].associated), fromHex(run[role].scalar)),
  )
  if (!a || !b) throw new Error('two sides')
  expect(toHex(a.share.point)).toBe(run.initiator.point)
  expect(toHex(b.share.point)).toBe(run.responder.point)
  expect(toHex(multiplyVerified(scalarOf(run.initiator.scalar), b.share.point) ?? text(''))).toBe(run.product)
  expect(toHex(a.finish(b.share).key)).toBe(run.key)
  expect(toHex(b.finish(a.share).key)).toBe(run.key)
})

test('C13: multiplies as the draft does, and refuses its invalid points', () => {
  const scalar = scalarOf(multiply.scalar)
  expect(toHex(multiplyVerified(scalar, fromHex(multiply.point)) ?? text(''))).toBe(multiply.product)
  for (const { point } of invalid) {
    expect(multiplyVerified(scalar, fromHex(point))).toBeNull()
    const [side] = pair()
    const share = { point: fromHex(point), associated: text('responder') }
    expect(() => side.finish(share)).toThrow(expect.objectContaining({ code: 'ERR_PROTOCOL' }))
  }
})

test.each([0, 1, 31, 33, 64])('C13: refuses a point of %i bytes', (length) => {
  expect(multiplyVerified(2n, new Uint8Array(length))).toBeNull()
})

test('two sides with the same code get one key, and each the tag the other sends', () => {
  const [a, b] = pair()
  const [one, other] = [a.finish(b.share), b.finish(a.share)]
  expect(toHex(one.key)).toBe(toHex(other.key))
  expect(sameBytes(one.tag, other.peerTag)).toBe(true)
  expect(sameBytes(other.tag, one.peerTag)).toBe(true)
  expect(sameBytes(one.tag, one.peerTag)).toBe(false)
})

test.each([
  ['code', { code: text('another code') }],
  ['channel', { channel: text('other peers') }],
  ['session', { sessionId: new Uint8Array(16) }],
])('another %s leads to other keys and tags that do not fit', (_what, changes) => {
  const [a, b] = pair(changes)
  const [one, other] = [a.finish(b.share), b.finish(a.share)]
  expect(toHex(one.key)).not.toBe(toHex(other.key))
  expect(sameBytes(one.tag, other.peerTag)).toBe(false)
  expect(sameBytes(other.tag, one.peerTag)).toBe(false)
})

test('what a side says of itself is bound into the key', () => {
  const [a, b] = pair()
  const altered = { ...a.share, associated: text('initiator with more rights') }
  expect(sameBytes(a.finish(b.share).tag, b.finish(altered).peerTag)).toBe(false)
})

test('C16: refuses its own share sent back, whole or in part', () => {
  const [a, b] = pair()
  for (const echo of [
    a.share,
    { ...a.share, associated: b.share.associated },
    { ...b.share, associated: a.share.associated },
  ]) {
    expect(() => a.finish(echo)).toThrow(expect.objectContaining({ code: 'ERR_PROTOCOL' }))
  }
})

test('C17: every run has another scalar', () => {
  const points = Array.from({ length: 20 }, () => toHex(pair()[0].share.point))
  expect(new Set(points).size).toBe(20)
})

test('C17: without random bytes there is no run, and none with the scalar 0', () => {
  const random = vi.spyOn(crypto, 'getRandomValues')
  onTestFinished(() => random.mockRestore())
  random.mockImplementationOnce(() => {
    throw new Error('no entropy')
  })
  expect(() => pair()).toThrow('no entropy')
  random.mockClear()
  for (const byte of [0, 0, 1]) {
    random.mockImplementationOnce((bytes) => {
      if (bytes instanceof Uint8Array) bytes[0] = byte
      return bytes
    })
  }
  const generated = new CPaceSide('initiator', context, text('initiator')).share.point
  expect(random).toHaveBeenCalledTimes(3)
  expect(toHex(generated)).toBe(toHex(calculateGenerator(context).toBytes()))
})

test('C22: tags are compared to their last byte, wherever they differ', () => {
  const tag = new Uint8Array(64).fill(7)
  for (const different of [0, 1, 31, 63, null]) {
    const other = tag.slice()
    if (different !== null) other[different] = 8
    const looked: string[] = []
    const watched = new Proxy(other, {
      get: (target, name) => {
        looked.push(String(name))
        return Reflect.get(target, name, target) as unknown
      },
    })
    expect(sameBytes(tag, watched)).toBe(different === null)
    expect(looked.filter((name) => /^\d+$/.test(name))).toHaveLength(64)
  }
  expect([sameBytes(tag, tag.subarray(1)), sameBytes(tag.subarray(1), tag), sameBytes(new Uint8Array(0), tag)]).toEqual(
    Array(3).fill(false),
  )
})

test('C22: whatever proves a pairing is compared in this way and no other', () => {
  const source = readFileSync(new URL('../../src/protocol/pairing.ts', import.meta.url), 'utf8')
  expect(source.match(/sameBytes\((?:verdict\.tag|proof), peerTag\)/g)).toHaveLength(2)
  expect(source).not.toMatch(/(?:peerTag|\btag|proof|secret)\s*[=!]==? (?!undefined)|\.equals\(|\.every\(|compare\(/)
})

test('puts the length of each part in front of it, so that no two lists read alike', () => {
  expect(toHex(lengthValues([text('1234'), text('5'), text(''), text('678')]))).toBe('043132333401350003363738')
  expect(toHex(lengthValues([new Uint8Array(300)])).slice(0, 4)).toBe('ac02')
})
