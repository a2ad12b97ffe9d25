import { SftError } from '../errors.ts'
import { encodeFrame, FrameDecoder } from '../wire/frame.ts'
import { LENGTH_BYTES, MAX_DATA, MAX_PAGE_ENTRIES } from '../wire/limits.ts'
import type { Entry, Unlistable } from '../wire/message.ts'
import { decodePage, encodePage, entryBytes } from '../wire/page.ts'
import { components, type RemotePath } from '../wire/path.ts'
import { remoteError, type Exchange } from './exchange.ts'
import type { Session } from './session.ts'
import { sendBytes } from './transfer.ts'

const MAX_PAGE = MAX_DATA - LENGTH_BYTES

/**
 * Sends a listing: a transfer whose bytes are pages, each a frame (docs/protocol.md section 5), so that credit bounds a
 * folder of any size as it does a file.
 */
export async function sendListing(
  session: Session,
  exchange: Exchange,
  entries: AsyncIterable<Entry | Unlistable>,
): Promise<void> {
  let size = 0
  try {
    for await (const page of pages(entries)) {
      size += page.byteLength
      await sendBytes(session, exchange, page)
    }
  } catch (error) {
    if (!session.ended) session.sendEnd(exchange, { error })
    throw error
  }
  session.sendEnd(exchange, { size, md5: new Uint8Array(0) })
}

/**
 * Yields the entries of a listing as they arrive.
 *
 * @throws {@link SftError} `ERR_PROTOCOL` for an entry outside the folder asked for, `ERR_TRUNCATED`, or the peer's error.
 */
export async function* receiveListing(
  session: Session,
  exchange: Exchange,
  folder: RemotePath,
  recursive: boolean,
): AsyncGenerator<Entry | Unlistable> {
  const decoder = new FrameDecoder()
  let received = 0
  for await (const block of exchange.inbox.blocks()) {
    decoder.push(block.slice()) // a copy, because the decoder keeps the rest of a page
    received += block.byteLength
    session.consumed(block.byteLength)
    for (let page = decoder.next(1, MAX_PAGE); page !== null; page = decoder.next(1, MAX_PAGE)) {
      for (const entry of decodePage(page)) {
        if (entry.type !== 'unlistable' && !isWithin(entry.path, folder, recursive)) {
          throw new SftError('ERR_PROTOCOL', 'the peer listed an entry outside the folder asked for')
        }
        yield entry
      }
    }
  }
  const end = await exchange.ended
  if (end.error !== 0) throw remoteError(end.error)
  if (end.size !== received || decoder.pending > 0)
    throw new SftError('ERR_TRUNCATED', 'the listing ended before all its entries')
}

/** Gathers entries into the frames of full pages; the last may be short. */
async function* pages(entries: AsyncIterable<Entry | Unlistable>): AsyncGenerator<Uint8Array> {
  let page: (Entry | Unlistable)[] = []
  let bytes = 0
  for await (const entry of entries) {
    const length = entryBytes(entry)
    if (page.length === MAX_PAGE_ENTRIES || bytes + length > MAX_PAGE) {
      yield encodeFrame(encodePage(page))
      page = []
      bytes = 0
    }
    page.push(entry)
    bytes += length
  }
  if (page.length > 0) yield encodeFrame(encodePage(page))
}

function isWithin(path: RemotePath, folder: RemotePath, recursive: boolean): boolean {
  const [inner, outer] = [components(path), components(folder)]
  const deep = inner.length - outer.length
  return (recursive ? deep > 0 : deep === 1) && outer.every((component, index) => component === inner[index])
}
