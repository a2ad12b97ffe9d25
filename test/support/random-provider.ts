import { createHash } from 'node:crypto'
import * as fc from 'fast-check'
import type { SftErrorCode } from '../../src/errors.ts'
import { loadSodium } from '../../src/crypto/load-sodium.ts'
import { ProtocolClient } from '../../src/protocol/client.ts'
import { DEADLINES } from '../../src/protocol/types.ts'
import { encodeFrame } from '../../src/wire/frame.ts'
import { encodePage } from '../../src/wire/page.ts'
import { parseRemotePath } from '../../src/wire/path.ts'
import { RIGHTS } from '../../src/wire/rights.ts'
import { codeOf, outcome } from './aftermath.ts'
import { HostilePeer } from './hostile-peer.ts'
import { MemorySink, memorySource } from './memory-file.ts'
import { memoryPair } from './memory-stream.ts'

/** What the client asks for, all at once; their ids are 1 and so on in this order. */
export const ASKED = ['get', 'list', 'stat', 'digest', 'put', 'mkdir', 'probe', 'describe'] as const

/** What is said of a call: to the request with this number, 0 and one too many for one that was never made. */
type About = { readonly to: number }

/** One thing a provider can say. */
export type Saying =
  | ({ readonly say: 'begin'; readonly size: number } & About)
  | ({ readonly say: 'data'; readonly length: number; readonly zero: boolean } & About)
  | ({ readonly say: 'page'; readonly path: string; readonly cut: number } & About)
  | ({ readonly say: 'end'; readonly lie: 'none' | 'size' | 'digest' | 'error' } & About)
  | ({ readonly say: 'result'; readonly error: number; readonly path: string; readonly digest: number } & About)
  | { readonly say: 'credit'; readonly bytes: number }
  | { readonly say: 'welcome' | 'request' | 'pause' }

const to = fc.oneof({ weight: 12, arbitrary: fc.integer({ min: 1, max: ASKED.length }) }, fc.constantFrom(0, 9, 77))
const path = fc.constantFrom('a', 'listed/a', 'listed', 'listed/deep/a', 'source', '.', 'listed2/a')

/** Anything a provider can say, what makes sense more often. */
const saying: fc.Arbitrary<Saying> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ say: fc.constant('begin' as const), to, size: fc.nat(5) }) },
  {
    weight: 5,
    arbitrary: fc.record({
      say: fc.constant('data' as const),
      to,
      length: fc.integer({ min: 1, max: 5 }),
      zero: fc.boolean(),
    }),
  },
  { weight: 4, arbitrary: fc.record({ say: fc.constant('page' as const), to, path, cut: fc.nat(3) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      say: fc.constant('end' as const),
      to,
      lie: fc.constantFrom('none' as const, 'none' as const, 'size' as const, 'digest' as const, 'error' as const),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      say: fc.constant('result' as const),
      to,
      error: fc.constantFrom(0, 0, 0, 4, 16, 99),
      path,
      digest: fc.constantFrom(0, 16, 32),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ say: fc.constant('credit' as const), bytes: fc.constantFrom(0, 1, 16_777_216) }),
  },
  { weight: 2, arbitrary: fc.constant({ say: 'pause' as const }) },
  { weight: 1, arbitrary: fc.record({ say: fc.constantFrom('welcome' as const, 'request' as const) }) },
)

/** What an honest provider says to each request, in the order of {@link ASKED}. */
const RIGHT: readonly (readonly Saying[])[] = [
  [
    { say: 'begin', to: 1, size: 3 },
    { say: 'data', to: 1, length: 3, zero: false },
    { say: 'end', to: 1, lie: 'none' },
  ],
  [
    { say: 'page', to: 2, path: 'listed/a', cut: 0 },
    { say: 'end', to: 2, lie: 'none' },
  ],
  [{ say: 'result', to: 3, error: 0, path: 'a', digest: 0 }],
  [{ say: 'result', to: 4, error: 0, path: 'a', digest: 16 }],
  [{ say: 'pause' }, { say: 'pause' }, { say: 'result', to: 5, error: 0, path: 'a', digest: 0 }],
  [{ say: 'result', to: 6, error: 0, path: 'a', digest: 0 }],
  [
    { say: 'data', to: 7, length: 5, zero: true },
    { say: 'end', to: 7, lie: 'none' },
  ],
  [
    { say: 'begin', to: 8, size: 3 },
    { say: 'end', to: 8, lie: 'none' },
  ],
]

