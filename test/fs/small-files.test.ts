import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type * as Threads from 'node:worker_threads'
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { SftError } from '../../src/errors.ts'
import { SharedFolder } from '../../src/fs/shared-folder.ts'
import { SMALL, smallFiles } from '../../src/fs/small-files.ts'
import type { CreateOptions, FileStore } from '../../src/protocol/types.ts'
import type { Entry, Unlistable } from '../../src/wire/message.ts'
import { parseRemotePath } from '../../src/wire/path.ts'
import { names, openDescriptors, snapshot } from '../support/snapshot.ts'
import { tempFolder } from '../support/tmp.ts'

const STORE_MANY_CHILD = fileURLToPath(new URL('store-many-child.ts', import.meta.url))
const MTIME = 1_700_000_000_123_456_000n
const KIB = 1024
const path = parseRemotePath

const MAY_MOUNT =
  spawnSync('unshare', ['--map-root-user', '--mount', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0

describe.runIf(process.platform === 'linux')('small files, by their thread', () => {
  const stored = vi.spyOn(smallFiles, 'store')
  const read = vi.spyOn(smallFiles, 'read')

  beforeEach(async () => {
    for (let asked = 0; asked < 64; asked += 1) smallFiles.wanted()
    const warm = tempFolder()
    writeFileSync(join(warm, 'f'), 'f')
    const store = await SharedFolder.open(warm)
    await textOf(store, 'f') // the thread has its descriptors from now on
    await store.close()
    stored.mockClear()
    read.mockClear()
  })

  async function opened(): Promise<{ store: SharedFolder; root: string; outside: string }> {
    const outside = tempFolder()
    const root = join(outside, 'share')
    for (const folder of ['share/a/b', 'victim']) mkdirSync(join(outside, folder), { recursive: true })
    writeFileSync(join(outside, 'victim/secret'), 'secret')
    const before = openDescriptors()
    const store = await SharedFolder.open(root)
    onTestFinished(async () => {
      await store.close()
      expect(openDescriptors()).toBe(before)
    })
    return { store, root, outside }
  }

  test('are stored and read many at once, each with its bytes, time and mode', async () => {
    const { store, root } = await opened()
    const indices = Array.from({ length: 500 }, (_, index) => index)
    const nameOf = (index: number): string => `${['', 'a/', 'a/b/'][index % 3] ?? ''}f${index}`
    const textFor = (index: number): string => `${index} `.repeat(index * 3)
    await Promise.all(
      indices.map(async (index) =>
        put(store, nameOf(index), textFor(index), { executable: index % 2 === 0, overwrite: index % 5 === 0 }),
      ),
    )
    expect(stored).toHaveBeenCalledTimes(500)
    for (const index of indices) {
      const stats = statSync(join(root, nameOf(index)), { bigint: true })
      expect(Number(stats.mode) & 0o7777).toBe((index % 2 === 0 ? 0o777 : 0o666) & ~process.umask())
      expect(stats.mtimeNs / 1000n).toBe(MTIME / 1000n)
    }
    const texts = await Promise.all(indices.map(async (index) => textOf(store, nameOf(index))))
    expect(texts).toEqual(indices.map(textFor))
    expect(read).toHaveBeenCalledTimes(500)
    expect(names(root)).not.toContain('.sft-parts')
    const source = await store.open(path('f0'))
    expect(source.file).toMatchObject({ size: 0, executable: true })
    await source.close()
  })

  test.each(['file', 'folder', 'link', 'dangling link', 'pipe'])(
    'do not touch a %s that has the name',
    async (kind) => {
      const { store, root, outside } = await opened()
      plant(join(root, 'f'), kind, outside)
      const before = snapshot(outside)
      await expect(put(store, 'f', 'new')).rejects.toMatchObject({ code: 'ERR_EXISTS' })
      expect(entriesOf(snapshot(outside))).toEqual(entriesOf(before))
    },
  )

  test.each(['file', 'hard link', 'link', 'dangling link', 'pipe'])(
    'replace a %s itself where they may',
    async (kind) => {
      const { store, root, outside } = await opened()
      plant(join(root, 'f'), kind, outside)
      await put(store, 'f', 'new', { overwrite: true })
      expect(lstatSync(join(root, 'f')).isFile()).toBe(true)
      expect(readFileSync(join(root, 'f'), 'utf8')).toBe('new')
      expect(readFileSync(join(outside, 'victim/secret'), 'utf8')).toBe('secret')
      expect(stored).toHaveBeenCalledTimes(1)
    },
  )

  test('never replace a folder, nor a name with its accents spelled another way', async () => {
    const { store, root } = await opened()
    writeFileSync(join(root, 'e\u0301'), 'there')
    for (const overwrite of [false, true]) {
      await expect(put(store, 'a', 'new', { overwrite })).rejects.toMatchObject({ code: 'ERR_EXISTS' })
      await expect(put(store, '\u00e9', 'new', { overwrite })).rejects.toMatchObject({ code: 'ERR_EXISTS' })
    }
    expect(names(root)).toEqual(['a', 'e\u0301'])
  })

  test('follow no link, to a file or in a folder’s place, and open nothing but files', async () => {
    const { store, root, outside } = await opened()
    symlinkSync('../victim', join(root, 'link'))
    symlinkSync('../victim/secret', join(root, 'file'))
    execFileSync('mkfifo', [join(root, 'pipe')])
    const before = snapshot(join(outside, 'victim'))
    for (const [name, code] of [
      ['link/secret', 'ERR_NOT_FOUND'],
      ['file', 'ERR_WRONG_TYPE'],
      ['pipe', 'ERR_WRONG_TYPE'],
      ['a', 'ERR_WRONG_TYPE'],
      ['none', 'ERR_NOT_FOUND'],
      ['a/none/x', 'ERR_NOT_FOUND'],
      ['.sft-parts/x', 'ERR_NOT_FOUND'],
    ] as const) {
      await expect(textOf(store, name)).rejects.toMatchObject({ code })
    }
    for (const name of ['link/new', 'link/secret', 'file/x', 'a/none/x', '.sft-parts/x']) {
      await expect(put(store, name, 'new', { overwrite: true })).rejects.toMatchObject({ code: 'ERR_NOT_FOUND' })
    }
    expect(snapshot(join(outside, 'victim'))).toEqual(before)
    expect(names(root)).toEqual(['a', 'file', 'link', 'pipe'])
  })

  test('are not stopped by those among them whose names are taken', async () => {
    const { store, root } = await opened()
    const taken = [0, 1, 30]
    for (const index of taken) writeFileSync(join(root, `f${index}`), 'there')
    const indices = Array.from({ length: 50 }, (_, index) => index)
    const results = await Promise.allSettled(indices.map(async (index) => put(store, `f${index}`, 'new')))
    expect(results.flatMap(({ status }, index) => (status === 'rejected' ? [index] : []))).toEqual(taken)
    for (const index of indices) {
      expect(readFileSync(join(root, `f${index}`), 'utf8')).toBe(taken.includes(index) ? 'there' : 'new')
    }
    expect(names(root)).toHaveLength(51)
  })

  test.each(['the thread', 'the ordinary way', 'both'])(
    'are listed for what they are, links not followed: by %s',
    async (way) => {
      const { store, root, outside } = await opened()
      const look = vi.spyOn(smallFiles, 'look')
      onTestFinished(() => look.mockRestore())
      if (way === 'the ordinary way') look.mockResolvedValue(null)
      if (way === 'both') {
        look.mockImplementation(async ({ names: all }) => {
          const none = all.map(() => 0)
          const types = all.map((name) => (name === 'gone' ? 'gone' : 'unclear'))
          return {
            types,
            sizes: Float64Array.from(none),
            mtimes: new BigInt64Array(all.length),
            executables: Uint8Array.from(none),
          }
        })
      }
      for (const kind of ['file', 'folder', 'hard link', 'link', 'dangling link', 'pipe'])
        plant(join(root, kind), kind, outside)
      symlinkSync('a', join(root, 'link to a folder'))
      if (way === 'both') writeFileSync(join(root, 'gone'), '')
      writeFileSync(join(root, 'program'), '#!', { mode: 0o755 })
      utimesSync(join(root, 'file'), 1, 1.5)
      for (let index = 0; index < 600; index += 1) writeFileSync(join(root, `f${index}`), 'x'.repeat(index))
      const listed = new Map<string, Entry | Unlistable>()
      for await (const entry of store.list(path('.'), false))
        if (entry.type !== 'unlistable') listed.set(entry.path, entry)
      expect([...listed.keys()].toSorted()).toEqual(names(root).filter((name) => name !== 'gone'))
      for (const [name, entry] of listed) expect(entry).toEqual(await store.stat(path(name)))
      expect(listed.get('file')).toMatchObject({ type: 'file', size: 7, mtime: 1_500_000_000n, executable: false })
      expect(listed.get('program')).toMatchObject({ type: 'file', size: 2, executable: true })
      expect(listed.get('link to a folder')).toMatchObject({ type: 'link', size: 0 })
      expect(look).toHaveBeenCalledTimes(3)
    },
  )

  test('A04: are asked about last, when all but the name is there, and not stored if the answer is no', async () => {
    const { store, root } = await opened()
    const seen: unknown[] = []
    await put(store, 'f', 'new', {
      beforeCommit: () => seen.push(existsSync(join(root, 'f')), names(root, '.sft-parts')),
    })
    expect(seen).toEqual([false, [expect.stringMatching(/^0{32}-0{32}-/)]])
    const denied = put(store, 'g', 'new', {
      beforeCommit: () => {
        throw new SftError('ERR_DENIED', 'no')
      },
    })
    await expect(denied).rejects.toMatchObject({ code: 'ERR_DENIED' })
    expect(stored).toHaveBeenCalledTimes(2)
    expect(names(root)).toEqual(['a', 'f'])
  })

  test('are stored as they came when they are longer or shorter than was said', async () => {
    const { store, root } = await opened()
    for (const [name, size] of [
      ['longer', 1],
      ['shorter', 1000],
    ] as const) {
      const sink = await store.create(path(name), { size, mtime: MTIME, executable: false }, { overwrite: false })
      for (const text of ['a', 'bc', 'd'.repeat(100)]) await sink.write(Buffer.from(text))
      await sink.commit()
      expect(readFileSync(join(root, name), 'utf8')).toBe(`abc${'d'.repeat(100)}`)
    }
    expect(names(root)).toEqual(['a', 'longer', 'shorter'])
  })

  test('wait on the disk once there are too many in memory', async () => {
    const { store, root } = await opened()
    for (let round = 0; round < 2; round += 1) {
      const file = { size: SMALL, mtime: MTIME, executable: false }
      const sinks = await Promise.all(
        Array.from({ length: 140 }, async (_, index) => store.create(path(`f${index}`), file, { overwrite: true })),
      )
      expect(names(root, '.sft-parts')).toHaveLength(140 - (8 * KIB * KIB) / SMALL)
      for (const sink of sinks) await sink.write(Buffer.alloc(SMALL, 'x'))
      await Promise.all(sinks.map(async (sink, index) => (index % 2 === round ? sink.discard() : sink.commit())))
      expect(names(root).filter((name) => name.startsWith('.'))).toEqual([])
    }
    expect(names(root)).toHaveLength(141)
  })

  test('take the place of what was kept of the same name', async () => {
    const { store, root } = await opened()
    const large = { size: 4 * KIB * KIB, mtime: MTIME, executable: false }
    const sink = await store.create(path('f'), large, { overwrite: false, keepFor: 'peer' })
    await sink.write(Buffer.alloc(2 * KIB * KIB))
    await sink.setAside()
    await put(store, 'g', 'new', { keepFor: 'peer' })
    expect(names(root)).toEqual(['.sft-parts', 'a', 'g'])
    await put(store, 'f', 'new', { keepFor: 'peer' })
    expect(names(root)).toEqual(['a', 'f', 'g'])
  })

  test('are stored or not, and nothing is left, when the store is closed meanwhile', async () => {
    const outside = tempFolder()
    const before = openDescriptors()
    const store = await SharedFolder.open(outside)
    const all = Promise.allSettled(Array.from({ length: 100 }, async (_, index) => put(store, `f${index}`, `${index}`)))
    await vi.waitFor(() => expect(stored).toHaveBeenCalled())
    await store.close()
    expect(stored.mock.settledResults.filter(({ type }) => type === 'incomplete')).toEqual([])
    await all
    for (const name of names(outside)) expect(readFileSync(join(outside, name), 'utf8')).toBe(name.slice(1))
    expect(openDescriptors()).toBe(before)
  })

  test('are stored and read all the same if the thread cannot be had', async () => {
    vi.resetModules()
    vi.doMock('node:worker_threads', async (original) => {
      const real = await original<typeof Threads>()
      class NoWorker extends real.Worker {
        constructor() {
          super(new URL('file:///nowhere/at/all.js'))
        }
      }
      return { ...real, Worker: NoWorker }
    })
    onTestFinished(() => {
      vi.doUnmock('node:worker_threads')
    })
    const fresh = await import('../../src/fs/shared-folder.ts')
    const root = tempFolder()
    const store = await fresh.SharedFolder.open(root)
    const indices = Array.from({ length: 200 }, (_, index) => index)
    await Promise.all(indices.map(async (index) => put(store, `f${index}`, `${index}`)))
    expect(await Promise.all(indices.map(async (index) => textOf(store, `f${index}`)))).toEqual(indices.map(String))
    await store.close()
    expect(names(root)).toHaveLength(200)
  })

  test.runIf(MAY_MOUNT)('end with the reason on a full disk, and leave nothing but what was stored', () => {
    const root = tempFolder()
    const script =
      'mount -t tmpfs -o size=512k none "$1"; shift; "$@"; ls -A "$3" | grep -c ^f; ls -A "$3" | grep -cv ^f; find "$3" -type f ! -size 4096c'
    const child = [process.execPath, STORE_MANY_CHILD, root, '400']
    const output = execFileSync('unshare', ['--map-root-user', '--mount', 'sh', '-c', script, 'sh', root, ...child])
    const [, outcome = '', kept, others, odd] = output.toString().split('\n')
    const counts = /^stored (\d+), ERR_NO_SPACE (\d+)$/.exec(outcome)
    expect(Number(counts?.[1]) + Number(counts?.[2])).toBe(400)
    expect([kept, others, odd]).toEqual([counts?.[1], '0', ''])
  })

  test('K01: are all there and nothing else once a killed program is run again', async () => {
    const root = tempFolder()
    for (let round = 0; round < 3; round += 1) {
      const child = spawn(process.execPath, [STORE_MANY_CHILD, root, '2000'], { stdio: ['ignore', 'pipe', 'inherit'] })
      const ended = once(child, 'exit')
      await once(child.stdout, 'data')
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 60))
      child.kill('SIGKILL')
      await ended
      for (const name of names(root).filter((one) => one !== '.sft-parts')) {
        expect(readFileSync(join(root, name)).equals(Buffer.alloc(4096, `${name.slice(1)} `))).toBe(true)
      }
    }
    expect(execFileSync(process.execPath, [STORE_MANY_CHILD, root, '2000']).toString()).toBe('begun\nstored 2000\n')
    expect(names(root).filter((name) => !/^f\d+$/.test(name))).toEqual([])
    expect(names(root)).toHaveLength(2000)
  })
})

