import { decodeWith, malformed, own } from './codec.ts'
import { machineNameFault } from './machine-name.ts'
import * as pb from './messages.ts'
import { decodeName } from './path.ts'

/** Protocol ID of the pairing stream (docs/pairing.md). */
export const PAIR_PROTOCOL_ID = '/sft/pair/1.0.0'

/** Value of `PairHello.version`. */
export const PAIR_VERSION = 1

/** Most bytes of a pairing message. */
export const MAX_PAIR_MESSAGE = 512

/** Bytes of `PairHello.nonce`. */
export const PAIR_NONCE_BYTES = 16

/** Bytes of `PairShare.point`, an element of ristretto255. */
export const PAIR_POINT_BYTES = 32

/** Bytes of a tag, HMAC-SHA-512. */
export const PAIR_TAG_BYTES = 64

/** How the responder found the proof of the initiator: right, with its own proof and its name, or not. */
export type PairVerdict =
  | { readonly error: 0; readonly tag: Uint8Array; readonly name: string }
  | { readonly error: number; readonly tag?: undefined }

export function encodePairHello(nonce: Uint8Array): Uint8Array {
  return pb.PairHello.encode({ version: PAIR_VERSION, nonce: own(nonce) })
}

/** Returns the nonce. @throws {@link SftError} `ERR_PROTOCOL`. */
export function decodePairHello(bytes: Uint8Array): Uint8Array {
  const { version, nonce } = decodeWith(pb.PairHello, bytes)
  if (version !== PAIR_VERSION) throw malformed(`version ${version} of the pairing, this is ${PAIR_VERSION}`)
  return ofLength(nonce, PAIR_NONCE_BYTES, 'nonce')
}

export function encodePairShare(point: Uint8Array): Uint8Array {
  return pb.PairShare.encode({ point: own(point) })
}

/** Returns the point, of the right length but not checked further. @throws {@link SftError} `ERR_PROTOCOL`. */
export function decodePairShare(bytes: Uint8Array): Uint8Array {
  return ofLength(decodeWith(pb.PairShare, bytes).point, PAIR_POINT_BYTES, 'share')
}

export function encodePairProof(tag: Uint8Array): Uint8Array {
  return pb.PairProof.encode({ tag: own(tag) })
}

/** Returns the tag. @throws {@link SftError} `ERR_PROTOCOL`. */
export function decodePairProof(bytes: Uint8Array): Uint8Array {
  return ofLength(decodeWith(pb.PairProof, bytes).tag, PAIR_TAG_BYTES, 'tag')
}

export function encodePairVerdict(verdict: PairVerdict): Uint8Array {
  const { error, tag } = verdict
  const name = tag ? new TextEncoder().encode(verdict.name) : new Uint8Array(0)
  return pb.PairVerdict.encode({ error, tag: own(tag ?? new Uint8Array(0)), name: own(name) })
}

/** @throws {@link SftError} `ERR_PROTOCOL`. */
export function decodePairVerdict(bytes: Uint8Array): PairVerdict {
  const { error, tag, name } = decodeWith(pb.PairVerdict, bytes)
  if (error !== 0) return { error }
  return { error, tag: ofLength(tag, PAIR_TAG_BYTES, 'tag'), name: machineName(name) }
}

/** Encodes the last message: the initiator's name, or why it does not pair after all. */
export function encodePairDone(done: { error: number; name: string }): Uint8Array {
  return pb.PairDone.encode({ error: done.error, name: own(new TextEncoder().encode(done.name)) })
}

/** @throws {@link SftError} `ERR_PROTOCOL`. */
export function decodePairDone(bytes: Uint8Array): { error: number; name: string } {
  const { error, name } = decodeWith(pb.PairDone, bytes)
  return { error, name: error === 0 ? machineName(name) : '' }
}

function machineName(bytes: Uint8Array): string {
  const name = decodeName(bytes)
  if (name === null || machineNameFault(name) !== null) throw malformed('a name that is none')
  return name
}

function ofLength(bytes: Uint8Array, length: number, what: string): Uint8Array {
  if (bytes.byteLength !== length) throw malformed(`a ${what} of the wrong length`)
  return bytes.slice()
}
