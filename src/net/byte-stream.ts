import type { Stream } from '@libp2p/interface'
import { Uint8ArrayList } from 'uint8arraylist'
import { SftError } from '../errors.ts'
import type { ByteStream } from '../protocol/types.ts'
import { MAX_WINDOW } from '../wire/limits.ts'
import { FramePool } from './frame-pool.ts'
import { limitFrames } from './muxers.ts'

/**
 * Most bytes that may wait here to be read. Credit keeps an honest peer below it, which may send a
 * whole window and besides that the messages of all its requests; neither muxer offers a way to slow
 * a dishonest one down that works (mplex has none, yamux grants more before anybody has read), so it is cut off.
 */
const MOST_WAITING = MAX_WINDOW + 8 * 1024 * 1024

/** What keeping a chunk costs beside its bytes, about: without it a peer could send millions of a byte each. */
const CHUNK_COST = 512

/** A libp2p stream as the protocol wants it: the one place that knows how libp2p 3 tells of data, room and endings. */
export function toByteStream(stream: Stream, pool = new FramePool()): ByteStream {
  const waiting: (Uint8Array | Uint8ArrayList)[] = []
  let waitingBytes = 0
  let ended = false
  let flooded: SftError | undefined
  let wake: (() => void) | undefined

  limitFrames(stream)
  stream.addEventListener('message', ({ data }) => {
    if (flooded) return
    waiting.push(data)
    waitingBytes += data.byteLength + CHUNK_COST
    if (waitingBytes > MOST_WAITING) {
      flooded = new SftError('ERR_PROTOCOL', 'the peer sent more than it was granted')
      waiting.length = 0
      stream.abort(flooded)
    }
    wake?.()
  })
  const end = (): void => {
    ended = true
    wake?.()
  }
  stream.addEventListener('remoteCloseWrite', end)
  stream.addEventListener('close', end)

  async function* source(): AsyncGenerator<Uint8Array | Uint8ArrayList> {
    for (;;) {
      const data = waiting.shift()
      if (data) {
        waitingBytes -= data.byteLength + CHUNK_COST
        yield data
      } else if (flooded) {
        throw flooded
      } else if (ended) {
        return
      } else {
        await new Promise<void>((resolve) => (wake = resolve))
        wake = undefined
      }
    }
  }

  return {
    source: source(),
    get full() {
      return stream.writableNeedsDrain
    },
    take: (length) => pool.take(length),
    write(...parts) {
      try {
        stream.send(new Uint8ArrayList(...parts))
      } catch (error) {
        throw new SftError('ERR_CLOSED', 'the connection was lost', { cause: error })
      }
    },
    // `onDrain` resolves only once in the life of a stream, so the event is waited for instead.
    drained: () =>
      new Promise((resolve, reject) => {
        if (stream.status !== 'open') reject(new SftError('ERR_CLOSED', 'the connection was lost'))
        const settle = (): void => {
          stream.removeEventListener('drain', settle)
          stream.removeEventListener('close', settle)
          if (stream.status === 'open') resolve()
          else reject(new SftError('ERR_CLOSED', 'the connection was lost'))
        }
        stream.addEventListener('drain', settle)
        stream.addEventListener('close', settle)
      }),
    async close() {
      try {
        await stream.close()
      } catch {
        // Closed or reset by the peer at the same moment: the aim is reached.
      }
    },
    abort: (error) => stream.abort(error),
  }
}
