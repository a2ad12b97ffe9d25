import { deriveStreamKeys, hashTranscript } from '../crypto/keys.ts'
import { Opener, Sealer } from '../crypto/secretstream.ts'
import { SECRETSTREAM, type Sodium } from '../crypto/sodium.ts'
import { SftError } from '../errors.ts'
import { encodeFrame } from '../wire/frame.ts'
import { decodeHello, encodeHello } from '../wire/hello.ts'
import { MAX_HELLO, NONCE_BYTES } from '../wire/limits.ts'
import type { FrameReader } from './frame-reader.ts'
import type { ByteStream } from './types.ts'

export interface HandshakeInit {
  readonly sodium: Sodium
  readonly role: 'initiator' | 'responder'
  /** Bytes of this side's peer ID. */
  readonly localId: Uint8Array
  /** Bytes of the peer ID that Noise proved for the other side; never taken from a payload. */
  readonly remoteId: Uint8Array
  /** 32 bytes that only these two paired machines know. */
  readonly pairingSecret?: Uint8Array
  /** File bytes this side is ready to receive before it grants more. */
  readonly window: number
}

/** What a handshake leaves behind: the two directions of a stream and how much may be sent at first. */
export interface Secured {
  readonly sealer: Sealer
  readonly opener: Opener
  readonly peerWindow: number
}

/**
 * Runs the handshake of docs/protocol.md section 3 on a new stream.
 *
 * It proves nothing by itself: a peer without the right keys or secret is found out by its first record.
 *
 * @throws {@link SftError} `ERR_PROTOCOL`, `ERR_CLOSED` or `ERR_TIMEOUT`.
 */
export async function handshake(stream: ByteStream, reader: FrameReader, init: HandshakeInit): Promise<Secured> {
  const { sodium, role, localId, remoteId } = init
  const keyPair = sodium.keyPair()
  const hello = encodeHello({
    publicKey: keyPair.publicKey,
    nonce: sodium.randomBytes(NONCE_BYTES),
    window: init.window,
  })
  if (role === 'initiator') stream.write(encodeFrame(hello))

  const received = await reader.next(1, MAX_HELLO)
  if (received === null) throw new SftError('ERR_CLOSED', 'the peer closed the stream without a hello')
  const peerHello = received.slice()
  const peer = decodeHello(peerHello)
  if (role === 'responder') stream.write(encodeFrame(hello))

  const transcript =
    role === 'initiator'
      ? { initiatorId: localId, responderId: remoteId, initiatorHello: hello, responderHello: peerHello }
      : { initiatorId: remoteId, responderId: localId, initiatorHello: peerHello, responderHello: hello }
  const hash = hashTranscript(sodium, transcript)
  const keys = deriveStreamKeys(sodium, role, keyPair, peer.publicKey, hash, init.pairingSecret)
  const sealer = new Sealer(sodium, keys.seal)
  stream.write(sealer.header)
  const opener = new Opener(sodium, keys.open, await reader.take(SECRETSTREAM.headerBytes))
  sodium.wipe(keys.seal)
  sodium.wipe(keys.open)
  return { sealer, opener, peerWindow: peer.window }
}
