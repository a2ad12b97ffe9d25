import { SftError } from '../errors.ts'
import type { KeyPair, SessionKeys, Sodium } from './sodium.ts'

/** The two sides of a handshake and what each put into it, byte for byte as it was sent. */
export interface Transcript {
  readonly initiatorId: Uint8Array
  readonly responderId: Uint8Array
  readonly initiatorHello: Uint8Array
  readonly responderHello: Uint8Array
}

/** The secretstream keys of one stream, 32 bytes each. */
export interface StreamKeys {
  readonly seal: Uint8Array
  readonly open: Uint8Array
}

const TRANSCRIPT_LABEL = 'sft/1 transcript'
const DIRECTION_LABEL = {
  initiator: 'sft/1 initiator to responder',
  responder: 'sft/1 responder to initiator',
} as const
const NO_PAIRING_SECRET = new Uint8Array(32)

const encoder = new TextEncoder()

/**
 * Hashes what both sides saw of the handshake to 32 bytes (docs/protocol.md section 3). The peer IDs are those Noise
 * proved, so that a relay with keys of its own gives each side another transcript.
 */
export function hashTranscript(sodium: Sodium, transcript: Transcript): Uint8Array {
  const { initiatorId, responderId, initiatorHello, responderHello } = transcript
  return sodium.hash(
    32,
    lengthPrefixed([encoder.encode(TRANSCRIPT_LABEL), initiatorId, responderId, initiatorHello, responderHello]),
  )
}

/**
 * Derives the keys of one stream (docs/protocol.md section 3): the kx secret gives forward secrecy, the pairing secret
 * authenticates apart from Noise, the transcript ties both to this stream, these peers and these hellos.
 *
 * @param role - The side this process has in the handshake.
 * @param own - This side's ephemeral key pair; its secret half is wiped.
 * @param pairingSecret - 32 bytes that only the two paired machines know; absent for peers that never paired.
 * @throws {@link SftError} `ERR_PROTOCOL` if the peer's key is of low order.
 */
export function deriveStreamKeys(
  sodium: Sodium,
  role: 'initiator' | 'responder',
  own: KeyPair,
  peerKey: Uint8Array,
  transcriptHash: Uint8Array,
  pairingSecret: Uint8Array = NO_PAIRING_SECRET,
): StreamKeys {
  const shared = sodium.sessionKeys(role, own, peerKey)
  sodium.wipe(own.secretKey)
  if (shared === null) throw new SftError('ERR_PROTOCOL', 'the peer sent a key that leads to no secret')
  const salt = sodium.hash(64, [transcriptHash], pairingSecret)
  const derive = (key: Uint8Array, from: 'initiator' | 'responder'): Uint8Array =>
    sodium.hash(32, lengthPrefixed([encoder.encode(DIRECTION_LABEL[from]), salt]), key)
  const keys = {
    seal: derive(shared.tx, role),
    open: derive(shared.rx, role === 'initiator' ? 'responder' : 'initiator'),
  }
  wipeAll(sodium, shared, salt)
  return keys
}

/** Puts the length of each part, four bytes big-endian, in front of it, so that no two lists of parts hash alike. */
function lengthPrefixed(parts: readonly Uint8Array[]): Uint8Array[] {
  return parts.flatMap((part) => {
    const length = new Uint8Array(4)
    new DataView(length.buffer).setUint32(0, part.byteLength)
    return [length, part]
  })
}

function wipeAll(sodium: Sodium, shared: SessionKeys, salt: Uint8Array): void {
  for (const bytes of [shared.rx, shared.tx, salt]) sodium.wipe(bytes)
}
