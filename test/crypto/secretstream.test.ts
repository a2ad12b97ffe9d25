import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Opener, REKEY_INTERVAL, Sealer } from '../../src/crypto/secretstream.ts'
import { SECRETSTREAM, type Sodium } from '../../src/crypto/sodium.ts'
import { MAX_PLAINTEXT, MAX_RECORD, RECORD_OVERHEAD } from '../../src/wire/limits.ts'
import { toHex } from '../vectors/read.ts'
import { failureOf, refusal } from '../wire/decodes.ts'
import { BUILDS, PAIRS } from './builds.ts'

const KEY = new Uint8Array(32).fill(5)
const ONE = Uint8Array.of(1)

function seal(sealer: Sealer, plaintext: Uint8Array, final = false): Uint8Array {
  const record = new Uint8Array(plaintext.byteLength + RECORD_OVERHEAD)
  sealer.seal(record, plaintext, final)
  return record
}

/** Seals `count` records that hold their number. */
function sealed(sealer: Sealer, count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, at) => seal(sealer, Uint8Array.of(at)))
}

function both(sodium: Sodium): { sealer: Sealer; opener: Opener } {
  const sealer = new Sealer(sodium, KEY)
  return { sealer, opener: new Opener(sodium, KEY, sealer.header) }
}

describe.each(PAIRS)('records $name', ({ sealing, opening }) => {
  test.each([
    0,
    1,
    63,
    64,
    65,
    MAX_PLAINTEXT - 1,
    MAX_PLAINTEXT,
    MAX_PLAINTEXT + 1,
    SECRETSTREAM.maxRecord - RECORD_OVERHEAD,
  ])('of %i bytes open to what was sealed', (size) => {
    const sealer = new Sealer(sealing, KEY)
    const opener = new Opener(opening, KEY, sealer.header)
    const plaintext = new Uint8Array(size).map((_, at) => at % 253)
    for (let time = 0; time < 3; time += 1) {
      expect(Buffer.from(opener.open(seal(sealer, plaintext))).equals(plaintext)).toBe(true)
    }
  })

  test('open in order to the last, across two changes of the key', () => {
    const sealer = new Sealer(sealing, KEY)
    const opener = new Opener(opening, KEY, sealer.header)
    const count = 2 * REKEY_INTERVAL + 2
    const opened = Array.from({ length: count }, (_, at) => {
      const number = Uint8Array.of(at >> 8, at & 0xff)
      return toHex(opener.open(seal(sealer, number))) === toHex(number)
    })
    expect(opened.every(Boolean)).toBe(true)
    expect(opener.done).toBe(false)
    expect([...opener.open(seal(sealer, ONE, true))]).toEqual([1])
    expect(opener.done).toBe(true)
  })

  test('of any content open to it', () => {
    const property = fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 10 }), (plaintexts) => {
      const sealer = new Sealer(sealing, KEY)
      const opener = new Opener(opening, KEY, sealer.header)
      return plaintexts.every((plaintext) => Buffer.from(opener.open(seal(sealer, plaintext))).equals(plaintext))
    })
    expect(failureOf(property, 100)).toBeUndefined()
  })
})

describe.each(BUILDS)('the sealer on $name', (sodium) => {
  test('makes a header of 24 bytes, another one each time', () => {
    const [one, other] = [new Sealer(sodium, KEY), new Sealer(sodium, KEY)]
    expect(one.header).toHaveLength(SECRETSTREAM.headerBytes)
    expect(toHex(one.header)).not.toBe(toHex(other.header))
    expect(toHex(seal(one, ONE))).not.toBe(toHex(seal(other, ONE)))
  })

  test('seals equal plaintexts to different records', () => {
    const { sealer } = both(sodium)
    expect(toHex(seal(sealer, ONE))).not.toBe(toHex(seal(sealer, ONE)))
  })

  test('refuses a record after FINAL', () => {
    const { sealer } = both(sodium)
    expect(sealer.done).toBe(false)
    seal(sealer, ONE, true)
    expect(sealer.done).toBe(true)
    expect(refusal(() => seal(sealer, ONE))).toBe('ERR_INTERNAL')
    expect(refusal(() => seal(sealer, ONE, true))).toBe('ERR_INTERNAL')
  })

  test('leaves the plaintext as it was', () => {
    const plaintext = new Uint8Array(100).fill(3)
    seal(both(sodium).sealer, plaintext)
    expect(plaintext).toEqual(new Uint8Array(100).fill(3))
  })

  test('tags every 4,096th record REKEY, the last one FINAL and all others MESSAGE', () => {
    const sealer = new Sealer(sodium, KEY)
    const pull = sodium.pullStream(KEY, sealer.header)
    const tags = Array.from({ length: 2 * REKEY_INTERVAL }, () => pull.pull(seal(sealer, ONE))?.tag)
    const expected = tags.map((_, at) => ((at + 1) % 4_096 === 0 ? SECRETSTREAM.tagRekey : SECRETSTREAM.tagMessage))
    expect(tags).toEqual(expected)
    expect(pull.pull(seal(sealer, ONE, true))?.tag).toBe(SECRETSTREAM.tagFinal)
  })
})

