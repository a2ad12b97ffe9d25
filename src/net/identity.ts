import {
  generateKeyPair,
  generateKeyPairFromSeed,
  privateKeyFromProtobuf,
  privateKeyToProtobuf,
} from '@libp2p/crypto/keys'
import type { Ed25519PrivateKey } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { SftError } from '../errors.ts'

/** Who this machine is to others: an Ed25519 key, whose public half is its peer ID. */
export interface Identity {
  readonly peerId: string
  readonly privateKey: Ed25519PrivateKey
}

/** Makes a new identity. */
export async function generateIdentity(): Promise<Identity> {
  return fromKey(await generateKeyPair('Ed25519'))
}

/** Encodes an identity as libp2p stores private keys: a protobuf of key type and key. */
export function encodeIdentity(identity: Identity): Uint8Array {
  return privateKeyToProtobuf(identity.privateKey)
}

/**
 * Decodes an identity, checking that its two halves belong together.
 *
 * @throws {@link SftError} `ERR_IDENTITY` if the bytes were cut short or altered.
 */
export async function decodeIdentity(bytes: Uint8Array): Promise<Identity> {
  try {
    const key = privateKeyFromProtobuf(bytes)
    if (key.type !== 'Ed25519') throw new Error(`it is a key of type ${key.type}`)
    const computed = await generateKeyPairFromSeed('Ed25519', key.raw.subarray(0, 32))
    if (!computed.equals(key) || bytes.byteLength !== privateKeyToProtobuf(key).byteLength)
      throw new Error('its halves differ')
    return fromKey(key)
  } catch (error) {
    throw new SftError('ERR_IDENTITY', 'the identity file is damaged', { cause: error })
  }
}

function fromKey(privateKey: Ed25519PrivateKey): Identity {
  return { peerId: peerIdFromPrivateKey(privateKey).toString(), privateKey }
}
