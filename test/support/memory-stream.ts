import { SftError } from '../../src/errors.ts'
import type { ByteStream } from '../../src/protocol/types.ts'

/** Bytes that may wait for the other end before a stream calls itself full. */
const HIGH_WATER = 1024 * 1024

/** One end of a stream in memory, for cases by the thousand. */
export interface MemoryStream extends ByteStream {
  /** Bytes this end wrote that the other one has not read. */
  readonly queued: number
}

/** Two byte streams that are the ends of one, with the back-pressure and the endings that libp2p streams have. */
export function memoryPair(): [MemoryStream, MemoryStream] {
  const [forth, back] = [new Direction(), new Direction()]
  return [memoryEnd(forth, back), memoryEnd(back, forth)]
}

function memoryEnd(outgoing: Direction, incoming: Direction): MemoryStream {
  return {
    source: incoming.read(),
    get full() {
      return outgoing.queued > HIGH_WATER
    },
    get queued() {
      return outgoing.queued
    },
    take: (length) => new Uint8Array(length),
    write: (...parts) => {
      for (const bytes of parts) outgoing.write(bytes)
    },
    drained: async () => outgoing.drained(),
    close: () => Promise.resolve(outgoing.end()),
    abort() {
      outgoing.reset()
      incoming.reset()
    },
  }
}

/** The bytes on their way from one end to the other. */
class Direction {
  queued = 0
  #chunks: Uint8Array[] = []
  #state: 'open' | 'ended' | 'reset' = 'open'
  #changed = Promise.withResolvers<void>()

  write(bytes: Uint8Array): void {
    if (this.#state !== 'open') throw new SftError('ERR_CLOSED', 'the stream is closed')
    this.#chunks.push(bytes)
    this.queued += bytes.byteLength
    this.#change()
  }

  end(): void {
    if (this.#state === 'open') this.#state = 'ended'
    this.#change()
  }

  reset(): void {
    this.#state = 'reset'
    this.#change()
  }

  async drained(): Promise<void> {
    while (this.#state === 'open' && this.queued > HIGH_WATER) await this.#changed.promise
    if (this.#state !== 'open') throw new SftError('ERR_CLOSED', 'the stream is closed')
  }

  async *read(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const chunks = this.#chunks
      this.#chunks = []
      for (const bytes of chunks) {
        this.queued -= bytes.byteLength
        this.#change()
        yield bytes
      }
      if (this.#chunks.length > 0) continue
      if (this.#state !== 'open') return
      await this.#changed.promise
    }
  }

  #change(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers()
  }
}
