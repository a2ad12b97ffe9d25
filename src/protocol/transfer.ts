import { createBlockHasher, knownDigest } from '../crypto/block-hasher.ts'
import { md5, sameDigest, type BlockHasher } from '../crypto/digest.ts'
import { SftError, type SftErrorCode } from '../errors.ts'
import { MAX_DATA } from '../wire/limits.ts'
import type { Algorithm, FileInfo } from '../wire/message.ts'
import { remoteError, type End, type Exchange } from './exchange.ts'
import { fill, readBlocks, readToEnd } from './read-blocks.ts'
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

/** What of a file is sent. */
export interface Part {
  /** Where the data begins; the digest is of the whole file all the same. */
  readonly offset: number
  /** Where it ends; `null` where the source ends, whose size nobody knows before. */
  readonly end: number | null
  /** The file, if its receiver does not know it yet. */
  readonly begin?: FileInfo
}

/**
 * Sends the bytes of a file. The receiver's word that it has them is the caller's to wait for: {@link acknowledgement}.
 *
 * A failure on this side is reported to the receiver as its `end`; one on the other side ends the sending early.
 *
 * @throws {@link SftError} `ERR_CHANGED` if the file is not what it was, or the receiver's error.
 */
export async function sendFile(
  session: Session,
  exchange: Exchange,
  source: FileSource,
  part: Part,
  onProgress?: OnProgress,
): Promise<Transferred> {
  try {
    const small = part.offset === 0 && part.end !== null && part.end <= MAX_DATA
    const sent = await (small ? sendSmall : sendLarge)(session, exchange, source, part, onProgress)
    session.sendEnd(exchange, sent)
    return sent
  } catch (error) {
    if (!session.ended && !exchange.endWasSent) session.sendEnd(exchange, { error })
    throw error
  }
}

/** Waits for the receiver's word on what was sent. @throws {@link SftError} its error. */
export async function acknowledgement(exchange: Exchange): Promise<void> {
  const { error } = await exchange.answered
  if (error !== 0) throw remoteError(error)
}

/** Sends a file of one record: it is read before anything is said, so that all of it leaves together. */
async function sendSmall(...[session, exchange, source, part, onProgress]: SendArguments): Promise<Transferred> {
  const size = part.end ?? 0
  const bytes = new Uint8Array(size) // no block of the pool, which would be mostly empty and run out
  await fill(source, bytes, 0, size)
  await source.verify()
  const digest = md5(bytes)
  if (part.begin) session.sendBegin(exchange.id, part.begin)
  await sendBytes(session, exchange, bytes, onProgress)
  return { size, md5: digest }
}

async function sendLarge(...[session, exchange, source, part, onProgress]: SendArguments): Promise<Transferred> {
  const known = source.md5
  const hasher = known ? knownDigest(known) : createBlockHasher('md5', part.end ?? Infinity)
  try {
    if (part.begin) session.sendBegin(exchange.id, part.begin)
    await hashBytes(session, exchange, source, known ? 0 : part.offset, hasher)
    let size = part.offset
    const blocks =
      part.end === null ? readToEnd(source, session.pool) : readBlocks(source, part.offset, part.end, session.pool)
    for await (const block of blocks) {
      size += block.byteLength
      await both(hasher.update(block), sendBytes(session, exchange, block, onProgress))
    }
    await source.verify()
    const md5 = await hasher.digest()
    source.remember?.(md5)
    return { size, md5 }
  } finally {
    hasher.drop()
  }
}

type SendArguments = Parameters<typeof sendFile>

/** Sends bytes as data records of a request. */
export async function sendBytes(
  session: Session,
  exchange: Exchange,
  bytes: Uint8Array,
  onProgress?: OnProgress,
): Promise<void> {
  for (let offset = 0; offset < bytes.byteLength;) {
    const piece = bytes.subarray(offset, offset + session.mostAtOnce)
    if (!session.trySendData(exchange, piece)) await session.sendData(exchange, piece)
    offset += piece.byteLength
    onProgress?.(piece.byteLength)
  }
}

/** What is known of a file before its data comes. */
export interface Announced {
  /** Its bytes, more of which end the transfer at once; `null` if that is not known. */
  readonly size: number | null
  /** Where the data begins: what lies before it is kept in the sink. */
  readonly offset: number
}

/**
 * Receives a file into the sink that `createSink` opens and commits it once it is complete and verified. If it fails,
 * what arrived is set aside for another attempt, or discarded where it is known to be of no use.
 *
 * The caller reports the outcome to the sender.
 *
 * @throws {@link SftError} `ERR_DIGEST`, `ERR_TRUNCATED`, `ERR_PROTOCOL`, `ERR_CHANGED` if the sink keeps another number
 * of bytes than `offset`, the sender's error, or that of the sink.
 */
