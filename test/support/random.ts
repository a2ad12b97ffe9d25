/** Bytes made up from a seed: the same seed yields the same bytes on every machine. */
export class Random {
  #state: number

  /** @param seed - Any number of 32 bits. */
  constructor(seed: number) {
    this.#state = (seed ^ 0x9e3779b9) >>> 0 || 1
  }

  /** Returns a whole number from 0 to `below - 1`. */
  below(below: number): number {
    let state = this.#state
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    this.#state = state >>> 0
    return this.#state % below
  }

  /** Returns one of some things. */
  one<T>(things: readonly T[]): T {
    return things[this.below(things.length)] as T
  }

  bytes(length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length)
    for (let at = 0; at < length; at += 1) bytes[at] = this.below(256)
    return bytes
  }
}

/** Single bytes, lengths and varints that decoders tend to be wrong about. */
const EDGES = [
  '00',
  '01',
  '7f',
  '80',
  'ff',
  '0000',
  'ffff',
  'ffff7f',
  '8000',
  '808080808000',
  'ffffffff0f',
  'ffffffffffffff1f',
  'ffffffffffffffffff01',
  'ffffffffffffffffffff01',
  'edA080',
  'c0ae',
  'efbbbf',
  'e280ae',
  '2e2e2f',
  '1b5b',
].map((hex) => Buffer.from(hex, 'hex'))

/** Returns bytes that nobody honest would send: one of the samples altered in a few places, or nothing but noise. */
export function hostileBytes(random: Random, samples: readonly Buffer[], most: number): Buffer {
  if (samples.length === 0 || random.below(16) === 0) return random.bytes(random.below(Math.min(most, 300) + 1))
  let bytes = Buffer.from(random.one(samples))
  for (let left = random.below(5); left >= 0; left -= 1) bytes = altered(random, bytes, samples)
  return bytes.byteLength > most ? bytes.subarray(0, most) : bytes
}

function altered(random: Random, bytes: Buffer, samples: readonly Buffer[]): Buffer<ArrayBuffer> {
  const at = random.below(bytes.byteLength + 1)
  const [head, tail] = [bytes.subarray(0, at), bytes.subarray(at)]
  const end = random.below(tail.byteLength + 1)
  switch (random.below(8)) {
    case 0:
    case 1: {
      const changed = Buffer.from(bytes)
      if (at < changed.byteLength) changed[at] = (changed[at] ?? 0) ^ (1 << random.below(8))
      return changed
    }
    case 2: {
      const changed = Buffer.from(bytes)
      if (at < changed.byteLength) changed[at] = random.below(256)
      return changed
    }
    case 3:
      return Buffer.concat([head, random.one(EDGES), tail])
    case 4: {
      const edge = random.one(EDGES)
      return Buffer.concat([head, edge, tail.subarray(edge.byteLength)])
    }
    case 5:
      return Buffer.concat([head, tail.subarray(end)])
    case 6:
      return Buffer.concat([head, tail.subarray(0, end), tail])
    default: {
      const other = random.one(samples)
      return Buffer.concat([head, other.subarray(random.below(other.byteLength + 1))])
    }
  }
}
