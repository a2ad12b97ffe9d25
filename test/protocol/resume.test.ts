import { createHash, randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { SftError } from '../../src/errors.ts'
import type { ProtocolClient } from '../../src/protocol/client.ts'
import type { FileSource } from '../../src/protocol/types.ts'
import { MAX_DATA } from '../../src/wire/limits.ts'
import { parseRemotePath } from '../../src/wire/path.ts'
import { RIGHTS, type Right } from '../../src/wire/rights.ts'
import { outcome } from '../support/aftermath.ts'
import { memorySource } from '../support/hostile-provider.ts'
import { MemoryStore } from '../support/memory-store.ts'
import { sessionPair } from '../support/session-pair.ts'

const PATH = parseRemotePath('file')
const CONTENT = randomBytes(5_000_000)
const HALF = 2_500_000
const CLIENT = randomBytes(38)
const lost = new SftError('ERR_CLOSED', 'the connection was lost')

async function client(
  store: MemoryStore,
  rights: readonly Right[] = RIGHTS,
  knownAs = CLIENT,
  served: unknown[] = [],
): Promise<ProtocolClient> {
  return sessionPair({ store, rights: () => new Set(rights), onServed: (one) => served.push(one) }, knownAs)
}

/** A store that keeps about half of `CONTENT` of an upload whose connection was lost. */
async function cutOff(): Promise<MemoryStore> {
  const store = new MemoryStore()
  const first = await client(store)
  store.onWrite = (bytes) => {
    if (bytes > HALF) first.abort(lost)
  }
  expect(await outcome(first.put(PATH, memorySource(CONTENT), {}))).toBe('ERR_CLOSED')
  await expect.poll(() => store.endings).toEqual(['set aside'])
  store.onWrite = () => undefined
  return store
}

describe('an upload that was cut off', () => {
  test('goes on where it was, and its digest is that of the whole file', async () => {
    const store = await cutOff()
    const second = await client(store)
    const source = memorySource(CONTENT)
    const { bytes: offset, changed } = await second.kept(PATH, source.file)
    expect(changed).toBe(false)
    expect(offset).toBeGreaterThan(HALF)
    let sent = 0
    const done = await second.put(PATH, source, { offset, onProgress: (bytes) => (sent += bytes) })
    expect(sent).toBe(CONTENT.byteLength - offset)
    expect(store.files.get('file')).toEqual(CONTENT)
    expect(done.md5).toEqual(createHash('md5').update(CONTENT).digest())
    expect(await second.kept(PATH, source.file)).toEqual({ bytes: 0, changed: false })
  })

  test('A05: is of no use to another client', async () => {
    const store = await cutOff()
    const other = await client(store, RIGHTS, randomBytes(38))
    const source = memorySource(CONTENT)
    expect((await other.kept(PATH, source.file)).bytes).toBe(0)
    expect(await outcome(other.put(PATH, source, { offset: HALF }))).toBe('ERR_CHANGED')
  })

  test('is of no use for another version of the file', async () => {
    const store = await cutOff()
    const second = await client(store)
    const other = { ...memorySource(CONTENT).file, mtime: 1n }
    expect(await second.kept(PATH, other)).toEqual({ bytes: 0, changed: true })
    expect(await outcome(second.put(PATH, { ...memorySource(CONTENT), file: other }, { offset: HALF }))).toBe(
      'ERR_CHANGED',
    )
  })

  test('K04 and C20: whose kept bytes were damaged is refused as a whole, and they are gone', async () => {
    const store = await cutOff()
    const second = await client(store)
    const source = memorySource(CONTENT)
    const { bytes: offset } = await second.kept(PATH, source.file)
    const [kept] = store.parts.get('file')?.values() ?? []
    if (kept) kept[1_000] = (kept[1_000] ?? 0) ^ 1
    expect(await outcome(second.put(PATH, source, { offset }))).toBe('ERR_DIGEST')
    expect(store.files.size).toBe(0)
    expect(store.endings.at(-1)).toBe('discarded')
    expect(await second.kept(PATH, source.file)).toEqual({ bytes: 0, changed: false })
    await second.put(PATH, source, {})
    expect(store.files.get('file')).toEqual(CONTENT)
  })

  test.each([1, HALF, CONTENT.byteLength])('cannot go on at %i if nothing is kept', async (offset) => {
    const store = new MemoryStore()
    const only = await client(store)
    expect(await outcome(only.put(PATH, memorySource(CONTENT), { offset }))).toBe('ERR_CHANGED')
    expect(store.files.size).toBe(0)
    await only.put(PATH, memorySource(CONTENT), {})
    expect(store.files.get('file')).toEqual(CONTENT)
  })
})

describe('a question for what is kept', () => {
  test('needs the right to put, and that alone', async () => {
    const served: unknown[] = []
    const source = memorySource(CONTENT)
    const without = await client(
      await cutOff(),
      RIGHTS.filter((right) => right !== 'put'),
    )
    expect(await outcome(without.kept(PATH, source.file))).toBe('ERR_DENIED')
    const able = await client(await cutOff(), ['put'], CLIENT, served)
    expect((await able.kept(PATH, source.file)).bytes).toBeGreaterThan(HALF)
    expect(served).toEqual([])
  })
})

describe('an attempt that fails', () => {
  const changed = (): FileSource => ({
    ...memorySource(CONTENT),
    verify: () => Promise.reject(new SftError('ERR_CHANGED', 'changed')),
  })
  const unreadable = (): FileSource => ({
    ...memorySource(CONTENT),
    read: (buffer, offset) =>
      offset > HALF
        ? Promise.reject(new SftError('ERR_FILE', 'a bad disk'))
        : memorySource(CONTENT).read(buffer, offset),
  })
  test.each([
    ['because the source changed is discarded', changed, undefined, 'ERR_CHANGED', 'discarded'],
    ['because the source cannot be read is set aside', unreadable, undefined, 'ERR_FILE', 'set aside'],
    ['for a full disk is set aside', () => memorySource(CONTENT), 'ERR_NO_SPACE', 'ERR_NO_SPACE', 'set aside'],
  ] as const)('%s', async (_name, source, failure, code, ending) => {
    const store = new MemoryStore()
    store.onWrite = (bytes) => {
      if (failure !== undefined && bytes > HALF) throw new SftError(failure, 'it failed')
    }
    expect(await outcome((await client(store)).put(PATH, source(), {}))).toBe(code)
    await expect.poll(() => store.endings).toEqual([ending])
  })

  test('because the right was taken away is discarded', async () => {
    const store = new MemoryStore()
    const rights = new Set(RIGHTS)
    const only = await sessionPair({ store, rights: () => rights }, CLIENT)
    store.onWrite = () => void rights.delete('put')
    expect(await outcome(only.put(PATH, memorySource(CONTENT), {}))).toBe('ERR_DENIED')
    expect(store.endings).toEqual(['discarded'])
  })

  test('because the client cancelled is set aside', async () => {
    const store = new MemoryStore()
    const controller = new AbortController()
    store.onWrite = (bytes) => {
      if (bytes > HALF) controller.abort()
    }
    const only = await client(store)
    expect(await outcome(only.put(PATH, memorySource(CONTENT), { signal: controller.signal }))).toBe('ERR_ABORTED')
    await expect.poll(() => store.endings).toEqual(['set aside'])
    expect((await only.kept(PATH, memorySource(CONTENT).file)).bytes).toBeGreaterThan(HALF)
  })
})

describe('a stream', () => {
  test.each([0, 1, MAX_DATA, MAX_DATA + 1, CONTENT.byteLength])('S11: of %i bytes arrives whole', async (size) => {
    const store = new MemoryStore()
    const content = CONTENT.subarray(0, size)
    const source = { ...memorySource(content), file: { size: 0, mtime: 0n, executable: false } }
    const done = await (await client(store)).put(PATH, source, { stream: true })
    expect(done).toEqual({ size, md5: createHash('md5').update(content).digest() })
    expect(store.files.get('file')).toEqual(content)
  })

  test('that is cut off is not kept', async () => {
    const store = new MemoryStore()
    const only = await client(store)
    store.onWrite = (bytes) => {
      if (bytes > HALF) only.abort(lost)
    }
    const source = { ...memorySource(CONTENT), file: { size: 0, mtime: 0n, executable: false } }
    expect(await outcome(only.put(PATH, source, { stream: true }))).toBe('ERR_CLOSED')
    await expect.poll(() => store.endings).toEqual(['set aside'])
    expect([...(store.parts.get('file')?.keys() ?? [])]).toEqual([])
  })
})

describe('a file that is fetched from an offset on', () => {
  /** Fetches `file` of `remote` into a store that keeps `kept` of it. */
  async function resume(remote: Buffer, kept: Buffer, offset: number): Promise<[string | null, MemoryStore, number]> {
    const share = new MemoryStore()
    share.files.set('file', remote)
    const local = new MemoryStore()
    let received = 0
    const fetching = (await client(share)).get(
      PATH,
      { offset, onProgress: (bytes) => (received += bytes) },
      async (file) => {
        const before = await local.create(PATH, file, { overwrite: false, keepFor: 'peer' })
        await before.write(kept)
        await before.setAside()
        return local.create(PATH, file, { overwrite: false, keepFor: 'peer', offset: kept.byteLength })
      },
    )
    return [await outcome(fetching), local, received]
  }

  test('is whole, and only the rest came', async () => {
    const [code, local, received] = await resume(CONTENT, CONTENT.subarray(0, HALF), HALF)
    expect(code).toBeNull()
    expect(local.files.get('file')).toEqual(CONTENT)
    expect(received).toBe(CONTENT.byteLength - HALF)
  })

  test('of which all was there already is verified', async () => {
    const [code, local, received] = await resume(CONTENT, CONTENT, CONTENT.byteLength)
    expect([code, received]).toEqual([null, 0])
    expect(local.files.get('file')).toEqual(CONTENT)
  })

  test('and that is another one now, of the same size, is refused and what was kept is gone', async () => {
    const [code, local] = await resume(CONTENT, Buffer.alloc(HALF, 'other'), HALF)
    expect(code).toBe('ERR_DIGEST')
    expect(local.files.size).toBe(0)
    expect(local.endings).toEqual(['set aside', 'discarded'])
  })

  test('and that is shorter now is refused', async () => {
    const [code, local] = await resume(CONTENT.subarray(0, HALF - 1), CONTENT.subarray(0, HALF), HALF)
    expect(code).toBe('ERR_CHANGED')
    expect(local.files.size).toBe(0)
  })

  test.each([HALF - 1, HALF + 1])(
    '%i is refused if the sink keeps another number of bytes, which stay',
    async (offset) => {
      const [code, local] = await resume(CONTENT, CONTENT.subarray(0, HALF), offset)
      expect(code).toBe('ERR_CHANGED')
      expect(local.files.size).toBe(0)
      expect(local.endings).toEqual(['set aside', 'set aside'])
    },
  )
})
