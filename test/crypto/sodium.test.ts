import { createCipheriv, createHash, createPrivateKey, createPublicKey, diffieHellman } from 'node:crypto'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { loadSodium } from '../../src/crypto/load-sodium.ts'
import { fromHex, toHex } from '../vectors/read.ts'
import { failureOf } from '../wire/decodes.ts'
import { BUILDS, LOW_ORDER } from './builds.ts'

const SEED = new Uint8Array(32).map((_, at) => at)
const PEER_SEED = SEED.toReversed()

test('both builds load, and the first choice is remembered', async () => {
  expect(BUILDS.map(({ name }) => name)).toEqual(['native', 'wasm'])
  expect((await loadSodium()).name).toBe('native')
  expect(await loadSodium()).toBe(await loadSodium())
})

describe.each(BUILDS)('$name', (sodium) => {
  test('hashes as BLAKE2b does elsewhere', () => {
    for (const length of [0, 1, 127, 128, 129, 1_000]) {
      const bytes = new Uint8Array(length).fill(7)
      expect(toHex(sodium.hash(64, [bytes]))).toBe(createHash('blake2b512').update(bytes).digest('hex'))
    }
  })

  test('hashes to the known value of BLAKE2b-256', () => {
    expect(toHex(sodium.hash(32, [new TextEncoder().encode('abc')]))).toBe(
      'bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319',
    )
  })

  test('hashes with a key to the known value of the BLAKE2 test vectors', () => {
    const key = new Uint8Array(64).map((_, at) => at)
    expect(toHex(sodium.hash(64, [Uint8Array.of(0, 1, 2)], key))).toBe(
      '33d0825dddf7ada99b0e7e307104ad07ca9cfd9692214f1561356315e784f3e5a17e364ae9dbb14cb2036df932b77f4b292761365fb328de7afdc6d8998f5fc1',
    )
  })

  test('hashes parts as if they were one', () => {
    const property = fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 5 }), (parts) =>
      Buffer.from(sodium.hash(32, parts)).equals(sodium.hash(32, [Uint8Array.from(Buffer.concat(parts))])),
    )
    expect(failureOf(property, 100)).toBeUndefined()
  })

  test.each([16, 32, 64])('gives digests of %i bytes that are no prefix of each other', (length) => {
    const digest = toHex(sodium.hash(length, [SEED]))
    expect(digest).toHaveLength(2 * length)
    expect(toHex(sodium.hash(24, [SEED])).startsWith(digest.slice(0, 32))).toBe(false)
  })

  test('gives random bytes', () => {
    expect(sodium.randomBytes(32)).toHaveLength(32)
    expect(toHex(sodium.randomBytes(32))).not.toBe(toHex(sodium.randomBytes(32)))
  })

  test('makes another key pair each time, and the same one from the same seed', () => {
    expect(toHex(sodium.keyPair().publicKey)).not.toBe(toHex(sodium.keyPair().publicKey))
    expect(toHex(sodium.keyPair(SEED).secretKey)).toBe(toHex(sodium.keyPair(SEED).secretKey))
  })

  test('makes key pairs that X25519 agrees with', () => {
    const { publicKey, secretKey } = sodium.keyPair(SEED)
    expect(toHex(publicKey)).toBe(toHex(x25519(secretKey).publicKey))
  })

  test('leads both sides to the same two keys, those of X25519 and BLAKE2b', () => {
    const [client, server] = [sodium.keyPair(SEED), sodium.keyPair(PEER_SEED)]
    const ours = sodium.sessionKeys('initiator', client, server.publicKey)
    const theirs = sodium.sessionKeys('responder', server, client.publicKey)
    const point = x25519(client.secretKey).shared(server.publicKey)
    const both = createHash('blake2b512').update(point).update(client.publicKey).update(server.publicKey).digest('hex')
    expect(ours && toHex(ours.rx) + toHex(ours.tx)).toBe(both)
    expect(theirs && toHex(theirs.tx) + toHex(theirs.rx)).toBe(both)
  })

  test.each(LOW_ORDER)('gives no keys for %s, a key of low order', (point) => {
    expect(sodium.sessionKeys('initiator', sodium.keyPair(SEED), fromHex(point))).toBeNull()
    expect(sodium.sessionKeys('responder', sodium.keyPair(), fromHex(point))).toBeNull()
  })

  test('wipes bytes, of a part of an array only that part', () => {
    const bytes = new Uint8Array(8).fill(9)
    sodium.wipe(bytes.subarray(2, 6))
    expect([...bytes]).toEqual([9, 9, 0, 0, 0, 0, 9, 9])
  })

  test('opens with its primitives what it sealed, and gives the tag', () => {
    const push = sodium.pushStream(SEED)
    const pull = sodium.pullStream(SEED, push.header)
    for (const tag of [0, 1, 2, 3]) {
      const sealed = new Uint8Array(5 + 17)
      push.push(sealed, Uint8Array.of(1, 2, 3, 4, tag), tag)
      const opened = pull.pull(sealed)
      expect(opened?.tag).toBe(tag)
      expect([...(opened?.plaintext ?? [])]).toEqual([1, 2, 3, 4, tag])
    }
    expect(pull.pull(new Uint8Array(30))).toBeNull()
  })
})

test('R15: what streams take outside the reach of the collector is given back when they are over (wasm)', async () => {
  const { default: sodium } = await import('libsodium-wrappers')
  const heap = (): number => (sodium as unknown as { libsodium: { HEAPU8: Uint8Array } }).libsodium.HEAPU8.byteLength
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const wasm = await loadSodium('wasm')
  const before = heap()
  for (let round = 0; round < 10; round += 1) {
    for (let count = 0; count < 8_000; count += 1) wasm.pullStream(SEED, SEED.subarray(0, 24)) // all together 4.5 MB
    collect()
    await new Promise((resolve) => setTimeout(resolve))
  }
  expect(heap()).toBe(before)
})

