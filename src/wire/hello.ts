import { SftError } from '../errors.ts'
import { decodeWith, own } from './codec.ts'
import { MAX_HELLO, MAX_WINDOW, MIN_WINDOW, NONCE_BYTES, PROTOCOL_VERSION, PUBLIC_KEY_BYTES } from './limits.ts'
import * as pb from './messages.ts'

/** The first value each side sends (docs/protocol.md section 3). */
export interface Hello {
  /** Ephemeral X25519 key, used for this stream only. */
  readonly publicKey: Uint8Array
  /** 32 random bytes. */
  readonly nonce: Uint8Array
  /** File bytes the sender of this hello is ready to receive before it grants more. */
  readonly window: number
}

/** Encodes a hello of this version. */
export function encodeHello({ publicKey, nonce, window }: Hello): Uint8Array {
  return pb.Hello.encode({ version: PROTOCOL_VERSION, publicKey: own(publicKey), nonce: own(nonce), window })
}

/**
 * Decodes a hello. Unknown fields are ignored.
 *
 * @throws {@link SftError} `ERR_PROTOCOL` if it is malformed, out of range or of another version.
 */
export function decodeHello(bytes: Uint8Array): Hello {
  if (bytes.byteLength > MAX_HELLO) throw new SftError('ERR_PROTOCOL', 'the peer sent a hello that is too long')
  const { version, publicKey, nonce, window } = decodeWith(pb.Hello, bytes)
  if (version !== PROTOCOL_VERSION) {
    throw new SftError(
      'ERR_PROTOCOL',
      `the peer speaks version ${version} of the protocol, this is ${PROTOCOL_VERSION}`,
    )
  }
  if (publicKey.byteLength !== PUBLIC_KEY_BYTES || nonce.byteLength !== NONCE_BYTES) {
    throw new SftError('ERR_PROTOCOL', 'the peer sent a hello with a key or nonce of the wrong length')
  }
  if (window < MIN_WINDOW || window > MAX_WINDOW) {
    throw new SftError('ERR_PROTOCOL', 'the peer sent a hello with a window out of range')
  }
  return { publicKey, nonce, window }
}
