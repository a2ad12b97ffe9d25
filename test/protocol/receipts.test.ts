import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { SftError } from '../../src/errors.ts'
import { SharedFolder } from '../../src/fs/shared-folder.ts'
import type { ProtocolClient } from '../../src/protocol/client.ts'
import { Receipts } from '../../src/protocol/receipts.ts'
import { MAX_DATA } from '../../src/wire/limits.ts'
import { parseRemotePath } from '../../src/wire/path.ts'
import type { Right } from '../../src/wire/rights.ts'
import { outcome } from '../support/aftermath.ts'
import { memorySource } from '../support/hostile-provider.ts'
import { sessionPair } from '../support/session-pair.ts'
import { tempFolder } from '../support/tmp.ts'

const PATH = parseRemotePath('file')
const CLIENT = randomBytes(38)

interface DropShare {
  readonly root: string
  /** Opens another session, of the same client unless told otherwise. */
  readonly open: (knownAs?: Uint8Array, rights?: readonly Right[]) => Promise<ProtocolClient>
  /** Stores a file in a session of `CLIENT` that is lost then. */
  readonly storeAndLose: (bytes: Uint8Array) => Promise<void>
}

async function dropShare(most?: number): Promise<DropShare> {
  const root = tempFolder()
  const store = await SharedFolder.open(root)
  onTestFinished(async () => store.close())
  const receipts = new Receipts(most)
  const open: DropShare['open'] = async (knownAs = CLIENT, rights = ['put']) =>
    sessionPair({ store, receipts, rights: () => new Set(rights) }, knownAs)
  const storeAndLose = async (bytes: Uint8Array): Promise<void> => {
    const client = await open()
    await client.put(PATH, memorySource(bytes), {})
    client.abort(new SftError('ERR_CLOSED', 'the connection was lost'))
  }
  return { root, open, storeAndLose }
}

/** Files of one record, of several, and none at all, which are stored in different ways. */
const SIZES = [0, 5_000, MAX_DATA, MAX_DATA + 1, 3_000_000]

test.each(SIZES)(
  'a file of %i bytes whose receipt was lost can be stored once more, and is there once',
  async (size) => {
    const { root, open, storeAndLose } = await dropShare()
    const bytes = randomBytes(size)
    await storeAndLose(bytes)
    const { ino } = statSync(join(root, 'file'))
    const again = await open()
    expect((await again.put(PATH, memorySource(bytes), {})).size).toBe(size)
    expect(statSync(join(root, 'file')).ino).toBe(ino)
    expect(readFileSync(join(root, 'file')).equals(bytes)).toBe(true)
    expect(await outcome((await open()).put(PATH, memorySource(bytes), {}))).toBeNull()
  },
)

test.each(SIZES.slice(1))('of another file of %i bytes it learns only that the name is taken', async (size) => {
  const { root, open, storeAndLose } = await dropShare()
  const bytes = randomBytes(size)
  await storeAndLose(bytes)
  const other = Buffer.from(bytes)
  other.writeUInt8((other.at(-1) ?? 0) ^ 1, size - 1)
  const again = await open()
  expect(await outcome(again.put(PATH, memorySource(other), {}))).toBe('ERR_EXISTS')
  expect(await outcome(again.put(PATH, memorySource(bytes.subarray(1)), {}))).toBe('ERR_EXISTS')
  const touched = { ...memorySource(bytes), file: { size, mtime: 1n, executable: false } }
  expect(await outcome(again.put(PATH, touched, {}))).toBe('ERR_EXISTS')
  expect(await outcome(again.put(PATH, memorySource(bytes), { overwrite: true }))).toBeNull() // it changes nothing
  expect(readFileSync(join(root, 'file')).equals(bytes)).toBe(true)
})

test('a file of another size is refused at once, and not taken in to be compared', async () => {
  const { open, storeAndLose } = await dropShare()
  await storeAndLose(randomBytes(5_000))
  let sent = 0
  const onProgress = (bytes: number): number => (sent += bytes)
  const putting = (await open()).put(PATH, memorySource(new Uint8Array(50_000_000)), { onProgress })
  expect(await outcome(putting)).toBe('ERR_EXISTS')
  expect(sent).toBeLessThan(25_000_000)
})

test.each(SIZES.slice(1))(
  'whoever did not store a file of %i bytes, or knows that it did, finds the name taken',
  async (size) => {
    const { root, open, storeAndLose } = await dropShare()
    const bytes = randomBytes(size)
    writeFileSync(join(root, 'file'), bytes)
    utimesSync(join(root, 'file'), 0, 0)
    expect(await outcome((await open()).put(PATH, memorySource(bytes), {}))).toBe('ERR_EXISTS')
    mkdirSync(join(root, 'elsewhere'))
    renameSync(join(root, 'file'), join(root, 'elsewhere', 'file'))
    await storeAndLose(bytes)
    const stranger = await open(randomBytes(38))
    expect(await outcome(stranger.put(PATH, memorySource(bytes), {}))).toBe('ERR_EXISTS')
    const elsewhere = parseRemotePath('elsewhere/file')
    expect(await outcome((await open()).put(elsewhere, memorySource(bytes), {}))).toBe('ERR_EXISTS')
    expect(await outcome((await open(CLIENT, ['list', 'put'])).put(PATH, memorySource(bytes), {}))).toBe('ERR_EXISTS')
  },
)

test('in the session that stored it, and after one that ended in order, the name is taken', async () => {
  const { open } = await dropShare()
  const bytes = randomBytes(5_000)
  const first = await open()
  await first.put(PATH, memorySource(bytes), {})
  expect(await outcome(first.put(PATH, memorySource(bytes), {}))).toBe('ERR_EXISTS')
  await first.close()
  await first.closed
  const second = await open()
  await expect.poll(async () => outcome(second.put(PATH, memorySource(bytes), {}))).toBe('ERR_EXISTS')
})

test.each(['by another one of its size and time', 'by a folder', 'by nothing'])(
  'a stored file that was replaced since, %s, is not taken for there',
  async (how) => {
    const { root, open, storeAndLose } = await dropShare()
    const bytes = randomBytes(5_000)
    await storeAndLose(bytes)
    renameSync(join(root, 'file'), join(root, 'away'))
    if (how === 'by a folder') mkdirSync(join(root, 'file'))
    if (how.startsWith('by another')) writeFileSync(join(root, 'file'), randomBytes(5_000))
    if (how.startsWith('by another')) utimesSync(join(root, 'file'), 0, 0)
    const outcomes = { 'by nothing': null, 'by a folder': 'ERR_WRONG_TYPE' } as Record<string, string | null>
    const again = await outcome((await open()).put(PATH, memorySource(bytes), {}))
    expect(again).toBe(how in outcomes ? outcomes[how] : 'ERR_EXISTS')
  },
)

test('only so many receipts are remembered, the latest of them', async () => {
  const { open } = await dropShare(3)
  const lost = await open()
  const paths = [1, 2, 3, 4].map((number) => parseRemotePath(`file ${number}`))
  for (const path of paths) await lost.put(path, memorySource(Buffer.from(path)), {})
  lost.abort(new SftError('ERR_CLOSED', 'the connection was lost'))
  const again = await open()
  const outcomes = []
  for (const path of paths) outcomes.push(await outcome(again.put(path, memorySource(Buffer.from(path)), {})))
  expect(outcomes).toEqual(['ERR_EXISTS', null, null, null])
})
