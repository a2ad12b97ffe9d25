import type { Uint8ArrayList } from 'uint8arraylist'
import { FrameDecoder, encodeFrame } from '../../src/wire/frame.ts'
import { MAX_RECORD } from '../../src/wire/limits.ts'
import type { ByteStream } from '../../src/protocol/types.ts'

/** What an attacker on the path does with one direction: bytes in, bytes out. */
export type Meddle = (bytes: Uint8Array) => Uint8Array

/** Returns `stream` with somebody on the path, below the encryption. */
export function attacked(stream: ByteStream, meddle: { outgoing?: Meddle; incoming?: Meddle }): ByteStream {
  const { outgoing, incoming } = meddle
  async function* source(): AsyncGenerator<Uint8Array | Uint8ArrayList> {
    for await (const bytes of stream.source) {
      const changed = incoming ? incoming(bytes.subarray()) : bytes
      if (changed.byteLength > 0) yield changed
    }
  }
  return {
    source: source(),
    get full() {
      return stream.full
    },
    take: (length) => new Uint8Array(length),
    write(...parts) {
      const bytes = Buffer.concat(parts)
      const changed = outgoing ? outgoing(bytes) : bytes
      if (changed.byteLength > 0) stream.write(changed)
    },
    drained: async () => stream.drained(),
    close: async () => stream.close(),
    abort: (error) => stream.abort(error),
  }
}

/**
 * Returns `stream` with a path that is cut once `count` bytes went in one direction, exactly these: both sides then see
 * the stream end, as they do when the process at the other end is killed.
 */
export function cutAfter(stream: ByteStream, direction: 'outgoing' | 'incoming', count: number): ByteStream {
  const cut = Promise.withResolvers<'cut'>()
  let left = count
  const pass = (bytes: Uint8Array): Uint8Array => {
    const fitting = bytes.subarray(0, left)
    left -= fitting.byteLength
    return fitting
  }
  const cutIfDue = (): void => {
    if (left > 0) return
    cut.resolve('cut')
    void stream.close()
  }
  async function* source(): AsyncGenerator<Uint8Array | Uint8ArrayList> {
    if (direction === 'incoming') cutIfDue()
    const arriving = stream.source[Symbol.asyncIterator]()
    for (;;) {
      const next = await Promise.race([cut.promise, arriving.next()])
      if (next === 'cut' || next.done === true) return
      yield direction === 'incoming' ? pass(next.value.subarray()) : next.value
      if (direction === 'incoming') cutIfDue()
    }
  }
  return {
    source: source(),
    get full() {
      return stream.full
    },
    take: (length) => new Uint8Array(length),
    write(...parts) {
      const bytes = Buffer.concat(parts)
      if (direction === 'incoming') {
        if (left > 0) stream.write(bytes)
        return
      }
      const fitting = pass(bytes)
      if (fitting.byteLength > 0) stream.write(fitting)
      cutIfDue()
    },
    drained: async () => stream.drained(),
    close: async () => stream.close(),
    abort: (error) => stream.abort(error),
  }
}

/** Keeps a copy of all bytes of one direction. */
export class Recording {
  readonly #chunks: Uint8Array[] = []

  readonly meddle: Meddle = (bytes) => {
    this.#chunks.push(bytes.slice())
    return bytes
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks)
  }

  /** The hello frame, the secretstream header, and every record with its length, as they lie one behind the other. */
  get units(): Uint8Array[] {
    const splitter = new UnitSplitter()
    return splitter.push(this.bytes)
  }

  /** Where each of those units ends. */
  get boundaries(): number[] {
    let end = 0
    return this.units.map((unit) => (end += unit.byteLength))
  }
}

/** Flips one bit of a direction, counted from its start. */
export function flipBit(index: number): Meddle {
  let passed = 0
  return (bytes) => {
    const offset = (index >>> 3) - passed
    passed += bytes.byteLength
    if (offset < 0 || offset >= bytes.byteLength) return bytes
    const changed = bytes.slice()
    changed[offset] = (changed[offset] ?? 0) ^ (1 << (index & 7))
    return changed
  }
}

/**
 * Rearranges one direction unit by unit: `change` gets each record with its number (0 for the first after hello and
 * header) and returns what goes on in its place.
 */
export function rearranged(change: (record: Uint8Array, number: number) => readonly Uint8Array[]): Meddle {
  const splitter = new UnitSplitter()
  let number = -2
  return (bytes) => {
    const units = splitter.push(bytes).flatMap((unit) => (number++ < 0 ? [unit] : change(unit, number - 1)))
    return Buffer.concat(units)
  }
}

/** Cuts a direction into its units, however it arrives. */
class UnitSplitter {
  readonly #decoder = new FrameDecoder()
  #seen = 0

  push(bytes: Uint8Array): Uint8Array[] {
    this.#decoder.push(bytes.slice())
    const units: Uint8Array[] = []
    for (;;) {
      const unit = this.#seen === 1 ? this.#decoder.take(24) : this.#nextFrame()
      if (unit === null) return units
      this.#seen += 1
      units.push(unit)
    }
  }

  #nextFrame(): Uint8Array | null {
    const payload = this.#decoder.next(1, MAX_RECORD)
    return payload && encodeFrame(payload)
  }
}