describe('ChaCha20-Poly1305 in place', () => {
  // RFC 8439 section 2.8.2
  const key = Uint8Array.from({ length: 32 }, (_, at) => 0x80 + at)
  const nonce = fromHex('070000004041424344454647')
  const ad = fromHex('50515253c0c1c2c3c4c5c6c7')
  const text =
    "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it."
  const aead = BUILDS[0]?.aead

  test('seals as RFC 8439 has it, and opens', () => {
    const [message, tag] = [Buffer.from(text), Buffer.alloc(16)]
    aead?.seal(message, tag, nonce, ad, key)
    expect(toHex(message.subarray(0, 16))).toBe('d31a8d34648e60db7b86afbc53ef7ec2')
    expect(toHex(tag)).toBe('1ae10b594f09e26a7e902ecbd0600691')
    expect(aead?.open(message, tag, nonce, ad, key)).toBe(true)
    expect(message.toString()).toBe(text)
  })

  test('seals without additional data as node:crypto does', () => {
    const [message, tag] = [Buffer.from(text), Buffer.alloc(16)]
    aead?.seal(message, tag, nonce, new Uint8Array(0), key)
    const cipher = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: 16 })
    expect(message).toEqual(Buffer.concat([cipher.update(text), cipher.final()]))
    expect(tag).toEqual(cipher.getAuthTag())
  })

  test('opens nothing of which a bit was changed', () => {
    const [message, tag] = [Buffer.from(text), Buffer.alloc(16)]
    aead?.seal(message, tag, nonce, ad, key)
    for (const changed of [message, tag, nonce, ad, key]) {
      const copies = [message, tag, nonce, ad, key].map((bytes) => {
        const copy = Uint8Array.from(bytes)
        if (bytes === changed) copy[copy.byteLength - 1] = (copy.at(-1) ?? 0) ^ 1
        return copy
      }) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array]
      expect(aead?.open(...copies)).toBe(false)
    }
  })
})

describe.each(BUILDS)('X25519 of $name', (sodium) => {
  test('both sides come to one point, which is that of node:crypto', () => {
    const [one, two] = [sodium.keyPair(), sodium.keyPair()]
    const point = sodium.scalarMult(one.secretKey, two.publicKey)
    expect(sodium.scalarMult(two.secretKey, one.publicKey)).toEqual(point)
    const privateKey = createPrivateKey({
      key: Buffer.concat([fromHex('302e020100300506032b656e04220420'), one.secretKey]),
      format: 'der',
      type: 'pkcs8',
    })
    const publicKey = createPublicKey({
      key: Buffer.concat([fromHex('302a300506032b656e032100'), two.publicKey]),
      format: 'der',
      type: 'spki',
    })
    expect(Buffer.from(point ?? [])).toEqual(diffieHellman({ privateKey, publicKey }))
  })

  test.each(LOW_ORDER)('refuses the point %s', (point) => {
    expect(sodium.scalarMult(sodium.keyPair().secretKey, fromHex(point))).toBeNull()
  })
})

test('both builds give the same bytes', () => {
  const seed = fc.uint8Array({ minLength: 32, maxLength: 32 })
  const hashes = fc.property(
    fc.integer({ min: 16, max: 64 }),
    fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 4 }),
    fc.option(fc.uint8Array({ minLength: 16, maxLength: 64 })),
    (length, parts, key) => same(BUILDS.map((sodium) => sodium.hash(length, parts, key ?? undefined))),
  )
  expect(failureOf(hashes, 200)).toBeUndefined()
  const keys = fc.property(seed, seed, fc.constantFrom('initiator', 'responder'), (own, peer, role) =>
    same(
      BUILDS.map((sodium) => {
        const shared = sodium.sessionKeys(role, sodium.keyPair(own), sodium.keyPair(peer).publicKey)
        return Buffer.concat(shared ? [shared.rx, shared.tx] : [])
      }),
    ),
  )
  expect(failureOf(keys, 50)).toBeUndefined()
  const records = fc.property(seed, fc.uint8Array({ maxLength: 500 }), fc.nat(3), (key, plaintext, tag) =>
    same(
      BUILDS.map((sodium) => {
        const record = new Uint8Array(plaintext.byteLength + 17)
        sodium.pushStream(key, key.slice(0, 24)).push(record, plaintext, tag)
        return record
      }),
    ),
  )
  expect(failureOf(records, 200)).toBeUndefined()
})

function same([first, ...others]: readonly Uint8Array[]): boolean {
  return first !== undefined && first.byteLength > 0 && others.every((other) => Buffer.from(first).equals(other))
}

/** X25519 by Node's own cryptography. */
function x25519(secretKey: Uint8Array): { publicKey: Uint8Array; shared(peerKey: Uint8Array): Uint8Array } {
  const der = (prefix: string, key: Uint8Array): Buffer => Buffer.concat([fromHex(prefix), key])
  const privateKey = createPrivateKey({
    key: der('302e020100300506032b656e04220420', secretKey),
    format: 'der',
    type: 'pkcs8',
  })
  return {
    publicKey: createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).subarray(-32),
    shared(peerKey) {
      const publicKey = createPublicKey({ key: der('302a300506032b656e032100', peerKey), format: 'der', type: 'spki' })
      return diffieHellman({ privateKey, publicKey })
    },
  }
}
