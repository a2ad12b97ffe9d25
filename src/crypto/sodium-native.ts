import { SECRETSTREAM, type Sodium } from './sodium.ts'

/** The functions of `sodium-native` used here; the package has no types of its own. */
interface Binding {
  randombytes_buf(out: Uint8Array): void
  crypto_generichash_batch(out: Uint8Array, parts: readonly Uint8Array[], key?: Uint8Array): void
  crypto_kx_keypair(publicKey: Uint8Array, secretKey: Uint8Array): void
  crypto_kx_seed_keypair(publicKey: Uint8Array, secretKey: Uint8Array, seed: Uint8Array): void
  crypto_kx_client_session_keys: DeriveSessionKeys
  crypto_kx_server_session_keys: DeriveSessionKeys
  crypto_secretstream_xchacha20poly1305_STATEBYTES: number
  crypto_secretstream_xchacha20poly1305_init_push(state: Uint8Array, header: Uint8Array, key: Uint8Array): void
  crypto_secretstream_xchacha20poly1305_init_pull(state: Uint8Array, header: Uint8Array, key: Uint8Array): void
  crypto_secretstream_xchacha20poly1305_push(
    state: Uint8Array,
    sealed: Uint8Array,
    plaintext: Uint8Array,
    ad: Uint8Array | null,
    tag: number,
  ): number
  crypto_secretstream_xchacha20poly1305_pull(
    state: Uint8Array,
    plaintext: Uint8Array,
    tag: Uint8Array,
    sealed: Uint8Array,
    ad: Uint8Array | null,
  ): number
  crypto_scalarmult(point: Uint8Array, secretKey: Uint8Array, publicKey: Uint8Array): void
  crypto_aead_chacha20poly1305_ietf_encrypt_detached(
    sealed: Uint8Array,
    tag: Uint8Array,
    plaintext: Uint8Array,
    ad: Uint8Array | null,
    secretNonce: null,
    nonce: Uint8Array,
    key: Uint8Array,
  ): number
  crypto_aead_chacha20poly1305_ietf_decrypt_detached(
    plaintext: Uint8Array,
    secretNonce: null,
    sealed: Uint8Array,
    tag: Uint8Array,
    ad: Uint8Array | null,
    nonce: Uint8Array,
    key: Uint8Array,
  ): void
  sodium_memzero(bytes: Uint8Array): void
}

type DeriveSessionKeys = (
  rx: Uint8Array,
  tx: Uint8Array,
  publicKey: Uint8Array,
  secretKey: Uint8Array,
  peerKey: Uint8Array,
) => void

/** Loads libsodium's native build, or returns `null` where the optional package is missing or does not run. */
export async function loadNative(): Promise<Sodium | null> {
  try {
    const module = (await import('sodium-native')) as { default: Binding }
    return nativeSodium(module.default)
  } catch {
    return null // missing, or no binary for this system: WebAssembly gives the same bytes
  }
}

function nativeSodium(sodium: Binding): Sodium {
  const newState = (): Uint8Array => Buffer.alloc(sodium.crypto_secretstream_xchacha20poly1305_STATEBYTES)
  return {
    name: 'native',
    randomBytes(length) {
      const bytes = Buffer.alloc(length)
      sodium.randombytes_buf(bytes)
      return bytes
    },
    hash(length, parts, key) {
      const digest = Buffer.alloc(length)
      sodium.crypto_generichash_batch(digest, parts, ...(key ? [key] : []))
      return digest
    },
    keyPair(seed) {
      const pair = { publicKey: Buffer.alloc(32), secretKey: Buffer.alloc(32) }
      if (seed) sodium.crypto_kx_seed_keypair(pair.publicKey, pair.secretKey, seed)
      else sodium.crypto_kx_keypair(pair.publicKey, pair.secretKey)
      return pair
    },
    sessionKeys(role, own, peerKey) {
      const keys = { rx: Buffer.alloc(32), tx: Buffer.alloc(32) }
      const derive = role === 'initiator' ? 'crypto_kx_client_session_keys' : 'crypto_kx_server_session_keys'
      try {
        sodium[derive](keys.rx, keys.tx, own.publicKey, own.secretKey, peerKey)
      } catch {
        return null // libsodium refuses an all-zero shared point; lengths were checked before
      }
      return keys
    },
    pushStream(key, givenHeader) {
      const state = newState()
      const header = givenHeader ?? Buffer.alloc(24)
      // A sending and a receiving state with the same key and header are equal; init_push only invents the header.
      if (givenHeader) sodium.crypto_secretstream_xchacha20poly1305_init_pull(state, header, key)
      else sodium.crypto_secretstream_xchacha20poly1305_init_push(state, header, key)
      return {
        header,
        push(sealed, plaintext, tag) {
          sodium.crypto_secretstream_xchacha20poly1305_push(state, sealed, plaintext, null, tag)
        },
      }
    },
    pullStream(key, header) {
      const state = newState()
      sodium.crypto_secretstream_xchacha20poly1305_init_pull(state, header, key)
      const tag = Buffer.alloc(1)
      const scratch = new Uint8Array(SECRETSTREAM.maxRecord) // no Buffer, whose slice() would not copy
      return {
        pull(sealed) {
          const plaintext = scratch.subarray(0, sealed.byteLength - SECRETSTREAM.overhead)
          try {
            sodium.crypto_secretstream_xchacha20poly1305_pull(state, plaintext, tag, sealed, null)
          } catch {
            return null // "could not verify data": the one reason left, as the lengths are right
          }
          return { tag: tag[0] ?? 0, plaintext }
        },
      }
    },
    scalarMult(secretKey, publicKey) {
      const point = Buffer.alloc(32)
      try {
        sodium.crypto_scalarmult(point, secretKey, publicKey)
      } catch {
        return null // libsodium refuses an all-zero shared point
      }
      return point
    },
    aead: {
      seal(message, tag, nonce, ad, key) {
        sodium.crypto_aead_chacha20poly1305_ietf_encrypt_detached(message, tag, message, orNull(ad), null, nonce, key)
      },
      open(message, tag, nonce, ad, key) {
        try {
          sodium.crypto_aead_chacha20poly1305_ietf_decrypt_detached(message, null, message, tag, orNull(ad), nonce, key)
        } catch {
          return false // "could not verify data"
        }
        return true
      },
    },
    wipe(bytes) {
      sodium.sodium_memzero(bytes)
    },
  }
}

/** No additional data is an empty array to Noise and `null` to the binding. */
function orNull(ad: Uint8Array): Uint8Array | null {
  return ad.byteLength > 0 ? ad : null
}
