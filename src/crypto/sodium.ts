/** An X25519 key pair of `crypto_kx`, 32 bytes each. */
export interface KeyPair {
  readonly publicKey: Uint8Array
  readonly secretKey: Uint8Array
}

/** The session keys of `crypto_kx`, 32 bytes each: `tx` seals what this side sends, `rx` opens what it receives. */
export interface SessionKeys {
  readonly rx: Uint8Array
  readonly tx: Uint8Array
}

/** One direction of a secretstream on the sending side. */
export interface PushStream {
  readonly header: Uint8Array
  /** Seals `plaintext`, 65,535 bytes at most, into `sealed`, which holds 17 bytes more. The two must not overlap. */
  push(sealed: Uint8Array, plaintext: Uint8Array, tag: number): void
}

/** One direction of a secretstream on the receiving side. */
export interface PullStream {
  /**
   * Opens `sealed`, or returns `null` if it is not the next record of this stream.
   *
   * The plaintext may lie in a buffer that the next call writes over.
   */
  pull(sealed: Uint8Array): { tag: number; plaintext: Uint8Array } | null
}

/** ChaCha20-Poly1305 (RFC 8439) on bytes where they lie. */
export interface Aead {
  /** Encrypts `message` in its place, and writes its 16-byte tag. */
  seal(message: Uint8Array, tag: Uint8Array, nonce: Uint8Array, ad: Uint8Array, key: Uint8Array): void
  /** Decrypts `message` in its place; returns false if it or the tag was altered, and may have spoiled it. */
  open(message: Uint8Array, tag: Uint8Array, nonce: Uint8Array, ad: Uint8Array, key: Uint8Array): boolean
}

/**
 * The part of libsodium that sft uses, the same for the native and the WebAssembly build: same bytes in, same bytes out.
 * How each build reports failure is settled here, once.
 */
export interface Sodium {
  readonly name: 'native' | 'wasm'
  randomBytes(length: number): Uint8Array
  /** BLAKE2b with a digest of `length` bytes (16 to 64) over `parts` in order, keyed if `key` (16 to 64 bytes) is given. */
  hash(length: number, parts: readonly Uint8Array[], key?: Uint8Array): Uint8Array
  /** Returns a fresh key pair, or the one that belongs to a 32-byte seed. */
  keyPair(seed?: Uint8Array): KeyPair
  /** Returns the keys the two sides share, or `null` if `peerKey` is of low order, which no honest peer sends. */
  sessionKeys(role: 'initiator' | 'responder', own: KeyPair, peerKey: Uint8Array): SessionKeys | null
  /** Starts a sending stream. A `header` is given only to reproduce a test vector. */
  pushStream(key: Uint8Array, header?: Uint8Array): PushStream
  pullStream(key: Uint8Array, header: Uint8Array): PullStream
  /** Returns the X25519 point of both, or `null` for a public key of low order. */
  scalarMult(secretKey: Uint8Array, publicKey: Uint8Array): Uint8Array | null
  /** Absent in WebAssembly, where it takes four times as long as Node's own. */
  readonly aead?: Aead
  /** Overwrites secret bytes with zeros. */
  wipe(bytes: Uint8Array): void
}

/** Secretstream's constants (libsodium's `crypto_secretstream_xchacha20poly1305_*`), and the longest record opened here. */
export const SECRETSTREAM = {
  keyBytes: 32,
  headerBytes: 24,
  overhead: 17,
  tagMessage: 0,
  tagRekey: 2,
  tagFinal: 3,
  maxRecord: 65_535,
} as const
