import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { SftError } from '../../src/errors.ts'
import { decodeHello, encodeHello } from '../../src/wire/hello.ts'
import { MAX_HELLO, MAX_WINDOW, MIN_WINDOW } from '../../src/wire/limits.ts'
import { decodesOrErrProtocol, decodesOrRefuses, failureOf, refusal } from './decodes.ts'

const KEY = new Uint8Array(32).fill(1)
const NONCE = new Uint8Array(32).fill(2)

const hello = (window: number): Uint8Array => encodeHello({ publicKey: KEY, nonce: NONCE, window })

test('returns what was encoded', () => {
  const bytes = (): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: 32, maxLength: 32 })
  fc.assert(
    fc.property(bytes(), bytes(), fc.integer({ min: MIN_WINDOW, max: MAX_WINDOW }), (publicKey, nonce, window) => {
      const encoded = encodeHello({ publicKey, nonce, window })
      expect(encoded.byteLength).toBeLessThanOrEqual(MAX_HELLO)
      const decoded = decodeHello(encoded)
      expect([...decoded.publicKey]).toEqual([...publicKey])
      expect([...decoded.nonce]).toEqual([...nonce])
      expect(decoded.window).toBe(window)
    }),
  )
})

test.each([MIN_WINDOW, MIN_WINDOW + 1, MAX_WINDOW - 1, MAX_WINDOW])('accepts a window of %i', (window) => {
  expect(decodeHello(hello(window)).window).toBe(window)
})

test.each([0, 1, MIN_WINDOW - 1, MAX_WINDOW + 1, 0xffffffff])('refuses a window of %i', (window) => {
  expect(refusal(() => decodeHello(hello(window)))).toBe('ERR_PROTOCOL')
})

test.each([0, 31, 33, 64])('refuses a key or nonce of %i bytes', (length) => {
  const wrong = new Uint8Array(length)
  expect(refusal(() => decodeHello(encodeHello({ publicKey: wrong, nonce: NONCE, window: MAX_WINDOW })))).toBe(
    'ERR_PROTOCOL',
  )
  expect(refusal(() => decodeHello(encodeHello({ publicKey: KEY, nonce: wrong, window: MAX_WINDOW })))).toBe(
    'ERR_PROTOCOL',
  )
})

test('refuses another version and names both', () => {
  const other = hello(MAX_WINDOW)
  other[1] = 7
  expect(() => decodeHello(other)).toThrow('the peer speaks version 7 of the protocol, this is 1')
  expect(refusal(() => decodeHello(other))).toBe('ERR_PROTOCOL')
})

test.each([MAX_HELLO - 1, MAX_HELLO])('ignores unknown fields up to %i bytes', (size) => {
  const known = hello(MAX_WINDOW)
  const rest = size - known.byteLength - 4
  const unknown = Buffer.concat([Buffer.of(0xa2, 0x06, rest | 0x80, rest >> 7), Buffer.alloc(size)])
  const padded = Buffer.concat([known, unknown]).subarray(0, size)
  expect(decodeHello(padded).window).toBe(MAX_WINDOW)
})

test('refuses more than 256 bytes without decoding them', () => {
  const error = ((): unknown => {
    try {
      return decodeHello(new Uint8Array(MAX_HELLO + 1))
    } catch (thrown) {
      return thrown
    }
  })()
  expect(error).toBeInstanceOf(SftError)
  expect(error).toMatchObject({ code: 'ERR_PROTOCOL', message: 'the peer sent a hello that is too long' })
})

test('refuses a hello that is cut anywhere', () => {
  const whole = hello(MAX_WINDOW)
  for (let length = 0; length < whole.byteLength; length += 1) {
    expect(refusal(() => decodeHello(whole.slice(0, length)))).toBe('ERR_PROTOCOL')
  }
})

test('decodes or refuses any bytes', () => {
  const property = fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => decodesOrErrProtocol(decodeHello, bytes))
  expect(failureOf(property, 2_000)).toBeUndefined()
})

test('decodes or refuses a hello with any byte changed', () => {
  const whole = hello(MAX_WINDOW)
  const property = fc.property(fc.nat(whole.byteLength - 1), fc.nat(255), (at, byte) => {
    const outcome = decodesOrRefuses(decodeHello, whole.with(at, byte))
    if (typeof outcome === 'string') return outcome === 'ERR_PROTOCOL'
    return outcome.publicKey.byteLength === 32 && outcome.nonce.byteLength === 32
  })
  expect(failureOf(property, 1_000)).toBeUndefined()
})
