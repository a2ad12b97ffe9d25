/**
 * Writes the test vectors beside this file: `node test/vectors/generate.ts`.
 *
 * It follows docs/protocol.md with libsodium and a protobuf writer of its own, and imports nothing from src, so that a
 * vector is a second opinion and not an echo. The tests read the committed JSON and never run this.
 */
import { createPrivateKey, createPublicKey } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import type {
  Hex,
  HelloVectors,
  Json,
  KeyVector,
  KeyVectors,
  MessageVectors,
  PathVectors,
  RecordVectors,
  RefusedRecord,
  SessionVectors,
  Valid,
} from './read.ts'

const { default: sodium } = await import('libsodium-wrappers')
await sodium.ready

const text = (string: string): Uint8Array => new TextEncoder().encode(string)
const hex = (bytes: Uint8Array): Hex => Buffer.from(bytes).toString('hex')
const bytesOf = (string: Hex): Uint8Array => Uint8Array.from(Buffer.from(string, 'hex'))
const concat = (...parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(Buffer.concat(parts))
/** `length` bytes that count up from `first`. */
const counting = (first: number, length: number): Uint8Array => Uint8Array.from({ length }, (_, at) => first + at)

// --- protobuf ---

const varint = (value: number | bigint): Uint8Array => {
  const out: number[] = []
  let rest = BigInt.asUintN(64, BigInt(value))
  for (; rest > 0x7fn; rest >>= 7n) out.push(Number(rest & 0x7fn) | 0x80)
  return Uint8Array.of(...out, Number(rest))
}
const zigzag = (value: bigint): bigint => BigInt.asUintN(64, (value << 1n) ^ (value >> 63n))
const tag = (field: number, wireType: number): Uint8Array => varint((field << 3) | wireType)
const NOTHING = new Uint8Array(0)

/** A varint field; absent if it is 0, as proto3 has it. */
const uint = (field: number, value: number | bigint): Uint8Array =>
  BigInt(value) === 0n ? NOTHING : concat(tag(field, 0), varint(value))
const sint = (field: number, value: bigint): Uint8Array => uint(field, zigzag(value))
const bool = (field: number, value: boolean): Uint8Array => uint(field, value ? 1 : 0)
/** A bytes field; absent if it is empty. */
const bytes = (field: number, value: Uint8Array): Uint8Array =>
  value.byteLength === 0 ? NOTHING : concat(tag(field, 2), varint(value.byteLength), value)
const path = (field: number, value: string): Uint8Array => bytes(field, text(value))
/** A field that is itself a message; present even if that is empty. */
const nested = (field: number, ...parts: readonly Uint8Array[]): Uint8Array => {
  const body = concat(...parts)
  return concat(tag(field, 2), varint(body.byteLength), body)
}

// --- framing, hello, keys ---

const frame = (payload: Uint8Array): Uint8Array =>
  concat(Uint8Array.of(payload.byteLength >> 8, payload.byteLength & 0xff), payload)

const hello = (version: number, publicKey: Uint8Array, nonce: Uint8Array, window: number): Uint8Array =>
  concat(uint(1, version), bytes(2, publicKey), bytes(3, nonce), uint(4, window))

const lengthPrefixed = (...parts: readonly Uint8Array[]): Uint8Array =>
  concat(
    ...parts.flatMap((part) => {
      const length = Buffer.alloc(4)
      length.writeUInt32BE(part.byteLength)
      return [length, part]
    }),
  )

const keyPairOf = (seed: Uint8Array): { publicKey: Uint8Array; privateKey: Uint8Array } =>
  sodium.crypto_kx_seed_keypair(seed)

/** The bytes of the peer ID of the Ed25519 key with this seed: an identity multihash of the public key's protobuf. */
const peerIdOf = (seed: Uint8Array): Uint8Array => {
  const der = concat(bytesOf('302e020100300506032b657004220420'), seed)
  const publicKey = createPublicKey(createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' }))
  const { x } = publicKey.export({ format: 'jwk' })
  return concat(bytesOf('002408011220'), Buffer.from(x ?? '', 'base64url'))
}

const SEEDS = { initiator: counting(0x00, 32), responder: counting(0x20, 32) }
const IDS = { initiator: peerIdOf(counting(0x40, 32)), responder: peerIdOf(counting(0x60, 32)) }
const NONCES = { initiator: counting(0x80, 32), responder: counting(0xa0, 32) }
const PAIRING_SECRET = counting(0xc0, 32)
const HELLOS = {
  initiator: hello(1, keyPairOf(SEEDS.initiator).publicKey, NONCES.initiator, 2_097_152),
  responder: hello(1, keyPairOf(SEEDS.responder).publicKey, NONCES.responder, 1_048_576),
}

function keySchedule(role: 'initiator' | 'responder', pairingSecret: Uint8Array | null): KeyVector {
  const own = keyPairOf(SEEDS[role])
  const peer = keyPairOf(SEEDS[role === 'initiator' ? 'responder' : 'initiator'])
  const derive = role === 'initiator' ? 'crypto_kx_client_session_keys' : 'crypto_kx_server_session_keys'
  const { sharedRx, sharedTx } = sodium[derive](own.publicKey, own.privateKey, peer.publicKey)
  const transcript = lengthPrefixed(
    text('sft/1 transcript'),
    IDS.initiator,
    IDS.responder,
    HELLOS.initiator,
    HELLOS.responder,
  )
  const transcriptHash = sodium.crypto_generichash(32, transcript, null)
  const salt = sodium.crypto_generichash(64, transcriptHash, pairingSecret ?? new Uint8Array(32))
  const outgoing = lengthPrefixed(text('sft/1 initiator to responder'), salt)
  const incoming = lengthPrefixed(text('sft/1 responder to initiator'), salt)
  return {
    description: `the ${role}, ${pairingSecret ? 'paired' : 'never paired'}`,
    role,
    seed: hex(SEEDS[role]),
    secretKey: hex(own.privateKey),
    publicKey: hex(own.publicKey),
    peerPublicKey: hex(peer.publicKey),
    initiatorId: hex(IDS.initiator),
    responderId: hex(IDS.responder),
    initiatorHello: hex(HELLOS.initiator),
    responderHello: hex(HELLOS.responder),
    pairingSecret: pairingSecret && hex(pairingSecret),
    transcriptHash: hex(transcriptHash),
    rx: hex(sharedRx),
    tx: hex(sharedTx),
    salt: hex(salt),
    sealKey: hex(sodium.crypto_generichash(32, role === 'initiator' ? outgoing : incoming, sharedTx)),
    openKey: hex(sodium.crypto_generichash(32, role === 'initiator' ? incoming : outgoing, sharedRx)),
  }
}

const LOW_ORDER: readonly [string, Hex][] = [
  ['zero', '00'.repeat(32)],
  ['one', `01${'00'.repeat(31)}`],
  ['a point of order 8', 'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800'],
  ['the other point of order 8', '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157'],
  ['p - 1', `ec${'ff'.repeat(30)}7f`],
  ['p, which is zero again', `ed${'ff'.repeat(30)}7f`],
  ['p + 1, which is one again', `ee${'ff'.repeat(30)}7f`],
  ['zero with the top bit set', `${'00'.repeat(31)}80`],
  ['one with the top bit set', `01${'00'.repeat(30)}80`],
  ['p with the top bit set', `ed${'ff'.repeat(31)}`],
]

// --- records ---

const TAG = { MESSAGE: 0, PUSH: 1, REKEY: 2, FINAL: 3 } as const

/** One direction with a fixed header, which libsodium lets only a receiver choose; the two states are equal. */
class Direction {
  readonly #state: ReturnType<typeof sodium.crypto_secretstream_xchacha20poly1305_init_pull>
  constructor(key: Uint8Array, header: Uint8Array) {
    this.#state = sodium.crypto_secretstream_xchacha20poly1305_init_pull(header, key)
  }
  seal(plaintext: Uint8Array, name: keyof typeof TAG): Uint8Array {
    return sodium.crypto_secretstream_xchacha20poly1305_push(this.#state, plaintext, null, TAG[name])
  }
}

const message = (encoded: Uint8Array): Uint8Array => concat(Uint8Array.of(1), encoded)
const data = (id: number, content: Uint8Array): Uint8Array => {
  const head = Buffer.alloc(5)
  head[0] = 2
  head.writeUInt32BE(id, 1)
  return concat(head, content)
}

const RECORD_KEY = counting(0x01, 32)
const RECORD_HEADER = counting(0x51, 24)
const WELCOME = message(nested(1, uint(1, 3)))
const CREDIT_0 = message(nested(6))
const CLOSE = message(nested(7))
const ONE_BYTE = data(1, text('x'))
const NONE = { count: 0, plaintext: hex(CREDIT_0) }
const REPEAT = { count: 4_095, plaintext: hex(CREDIT_0) }

/** Seals the same records as a test will, and returns the direction after them. */
function directionAfter(repeat: { count: number }, before: readonly [Uint8Array, keyof typeof TAG][]): Direction {
  const direction = new Direction(RECORD_KEY, RECORD_HEADER)
  for (let at = 0; at < repeat.count; at += 1) direction.seal(CREDIT_0, 'MESSAGE')
  for (const [plaintext, name] of before) direction.seal(plaintext, name)
  return direction
}

type Sealing = readonly [description: string, plaintext: Uint8Array, tag: 'MESSAGE' | 'REKEY' | 'FINAL']

function recordStream(
  description: string,
  repeat: { count: number; plaintext: Hex },
  sealings: readonly Sealing[],
): RecordVectors['valid'][number] {
  const direction = directionAfter(repeat, [])
  return {
    description,
    repeat,
    records: sealings.map(([description, plaintext, tag]) => ({
      description,
      tag,
      plaintext: hex(plaintext),
      record: hex(direction.seal(plaintext, tag)),
    })),
  }
}

function records(): RecordVectors {
  const short = directionAfter(NONE, [])
  const [first, second, third, last] = [
    short.seal(WELCOME, 'MESSAGE'),
    short.seal(ONE_BYTE, 'MESSAGE'),
    short.seal(CREDIT_0, 'MESSAGE'),
    short.seal(CLOSE, 'FINAL'),
  ]
  const afterFinal = short.seal(CREDIT_0, 'MESSAGE')
  const flip = (record: Uint8Array, at: number): Uint8Array =>
    record.with(at < 0 ? record.byteLength + at : at, (record.at(at) ?? 0) ^ 1)
  const refuse = (
    description: string,
    before: readonly Uint8Array[],
    record: Uint8Array,
    instead: Uint8Array | null,
    repeat = NONE,
  ): RefusedRecord => ({
    description,
    repeat,
    before: before.map(hex),
    record: hex(record),
    instead: instead && hex(instead),
    error: 'ERR_DECRYPT',
  })
  const fresh = (name: keyof typeof TAG): Uint8Array => directionAfter(NONE, []).seal(WELCOME, name)
  const due = (name: keyof typeof TAG): Uint8Array => directionAfter(REPEAT, []).seal(CREDIT_0, name)
  const otherKey = new Direction(counting(0x02, 32), RECORD_HEADER).seal(WELCOME, 'MESSAGE')
  const otherHeader = new Direction(RECORD_KEY, counting(0x52, 24)).seal(WELCOME, 'MESSAGE')
  const associated = sodium.crypto_secretstream_xchacha20poly1305_push(
    sodium.crypto_secretstream_xchacha20poly1305_init_pull(RECORD_HEADER, RECORD_KEY),
    WELCOME,
    text('sft'),
    TAG.MESSAGE,
  )
  const notRekeyed = directionAfter(REPEAT, [[CREDIT_0, 'MESSAGE']]).seal(CREDIT_0, 'MESSAGE')
  const rekeyed = directionAfter(REPEAT, [[CREDIT_0, 'REKEY']]).seal(CREDIT_0, 'MESSAGE')
  return {
    key: hex(RECORD_KEY),
    header: hex(RECORD_HEADER),
    valid: [
      recordStream('a short direction', NONE, [
        ['a welcome', WELCOME, 'MESSAGE'],
        ['one byte of data for request 1', ONE_BYTE, 'MESSAGE'],
        ['a sign of life', CREDIT_0, 'MESSAGE'],
        ['a close', CLOSE, 'FINAL'],
      ]),
      recordStream('a direction that ends with its first record', NONE, [['a close', CLOSE, 'FINAL']]),
      recordStream('data of 0x00 to 0xff', NONE, [
        ['data for request 4294967295', data(0xffffffff, counting(0, 256)), 'MESSAGE'],
      ]),
      recordStream('a plaintext of no bytes, which opens here and is refused as a record without a kind', NONE, [
        ['nothing', NOTHING, 'MESSAGE'],
      ]),
      recordStream('the 4,096th record and those after it', REPEAT, [
        ['record 4,096', CREDIT_0, 'REKEY'],
        ['record 4,097, under the new key', CREDIT_0, 'MESSAGE'],
        ['data under the new key', ONE_BYTE, 'MESSAGE'],
        ['a close', CLOSE, 'FINAL'],
      ]),
      recordStream('a direction that ends with its 4,096th record', REPEAT, [['a close', CLOSE, 'FINAL']]),
    ],
    invalid: [
      refuse('a flipped bit in the sealed tag', [], flip(first, 0), first),
      refuse('a flipped bit in the sealed kind', [], flip(first, 1), first),
      refuse('a flipped bit in the sealed payload', [first], flip(second, 6), second),
      refuse('a flipped bit in the MAC', [first], flip(second, -1), second),
      refuse('the second record before the first', [], second, first),
      refuse('a record left out', [first], third, second),
      refuse('a record once more', [first], first, second),
      refuse('an old record later on', [first, second], first, third),
      refuse('a record after FINAL', [first, second, third, last], afterFinal, null),
      refuse('FINAL once more', [first, second, third, last], last, null),
      refuse('the last byte cut off', [first], second.slice(0, -1), second),
      refuse('a byte added', [first], concat(second, Uint8Array.of(0)), second),
      refuse('fewer bytes than any record has', [], first.slice(0, 16), first),
      refuse('no bytes', [], NOTHING, first),
      refuse('17 zero bytes', [], new Uint8Array(17), first),
      refuse('two records as one', [], concat(first, second), first),
      refuse('another key', [], otherKey, first),
      refuse('another header', [], otherHeader, first),
      refuse('associated data, which no record has', [], associated, first),
      refuse('the tag PUSH', [], fresh('PUSH'), first),
      refuse('the tag REKEY before it is due', [], fresh('REKEY'), first),
      refuse('the tag MESSAGE in record 4,096', [], due('MESSAGE'), due('REKEY'), REPEAT),
      refuse('the tag PUSH in record 4,096', [], due('PUSH'), due('REKEY'), REPEAT),
      refuse('record 4,097 under the old key', [due('REKEY')], notRekeyed, rekeyed, REPEAT),
    ],
  }
}

// --- messages ---

const A = path(1, 'a')
const request = (id: number, ...action: readonly Uint8Array[]): Uint8Array => nested(2, uint(1, id), ...action)
const fileInfo = (field: number, size: number | bigint, mtime: bigint, executable: boolean): Uint8Array =>
  nested(field, uint(1, size), sint(2, mtime), bool(3, executable))
const entry = (
  field: number,
  name: Uint8Array,
  type: number,
  size: number | bigint = 0,
  mtime = 0n,
  executable = false,
): Uint8Array => nested(field, bytes(1, name), uint(2, type), uint(3, size), sint(4, mtime), bool(5, executable))

const MTIME = 1_700_000_000_123_456_789n
const MAX_SAFE = 2n ** 53n - 1n
const MD5_OF_X = bytesOf('9dd4e461268c8034f5c8564e155c67a6')
const SHA256_OF_X = bytesOf('2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881')
const DIGEST_20 = counting(0, 20)

function messages(): MessageVectors {
  const valid = <T extends Json>(description: string, encoded: Uint8Array, value: T, canonical = true): Valid<T> => ({
    description,
    bytes: hex(encoded),
    value,
    canonical,
  })
  const asked = (description: string, id: number, encoded: Uint8Array, action: Json, canonical = true) =>
    valid(description, request(id, encoded), { type: 'request', id, action }, canonical)
  const invalid = (description: string, encoded: Uint8Array) => ({
    description,
    bytes: hex(encoded),
    error: 'ERR_PROTOCOL',
  })
  const faulty = (description: string, kind: string | null, error: string, ...action: readonly Uint8Array[]) => ({
    description,
    bytes: hex(request(7, ...action)),
    id: 7,
    kind,
    error,
  })
  const file = { size: 1, mtime: MTIME.toString(), executable: false }
  const whole = { offset: 0, stream: false }
  const longPath = new Uint8Array(4_097).fill(0x61)
  return {
    valid: [
      valid('a welcome with no rights', nested(1), { type: 'welcome', rights: [] }),
      valid('a welcome to list and fetch', nested(1, uint(1, 0b11)), { type: 'welcome', rights: ['list', 'get'] }),
      valid('a welcome with all rights', nested(1, uint(1, 0b1111111)), {
        type: 'welcome',
        rights: ['list', 'get', 'put', 'overwrite', 'delete', 'rename', 'mkdir'],
      }),
      valid(
        'a welcome with rights of a later version, which are ignored',
        nested(1, uint(1, 0xffffff02)),
        { type: 'welcome', rights: ['get'] },
        false,
      ),
      asked('list the root', 1, nested(2, path(1, '.')), { type: 'list', path: '.', recursive: false }),
      asked('list a folder and all below it', 2, nested(2, path(1, 'a/b'), bool(2, true)), {
        type: 'list',
        path: 'a/b',
        recursive: true,
      }),
      asked('stat', 3, nested(3, path(1, 'a/b.txt')), { type: 'stat', path: 'a/b.txt' }),
      asked('get a whole file', 4, nested(4, A), { type: 'get', path: 'a', offset: 0, length: null }),
      asked('get no byte of a file: length 0 is not the same as none', 5, nested(4, A, Uint8Array.of(0x18, 0)), {
        type: 'get',
        path: 'a',
        offset: 0,
        length: 0,
      }),
      asked('get a range', 6, nested(4, A, uint(2, 65_536), uint(3, 300)), {
        type: 'get',
        path: 'a',
        offset: 65_536,
        length: 300,
      }),
      asked('get the farthest range there is', 7, nested(4, A, uint(2, MAX_SAFE - 1n), uint(3, 1)), {
        type: 'get',
        path: 'a',
        offset: Number(MAX_SAFE - 1n),
        length: 1,
      }),
      asked('put', 8, nested(5, A, fileInfo(2, 1, MTIME, false)), {
        type: 'put',
        path: 'a',
        file,
        overwrite: false,
        ...whole,
      }),
      asked('put over what is there', 9, nested(5, A, fileInfo(2, MAX_SAFE, -1n, true), bool(3, true)), {
        type: 'put',
        path: 'a',
        file: { size: Number(MAX_SAFE), mtime: '-1', executable: true },
        overwrite: true,
        ...whole,
      }),
      asked('put an empty file of 1970', 10, nested(5, A, nested(2)), {
        type: 'put',
        path: 'a',
        file: { size: 0, mtime: '0', executable: false },
        overwrite: false,
        ...whole,
      }),
      asked('put the rest of a file', 10, nested(5, A, fileInfo(2, 1_000, MTIME, false), bool(3, true), uint(4, 999)), {
        type: 'put',
        path: 'a',
        file: { size: 1_000, mtime: MTIME.toString(), executable: false },
        overwrite: true,
        offset: 999,
        stream: false,
      }),
      asked('put nothing after all of a file', 10, nested(5, A, fileInfo(2, MAX_SAFE, 0n, false), uint(4, MAX_SAFE)), {
        type: 'put',
        path: 'a',
        file: { size: Number(MAX_SAFE), mtime: '0', executable: false },
        overwrite: false,
        offset: Number(MAX_SAFE),
        stream: false,
      }),
      asked('put a stream', 10, nested(5, A, fileInfo(2, 0, MTIME, false), bool(5, true)), {
        type: 'put',
        path: 'a',
        file: { size: 0, mtime: MTIME.toString(), executable: false },
        overwrite: false,
        offset: 0,
        stream: true,
      }),
      asked('kept', 10, nested(11, A, fileInfo(2, 1, MTIME, false)), { type: 'kept', path: 'a', file }),
      asked('delete', 11, nested(6, A), { type: 'delete', path: 'a' }),
      asked('rename', 12, nested(7, A, path(2, 'c/d')), { type: 'rename', path: 'a', to: 'c/d', overwrite: false }),
      asked('rename over what is there', 13, nested(7, A, path(2, 'b'), bool(3, true)), {
        type: 'rename',
        path: 'a',
        to: 'b',
        overwrite: true,
      }),
      asked('mkdir', 14, nested(8, A), { type: 'mkdir', path: 'a', parents: false }),
      asked('mkdir with parents', 15, nested(8, path(1, 'a/b/c'), bool(2, true)), {
        type: 'mkdir',
        path: 'a/b/c',
        parents: true,
      }),
      asked('digest, MD5', 16, nested(9, A, uint(2, 1)), { type: 'digest', path: 'a', algorithm: 'md5' }),
      asked('digest, SHA-256', 0xffffffff, nested(9, A, uint(2, 2)), {
        type: 'digest',
        path: 'a',
        algorithm: 'sha256',
      }),
      asked('probe', 16, nested(10, uint(1, 65_536)), { type: 'probe', size: 65_536 }),
      asked('probe of no bytes', 16, nested(10), { type: 'probe', size: 0 }),
      asked('the largest probe', 16, nested(10, uint(1, 67_108_864)), { type: 'probe', size: 67_108_864 }),
      asked('a path that is not ASCII', 17, nested(3, path(1, 'é/日本/🙂')), { type: 'stat', path: 'é/日本/🙂' }),
      asked(
        'a request with unknown fields of every wire type, which are ignored',
        18,
        concat(
          nested(3, A, uint(9, 5), concat(tag(10, 1), counting(0, 8)), bytes(11, text('later'))),
          concat(tag(100, 5), counting(0, 4)),
        ),
        { type: 'stat', path: 'a' },
        false,
      ),
      asked(
        'a request whose fields come in another order',
        19,
        nested(4, uint(3, 2), A, uint(2, 1)),
        { type: 'get', path: 'a', offset: 1, length: 2 },
        false,
      ),
      asked(
        'a request with defaults written out',
        20,
        nested(2, A, Uint8Array.of(0x10, 0)),
        { type: 'list', path: 'a', recursive: false },
        false,
      ),
      valid('begin', nested(3, uint(1, 4), fileInfo(2, 1, MTIME, false)), { type: 'begin', id: 4, file }),
      valid('begin with an early time', nested(3, uint(1, 4), fileInfo(2, 0, 1n - 2n ** 63n, false)), {
        type: 'begin',
        id: 4,
        file: { size: 0, mtime: (1n - 2n ** 63n).toString(), executable: false },
      }),
      valid(
        'begin with the largest size and time',
        nested(3, uint(1, 4), fileInfo(2, MAX_SAFE, 2n ** 63n - 1n, true)),
        {
          type: 'begin',
          id: 4,
          file: { size: Number(MAX_SAFE), mtime: (2n ** 63n - 1n).toString(), executable: true },
        },
      ),
      valid('the end of a file', nested(4, uint(1, 4), uint(3, 1), bytes(4, MD5_OF_X)), {
        type: 'end',
        id: 4,
        error: 0,
        size: 1,
        md5: hex(MD5_OF_X),
      }),
      valid('the end of a listing, which has no digest', nested(4, uint(1, 1), uint(3, 9)), {
        type: 'end',
        id: 1,
        error: 0,
        size: 9,
        md5: '',
      }),
      valid('an end with an error', nested(4, uint(1, 4), uint(2, 10)), {
        type: 'end',
        id: 4,
        error: 10,
        size: 0,
        md5: '',
      }),
      valid('a success', nested(5, uint(1, 11)), { type: 'result', id: 11, error: 0 }),
      valid('a failure', nested(5, uint(1, 11), uint(2, 6)), { type: 'result', id: 11, error: 6 }),
      valid('a failure this version has no name for', nested(5, uint(1, 11), uint(2, 9_999)), {
        type: 'result',
        id: 11,
        error: 9_999,
      }),
      valid('the result of stat', nested(5, uint(1, 3), entry(3, text('a/b.txt'), 1, 1, MTIME, true)), {
        type: 'result',
        id: 3,
        error: 0,
        entry: { path: 'a/b.txt', type: 'file', size: 1, mtime: MTIME.toString(), executable: true },
      }),
      valid('the result of stat for the root', nested(5, uint(1, 3), entry(3, text('.'), 2, 0, MTIME)), {
        type: 'result',
        id: 3,
        error: 0,
        entry: { path: '.', type: 'directory', size: 0, mtime: MTIME.toString(), executable: false },
      }),
      valid(
        'an entry of a later type, which reads as other',
        nested(5, uint(1, 3), entry(3, text('a'), 9)),
        {
          type: 'result',
          id: 3,
          error: 0,
          entry: { path: 'a', type: 'other', size: 0, mtime: '0', executable: false },
        },
        false,
      ),
      valid('the result of digest, MD5', nested(5, uint(1, 16), bytes(4, MD5_OF_X)), {
        type: 'result',
        id: 16,
        error: 0,
        digest: hex(MD5_OF_X),
      }),
      valid('the result of digest, SHA-256', nested(5, uint(1, 16), bytes(4, SHA256_OF_X)), {
        type: 'result',
        id: 16,
        error: 0,
        digest: hex(SHA256_OF_X),
      }),
      valid('the result of kept', nested(5, uint(1, 10), uint(5, MAX_SAFE)), {
        type: 'result',
        id: 10,
        error: 0,
        kept: Number(MAX_SAFE),
      }),
      valid('the result of kept, of another version of the file', nested(5, uint(1, 10), bool(6, true)), {
        type: 'result',
        id: 10,
        error: 0,
        changed: true,
      }),
      valid('a sign of life', nested(6), { type: 'credit', bytes: 0 }),
      valid('credit', nested(6, uint(1, 524_288)), { type: 'credit', bytes: 524_288 }),
      valid('the most credit', nested(6, uint(1, 16_777_216)), { type: 'credit', bytes: 16_777_216 }),
      valid('a close in order', nested(7), { type: 'close', error: 0 }),
      valid('a close with an error', nested(7, uint(1, 3)), { type: 'close', error: 3 }),
      valid(
        'a known message beside an unknown one',
        concat(nested(12, text('later')), nested(7)),
        { type: 'close', error: 0 },
        false,
      ),
    ],
    invalid: [
      invalid('no message', NOTHING),
      invalid('a message of unknown type', nested(12, text('later'))),
      invalid('a request with the id 0', nested(2, nested(3, A))),
      invalid('begin with the id 0', nested(3, fileInfo(2, 1, 0n, false))),
      invalid('begin without a file', nested(3, uint(1, 4))),
      invalid('begin with a size of 2^53', nested(3, uint(1, 4), fileInfo(2, 2n ** 53n, 0n, false))),
      invalid('begin with a size of 2^64 - 1', nested(3, uint(1, 4), fileInfo(2, 2n ** 64n - 1n, 0n, false))),
      invalid('end with the id 0', nested(4, uint(3, 1), bytes(4, MD5_OF_X))),
      invalid('end with a digest of 15 bytes', nested(4, uint(1, 4), uint(3, 1), bytes(4, MD5_OF_X.slice(1)))),
      invalid('end with a digest of 32 bytes', nested(4, uint(1, 4), uint(3, 1), bytes(4, SHA256_OF_X))),
      invalid('end with a size of 2^53', nested(4, uint(1, 4), uint(3, 2n ** 53n))),
      invalid('result with the id 0', nested(5, uint(2, 6))),
      invalid('result with a digest of 20 bytes', nested(5, uint(1, 16), bytes(4, DIGEST_20))),
      invalid('result with an entry outside the share', nested(5, uint(1, 3), entry(3, text('../a'), 1))),
      invalid('result with an entry without a path', nested(5, uint(1, 3), entry(3, NOTHING, 1))),
      invalid('result with an entry of 2^53 bytes', nested(5, uint(1, 3), entry(3, text('a'), 1, 2n ** 53n))),
      invalid('credit of one byte more than any window', nested(6, uint(1, 16_777_217))),
      invalid('put with a size of 2^53', request(8, nested(5, A, fileInfo(2, 2n ** 53n, 0n, false)))),
      invalid('put with an offset of 2^53', request(8, nested(5, A, fileInfo(2, 1, 0n, false), uint(4, 2n ** 53n)))),
      invalid('kept with a size of 2^64 - 1', request(8, nested(11, A, fileInfo(2, 2n ** 64n - 1n, 0n, false)))),
      invalid('result with 2^53 bytes kept', nested(5, uint(1, 10), uint(5, 2n ** 53n))),
      invalid('get with an offset of 2^53', request(4, nested(4, A, uint(2, 2n ** 53n)))),
      invalid('get with a length of 2^64 - 1', request(4, nested(4, A, uint(3, 2n ** 64n - 1n)))),
      invalid('probe with a size of 2^53', request(4, nested(10, uint(1, 2n ** 53n)))),
      invalid('probe with a size of 2^64 - 1', request(4, nested(10, uint(1, 2n ** 64n - 1n)))),
      invalid('a message cut in a varint', Uint8Array.of(0x32, 0x02, 0x08)),
      invalid('a message cut in its length', Uint8Array.of(0x12)),
      invalid('a path longer than the message', Uint8Array.of(0x12, 0x06, 0x08, 0x01, 0x1a, 0x02, 0x0a, 0x40)),
      invalid('a request longer than the message', Uint8Array.of(0x12, 0x7f, 0x08, 0x01)),
      invalid('a wire type that does not exist', Uint8Array.of(0x67)),
      invalid('an unknown group that never ends', concat(tag(12, 3), nested(7))),
    ],
    faultyRequests: [
      faulty('no action', null, 'ERR_PROTOCOL'),
      faulty('an action of a later version', null, 'ERR_PROTOCOL', nested(20, A)),
      faulty('put without a file', 'put', 'ERR_PROTOCOL', nested(5, A)),
      faulty(
        'put from an offset beyond the end of the file',
        'put',
        'ERR_PROTOCOL',
        nested(5, A, fileInfo(2, 1, MTIME, false), uint(4, 2)),
      ),
      faulty(
        'put of a stream with a size',
        'put',
        'ERR_PROTOCOL',
        nested(5, A, fileInfo(2, 1, MTIME, false), bool(5, true)),
      ),
      faulty(
        'put of a stream with an offset',
        'put',
        'ERR_PROTOCOL',
        nested(5, A, nested(2), uint(4, 1), bool(5, true)),
      ),
      faulty('kept without a file', 'kept', 'ERR_PROTOCOL', nested(11, A)),
      faulty('kept at a path that leaves the share', 'kept', 'ERR_PATH', nested(11, path(1, '../a'), nested(2))),
      faulty(
        'get of a range that ends beyond 2^53 - 1',
        'get',
        'ERR_PROTOCOL',
        nested(4, A, uint(2, MAX_SAFE), uint(3, 1)),
      ),
      faulty('digest without an algorithm', 'digest', 'ERR_PROTOCOL', nested(9, A)),
      faulty('digest with an algorithm of a later version', 'digest', 'ERR_PROTOCOL', nested(9, A, uint(2, 3))),
      faulty('probe of one byte more than allowed', 'probe', 'ERR_PROTOCOL', nested(10, uint(1, 67_108_865))),
      faulty('probe of 2^53 - 1 bytes', 'probe', 'ERR_PROTOCOL', nested(10, uint(1, MAX_SAFE))),
      faulty('list without a path', 'list', 'ERR_PATH', nested(2)),
      faulty('stat of a path that leaves the share', 'stat', 'ERR_PATH', nested(3, path(1, '../a'))),
      faulty('get of an absolute path', 'get', 'ERR_PATH', nested(4, path(1, '/etc/passwd'))),
      faulty('put to a path that is not UTF-8', 'put', 'ERR_PATH', nested(5, bytes(1, Uint8Array.of(0xff)), nested(2))),
      faulty('delete with a slash at the end', 'delete', 'ERR_PATH', nested(6, path(1, 'a/'))),
      faulty('rename to a path that leaves the share', 'rename', 'ERR_PATH', nested(7, A, path(2, 'a/../../b'))),
      faulty('rename without a target', 'rename', 'ERR_PATH', nested(7, A)),
      faulty('mkdir of a path that is too long', 'mkdir', 'ERR_PATH', nested(8, bytes(1, longPath))),
    ],
    pages: {
      valid: [
        valid('one file', entry(1, text('a.txt'), 1, 5, MTIME), [
          { path: 'a.txt', type: 'file', size: 5, mtime: MTIME.toString(), executable: false },
        ]),
        valid(
          'one entry of every type',
          concat(
            entry(1, text('d/f'), 1, MAX_SAFE, -1n, true),
            entry(1, text('d/d'), 2),
            entry(1, text('d/l'), 3),
            entry(1, text('d/p'), 4),
            entry(1, Uint8Array.of(0x64, 0x2f, 0xff), 0),
          ),
          [
            { path: 'd/f', type: 'file', size: Number(MAX_SAFE), mtime: '-1', executable: true },
            { path: 'd/d', type: 'directory', size: 0, mtime: '0', executable: false },
            { path: 'd/l', type: 'link', size: 0, mtime: '0', executable: false },
            { path: 'd/p', type: 'other', size: 0, mtime: '0', executable: false },
            { type: 'unlistable', name: '642fff' },
          ],
        ),
        valid('a name that is no path although it is UTF-8', entry(1, text('a\\b'), 0), [
          { type: 'unlistable', name: hex(text('a\\b')) },
        ]),
        valid(
          'an entry that claims to be a file and has no path: it cannot be asked for',
          entry(1, text('../a'), 1, 5),
          [{ type: 'unlistable', name: hex(text('../a')) }],
          false,
        ),
        valid(
          'an entry of a later type and with an unknown field',
          nested(1, A, uint(2, 9), uint(9, 1)),
          [{ path: 'a', type: 'other', size: 0, mtime: '0', executable: false }],
          false,
        ),
      ],
      invalid: [
        invalid('no entries', NOTHING),
        invalid('an entry of 2^53 bytes', entry(1, text('a'), 1, 2n ** 53n)),
        invalid('an entry cut short', entry(1, text('a.txt'), 1, 5).slice(0, 6)),
        invalid('only unknown fields', nested(2, text('later'))),
      ],
    },
  }
}

// --- paths ---

function paths(): PathVectors {
  const valid = (description: string, value: string) => ({
    description,
    bytes: hex(text(value)),
    components: value === '.' ? [] : value.split('/'),
  })
  const refuse = (description: string, encoded: string | Uint8Array) => ({
    description,
    bytes: hex(typeof encoded === 'string' ? text(encoded) : encoded),
    error: 'ERR_PATH',
  })
  const longest = `${'a'.repeat(254)}/`.repeat(16)
  return {
    valid: [
      valid('the root', '.'),
      valid('one name', 'a'),
      valid('two names', 'a/b'),
      valid('three dots are a name', '...'),
      valid('a name that starts with two dots', '..a'),
      valid('a hidden file', '.hidden/.b'),
      valid('a space', ' '),
      valid('a name that ends in a dot or space', 'a./b '),
      valid('a name some systems reserve', 'CON/nul.txt'),
      valid('a name that looks like an option', '-rf'),
      valid('characters that shells expand', '~/$HOME/*?'),
      valid('a colon that follows two letters', 'ab:c'),
      valid('control characters', 'a\n\u001b[31m\u007f'),
      valid('a character that turns the direction of text', 'a\u202egnp.exe'),
      valid('composed', '\u00e9'),
      valid('decomposed, which is another path', 'e\u0301'),
      valid('a byte order mark, which is kept', '\ufeffa'),
      valid('outside the basic plane', '🙂'),
      valid('a replacement character that is really there', '\ufffd'),
      valid('a name of 255 bytes', 'a'.repeat(255)),
      valid('a name of 255 bytes in 85 characters', '日'.repeat(85)),
      valid('255 names', Array<string>(255).fill('a').join('/')),
      valid('4,096 bytes', `${longest}${'a'.repeat(16)}`),
    ],
    invalid: [
      refuse('nothing', ''),
      refuse('the folder above', '..'),
      refuse('a path through the folder above', 'a/../b'),
      refuse('a path that ends in the folder above', 'a/..'),
      refuse('a path to the folder above', '../a'),
      refuse('another spelling of the root', './'),
      refuse('a dot in front', './a'),
      refuse('a dot inside', 'a/./b'),
      refuse('a dot at the end', 'a/.'),
      refuse('only a slash', '/'),
      refuse('an absolute path', '/a'),
      refuse('a slash at the end', 'a/'),
      refuse('two slashes', 'a//b'),
      refuse('a backslash', 'a\\b'),
      refuse('the folder above with a backslash', '..\\a'),
      refuse('a drive letter', 'C:'),
      refuse('an absolute path with a drive letter', 'c:/a'),
      refuse('a relative path with a drive letter', 'C:a'),
      refuse('a drive letter, or a stream, further in', 'a/b:c'),
      refuse('NUL', 'a\0b'),
      refuse('a byte that is never UTF-8', Uint8Array.of(0x61, 0xff)),
      refuse('a slash in two bytes', Uint8Array.of(0x61, 0xc0, 0xaf, 0x62)),
      refuse('dots in two bytes each', Uint8Array.of(0xc0, 0xae, 0xc0, 0xae)),
      refuse('half of a surrogate pair', Uint8Array.of(0xed, 0xa0, 0x80)),
      refuse('a character cut short', Uint8Array.of(0x61, 0xe6, 0x97)),
      refuse('beyond the last character', Uint8Array.of(0xf4, 0x90, 0x80, 0x80)),
      refuse('a name of 256 bytes', 'a'.repeat(256)),
      refuse('a name of 258 bytes in 86 characters', '日'.repeat(86)),
      refuse('256 names', Array<string>(256).fill('a').join('/')),
      refuse('4,097 bytes', `${longest}${'a'.repeat(17)}`),
    ],
  }
}

// --- hellos and a whole session ---

function hellos(): HelloVectors {
  const { publicKey } = keyPairOf(SEEDS.initiator)
  const nonce = NONCES.initiator
  const valid = (description: string, window: number, encoded: Uint8Array, canonical = true) => ({
    description,
    bytes: hex(encoded),
    value: { publicKey: hex(publicKey), nonce: hex(nonce), window },
    canonical,
  })
  const refuse = (description: string, encoded: Uint8Array) => ({
    description,
    bytes: hex(encoded),
    error: 'ERR_PROTOCOL',
  })
  const normal = hello(1, publicKey, nonce, 2_097_152)
  const padding = 256 - normal.byteLength - 4
  return {
    valid: [
      valid('a hello', 2_097_152, normal),
      valid('the smallest window', 65_472, hello(1, publicKey, nonce, 65_472)),
      valid('the largest window', 16_777_216, hello(1, publicKey, nonce, 16_777_216)),
      valid('unknown fields, which are ignored', 2_097_152, concat(normal, uint(5, 7), bytes(6, text('later'))), false),
      valid(
        'fields in another order',
        2_097_152,
        concat(uint(4, 2_097_152), bytes(3, nonce), bytes(2, publicKey), uint(1, 1)),
        false,
      ),
      valid('256 bytes', 2_097_152, concat(normal, bytes(100, new Uint8Array(padding))), false),
    ],
    invalid: [
      refuse('257 bytes', concat(normal, bytes(100, new Uint8Array(padding + 1)))),
      refuse('no bytes', NOTHING),
      refuse('no version', hello(0, publicKey, nonce, 2_097_152)),
      refuse('version 2', hello(2, publicKey, nonce, 2_097_152)),
      refuse('no key', hello(1, NOTHING, nonce, 2_097_152)),
      refuse('a key of 31 bytes', hello(1, publicKey.slice(1), nonce, 2_097_152)),
      refuse('a key of 33 bytes', hello(1, concat(publicKey, Uint8Array.of(0)), nonce, 2_097_152)),
      refuse('no nonce', hello(1, publicKey, NOTHING, 2_097_152)),
      refuse('a nonce of 31 bytes', hello(1, publicKey, nonce.slice(1), 2_097_152)),
      refuse('a nonce of 33 bytes', hello(1, publicKey, concat(nonce, Uint8Array.of(0)), 2_097_152)),
      refuse('no window', hello(1, publicKey, nonce, 0)),
      refuse('a window below one data record', hello(1, publicKey, nonce, 65_471)),
      refuse('a window above 16 MiB', hello(1, publicKey, nonce, 16_777_217)),
      refuse('a hello cut in its nonce', normal.slice(0, 50)),
      refuse('a key longer than the hello', concat(Uint8Array.of(0x08, 0x01, 0x12, 0x7f), publicKey)),
    ],
  }
}

function session(): SessionVectors {
  const initiator = keySchedule('initiator', PAIRING_SECRET)
  const headers = { initiator: counting(0x10, 24), responder: counting(0x30, 24) }
  const outgoing = new Direction(bytesOf(initiator.sealKey), headers.initiator)
  const incoming = new Direction(bytesOf(initiator.openKey), headers.responder)
  const write = (description: string, encoded: Uint8Array) => ({ description, bytes: hex(encoded) })
  const sealed = (
    direction: Direction,
    description: string,
    plaintext: Uint8Array,
    name: keyof typeof TAG = 'MESSAGE',
  ) => ({ ...write(description, frame(direction.seal(plaintext, name))), plaintext: hex(plaintext) })
  return {
    pairingSecret: hex(PAIRING_SECRET),
    initiator: {
      seed: hex(SEEDS.initiator),
      id: hex(IDS.initiator),
      writes: [
        write('hello', frame(HELLOS.initiator)),
        write('header', headers.initiator),
        sealed(outgoing, 'request 1: stat', message(request(1, nested(3, A)))),
        sealed(outgoing, 'request 2: get', message(request(2, nested(4, A)))),
        sealed(
          outgoing,
          'request 3: put one byte',
          message(request(3, nested(5, path(1, 'b'), fileInfo(2, 1, MTIME, false)))),
        ),
        sealed(outgoing, 'the byte of request 3', data(3, text('x'))),
        sealed(outgoing, 'the end of request 3', message(nested(4, uint(1, 3), uint(3, 1), bytes(4, MD5_OF_X)))),
        sealed(outgoing, 'the receipt of request 2', message(nested(5, uint(1, 2)))),
        sealed(outgoing, 'close', CLOSE, 'FINAL'),
      ],
    },
    responder: {
      seed: hex(SEEDS.responder),
      id: hex(IDS.responder),
      writes: [
        write('hello', frame(HELLOS.responder)),
        write('header', headers.responder),
        sealed(incoming, 'welcome', message(nested(1, uint(1, 0b111)))),
        sealed(incoming, 'the result of request 1', message(nested(5, uint(1, 1), entry(3, text('a'), 1, 1, MTIME)))),
        sealed(incoming, 'the begin of request 2', message(nested(3, uint(1, 2), fileInfo(2, 1, MTIME, false)))),
        sealed(incoming, 'the byte of request 2', data(2, text('x'))),
        sealed(incoming, 'the end of request 2', message(nested(4, uint(1, 2), uint(3, 1), bytes(4, MD5_OF_X)))),
        sealed(incoming, 'the result of request 3', message(nested(5, uint(1, 3)))),
        sealed(incoming, 'close', CLOSE, 'FINAL'),
      ],
    },
  }
}

function keySchedules(): KeyVectors {
  return {
    valid: [
      keySchedule('initiator', null),
      keySchedule('responder', null),
      keySchedule('initiator', PAIRING_SECRET),
      keySchedule('responder', PAIRING_SECRET),
    ],
    invalid: LOW_ORDER.map(([description, publicKey]) => ({ description, publicKey, error: 'ERR_PROTOCOL' })),
  }
}

function write(name: string, description: string, content: object): void {
  const json = JSON.stringify({ description, ...content }, null, 2)
  writeFileSync(new URL(`${name}.json`, import.meta.url), `${json}\n`)
}

write('hello', 'Encoded hellos, without the length in front (docs/protocol.md section 3).', hellos())
write('key-schedule', 'From two hellos to the keys of a stream (docs/protocol.md section 3).', keySchedules())
write(
  'records',
  'Sealed records of one direction, without the length in front (docs/protocol.md section 4).',
  records(),
)
write('messages', 'Control messages and pages of listings (docs/protocol.md section 5).', messages())
write('paths', 'Paths in UTF-8 (docs/protocol.md section 7).', paths())
write('session', 'Every byte of a short session between paired peers (docs/protocol.md sections 2 to 5).', session())
