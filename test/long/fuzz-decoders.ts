import { allDecoders, escapeOf, type Decoder } from './decoders.ts'
import { hostileBytes, Random } from '../support/random.ts'
import { keep, kept } from './regressions.ts'

/** How one decoder stood it. */
export interface Fuzzed {
  readonly name: string
  readonly inputs: number
  /** Inputs that it took as good. */
  readonly taken: number
  /** How it broke its word, each with the bytes that made it. */
  readonly escapes: readonly { readonly why: string; readonly bytes: Buffer }[]
}

/** An input is altered bytes of a sample; after so many escapes a decoder is broken enough. */
const MOST_ESCAPES = 5

/** Inputs between two looks at the prototypes. */
const BLOCK = 10_000

/** Frames of a trace, as Node has them. */
const TRACE = 10

const PROTOTYPES = [Object.prototype, Array.prototype, Uint8Array.prototype, Function.prototype]

/** Gives `total` hostile inputs to all decoders, each its share, and every input that was kept. */
export async function fuzzDecoders(total: number, seed: number, onDone?: (fuzzed: Fuzzed) => void): Promise<Fuzzed[]> {
  const { decoders, close } = await allDecoders()
  try {
    const shares = decoders.reduce((sum, { share }) => sum + share, 0)
    return decoders.map((decoder, index) => {
      const fuzzed = fuzz(decoder, Math.ceil((total * decoder.share) / shares), new Random(seed + index * 7_919))
      onDone?.(fuzzed)
      return fuzzed
    })
  } finally {
    await close()
  }
}

/** Keeps the inputs that made a decoder break its word; returns the paths. */
export function keepEscapes({ name, escapes }: Fuzzed): string[] {
  return escapes.map(({ bytes }) => keep(name, bytes))
}

function fuzz(decoder: Decoder, inputs: number, random: Random): Fuzzed {
  const escapes: { why: string; bytes: Buffer }[] = []
  const before = properties()
  const { read } = decoder
  let taken = 0
  const counting: Decoder = {
    ...decoder,
    read: (bytes) => {
      read(bytes)
      taken += 1
    },
  }
  const attempt = (bytes: Buffer): void => {
    if (escapeOf(counting, bytes) === null) return
    Error.stackTraceLimit = TRACE
    escapes.push({ why: escapeOf(decoder, bytes) ?? 'only once', bytes: Buffer.from(bytes) })
    Error.stackTraceLimit = 0
  }
  Error.stackTraceLimit = 0 // most inputs end in an error, and its trace costs more than all the rest
  for (const bytes of [...kept(decoder.name), ...decoder.samples]) attempt(bytes)
  let done = 0
  while (done < inputs && escapes.length < MOST_ESCAPES) {
    attempt(hostileBytes(random, decoder.samples, decoder.most))
    done += 1
    if (done % BLOCK === 0 && properties() !== before) throw new Error(`${decoder.name} changed a prototype`)
  }
  Error.stackTraceLimit = TRACE
  if (properties() !== before) throw new Error(`${decoder.name} changed a prototype`)
  return { name: decoder.name, inputs: done, taken, escapes }
}

function properties(): string {
  return PROTOTYPES.flatMap((prototype) => Reflect.ownKeys(prototype).map(String)).join()
}