describe.each(BUILDS)('the opener on $name', (sodium) => {
  test('refuses a record after FINAL', () => {
    const push = sodium.pushStream(KEY)
    const opener = new Opener(sodium, KEY, push.header)
    const [last, more] = [new Uint8Array(18), new Uint8Array(18)]
    push.push(last, ONE, SECRETSTREAM.tagFinal)
    push.push(more, ONE, SECRETSTREAM.tagMessage)
    expect([...opener.open(last)]).toEqual([1])
    expect(opener.done).toBe(true)
    expect(refusal(() => opener.open(more))).toBe('ERR_DECRYPT')
  })

  test('is no longer done after a record that followed FINAL', () => {
    const { sealer, opener } = both(sodium)
    const last = seal(sealer, ONE, true)
    opener.open(last)
    expect(refusal(() => opener.open(last))).toBe('ERR_DECRYPT')
    expect(opener.done).toBe(false)
  })

  test('stays dead after the first record that does not open', () => {
    const { sealer, opener } = both(sodium)
    const [first = ONE, second = ONE] = sealed(sealer, 2)
    opener.open(first)
    expect(refusal(() => opener.open(new Uint8Array(40)))).toBe('ERR_DECRYPT')
    expect(refusal(() => opener.open(second))).toBe('ERR_DECRYPT')
    expect(refusal(() => opener.open(seal(sealer, ONE, true)))).toBe('ERR_DECRYPT')
    expect(opener.done).toBe(false)
  })

  test('refuses a record with any bit flipped', () => {
    const sealer = new Sealer(sodium, KEY)
    const record = seal(sealer, Uint8Array.of(1, 2, 3))
    for (let bit = 0; bit < 8 * record.byteLength; bit += 1) {
      const opener = new Opener(sodium, KEY, sealer.header)
      const altered = record.with(bit >> 3, (record[bit >> 3] ?? 0) ^ (1 << (bit & 7)))
      expect(refusal(() => opener.open(altered))).toBe('ERR_DECRYPT')
    }
  })

  test('refuses a record cut to any length, or longer than it was', () => {
    const sealer = new Sealer(sodium, KEY)
    const record = seal(sealer, Uint8Array.of(1, 2, 3))
    for (let length = 0; length < record.byteLength; length += 1) {
      const opener = new Opener(sodium, KEY, sealer.header)
      expect(refusal(() => opener.open(record.slice(0, length)))).toBe('ERR_DECRYPT')
    }
    const opener = new Opener(sodium, KEY, sealer.header)
    expect(refusal(() => opener.open(Uint8Array.of(...record, 0)))).toBe('ERR_DECRYPT')
  })

  test('refuses a record longer than any frame', () => {
    const { sealer, opener } = both(sodium)
    expect(refusal(() => opener.open(seal(sealer, new Uint8Array(SECRETSTREAM.maxRecord))))).toBe('ERR_DECRYPT')
  })

  test('refuses records in another order, left out, and once more', () => {
    for (const order of [[1], [0, 0], [0, 2], [0, 1, 0], [2, 1, 0]]) {
      const { sealer, opener } = both(sodium)
      const records = sealed(sealer, 3)
      const openAll = (): void => order.forEach((at) => opener.open(records[at] ?? ONE))
      expect(refusal(openAll)).toBe('ERR_DECRYPT')
    }
  })

  test('refuses another key and another header', () => {
    const sealer = new Sealer(sodium, KEY)
    const record = seal(sealer, ONE)
    expect(refusal(() => new Opener(sodium, KEY.with(0, 6), sealer.header).open(record))).toBe('ERR_DECRYPT')
    expect(refusal(() => new Opener(sodium, KEY, new Uint8Array(24)).open(record))).toBe('ERR_DECRYPT')
  })

  test.each([1, 2, 4, 5, 128, 255])('refuses the tag %i in the first record', (tag) => {
    const push = sodium.pushStream(KEY)
    const record = new Uint8Array(18)
    push.push(record, ONE, tag)
    const opener = new Opener(sodium, KEY, push.header)
    expect(refusal(() => opener.open(record))).toBe('ERR_DECRYPT')
    expect(opener.done).toBe(false)
  })

  test.each([
    [SECRETSTREAM.tagMessage, 'ERR_DECRYPT'],
    [1, 'ERR_DECRYPT'],
    [SECRETSTREAM.tagRekey, null],
    [SECRETSTREAM.tagFinal, null],
  ])('meets the tag %i in record 4,096 with %s', (tag, error) => {
    const push = sodium.pushStream(KEY)
    const opener = new Opener(sodium, KEY, push.header)
    const next = (tag: number): Uint8Array => {
      const record = new Uint8Array(18)
      push.push(record, ONE, tag)
      return record
    }
    for (let record = 1; record < REKEY_INTERVAL; record += 1) opener.open(next(SECRETSTREAM.tagMessage))
    const outcome = (): number => opener.open(next(tag)).byteLength
    expect(error === null ? outcome() : refusal(outcome)).toBe(error ?? 1)
  })

  test('opens or refuses any bytes, and opens none of them', () => {
    const property = fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      const { opener } = both(sodium)
      return refusal(() => opener.open(bytes)) === 'ERR_DECRYPT'
    })
    expect(failureOf(property)).toBeUndefined()
  })

  test('leaves the record as it was, and a copy of the plaintext outlives the next record', () => {
    const { sealer, opener } = both(sodium)
    const [first = ONE, second = ONE] = sealed(sealer, 2)
    const before = first.slice()
    const plaintext = opener.open(first).slice()
    expect(first).toEqual(before)
    opener.open(second)
    expect([...plaintext]).toEqual([0])
  })

  test('opens records that lie inside a larger array', () => {
    const { sealer, opener } = both(sodium)
    const around = new Uint8Array(100)
    around.set(seal(sealer, Uint8Array.of(7, 8)), 40)
    expect([...opener.open(around.subarray(40, 59))]).toEqual([7, 8])
  })
})

test('the longest record of the protocol is one a frame can hold', () => {
  expect(MAX_RECORD).toBe(65_505)
  expect(MAX_RECORD).toBeLessThanOrEqual(SECRETSTREAM.maxRecord)
})
