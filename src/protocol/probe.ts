import { SftError } from '../errors.ts'
import { MAX_DATA } from '../wire/limits.ts'
import { remoteError, type Exchange } from './exchange.ts'
import type { Session } from './session.ts'
import type { OnProgress } from './transfer.ts'

const ZEROS = new Uint8Array(MAX_DATA)

/** Answers a probe: sends `size` zero bytes as credit allows, and how many they were. The caller reports a failure. */
export async function sendZeros(session: Session, exchange: Exchange, size: number): Promise<void> {
  for (let sent = 0; sent < size; sent += MAX_DATA) {
    // Not as much as goes at once: they cost nothing to make, and others have something to send too.
    await session.sendData(exchange, ZEROS.subarray(0, Math.min(MAX_DATA, size - sent)))
  }
  session.sendEnd(exchange, { size, md5: new Uint8Array(0) })
}

/**
 * Takes in the answer to a probe and throws it away; returns how many bytes it was.
 *
 * @throws {@link SftError} `ERR_PROTOCOL` for more bytes than asked for, or others than zeros, `ERR_TRUNCATED` for fewer,
 * or the peer's error.
 */
export async function receiveZeros(
  session: Session,
  exchange: Exchange,
  size: number,
  onProgress?: OnProgress,
): Promise<number> {
  let received = 0
  for await (const block of exchange.inbox.blocks()) {
    received += block.byteLength
    if (received > size) throw new SftError('ERR_PROTOCOL', 'the peer sent more bytes than were asked for')
    for (const byte of block) if (byte !== 0) throw new SftError('ERR_PROTOCOL', 'the peer sent other bytes than zeros')
    session.consumed(block.byteLength)
    onProgress?.(block.byteLength)
  }
  const end = await exchange.ended
  if (end.error !== 0) throw remoteError(end.error)
  if (received !== size || end.size !== size) {
    throw new SftError('ERR_TRUNCATED', `${received} of ${size} bytes arrived`)
  }
  return received
}
