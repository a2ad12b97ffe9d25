import type { BigIntStats } from 'node:fs'

/** Most files whose digests are remembered. */
const MOST_FILES = 4_096

/**
 * Nanoseconds for which a file must have been left alone before its digest is remembered: time stamps are coarse, and a
 * change right after the reading could bear the time of one before it.
 */
const SETTLED = 2_000_000_000n

interface Remembered {
  readonly size: bigint
  readonly mtimeNs: bigint
  readonly ctimeNs: bigint
  readonly md5: Uint8Array
}

/**
 * MD5s of files that were read as a whole, for as long as nothing about the file changes: size, times (also that of its
 * inode, which no program can set back), device and inode.
 */
export class DigestMemory {
  readonly #files = new Map<string, Remembered>()

  /** Returns the digest of a file in the state it is in, if that is known. */
  recall(stats: BigIntStats): Uint8Array | undefined {
    const known = this.#files.get(keyOf(stats))
    if (!known || known.size !== stats.size || known.mtimeNs !== stats.mtimeNs || known.ctimeNs !== stats.ctimeNs) {
      return undefined
    }
    return known.md5
  }

  /**
   * Remembers the digest of a file.
   *
   * @param stats - What it was like before it was read.
   * @param now - Nanoseconds since 1970.
   */
  remember(stats: BigIntStats, md5: Uint8Array, now = BigInt(Date.now()) * 1_000_000n): void {
    if (now - stats.ctimeNs < SETTLED || now - stats.mtimeNs < SETTLED) return
    const key = keyOf(stats)
    this.#files.delete(key) // to the end of the order, where the newest are
    this.#files.set(key, { size: stats.size, mtimeNs: stats.mtimeNs, ctimeNs: stats.ctimeNs, md5 })
    const [oldest] = this.#files.keys()
    if (this.#files.size > MOST_FILES && oldest !== undefined) this.#files.delete(oldest)
  }
}

function keyOf({ dev, ino }: BigIntStats): string {
  return `${dev}:${ino}`
}
