import { readFileSync } from 'node:fs'

/** Bytes in lower-case hexadecimal. */
export type Hex = string

/** Bytes that decode to `value`. */
export interface Valid<T> {
  readonly description: string
  readonly bytes: Hex
  readonly value: T
  /** Whether encoding `value` gives these very bytes; false where they hold more than a sender would write. */
  readonly canonical: boolean
}

/** Bytes that must be refused with `error`, a name from docs/protocol.md section 8. */
export interface Invalid {
  readonly description: string
  readonly bytes: Hex
  readonly error: string
}

export interface HelloVectors {
  readonly valid: readonly Valid<{ publicKey: Hex; nonce: Hex; window: number }>[]
  readonly invalid: readonly Invalid[]
}

/** One side of one handshake. */
export interface KeyVector {
  readonly description: string
  readonly role: 'initiator' | 'responder'
  /** Seed of this side's ephemeral key pair, as `crypto_kx_seed_keypair` takes it. */
  readonly seed: Hex
  readonly secretKey: Hex
  readonly publicKey: Hex
  readonly peerPublicKey: Hex
  readonly initiatorId: Hex
  readonly responderId: Hex
  readonly initiatorHello: Hex
  readonly responderHello: Hex
  /** `null` for peers that never paired. */
  readonly pairingSecret: Hex | null
  readonly transcriptHash: Hex
  /** The session keys of `crypto_kx`. */
  readonly rx: Hex
  readonly tx: Hex
  readonly salt: Hex
  readonly sealKey: Hex
  readonly openKey: Hex
}

export interface KeyVectors {
  readonly valid: readonly KeyVector[]
  /** Public keys of low order: no key may be derived from them. */
  readonly invalid: readonly { description: string; publicKey: Hex; error: string }[]
}

/** Records of one direction, in order. Before them come `repeat.count` records that all hold `repeat.plaintext`. */
export interface RecordStream {
  readonly description: string
  readonly repeat: { readonly count: number; readonly plaintext: Hex }
  readonly records: readonly {
    readonly description: string
    readonly tag: 'MESSAGE' | 'REKEY' | 'FINAL'
    readonly plaintext: Hex
    readonly record: Hex
  }[]
}

/** After `repeat` and `before`, which open, `record` must be refused, and with it everything after it. */
export interface RefusedRecord {
  readonly description: string
  readonly repeat: { readonly count: number; readonly plaintext: Hex }
  readonly before: readonly Hex[]
  readonly record: Hex
  /** A record that would have opened in place of the refused one; `null` where there is none. */
  readonly instead: Hex | null
  readonly error: string
}

export interface RecordVectors {
  readonly key: Hex
  readonly header: Hex
  readonly valid: readonly RecordStream[]
  readonly invalid: readonly RefusedRecord[]
}

/** A message or page as JSON has it: bytes in hex, bigints in decimal, rights as a list. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** A request whose fault is told to the client while the session goes on. */
export interface FaultyRequest {
  readonly description: string
  readonly bytes: Hex
  readonly id: number
  /** What was asked for; `null` if that is not known. */
  readonly kind: string | null
  readonly error: string
}

export interface MessageVectors {
  readonly valid: readonly Valid<Json>[]
  /** They end the session. */
  readonly invalid: readonly Invalid[]
  readonly faultyRequests: readonly FaultyRequest[]
  readonly pages: { readonly valid: readonly Valid<readonly Json[]>[]; readonly invalid: readonly Invalid[] }
}

export interface PathVectors {
  readonly valid: readonly { description: string; bytes: Hex; components: readonly string[] }[]
  readonly invalid: readonly Invalid[]
}

/** Every byte that both sides of one short session write, in order. */
export interface SessionVectors {
  readonly pairingSecret: Hex | null
  readonly initiator: Participant
  readonly responder: Participant
}

export interface Participant {
  readonly seed: Hex
  readonly id: Hex
  readonly writes: readonly { readonly description: string; readonly bytes: Hex; readonly plaintext?: Hex }[]
}

interface Files {
  hello: HelloVectors
  'key-schedule': KeyVectors
  records: RecordVectors
  messages: MessageVectors
  paths: PathVectors
  session: SessionVectors
}

/** Reads one of the files of test vectors that lie beside this one. */
export function readVectors<Name extends keyof Files>(name: Name): Files[Name] {
  return JSON.parse(readFileSync(new URL(`${name}.json`, import.meta.url), 'utf8')) as Files[Name]
}

export function fromHex(hex: Hex): Uint8Array {
  return Uint8Array.from(Buffer.from(hex, 'hex'))
}

export function toHex(bytes: Uint8Array): Hex {
  return Buffer.from(bytes).toString('hex')
}

/** Turns a decoded value into the form it has in the vectors. */
export function toJson(value: unknown): Json {
  if (typeof value === 'bigint') return value.toString()
  if (value instanceof Uint8Array) return toHex(value)
  if (value instanceof Set) return [...value].map(toJson)
  if (Array.isArray(value)) return value.map(toJson)
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, toJson(inner)]))
  }
  return value as Json
}
