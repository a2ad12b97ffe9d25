import { createHash } from 'node:crypto'

/** A digest in the making. */
export interface Hasher {
  /** Adds bytes; they may be reused after the call. */
  update(bytes: Uint8Array): void
  /** Ends it and returns the digest: 16 bytes for MD5, 32 for SHA-256. */
  digest(): Uint8Array
}

/** Starts a digest of a file. MD5 serves comparison with `md5sum`; no decision about trust rests on it. */
export function createHasher(algorithm: 'md5' | 'sha256'): Hasher {
  const hash = createHash(algorithm)
  return {
    update: (bytes) => void hash.update(bytes),
    digest: () => hash.digest(),
  }
}

/** Compares two digests. They are no secrets, so that time may depend on where they differ. */
export function sameDigest(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && a.every((byte, index) => byte === b[index])
}
