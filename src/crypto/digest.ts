import { createHash, hash } from 'node:crypto'

/** A digest in the making. */
export interface Hasher {
  /** Adds bytes; they may be reused after the call. */
  update(bytes: Uint8Array): void
  /** Ends it and returns the digest: 16 bytes for MD5, 32 for SHA-256. */
  digest(): Uint8Array
}

/** A digest of many blocks in the making. */
export interface BlockHasher {
  /** Adds a block. It must not change before the promise resolves, if there is one. */
  update(block: Uint8Array): Promise<void> | undefined
  /** Ends it and returns the digest. */
  digest(): Promise<Uint8Array>
  /** Ends it without a digest. May be called at any time, also after {@link digest}. */
  drop(): void
}

/** Starts a digest of a file. MD5 serves comparison with `md5sum`; no decision about trust rests on it. */
export function createHasher(algorithm: 'md5' | 'sha256'): Hasher {
  const hashing = createHash(algorithm)
  return {
    update: (bytes) => void hashing.update(bytes),
    digest: () => hashing.digest(),
  }
}

/** Returns the MD5 of bytes that are all there, for a third of what a {@link Hasher} costs where they are few. */
export function md5(bytes: Uint8Array): Uint8Array {
  return hash('md5', bytes, 'buffer')
}

/** Compares two digests. They are no secrets, so that time may depend on where they differ. */
export function sameDigest(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && a.every((byte, index) => byte === b[index])
}
