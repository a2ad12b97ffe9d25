import type { PullStream, PushStream, Sodium } from './sodium.ts'

/** The memory of the WebAssembly build, in which the state of a stream lies: the package gives none of it back. */
interface Memory {
  readonly HEAPU8: Uint8Array
  _free(address: number): void
}

/** Bytes of `crypto_secretstream_xchacha20poly1305_state`. */
const STATE_BYTES = 52

/** Loads libsodium's WebAssembly build, which runs wherever JavaScript does. */
export async function loadWasm(): Promise<Sodium> {
  const { default: sodium } = await import('libsodium-wrappers')
  await sodium.ready
  const { libsodium: memory } = sodium as unknown as { libsodium: Memory }
  const states = new FinalizationRegistry((address: number) => {
    memory.HEAPU8.fill(0, address, address + STATE_BYTES)
    memory._free(address)
  })
  /** Gives the state of a stream back once the stream is collected. */
  const owning = <T extends object>(stream: T, state: unknown): T => {
    states.register(stream, state as number)
    return stream
  }
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
      const push: PushStream['push'] = (sealed, plaintext, tag) =>
        sealed.set(sodium.crypto_secretstream_xchacha20poly1305_push(state, plaintext, null, tag))
      return owning({ header, push }, state)
    },
    pullStream(key, header) {
      const state = sodium.crypto_secretstream_xchacha20poly1305_init_pull(header, key)
      const pull: PullStream['pull'] = (sealed) => {
        const opened = sodium.crypto_secretstream_xchacha20poly1305_pull(state, sealed, null)
        return opened === false ? null : { tag: opened.tag, plaintext: opened.message }
      }
      return owning({ pull }, state)
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
