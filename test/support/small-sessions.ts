import { existsSync, mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { SftErrorCode } from '../../src/errors.ts'
import { ProtocolClient } from '../../src/protocol/client.ts'
import { withDeadline } from '../../src/protocol/deadline.ts'
import type { ByteStream, Deadlines } from '../../src/protocol/types.ts'
import { parseRemotePath } from '../../src/wire/path.ts'
import { codeOf, outcome } from './aftermath.ts'
import { memorySource } from './hostile-provider.ts'
import { MemorySink } from './memory-file.ts'
import { memoryShare, type MemoryShare } from './memory-share.ts'
import { CONTENT, forEachIndex, type WireDirection } from './small-exchange.ts'
import { attacked, cutAfter, flipBit, Recording } from './wire-recorder.ts'

/** One session with one thing done in it, or several at once. */
interface SmallSession {
  readonly what: string
  /** Puts into the share what a session called `name` works on. */
  readonly prepare?: (root: string, name: string) => void
  /** Does it; fails the test if it succeeds with a wrong answer. */
  readonly act: (client: ProtocolClient, name: string) => Promise<void>
  /** What it changes: whether that is done; fails the test if it is done by half. */
  readonly isDone?: (root: string, name: string) => boolean
  /** Records of the client that have to be there before it may be done. */
  readonly records: number
}

const SOURCE = parseRemotePath('source')
const LISTED = parseRemotePath('listed')
const OLD = Buffer.from('what was there before')
const MD5 = '4032af8d61035123906e58e067140cc5'

/** Every kind of request, from its first byte to the last of the session. */
export const SMALL_SESSIONS: readonly SmallSession[] = [
  { what: 'listing', records: 1, act: list },
  {
    what: 'description',
    records: 1,
    act: async (client) => expect(await client.stat(SOURCE)).toMatchObject({ type: 'file', size: CONTENT.byteLength }),
  },
  {
    what: 'digest',
    records: 1,
    act: async (client) => expect(Buffer.from(await client.digest(SOURCE, 'md5')).toString('hex')).toBe(MD5),
  },
  { what: 'probe', records: 1, act: async (client) => expect(await client.probe(5)).toBe(5) },
  {
    what: 'new folder',
    records: 1,
    act: async (client, name) => client.mkdir(parseRemotePath(name), false),
    isDone: (root, name) => existsSync(join(root, name)),
  },
  {
    what: 'deletion',
    records: 1,
    prepare: (root, name) => writeFileSync(join(root, name), CONTENT),
    act: async (client, name) => client.remove(parseRemotePath(name)),
    isDone: (root, name) => !existsSync(join(root, name)),
  },
  {
    what: 'rename',
    records: 1,
    prepare: (root, name) => writeFileSync(join(root, name), CONTENT),
    act: async (client, name) => client.rename(parseRemotePath(name), parseRemotePath(`${name}-moved`), false),
    isDone: (root, name) => {
      const isMoved = existsSync(join(root, `${name}-moved`))
      expect(existsSync(join(root, name))).toBe(!isMoved)
      expect(readFileSync(join(root, isMoved ? `${name}-moved` : name))).toEqual(CONTENT)
      return isMoved
    },
  },
  {
    what: 'replacement of a file',
    records: 3,
    prepare: (root, name) => writeFileSync(join(root, name), OLD),
    act: async (client, name) =>
      void (await client.put(parseRemotePath(name), memorySource(CONTENT), { overwrite: true })),
    isDone: (root, name) => {
      const there = readFileSync(join(root, name))
      if (!there.equals(OLD)) expect(there).toEqual(CONTENT)
      return !there.equals(OLD)
    },
  },
  {
    what: 'several at once',
    records: 3,
    act: async (client, name) => {
      const all = [
        client.put(parseRemotePath(name), memorySource(CONTENT), {}),
        get(client),
        list(client),
        client.stat(SOURCE),
      ]
      const settled = await Promise.allSettled(all)
      for (const one of settled) if (one.status === 'rejected') throw one.reason as Error
    },
    isDone: (root, name) => {
      if (!existsSync(join(root, name))) return false
      expect(readFileSync(join(root, name))).toEqual(CONTENT)
      return true
    },
  },
]

async function list(client: ProtocolClient): Promise<void> {
  const found: string[] = []
  for await (const entry of client.list(LISTED, false)) if (entry.type === 'file') found.push(entry.path)
  expect(found.toSorted()).toEqual(['listed/a', 'listed/b'])
}

async function get(client: ProtocolClient): Promise<void> {
  const sink = new MemorySink()
  await client.get(SOURCE, {}, () => Promise.resolve(sink))
  expect(sink.text).toBe(CONTENT.toString())
}

/** What came of attacking one direction of one session everywhere. */
export interface Attacked {
  /** Sessions that were attacked, each in another place. */
  readonly sessions: number
  /** The places of those that did not end in time, twice. */
  readonly hangs: readonly number[]
  /** What was there before it may, or what nobody noticed, with the place. */
  readonly wrong: readonly string[]
}

/** No session may take longer to end, in milliseconds. */
const MOST_TIME = 5_000

/** Added to a place for the name of its second session. */
const AGAIN = 5_000_000

/** Cuts a session at every `step`th byte of a direction. */
export async function cutEverywhere(session: SmallSession, direction: WireDirection, step = 1): Promise<Attacked> {
  const share = await readyShare({ handshake: 1_500, record: 1_500, stall: 3_000 })
  const { bytes, safeFrom } = await shapeOf(share, session, direction)
  const cuts = (stream: ByteStream, count: number): ByteStream => cutAfter(stream, direction, count)
  return attackEverywhere({ share, session, places: bytes, step, atOnce: 16, attack: cuts }, (count, ran) => {
    // The end of the client's session is in its own hands: one that was cut is never taken for one that was closed.
    if (ran.end !== 'ERR_CLOSED') return `ended with ${String(ran.end)}`
    if (count < safeFrom && (ran.done || ran.call === null)) return 'done by half'
    return ran.call === null && !ran.done ? 'reported as done' : null
  })
}

/** Flips every `step`th bit of a direction of a session. */
export async function flipEverywhere(session: SmallSession, direction: WireDirection, step = 1): Promise<Attacked> {
  const share = await readyShare({ handshake: 300, record: 100, stall: 3_000 })
  const { bytes, safeFrom } = await shapeOf(share, session, direction)
  const flips = (stream: ByteStream, bit: number): ByteStream => attacked(stream, { [direction]: flipBit(bit) })
  return attackEverywhere({ share, session, places: bytes * 8, step, atOnce: 64, attack: flips }, (bit, ran) => {
    if (ran.call === null && ran.end === null && ran.ending === null) return 'accepted'
    if (bit >>> 3 < safeFrom && (ran.done || ran.call === null)) return 'done by half'
    return ran.call === null && !ran.done ? 'reported as done' : null
  })
}

/** How one session went. */
interface Ran {
  /** What was asked for, and how the session ended on either side; `null` for success. */
  readonly call: SftErrorCode | null
  readonly end: SftErrorCode | null
  readonly ending: SftErrorCode | null
  /** Whether what it changes is changed; what changes nothing counts as done when it says so. */
  readonly done: boolean
}

async function readyShare(deadlines: Partial<Deadlines>): Promise<MemoryShare> {
  const share = await memoryShare({ deadlines })
  const { root } = share
  mkdirSync(join(root, 'listed'))
  for (const name of ['source', 'listed/a', 'listed/b']) {
    writeFileSync(join(root, name), CONTENT)
    utimesSync(join(root, name), 1_700_000_000, 1_700_000_000) // a time that always takes the same bytes
  }
  return share
}

/** Runs a session undisturbed, and returns how long a direction is and where the client has said all that it needs. */
async function shapeOf(
  share: MemoryShare,
  session: SmallSession,
  direction: WireDirection,
): Promise<{ bytes: number; safeFrom: number }> {
  const recording = new Recording()
  const clean = await run(share, session, nameOf(0), (stream) => attacked(stream, { [direction]: recording.meddle }))
  expect(clean).toEqual({ call: null, end: null, ending: null, done: true })
  tidy(share.root, nameOf(0))
  // Behind hello and header come the records; the client asks when it has the Welcome, the first record it gets.
  const needed = 2 + (direction === 'outgoing' ? session.records : 1)
  return { bytes: recording.bytes.byteLength, safeFrom: recording.boundaries[needed - 1] ?? 0 }
}

async function attackEverywhere(
  plan: {
    share: MemoryShare
    session: SmallSession
    places: number
    step: number
    atOnce: number
    attack: (stream: ByteStream, place: number) => ByteStream
  },
  judge: (place: number, ran: Ran) => string | null,
): Promise<Attacked> {
  const { share, session, places, step, atOnce, attack } = plan
  const [late, hangs, wrong]: [number[], number[], string[]] = [[], [], []]
  let sessions = 0
  const attempt = async (place: number, name: string, slow: number[]): Promise<void> => {
    try {
      const ran = await withDeadline(
        run(share, session, name, (stream) => attack(stream, place)),
        MOST_TIME,
        'end',
      )
      const fault = judge(place, ran)
      if (fault !== null) wrong.push(`${place}: ${fault}`)
    } catch (error) {
      if (codeIfTyped(error) === 'ERR_TIMEOUT') slow.push(place)
      else wrong.push(`${place}: ${String(error)}`)
    }
    tidy(share.root, name)
  }
  await forEachIndex(Math.ceil(places / step), atOnce, async (index) => {
    sessions += 1
    await attempt(index * step, nameOf(index * step), late)
  })
  // On a machine that has much else to do, whatever is late among many has to be late by itself too.
  for (const place of late) await attempt(place, nameOf(place + AGAIN), hangs)
  return { sessions, hangs, wrong }
}

async function run(
  share: MemoryShare,
  { prepare, act, isDone }: SmallSession,
  name: string,
  meddle: (stream: ByteStream) => ByteStream,
): Promise<Ran> {
  prepare?.(share.root, name)
  const { stream, ending } = share.open()
  let call: SftErrorCode | null = null
  let end: SftErrorCode | null = null
  try {
    const client = await ProtocolClient.open(meddle(stream), share.clientInit)
    call = await outcome(act(client, name))
    await client.close().catch(codeOf)
    end = await outcome(client.closed)
  } catch (error) {
    call = codeOf(error)
    end = call
  }
  const ended = codeOf(await ending)
  return { call, end, ending: ended, done: isDone ? isDone(share.root, name) : call === null }
}

/** A name that always takes the same bytes. */
function nameOf(place: number): string {
  return `s${`${place}`.padStart(7, '0')}`
}

function tidy(root: string, name: string): void {
  for (const path of [name, `${name}-moved`]) rmSync(join(root, path), { recursive: true, force: true })
}

function codeIfTyped(error: unknown): SftErrorCode | null {
  try {
    return codeOf(error)
  } catch {
    return null
  }
}
