import { SftError } from '../errors.ts'
import type { FileSink, FileSource } from '../protocol/types.ts'

/**
 * Makes a file of bytes that come one after the other, and are read once, in order. Its size is not known: 0.
 *
 * @param stop - Ends a read that waits for bytes, with the reason of the signal.
 */
export function streamSource(chunks: AsyncIterable<Uint8Array>, stop: AbortSignal): FileSource {
  const iterator = chunks[Symbol.asyncIterator]()
  let rest: Uint8Array = new Uint8Array(0)
  let position = 0
  let ended = false
  return {
    file: { size: 0, mtime: BigInt(Date.now()) * 1_000_000n, executable: false },
    async read(buffer, offset) {
      if (offset !== position) throw new SftError('ERR_CHANGED', 'a stream can be read once only')
      while (rest.byteLength === 0) {
        if (ended) return 0
        const next = await unlessStopped(iterator.next(), stop)
        ended = next.done === true
        if (next.done !== true) rest = next.value
      }
      const length = Math.min(buffer.byteLength, rest.byteLength)
      buffer.set(rest.subarray(0, length))
      rest = rest.subarray(length)
      position += length
      return length
    },
    verify: () => Promise.resolve(),
    close: () => {
      // Not waited for: it may be that the next bytes never come.
      if (!ended) Promise.resolve(iterator.return?.()).catch(() => undefined)
      return Promise.resolve()
    },
  }
}

/** Makes a file that is received of a function that takes bytes; they may be reused once it resolves. */
export function streamSink(write: (bytes: Uint8Array) => Promise<void>): FileSink {
  const nothing = (): Promise<void> => Promise.resolve()
  return { kept: 0, readKept: () => Promise.resolve(0), write, commit: nothing, setAside: nothing, discard: nothing }
}

async function unlessStopped<T>(work: Promise<T>, stop: AbortSignal): Promise<T> {
  stop.throwIfAborted()
  const { promise: stopped, reject } = Promise.withResolvers<never>()
  const interrupt = (): void => reject(stop.reason as Error)
  stop.addEventListener('abort', interrupt)
  try {
    return await Promise.race([work, stopped])
  } finally {
    stop.removeEventListener('abort', interrupt)
  }
}
