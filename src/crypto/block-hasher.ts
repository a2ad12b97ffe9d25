import { createHasher, type BlockHasher } from './digest.ts'
import { HashThread } from './hash-thread.ts'

/** What is smaller is hashed at once: starting the thread would take longer. */
const WORTH_A_THREAD = 16 * 1024 * 1024

/**
 * Starts a digest of about `size` bytes. MD5 costs as much as the encryption of a transfer does, so that of a large file
 * is left to a thread of its own, where there are cores for it: both ends on two gain nothing.
 */
export function createBlockHasher(
  algorithm: 'md5' | 'sha256',
  size: number,
  cores = navigator.hardwareConcurrency,
): BlockHasher {
  if (size >= WORTH_A_THREAD && cores > 2) {
    thread ??= HashThread.start()
    if (!thread.failed) return thread.begin(algorithm)
  }
  const hasher = createHasher(algorithm)
  return {
    update(block) {
      hasher.update(block)
      return undefined
    },
    digest: () => Promise.resolve(hasher.digest()),
    drop: () => undefined,
  }
}

/** Returns what gives a digest that is known already, whatever blocks it is shown. */
export function knownDigest(digest: Uint8Array): BlockHasher {
  return { update: () => undefined, digest: () => Promise.resolve(digest), drop: () => undefined }
}

let thread: HashThread | undefined
