import { yamux } from '@chainsafe/libp2p-yamux'
import type { Stream, StreamMuxer, StreamMuxerFactory } from '@libp2p/interface'
import { mplex } from '@libp2p/mplex'
import type { Uint8ArrayList } from 'uint8arraylist'
import { SftError } from '../errors.ts'

export type Muxer = 'yamux' | 'mplex'

/** Most bytes of one frame of yamux, which the muxer gathers before it looks at them; mplex has the same limit itself. */
export const MAX_FRAME = 1024 * 1024

/** Bytes yamux lets a stream have on the way at first (docs/protocol.md section 1); the credit of a session bounds them. */
const STREAM_WINDOW = 2 * 1024 * 1024

/** Bytes of the head of a frame of yamux: version, type, two of flags, four of the stream, four of the length. */
const HEAD_BYTES = 12

/** The type of a frame that is followed by as many bytes as its head says. */
const DATA = 0

/** What libp2p's muxers have besides the interface that they fill. */
interface OpenMuxer extends StreamMuxer {
  onData(bytes: Uint8Array | Uint8ArrayList): void
}

/**
 * Returns a muxer for libp2p that no peer can make gather bytes without end, and that takes the connection with it when it
 * gives up: left to itself it would keep one that is of no use for as long as the peer likes.
 */
export function boundedMuxer(name: Muxer): () => StreamMuxerFactory {
  // mplex closes a connection that opens more than 5 streams in a second unless told otherwise.
  const create =
    name === 'yamux'
      ? yamux({ streamOptions: { initialStreamWindowSize: STREAM_WINDOW } })
      : mplex({ disconnectThreshold: 50 })
  return () => {
    const factory: StreamMuxerFactory = create()
    return {
      protocol: factory.protocol,
      createStreamMuxer: (wire) => {
        const muxer = factory.createStreamMuxer(wire) as OpenMuxer
        const [abort, onData] = [muxer.abort.bind(muxer), muxer.onData.bind(muxer)]
        muxer.abort = (error) => {
          abort(error)
          if (wire.status === 'open') wire.abort(error)
        }
        if (name === 'yamux') {
          const frames = new FrameLimit()
          muxer.onData = (bytes) => {
            frames.check(bytes)
            onData(bytes)
          }
        }
        return muxer
      },
    }
  }
}

/** What libp2p's streams have besides the interface that they fill: how they hand bytes to their muxer. */
interface OpenStream extends Stream {
  sendData(bytes: Uint8ArrayList): { sentBytes: number; canSendMore: boolean }
}

/**
 * Has a stream send frames of at most {@link MAX_FRAME} bytes. Left to itself yamux puts all that piled up while the other
 * side stood still in one, up to the whole window that it is granted then.
 */
export function limitFrames(stream: Stream): void {
  const open = stream as OpenStream
  const sendData = open.sendData.bind(open)
  // What is not sent goes back to the front of the queue, and comes here again.
  open.sendData = (bytes) => sendData(bytes.byteLength > MAX_FRAME ? bytes.sublist(0, MAX_FRAME) : bytes)
}

/** Follows the frames of yamux by their heads, however they are cut. */
export class FrameLimit {
  readonly #head = new Uint8Array(HEAD_BYTES)
  #headBytes = 0
  /** Bytes of the frame under way that are still to come behind its head. */
  #rest = 0

  /** @throws {@link SftError} `ERR_PROTOCOL` for a frame of more than {@link MAX_FRAME} bytes, before they come. */
  check(bytes: Uint8Array | Uint8ArrayList): void {
    for (let offset = 0; offset < bytes.byteLength;) {
      if (this.#rest > 0) {
        const passed = Math.min(this.#rest, bytes.byteLength - offset)
        this.#rest -= passed
        offset += passed
        continue
      }
      const part = bytes.subarray(offset, offset + HEAD_BYTES - this.#headBytes)
      this.#head.set(part, this.#headBytes)
      this.#headBytes += part.byteLength
      offset += part.byteLength
      if (this.#headBytes === HEAD_BYTES) this.#begin()
    }
  }

  #begin(): void {
    this.#headBytes = 0
    if (this.#head[1] !== DATA) return
    this.#rest = new DataView(this.#head.buffer).getUint32(8)
    if (this.#rest > MAX_FRAME) throw new SftError('ERR_PROTOCOL', 'the peer sent a frame that is too large')
  }
}
