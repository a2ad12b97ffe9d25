import { createHasher, sameDigest } from '../crypto/digest.ts'
import { SftError } from '../errors.ts'
import { MAX_DATA } from '../wire/limits.ts'
import type { BlockPool } from './blocks.ts'
import { remoteError, type Exchange } from './exchange.ts'
import type { Session } from './session.ts'
import type { FileSink, FileSource } from './types.ts'

/** A file that went across, as both sides agreed at the end. */
export interface Transferred {
  /** Bytes of the file up to the end of what was sent. */
  readonly size: number
  /** MD5 of those bytes, from the first byte of the file. */
  readonly md5: Uint8Array
}

/** Called as bytes of a transfer are sent or stored, with how many. */
export type OnProgress = (bytes: number) => void

/**
 * Sends the bytes of a file from `offset` to `end` and waits for the receiver's word that it has them.
 *
 * A failure on this side is reported to the receiver as its `end`; one on the other side ends the sending early.
 *
 * @throws {@link SftError} `ERR_CHANGED` if the file is not what it was, or the receiver's error.
 */
export async function sendFile(
  session: Session,
  exchange: Exchange,
  source: FileSource,
  range: { offset: number; end: number },
  onProgress?: OnProgress,
): Promise<Transferred> {
  const hasher = createHasher('md5')
  try {
    for await (const block of readBlocks(source, 0, range.offset, session.pool)) {
      exchange.signal.throwIfAborted() // nothing is sent yet, so that only this ends the work for a peer that is gone
      hasher.update(block)
    }
    for await (const block of readBlocks(source, range.offset, range.end, session.pool)) {
      hasher.update(block)
      await sendBytes(session, exchange, block, onProgress)
    }
    await source.verify()
  } catch (error) {
    if (!session.ended) session.sendEnd(exchange, { error })
    throw error
  }
  const sent = { size: range.end, md5: hasher.digest() }
  session.sendEnd(exchange, sent)
  const { error } = await exchange.answered
  if (error !== 0) throw remoteError(error)
  return sent
}

/** Sends bytes as data records of a request. */
export async function sendBytes(
  session: Session,
  exchange: Exchange,
  bytes: Uint8Array,
  onProgress?: OnProgress,
): Promise<void> {
  for (let offset = 0; offset < bytes.byteLength; offset += MAX_DATA) {
    const record = bytes.subarray(offset, offset + MAX_DATA)
    await session.sendData(exchange, record)
    onProgress?.(record.byteLength)
  }
}

/**
 * Receives a whole file into `sink` and commits it once it is complete and verified; otherwise discards it.
 *
 * The caller reports the outcome to the sender.
 *
 * @param size - Bytes announced; more of them end the transfer at once.
 * @throws {@link SftError} `ERR_DIGEST`, `ERR_TRUNCATED`, `ERR_PROTOCOL`, the sender's error, or that of the sink.
 */
export async function receiveFile(
  session: Session,
  exchange: Exchange,
  sink: FileSink,
  size: number,
  onProgress?: OnProgress,
): Promise<Transferred> {
  const hasher = createHasher('md5')
  let received = 0
  try {
    for await (const block of exchange.inbox.blocks()) {
      received += block.byteLength
      if (received > size) throw new SftError('ERR_PROTOCOL', 'the peer sent more bytes than it announced')
      hasher.update(block)
      await sink.write(block)
      session.consumed(block.byteLength)
      onProgress?.(block.byteLength)
    }
    const end = await exchange.ended
    if (end.error !== 0) throw remoteError(end.error)
    if (received !== size || end.size !== size) {
      throw new SftError('ERR_TRUNCATED', `${received} of ${size} bytes arrived`)
    }
    const md5 = hasher.digest()
    if (!sameDigest(md5, end.md5)) {
      throw new SftError('ERR_DIGEST', 'the bytes that arrived differ from those that were sent; nothing was kept')
    }
    exchange.signal.throwIfAborted()
    await sink.commit()
    return { size, md5 }
  } catch (error) {
    await sink.discard()
    throw error
  }
}

/** Yields the bytes of a file from `start` to `end` in blocks, reading one ahead. Each is valid until the next is asked for. */
export async function* readBlocks(
  source: FileSource,
  start: number,
  end: number,
  pool: BlockPool,
): AsyncGenerator<Uint8Array> {
  const read = async (offset: number): Promise<{ buffer: Uint8Array; length: number }> => {
    const buffer = pool.take()
    const wanted = Math.min(buffer.byteLength, end - offset)
    let length = 0
    while (length < wanted) {
      const bytes = await source.read(buffer.subarray(length, wanted), offset + length)
      if (bytes === 0) throw new SftError('ERR_CHANGED', 'the file became shorter while it was read')
      length += bytes
    }
    return { buffer, length }
  }
  let ahead = start < end ? read(start) : undefined
  for (let offset = start; ahead;) {
    const { buffer, length } = await ahead
    offset += length
    ahead = offset < end ? read(offset) : undefined
    ahead?.catch(() => undefined) // thrown when it is awaited, if it ever is
    yield buffer.subarray(0, length)
    pool.release(buffer)
  }
}