async function put(
  store: FileStore,
  name: string,
  text: string,
  options: Partial<CreateOptions> & { executable?: boolean } = {},
): Promise<void> {
  const { executable = false, ...rest } = options
  const bytes = Buffer.from(text)
  const sink = await store.create(
    path(name),
    { size: bytes.byteLength, mtime: MTIME, executable },
    { overwrite: false, ...rest },
  )
  try {
    await sink.write(bytes)
    await sink.commit()
  } catch (error) {
    await sink.discard()
    throw error
  }
}

async function textOf(store: FileStore, name: string): Promise<string> {
  const source = await store.open(path(name))
  try {
    const buffer = Buffer.alloc(SMALL)
    const length = await source.read(buffer, 0)
    await source.verify()
    return buffer.toString('utf8', 0, length)
  } finally {
    await source.close()
  }
}

function entriesOf(all: Record<string, { content: string | null; kind: string }>): unknown {
  return Object.entries(all).map(([name, { content, kind }]) => [name, kind, content])
}

function plant(at: string, kind: string, outside: string): void {
  switch (kind) {
    case 'file':
      writeFileSync(at, 'planted')
      break
    case 'folder':
      mkdirSync(at)
      break
    case 'link':
      symlinkSync(join(outside, 'victim/secret'), at)
      break
    case 'hard link':
      linkSync(join(outside, 'victim/secret'), at)
      break
    case 'pipe':
      execFileSync('mkfifo', [at])
      break
    default:
      symlinkSync(join(outside, 'victim/none'), at)
  }
}
