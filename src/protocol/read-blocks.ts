import { SftError } from '../errors.ts'
import type { BlockPool } from './blocks.ts'
import type { FileSource } from './types.ts'

/** Yields the bytes of a file from `start` to `end` in blocks, reading one ahead. Each is valid until the next is asked for. */
export async function* readBlocks(
  source: Pick<FileSource, 'read'>,
  start: number,
  end: number,
  pool: BlockPool,
): AsyncGenerator<Uint8Array> {
  const read = async (offset: number): Promise<{ buffer: Uint8Array; length: number }> => {
    const buffer = pool.take()
    const length = Math.min(buffer.byteLength, end - offset)
    await fill(source, buffer, offset, length)
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

/** Yields the bytes of a source up to its end, as they come. Each block is valid until the next is asked for. */
export async function* readToEnd(source: FileSource, pool: BlockPool): AsyncGenerator<Uint8Array> {
  const buffer = pool.take()
  let offset = 0
  for (let length = await source.read(buffer, 0); length > 0; length = await source.read(buffer, offset)) {
    offset += length
    yield buffer.subarray(0, length)
  }
  pool.release(buffer)
}

/** Reads `length` bytes at `offset` to the beginning of `buffer`. @throws {@link SftError} `ERR_CHANGED` if there are fewer. */
export async function fill(
  source: Pick<FileSource, 'read'>,
  buffer: Uint8Array,
  offset: number,
  length: number,
): Promise<void> {
  for (let filled = 0; filled < length;) {
    const bytes = await source.read(buffer.subarray(filled, length), offset + filled)
    if (bytes === 0) throw new SftError('ERR_CHANGED', 'the file became shorter while it was read')
    filled += bytes
  }
}