/** What an honest provider says, mixed at random and not to its end, with up to three other things in it. */
const nearlyRight = fc
  .record({
    turns: fc.array(fc.nat(RIGHT.length - 1), { maxLength: 40, size: 'max' }),
    wrong: fc.array(fc.tuple(fc.nat(40), saying), { maxLength: 3 }),
  })
  .map(({ turns, wrong }) => {
    const left = RIGHT.map((script) => script.values())
    const sayings = turns.flatMap((turn) => left[turn]?.next().value ?? [])
    for (const [at, other] of wrong) sayings.splice(at, 0, other)
    return sayings
  })

/** Anything a provider can say in one session. */
export const sayings: fc.Arbitrary<Saying[]> = fc.oneof(
  { weight: 3, arbitrary: nearlyRight },
  { weight: 1, arbitrary: fc.array(saying, { maxLength: 40, size: 'max' }) },
)

/** What a client made of a provider that says these things and then ends the stream. */
export interface Heard {
  /** How each call ended, `null` for success. */
  readonly calls: Record<(typeof ASKED)[number], SftErrorCode | null>
  /** Successes, and bytes and entries, that the provider never said. */
  readonly invented: readonly string[]
}

/** Keeps the books about what a provider said of one transfer. */
class Said {
  size: number | null = null
  readonly bytes: number[] = []
  /** Whether it ended with the right size and digest; `null` before the end. */
  good: boolean | null = null
  /** Whether it ended without an error. */
  ended: boolean | null = null
}

/** Lets a real client ask a provider that says `sayings`. */
export async function hear(sayings: readonly Saying[]): Promise<Heard> {
  const sodium = await loadSodium()
  const [near, far] = memoryPair()
  const [clientId, providerId] = [Buffer.alloc(38, 1), Buffer.alloc(38, 2)]
  const deadlines = { ...DEADLINES, handshake: 5_000, record: 5_000, stall: 5_000 }
  const opening = HostilePeer.open(far, { sodium, localId: providerId, remoteId: clientId, deadlines }, 'responder')
  const greeted = opening.then((peer) => peer.send({ type: 'welcome', rights: new Set(RIGHTS) }))
  const client = await ProtocolClient.open(near, { sodium, localId: clientId, remoteId: providerId, deadlines })
  await greeted
  const peer = await opening
  const sink = new MemorySink()
  const listed: string[] = []
  const calls = {
    get: client.get(parseRemotePath('source'), {}, () => Promise.resolve(sink)),
    list: (async () => {
      for await (const entry of client.list(parseRemotePath('listed'), false)) {
        listed.push(entry.type === 'unlistable' ? 'unlistable' : entry.path)
      }
    })(),
    stat: client.stat(parseRemotePath('a')),
    digest: client.digest(parseRemotePath('a'), 'md5'),
    put: client.put(parseRemotePath('b'), memorySource('12345'), {}),
    mkdir: client.mkdir(parseRemotePath('c'), false),
    probe: client.probe(5),
    describe: client.describe(parseRemotePath('a')),
  }
  const ends = Object.entries(calls).map(async ([name, call]) => [name, await outcome(call)] as const)
  const said = ASKED.map(() => new Said())
  const results: Extract<Saying, { say: 'result' }>[] = []
  try {
    for (const one of sayings) await speak(peer, one, said, results)
    await far.close()
  } catch (error) {
    codeOf(error) // the client has ended the session
  }
  const ended = Object.fromEntries(await Promise.all(ends)) as Heard['calls']
  await outcome(client.closed)
  return { calls: ended, invented: inventions(ended, { said, results, sink, listed }) }
}

