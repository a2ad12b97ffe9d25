import { noise, pureJsCrypto, type ICryptoInterface } from '@chainsafe/libp2p-noise'
import { defaultCrypto } from '@chainsafe/libp2p-noise/crypto'
import type { MessageStream } from '@libp2p/interface'
import { Uint8ArrayList } from 'uint8arraylist'
import type { Aead, Sodium } from '../crypto/sodium.ts'
import { SftError } from '../errors.ts'
import type { FramePool } from './frame-pool.ts'

type CreateEncrypter = ReturnType<typeof noise>

/** Bytes of the length in front of a Noise message, and of the tag at its end. */
const LENGTH_BYTES = 2
const TAG_BYTES = 16

/**
 * Noise, with the AEAD of libsodium's native build where there is one, and with one write to the socket for a message:
 * the encrypter of libp2p writes its length apart, and that is a system call and a packet of two bytes.
 *
 * @param pool - Is told which bytes were copied on their way to the socket.
 */
export function secure(sodium: Sodium, pool: FramePool): CreateEncrypter {
  const crypto = sodium.aead ? libsodiumCrypto(sodium, sodium.aead, pool) : nodeCrypto(pool)
  const create = noise({ crypto })
  return (components) => {
    const encrypter = create(components)
    return {
      protocol: encrypter.protocol,
      secureOutbound: async (connection, options) => encrypter.secureOutbound(joinWrites(connection), options),
      secureInbound: async (connection, options) => encrypter.secureInbound(joinWrites(connection), options),
    }
  }
}

/** The cipher of Node, as Noise comes with it, whose output is joined to one piece. */
function nodeCrypto(pool: FramePool): ICryptoInterface {
  return {
    ...defaultCrypto,
    chaCha20Poly1305Encrypt(plaintext, nonce, ad, key) {
      const sealed = defaultCrypto.chaCha20Poly1305Encrypt(plaintext, nonce, ad, key)
      for (const chunk of chunksOf(plaintext)) pool.copied(chunk)
      const whole = Buffer.allocUnsafeSlow(LENGTH_BYTES + sealed.byteLength)
      copyInto(whole.subarray(LENGTH_BYTES), sealed)
      whole.writeUInt16BE(sealed.byteLength)
      return whole.subarray(LENGTH_BYTES)
    },
  }
}

function libsodiumCrypto(sodium: Sodium, aead: Aead, pool: FramePool): ICryptoInterface {
  return {
    ...pureJsCrypto,
    generateX25519KeyPair() {
      const { publicKey, secretKey } = sodium.keyPair()
      return { publicKey, privateKey: secretKey }
    },
    generateX25519SharedKey(privateKey, publicKey) {
      const point = sodium.scalarMult(privateKey.subarray(), publicKey.subarray())
      if (point === null) throw new SftError('ERR_DECRYPT', 'the peer sent a key of low order')
      return point
    },
    chaCha20Poly1305Encrypt(plaintext, nonce, ad, key) {
      // Room for the length in front, which makes the message one piece on its way to the socket.
      const whole = Buffer.allocUnsafeSlow(LENGTH_BYTES + plaintext.byteLength + TAG_BYTES)
      const message = whole.subarray(LENGTH_BYTES, LENGTH_BYTES + plaintext.byteLength)
      copyInto(message, plaintext)
      for (const chunk of chunksOf(plaintext)) pool.copied(chunk)
      aead.seal(message, whole.subarray(whole.byteLength - TAG_BYTES), nonce, ad, key)
      whole.writeUInt16BE(whole.byteLength - LENGTH_BYTES)
      return whole.subarray(LENGTH_BYTES)
    },
    chaCha20Poly1305Decrypt(ciphertext, nonce, ad, key, dst) {
      const length = ciphertext.byteLength - TAG_BYTES
      // What is given to write to is the ciphertext itself, or a copy of it that nobody else has.
      const message = dst ?? new Uint8Array(length)
      copyInto(
        message,
        ciphertext instanceof Uint8Array ? ciphertext.subarray(0, length) : ciphertext.sublist(0, length),
      )
      if (!aead.open(message, ciphertext.subarray(length), nonce, ad, key)) {
        throw new SftError('ERR_DECRYPT', 'a message of Noise was altered on the way')
      }
      return message
    },
  }
}

function copyInto(target: Uint8Array, bytes: Iterable<Uint8Array> | Uint8Array): void {
  let filled = 0
  for (const chunk of chunksOf(bytes)) {
    target.set(chunk, filled)
    filled += chunk.byteLength
  }
}

function chunksOf(bytes: Iterable<Uint8Array> | Uint8Array): Iterable<Uint8Array> {
  return bytes instanceof Uint8Array ? [bytes] : bytes
}

/** Makes a connection write a message of Noise and the length in front of it in one piece. */
function joinWrites(connection: MessageStream): MessageStream {
  const send = connection.send.bind(connection)
  connection.send = (data) => send(data instanceof Uint8Array ? data : joined(data))
  return connection
}

function joined(list: Uint8ArrayList): Uint8ArrayList {
  const pieces: Uint8Array[] = []
  for (const chunk of list) {
    const last = pieces.at(-1)
    if (last?.byteLength === LENGTH_BYTES) pieces[pieces.length - 1] = adjoin(last, chunk)
    else pieces.push(chunk)
  }
  return new Uint8ArrayList(...pieces)
}

/** Returns `head` and `body` as one piece: without a copy if the bytes in front of `body` in memory are those of `head`. */
function adjoin(head: Uint8Array, body: Uint8Array): Uint8Array {
  if (body.byteOffset >= head.byteLength) {
    const whole = new Uint8Array(body.buffer, body.byteOffset - head.byteLength, head.byteLength + body.byteLength)
    if (head.every((byte, index) => byte === whole[index])) return whole
  }
  const whole = new Uint8Array(head.byteLength + body.byteLength)
  whole.set(head)
  whole.set(body, head.byteLength)
  return whole
}
