import type { Sodium } from './sodium.ts'
import { WasmRecords, type WasmModule } from './wasm-records.ts'

let loaded: Promise<Sodium> | undefined

/** Loads libsodium's WebAssembly build, which runs wherever JavaScript does. */
export async function loadWasm(): Promise<Sodium> {
  loaded ??= load()
  return loaded
}

async function load(): Promise<Sodium> {
  const { default: sodium } = await import('libsodium-wrappers')
  await sodium.ready
  const records = new WasmRecords((sodium as unknown as { libsodium: WasmModule }).libsodium)
  return {
    name: 'wasm',
    randomBytes: (length) => sodium.randombytes_buf(length),
    hash(length, parts, key) {
      const state = sodium.crypto_generichash_init(key ?? null, length)
      for (const part of parts) sodium.crypto_generichash_update(state, part)
      return sodium.crypto_generichash_final(state, length)
    },
    keyPair(seed) {
      const pair = seed ? sodium.crypto_kx_seed_keypair(seed) : sodium.crypto_kx_keypair()
      return { publicKey: pair.publicKey, secretKey: pair.privateKey }
    },
    sessionKeys(role, own, peerKey) {
      const derive = role === 'initiator' ? 'crypto_kx_client_session_keys' : 'crypto_kx_server_session_keys'
      try {
        const keys = sodium[derive](own.publicKey, own.secretKey, peerKey)
        return { rx: keys.sharedRx, tx: keys.sharedTx }
      } catch {
        return null // libsodium refuses an all-zero shared point; lengths were checked before
      }
    },
    pushStream(key, givenHeader) {
      // A sending and a receiving state with the same key and header are equal; init_push only invents the header.
      const { state, header } = givenHeader
        ? { state: sodium.crypto_secretstream_xchacha20poly1305_init_pull(givenHeader, key), header: givenHeader }
        : sodium.crypto_secretstream_xchacha20poly1305_init_push(key)
      return records.pushStream(state as unknown as number, header)
    },
    pullStream(key, header) {
      const state = sodium.crypto_secretstream_xchacha20poly1305_init_pull(header, key)
      return records.pullStream(state as unknown as number)
    },
    scalarMult(secretKey, publicKey) {
      try {
        return sodium.crypto_scalarmult(secretKey, publicKey)
      } catch {
        return null // libsodium refuses an all-zero shared point
      }
    },
    wipe(bytes) {
      sodium.memzero(bytes)
    },
  }
}
