import { SftError } from '../errors.ts'
import type { ProtocolClient } from '../protocol/client.ts'
import type { Transferred } from '../protocol/transfer.ts'
import type { Kept } from '../protocol/types.ts'
import { LARGE, type FileCopy } from './copy.ts'
import type { Link } from './link.ts'

/** One file, ready to go across on one session. */
export interface Attempt {
  readonly size: number
  /** Tells what the receiving side keeps of an earlier attempt; asked of large files only. */
  readonly kept: () => Promise<Kept>
  /** Carries the file across, after so many bytes that are kept. */
  readonly transferAfter: (offset: number) => Promise<Transferred>
  readonly close?: () => Promise<void>
}

/**
 * Carries one file across after what is kept of an earlier attempt, or from its first byte if that turns out to be of no
 * use; on the next session again if one is lost.
 *
 * @param prepare - Makes an attempt on a session, which is closed in the end.
 */
export async function resume(
  link: Link,
  { onBegin, onRestart }: FileCopy,
  prepare: (session: ProtocolClient) => Promise<Attempt>,
): Promise<Transferred> {
  let [again, most] = [false, 0]
  return link.use(async (session) => {
    const attempt = await prepare(session)
    try {
      const { bytes: kept, changed } = again || attempt.size < LARGE ? NOTHING : await attempt.kept()
      if (changed) onRestart('changed')
      if (kept > most) link.progressed()
      most = Math.max(most, kept)
      onBegin(kept)
      try {
        return await attempt.transferAfter(kept)
      } catch (error) {
        const useless = error instanceof SftError && (error.code === 'ERR_CHANGED' || error.code === 'ERR_DIGEST')
        if (kept === 0 || !useless) throw error
        again = true
        onRestart(error.code === 'ERR_CHANGED' ? 'changed' : 'damaged')
        onBegin(0)
        return await attempt.transferAfter(0)
      }
    } finally {
      await attempt.close?.()
    }
  })
}

const NOTHING: Kept = { bytes: 0, changed: false }
