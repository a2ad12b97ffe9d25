import { SftError } from '../errors.ts'
import { SECRETSTREAM, type PullStream, type PushStream } from './sodium.ts'

/**
 * The WebAssembly module itself, which the package `libsodium` calls its raw library: addresses in place of arrays, and
 * two 32-bit halves for a length of 64 bits.
 */
export interface WasmModule {
  /** The memory of the module. It is another array once the memory grew, so it is asked for anew each time. */
  readonly HEAPU8: Uint8Array
  _malloc(bytes: number): number
  _free(address: number): void
  _crypto_secretstream_xchacha20poly1305_push(
    state: number,
    sealed: number,
    sealedLength: 0,
    plaintext: number,
    plaintextLength: number,
    plaintextLengthHigh: 0,
    ad: 0,
    adLength: 0,
    adLengthHigh: 0,
    tag: number,
  ): number
  _crypto_secretstream_xchacha20poly1305_pull(
    state: number,
    plaintext: number,
    plaintextLength: 0,
    tag: number,
    sealed: number,
    sealedLength: number,
    sealedLengthHigh: 0,
    ad: 0,
    adLength: 0,
    adLengthHigh: 0,
  ): number
}

/** Bytes of `crypto_secretstream_xchacha20poly1305_state`. */
const STATE_BYTES = 52

/** The state of one stream, which lives as long as what can use it. */
interface State {
  readonly address: number
}

/** Longest plaintext that is sealed or opened. */
const MOST_BYTES = SECRETSTREAM.maxRecord

/**
 * Seals and opens records in two places of the module's memory that are taken once: the functions of the wrappers take
 * memory for each record and give it back, and make a new array for each, which costs a quarter of the speed.
 */
export class WasmRecords {
  readonly #module: WasmModule
  readonly #plaintext: number
  readonly #sealed: number
  readonly #tag: number
  readonly #states: FinalizationRegistry<number>

  constructor(module: WasmModule) {
    this.#module = module
    this.#plaintext = module._malloc(MOST_BYTES)
    this.#sealed = module._malloc(MOST_BYTES + SECRETSTREAM.overhead)
    this.#tag = module._malloc(1)
    if (!this.#plaintext || !this.#sealed || !this.#tag) {
      throw new SftError('ERR_INTERNAL', 'the memory of WebAssembly is full')
    }
    this.#states = new FinalizationRegistry((address) => {
      module.HEAPU8.fill(0, address, address + STATE_BYTES)
      module._free(address)
    })
  }

  /** @param address - Of a state that was initialized, and is wiped and given back once nothing can use it any more. */
  pushStream(address: number, header: Uint8Array): PushStream {
    const state = this.#own(address)
    return { header, push: (sealed, plaintext, tag) => this.#push(state, sealed, plaintext, tag) }
  }

  /** @param address - As in {@link WasmRecords.pushStream}. */
  pullStream(address: number): PullStream {
    const state = this.#own(address)
    let scratch: Uint8Array | undefined // the memory of the module is shared by all streams, and moves
    return { pull: (sealed) => this.#pull(state, sealed, (scratch ??= new Uint8Array(MOST_BYTES))) }
  }

  #own(address: number): State {
    const state = { address }
    this.#states.register(state, address)
    return state
  }

  #push({ address }: State, sealed: Uint8Array, plaintext: Uint8Array, tag: number): void {
    const length = plaintext.byteLength
    // Beyond the end of its place lie the states of other streams.
    if (length > MOST_BYTES) throw new SftError('ERR_INTERNAL', 'a record was to be sealed that is too long')
    const memory = this.#module.HEAPU8
    memory.set(plaintext, this.#plaintext)
    const status = this.#module._crypto_secretstream_xchacha20poly1305_push(
      address,
      this.#sealed,
      0,
      this.#plaintext,
      length,
      0,
      0,
      0,
      0,
      tag,
    )
    if (status !== 0) throw new SftError('ERR_INTERNAL', 'a record could not be sealed')
    sealed.set(memory.subarray(this.#sealed, this.#sealed + length + SECRETSTREAM.overhead))
  }

  #pull({ address }: State, sealed: Uint8Array, scratch: Uint8Array): { tag: number; plaintext: Uint8Array } | null {
    const length = sealed.byteLength - SECRETSTREAM.overhead
    if (length > MOST_BYTES) return null // does not fit its place; what is too short, libsodium refuses
    const memory = this.#module.HEAPU8
    memory.set(sealed, this.#sealed)
    const status = this.#module._crypto_secretstream_xchacha20poly1305_pull(
      address,
      this.#plaintext,
      0,
      this.#tag,
      this.#sealed,
      sealed.byteLength,
      0,
      0,
      0,
      0,
    )
    if (status !== 0) return null
    const plaintext = scratch.subarray(0, length)
    plaintext.set(memory.subarray(this.#plaintext, this.#plaintext + length))
    return { tag: memory[this.#tag] ?? 0, plaintext }
  }
}
