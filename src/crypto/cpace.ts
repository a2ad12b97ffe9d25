import { ristretto255, ristretto255_hasher } from '@noble/curves/ed25519.js'
import { hmac } from '@noble/hashes/hmac.js'
import { sha512 } from '@noble/hashes/sha2.js'
import { SftError } from '../errors.ts'

/**
 * CPace over ristretto255 with SHA-512 (draft-irtf-cfrg-cpace, suite CPACE-RISTR255-SHA512): two sides that know the
 * same short code get a strong key, and one that guesses wrong learns nothing but that. Names follow the draft.
 */

const DSI = 'CPaceRistretto255'
const DSI_ISK = `${DSI}_ISK`
const MAC_LABEL = 'CPaceMac'

/** Bytes of an input block of SHA-512, which the code and its padding fill (`s_in_bytes`). */
const BLOCK_BYTES = 128

const POINT_BYTES = 32

const encoder = new TextEncoder()

/** What both sides have to agree on beside the code. */
export interface CPaceContext {
  /** The code, as both sides spell it (`PRS`). */
  readonly code: Uint8Array
  /** Who talks to whom over what (`CI`). */
  readonly channel: Uint8Array
  /** Unique for this run (`sid`). */
  readonly sessionId: Uint8Array
}

/** What one side sends first: its public share, and what it says about itself. */
export interface CPaceShare {
  /** 32 bytes: `Ya` of the initiator, `Yb` of the responder. */
  readonly point: Uint8Array
  /** Bound into the key (`ADa`, `ADb`); must differ between the sides. */
  readonly associated: Uint8Array
}

/** What a run of CPace ends with. The tags prove the key without showing it. */
export interface CPaceResult {
  /** 64 bytes (`ISK`), equal on both sides only if the codes were. */
  readonly key: Uint8Array
  /** The tag to send. */
  readonly tag: Uint8Array
  /** The tag that has to come. */
  readonly peerTag: Uint8Array
}

/** One side of a run of CPace. Its secret scalar is used once. */
export class CPaceSide {
  readonly share: CPaceShare
  readonly #role: 'initiator' | 'responder'
  readonly #context: CPaceContext
  readonly #scalar: bigint

  /** @param scalar - 32 bytes, little-endian: only to reproduce a test vector. */
  constructor(role: 'initiator' | 'responder', context: CPaceContext, associated: Uint8Array, scalar?: Uint8Array) {
    this.#role = role
    this.#context = context
    this.#scalar = scalar ? fromLittleEndian(scalar) : randomScalar()
    this.share = { point: calculateGenerator(context).multiply(this.#scalar).toBytes(), associated }
  }

  /**
   * Takes the share of the other side and returns the key with the tags that confirm it.
   *
   * @throws {@link SftError} `ERR_PROTOCOL` if the share is no point or one that gives no secret, or if it is our own.
   */
  finish(peer: CPaceShare): CPaceResult {
    const point = multiplyVerified(this.#scalar, peer.point)
    if (point === null) throw new SftError('ERR_PROTOCOL', 'the peer sent a share that leads to no secret')
    if (sameBytes(peer.point, this.share.point) || sameBytes(peer.associated, this.share.associated)) {
      throw new SftError('ERR_PROTOCOL', 'the peer sent our own share back')
    }
    const { sessionId } = this.#context
    const [a, b] = this.#role === 'initiator' ? [this.share, peer] : [peer, this.share]
    const key = sha512(
      concat(
        lengthValues([encoder.encode(DSI_ISK), sessionId, point]),
        lengthValues([a.point, a.associated]),
        lengthValues([b.point, b.associated]),
      ),
    )
    const macKey = sha512(concat(encoder.encode(MAC_LABEL), sessionId, key))
    const tagOf = ({ point: y, associated }: CPaceShare): Uint8Array =>
      hmac(sha512, macKey, lengthValues([y, associated]))
    return { key, tag: tagOf(this.share), peerTag: tagOf(peer) }
  }
}

/** Compares bytes, such as tags, in a time that does not tell where they differ. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.byteLength !== b.byteLength) return false
  return a.reduce((difference, byte, index) => difference | (byte ^ (b[index] ?? 0)), 0) === 0
}

/** `calculate_generator`: the point that stands for the code, this channel and this run. */
export function calculateGenerator({
  code,
  channel,
  sessionId,
}: CPaceContext): InstanceType<typeof ristretto255.Point> {
  const dsi = encoder.encode(DSI)
  const taken = lengthValues([code]).byteLength + lengthValues([dsi]).byteLength
  const padding = new Uint8Array(Math.max(0, BLOCK_BYTES - 1 - taken))
  const generatorString = lengthValues([dsi, code, padding, channel, sessionId])
  if (!ristretto255_hasher.deriveToCurve) throw new SftError('ERR_INTERNAL', 'ristretto255 cannot derive an element')
  return ristretto255_hasher.deriveToCurve(sha512(generatorString))
}

/** `scalar_mult_vfy`: the product, or `null` for an invalid encoding or the neutral element, for which the run must end. */
export function multiplyVerified(scalar: bigint, point: Uint8Array): Uint8Array | null {
  if (point.byteLength !== POINT_BYTES) return null
  try {
    const decoded = ristretto255.Point.fromBytes(point)
    if (decoded.is0()) return null
    const product = decoded.multiply(scalar)
    return product.is0() ? null : product.toBytes()
  } catch {
    return null // not a canonical encoding of an element
  }
}

/** `lv_cat`: every part behind its length as LEB128. */
export function lengthValues(parts: readonly Uint8Array[]): Uint8Array {
  return concat(...parts.flatMap((part) => [leb128(part.byteLength), part]))
}

function leb128(value: number): Uint8Array {
  const bytes: number[] = []
  let rest = value
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80)
  return Uint8Array.of(...bytes, rest)
}

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, { byteLength }) => sum + byteLength, 0))
  let offset = 0
  for (const part of parts) {
    joined.set(part, offset)
    offset += part.byteLength
  }
  return joined
}

/** `sample_scalar`: uniform below the group order, from 64 random bytes so that the remainder shows no bias; never 0. */
function randomScalar(): bigint {
  for (;;) {
    const scalar = ristretto255.Point.Fn.create(fromLittleEndian(crypto.getRandomValues(new Uint8Array(64))))
    if (scalar !== 0n) return scalar
  }
}

function fromLittleEndian(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n)
}
