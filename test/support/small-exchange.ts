import { existsSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { SftErrorCode } from '../../src/errors.ts'
import { createLocalFile } from '../../src/fs/local-files.ts'
import { ProtocolClient } from '../../src/protocol/client.ts'
import type { ByteStream, Deadlines } from '../../src/protocol/types.ts'
import type { HandshakeInit } from '../../src/protocol/handshake.ts'
import { parseRemotePath } from '../../src/wire/path.ts'
import { codeOf, outcome } from './aftermath.ts'
import { memorySource } from './hostile-provider.ts'
import { attacked, Recording } from './wire-recorder.ts'

/** The file that goes across: as small as one can be and still have every record. */
export const CONTENT = Buffer.from('0123456789abcdef')

export type Kind = 'get' | 'put'
export type WireDirection = 'outgoing' | 'incoming'

/** Every exchange that can be attacked, from the client's side. */
export const EXCHANGES: readonly (readonly [Kind, WireDirection])[] = [
  ['get', 'outgoing'],
  ['get', 'incoming'],
  ['put', 'outgoing'],
  ['put', 'incoming'],
]

/** One exchange in which one file goes across, and the session is then closed in order, from the client's side. */
export interface SmallExchange {
  /** What the client's call threw, `null` if it succeeded. */
  readonly call: SftErrorCode | null
  /** How the client's session ended. */
  readonly session: SftErrorCode | null
  /** Whether the file is there under its final name; its content is asserted to be right then. */
  readonly committed: boolean
}

/** Where a small exchange takes place. */
export interface Place {
  readonly clientInit: Omit<HandshakeInit, 'role' | 'window'> & { deadlines: Deadlines }
  /** The root of the share. */
  readonly root: string
  /** The folder of the client. */
  readonly local: string
}

/** Puts the file that is fetched where the provider finds it, with a time that always takes the same bytes. */
export function prepare({ root }: Place): void {
  writeFileSync(join(root, 'source'), CONTENT)
  utimesSync(join(root, 'source'), 1_700_000_000, 1_700_000_000)
}

/** Runs an exchange over `stream`, into a file called `name`, to whatever end. Asserts that no wrong byte is committed. */
export async function runExchange(place: Place, kind: Kind, name: string, stream: ByteStream): Promise<SmallExchange> {
  const final = join(kind === 'get' ? place.local : place.root, name)
  let call: SftErrorCode | null = null
  let session: SftErrorCode | null = null
  try {
    const client = await ProtocolClient.open(stream, place.clientInit)
    call = await outcome(
      kind === 'get'
        ? client.get(parseRemotePath('source'), {}, (file) => createLocalFile(final, file, { overwrite: false }))
        : client.put(parseRemotePath(name), memorySource(CONTENT), {}),
    )
    await client.close().catch(codeOf)
    session = await outcome(client.closed)
  } catch (error) {
    call = codeOf(error)
    session = call
  }
  const committed = existsSync(final)
  if (committed) expect(readFileSync(final)).toEqual(CONTENT)
  return { call, session, committed }
}

/** Asserts that no incomplete file is left, and removes the complete ones whose names start with `prefix`. */
export async function expectNoParts({ root, local }: Place, prefix: string): Promise<void> {
  const parts = (): string[] =>
    [root, local].flatMap((folder) => readdirSync(folder).filter((name) => name.startsWith('.')))
  await expect.poll(parts, { timeout: 5_000, interval: 3 }).toEqual([])
  for (const folder of [root, local]) {
    for (const name of readdirSync(folder)) if (name.startsWith(prefix)) rmSync(join(folder, name))
  }
}

/** What one direction of an undisturbed exchange looks like. */
export interface Shape {
  readonly bytes: number
  /** The offset from which on the file may be there although something went wrong: all of it was received and checked. */
  readonly safeFrom: number
}

/** Runs an exchange undisturbed and returns the shape of both directions. */
export async function recordShape(place: Place, kind: Kind, stream: ByteStream): Promise<Record<WireDirection, Shape>> {
  const [outgoing, incoming] = [new Recording(), new Recording()]
  const meddle = { outgoing: outgoing.meddle, incoming: incoming.meddle }
  const clean = await runExchange(place, kind, 'shape', attacked(stream, meddle))
  expect(clean).toEqual({ call: null, session: null, committed: true })
  // After hello and header. get: request, result, close | welcome, begin, data, end, close.
  // put: request, data, end, close | welcome, result, close.
  const records = kind === 'get' ? { outgoing: 3, incoming: 5 } : { outgoing: 4, incoming: 3 }
  // The number of units that have to pass before the receiver of the file may commit it.
  const needed = kind === 'get' ? { outgoing: 3, incoming: 6 } : { outgoing: 5, incoming: 3 }
  const shapeOf = (recording: Recording, direction: WireDirection): Shape => {
    expect(recording.units).toHaveLength(2 + records[direction])
    return { bytes: recording.bytes.byteLength, safeFrom: recording.boundaries[needed[direction] - 1] ?? 0 }
  }
  return { outgoing: shapeOf(outgoing, 'outgoing'), incoming: shapeOf(incoming, 'incoming') }
}

/** Runs `work` on every number below `count`, `atOnce` at a time. */
export async function forEachIndex(
  count: number,
  atOnce: number,
  work: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < count) await work(next++)
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
}
