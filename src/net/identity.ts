import {
  generateKeyPair,
  generateKeyPairFromSeed,
  privateKeyFromProtobuf,
  privateKeyToProtobuf,
} from '@libp2p/crypto/keys'
import type { Ed25519PrivateKey } from '@libp2p/interface'
import { peerIdFromPrivateKey, peerIdFromString } from '@libp2p/peer-id'
import { SftError } from '../errors.ts'

/** Who this machine is to others: an Ed25519 key, whose public half is its peer ID. */
export interface Identity {
  readonly peerId: string
  /** @internal */
  readonly privateKey: Ed25519PrivateKey
}

/** Makes a new identity. */
export async function generateIdentity(): Promise<Identity> {
  return fromKey(await generateKeyPair('Ed25519'))
}

/** Tells whether `text` is the peer ID of a machine, as {@link Identity.peerId} spells it. */
export function isPeerId(text: string): boolean {
  try {
    const peerId = peerIdFromString(text)
    return peerId.type === 'Ed25519' && peerId.toString() === text
  } catch {
    return false // the parser throws for this one reason
  }
}

/** The end of a peer ID, which is what tells two apart at a glance: `…R6c85chh`. */
export function shortId(peerId: string): string {
  return `…${peerId.slice(-8)}`
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
    if (!computed.equals(key)) throw new Error('its halves differ')
    const canonical = privateKeyToProtobuf(key) // the decoder passes over what it does not know, and wrong wire types
    if (bytes.byteLength !== canonical.byteLength || !canonical.every((byte, index) => byte === bytes[index])) {
      throw new Error('it is not as it was written')
    }
    return fromKey(key)
  } catch (error) {
    throw new SftError('ERR_IDENTITY', 'the identity file is damaged', { cause: error })
  }
}

function fromKey(privateKey: Ed25519PrivateKey): Identity {
  return { peerId: peerIdFromPrivateKey(privateKey).toString(), privateKey }
}