export async function receiveFile(
  session: Session,
  exchange: Exchange,
  { size, offset }: Announced,
  createSink: () => Promise<FileSink>,
  onProgress?: OnProgress,
): Promise<Transferred> {
  if (size !== null && size <= MAX_DATA && offset === 0)
    return receiveSmall(session, exchange, size, createSink, onProgress)
  const sink = await createSink()
  const hasher = createBlockHasher('md5', size ?? Infinity)
  try {
    if (sink.kept !== offset) throw new SftError('ERR_CHANGED', 'what is kept of the file is not what it was')
    // What an earlier attempt left, while more of the file arrives.
    const kept = { read: async (buffer: Uint8Array, offset: number) => sink.readKept(buffer, offset) }
    await hashBytes(session, exchange, kept, sink.kept, hasher)
    let received = offset
    for await (const block of exchange.inbox.blocks()) {
      received += block.byteLength
      if (size !== null && received > size) throw tooMuch()
      await both(hasher.update(block), sink.write(block))
      session.consumed(block.byteLength)
      onProgress?.(block.byteLength)
    }
    const transferred = verified(await exchange.ended, size ?? received, received, await hasher.digest())
    exchange.throwIfCancelled()
    await sink.commit()
    return transferred
  } catch (error) {
    await (sink.kept === offset && isUseless(error) ? sink.discard() : sink.setAside())
    throw error
  } finally {
    hasher.drop()
  }
}

/** Receives a file of one record: the disk is touched when all of it is there and right, and by few of them at once. */
async function receiveSmall(
  session: Session,
  exchange: Exchange,
  size: number,
  createSink: () => Promise<FileSink>,
  onProgress?: OnProgress,
): Promise<Transferred> {
  const bytes = await exchange.inbox.whole(size)
  if (bytes === null) throw tooMuch()
  const transferred = verified(await exchange.ended, size, bytes.byteLength, md5(bytes))
  if (!session.stores.tryTake()) await session.stores.take()
  try {
    exchange.throwIfCancelled()
    const sink = await createSink()
    try {
      if (sink.kept !== 0) throw new SftError('ERR_CHANGED', 'what is kept of the file is not what it was')
      if (size > 0) await sink.write(bytes)
      exchange.throwIfCancelled()
      await sink.commit()
    } catch (error) {
      await sink.discard()
      throw error
    }
  } finally {
    session.stores.done()
  }
  if (size > 0) onProgress?.(size)
  return transferred
}

/** Adds the first `bytes` of a source to a digest; nothing is sent meanwhile, so that only a look tells of a peer that is gone. */
async function hashBytes(
  session: Session,
  exchange: Exchange,
  source: Pick<FileSource, 'read'>,
  bytes: number,
  hasher: BlockHasher,
): Promise<void> {
  for await (const block of readBlocks(source, 0, bytes, session.pool)) {
    exchange.throwIfCancelled()
    await hasher.update(block)
  }
}

/** Returns the digest of a whole file, which is asked of it first. */
export async function digestOf(
  session: Session,
  exchange: Exchange,
  source: FileSource,
  algorithm: Algorithm,
): Promise<Uint8Array> {
  const { size } = source.file
  const known = algorithm === 'md5' ? source.md5 : undefined
  const hasher = known ? knownDigest(known) : createBlockHasher(algorithm, size)
  try {
    await hashBytes(session, exchange, source, known ? 0 : size, hasher)
    await source.verify()
    const digest = await hasher.digest()
    if (algorithm === 'md5') source.remember?.(digest)
    return digest
  } finally {
    hasher.drop()
  }
}

/** Compares what arrived with what was announced and with what the sender says of it at the end. */
function verified(end: End, size: number, received: number, own: Uint8Array): Transferred {
  if (end.error !== 0) throw remoteError(end.error)
  if (received !== size || end.size !== size) {
    throw new SftError('ERR_TRUNCATED', `${received} of ${size} bytes arrived`)
  }
  if (!sameDigest(own, end.md5)) {
    throw new SftError('ERR_DIGEST', 'the bytes that arrived differ from those that were sent; nothing was kept')
  }
  return { size, md5: own }
}

/** Waits for two uses of one block, also for the second if the first fails, and throws what failed. */
async function both(first: Promise<void> | undefined, second: Promise<void>): Promise<void> {
  for (const use of await Promise.allSettled([first ?? Promise.resolve(), second])) {
    if (use.status === 'rejected') throw use.reason
  }
}

function tooMuch(): SftError {
  return new SftError('ERR_PROTOCOL', 'the peer sent more bytes than it announced')
}

/** Errors after which the bytes that arrived cannot become the file, or may not. */
const USELESS: ReadonlySet<SftErrorCode> = new Set([
  'ERR_DIGEST',
  'ERR_PROTOCOL',
  'ERR_CHANGED',
  'ERR_TRUNCATED',
  'ERR_DENIED',
])

function isUseless(error: unknown): boolean {
  return error instanceof SftError && USELESS.has(error.code)
}
