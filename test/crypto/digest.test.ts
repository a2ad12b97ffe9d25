import { createHash } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createHasher, md5, sameDigest } from '../../src/crypto/digest.ts'
import { toHex } from '../vectors/read.ts'
import { failureOf } from '../wire/decodes.ts'

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

describe.each([
  ['md5', '', 'd41d8cd98f00b204e9800998ecf8427e'],
  ['md5', 'abc', '900150983cd24fb0d6963f7d28e17f72'],
  ['md5', 'message digest', 'f96b697d7cb7938d525a2f31aaf161d0'],
  ['sha256', '', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
  ['sha256', 'abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
] as const)('%s of %j', (algorithm, text, digest) => {
  test('is the published one', () => {
    const hasher = createHasher(algorithm)
    hasher.update(utf8(text))
    expect(toHex(hasher.digest())).toBe(digest)
  })

  test('is the same of bytes that are all there', () => {
    const bytes = utf8(text)
    const whole = algorithm === 'md5' ? md5(bytes) : createHash(algorithm).update(bytes).digest()
    expect(toHex(whole)).toBe(digest)
  })

  test('is the same when the bytes come one by one', () => {
    const hasher = createHasher(algorithm)
    for (const byte of utf8(text)) hasher.update(Uint8Array.of(byte))
    expect(toHex(hasher.digest())).toBe(digest)
  })
})

test('a digest does not depend on how the bytes were split, nor on what becomes of them', () => {
  const algorithm = fc.constantFrom('md5', 'sha256')
  const property = fc.property(algorithm, fc.array(fc.uint8Array({ maxLength: 200 })), (algorithm, parts) => {
    const [whole, split] = [createHasher(algorithm), createHasher(algorithm)]
    whole.update(Buffer.concat(parts))
    const buffer = new Uint8Array(200)
    for (const part of parts) {
      buffer.set(part)
      split.update(buffer.subarray(0, part.byteLength))
      buffer.fill(0xff)
    }
    return Buffer.from(whole.digest()).equals(split.digest())
  })
  expect(failureOf(property, 200)).toBeUndefined()
})

test.each([
  ['md5', 16],
  ['sha256', 32],
] as const)('%s has %i bytes', (algorithm, length) => {
  expect(createHasher(algorithm).digest()).toHaveLength(length)
})

test('digests are the same only if every byte and the length are', () => {
  const digest = Uint8Array.of(1, 2, 3)
  expect(sameDigest(digest, Uint8Array.of(1, 2, 3))).toBe(true)
  expect(sameDigest(digest, Buffer.of(1, 2, 3))).toBe(true)
  expect(sameDigest(digest, Uint8Array.of(1, 2, 4))).toBe(false)
  expect(sameDigest(digest, Uint8Array.of(1, 2))).toBe(false)
  expect(sameDigest(digest, Uint8Array.of(1, 2, 3, 0))).toBe(false)
  expect(sameDigest(digest, new Uint8Array(0))).toBe(false)
})