async function speak(
  peer: HostilePeer,
  one: Saying,
  said: readonly Said[],
  results: Extract<Saying, { say: 'result' }>[],
): Promise<void> {
  const about = 'to' in one ? said[one.to - 1] : undefined
  const file = (size: number): { size: number; mtime: bigint; executable: boolean } => ({
    size,
    mtime: 0n,
    executable: false,
  })
  switch (one.say) {
    case 'begin':
      peer.send({ type: 'begin', id: one.to || 99, file: file(one.size) })
      if (about) about.size ??= one.size
      return
    case 'data':
    case 'page': {
      const entry = one.say === 'page' && { path: parseRemotePath(one.path), type: 'file' as const, ...file(1) }
      const whole = entry ? encodeFrame(encodePage([entry])) : new Uint8Array(0)
      const fresh = one.say === 'data' ? new Uint8Array(one.length).fill(one.zero ? 0 : 65) : whole.subarray(one.cut)
      peer.sendData(one.to || 99, fresh)
      if (about?.good === null) about.bytes.push(...fresh)
      return
    }
    case 'end': {
      const sent = Uint8Array.from(about?.bytes ?? [])
      const hasDigest = one.to === 1 || one.to === 8
      const md5 = createHash('md5')
        .update(sent)
        .update(one.lie === 'digest' ? 'x' : '')
        .digest()
      const size = sent.byteLength + (one.lie === 'size' ? 1 : 0)
      const error = one.lie === 'error' ? 10 : 0
      peer.send({ type: 'end', id: one.to || 99, error, size, md5: hasDigest ? md5 : new Uint8Array(0) })
      if (about) about.ended ??= error === 0
      if (about) about.good ??= one.lie === 'none' || (one.lie === 'digest' && !hasDigest)
      return
    }
    case 'result': {
      const entry = { path: parseRemotePath(one.path), type: 'file' as const, ...file(1) }
      const digest = one.digest === 0 ? undefined : new Uint8Array(one.digest)
      peer.send({ type: 'result', id: one.to || 99, error: one.error, entry, ...(digest && { digest }) })
      results.push(one)
      return
    }
    case 'credit':
      peer.send({ type: 'credit', bytes: one.bytes })
      return
    case 'welcome':
      peer.send({ type: 'welcome', rights: new Set() })
      return
    case 'request':
      peer.send({ type: 'request', id: 1, action: { type: 'stat', path: parseRemotePath('a') } })
      return
    case 'pause':
      await new Promise((resolve) => setImmediate(resolve))
  }
}

/** Says which calls succeeded although the provider did not say what that takes. */
function inventions(
  calls: Heard['calls'],
  heard: {
    said: readonly Said[]
    results: readonly Extract<Saying, { say: 'result' }>[]
    sink: MemorySink
    listed: readonly string[]
  },
): string[] {
  const { said, results, sink, listed } = heard
  const first = (name: (typeof ASKED)[number]): (typeof results)[number] | undefined =>
    results.find(({ to }) => to === ASKED.indexOf(name) + 1)
  const [get, list] = [said[0], said[1]]
  const probe = said[6]
  const needed: Record<(typeof ASKED)[number], boolean> = {
    get: get?.good === true && get.size === get.bytes.length && sink.text === Buffer.from(get.bytes).toString(),
    list: list?.good === true,
    stat: first('stat')?.error === 0 && first('stat')?.path === 'a',
    digest: first('digest')?.error === 0 && first('digest')?.digest === 16,
    put: results.some(({ to, error }) => to === 5 && error === 0),
    mkdir: first('mkdir')?.error === 0,
    probe: probe?.good === true && probe.bytes.length === 5 && probe.bytes.every((byte) => byte === 0),
    // No file gets a name by it: size and digest of no bytes say nothing, so they are not looked at.
    describe: said[7]?.ended === true && said[7].bytes.length === 0 && said[7].size !== null,
  }
  const invented: string[] = ASKED.filter((name) => calls[name] === null && !needed[name])
  invented.push(...listed.filter((path) => path !== 'listed/a' && path !== 'unlistable').map((path) => `entry ${path}`))
  return invented
}
