import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { loadSodium } from '../../src/crypto/load-sodium.ts'
import type { JobOptions, Remote } from '../../src/index.ts'
import type { Root } from '../../src/jobs/find.ts'
import { Frontier } from '../../src/jobs/frontier.ts'
import { namesIn, type SourceTree, type TargetTree } from '../../src/jobs/tree.ts'
import { Walk, type Visitor } from '../../src/jobs/walk.ts'
import { generateIdentity } from '../../src/net/identity.ts'
import { Node } from '../../src/net/node.ts'
import { provide } from '../../src/protocol/provider.ts'
import type { FileStore } from '../../src/protocol/types.ts'
import { PROTOCOL_ID } from '../../src/wire/limits.ts'
import type { Entry, EntryType } from '../../src/wire/message.ts'
import { parseRemotePath, ROOT, type RemotePath } from '../../src/wire/path.ts'
import { RIGHTS } from '../../src/wire/rights.ts'
import { memorySource } from '../support/hostile-provider.ts'
import { failures, namesBelow, noted, only, skipped, type Ran } from '../support/jobs.ts'
import { connectedMachine } from '../support/machines.ts'
import { tempFolder } from '../support/tmp.ts'

const fail = (): Promise<never> => Promise.reject(new Error('it is not asked for'))

/** Connects to a provider that says of its files whatever `lies` says, and sends "sent" for each. */
async function liar(
  lies: Partial<FileStore>,
): Promise<{ remote: Remote; local: string; get: (options?: JobOptions) => Promise<Ran> }> {
  const store: FileStore = {
    async *list() {
      // Nothing.
    },
    stat: async (path) => Promise.resolve(entry(path, path === ROOT ? 'directory' : 'file')),
    open: async () => Promise.resolve(memorySource(new TextEncoder().encode('sent'))),
    create: fail,
    kept: async () => Promise.resolve({ bytes: 0, changed: false }),
    remove: fail,
    rename: fail,
    mkdir: fail,
    ...lies,
  }
  const [node, sodium] = await Promise.all([
    Node.start({ identity: await generateIdentity(), listen: ['/ip4/127.0.0.1/tcp/0'] }),
    loadSodium(),
  ])
  onTestFinished(async () => node.stop())
  const rights = new Set(RIGHTS)
  await node.handle(PROTOCOL_ID, {
    admits: () => true,
    onStream: ({ stream, idBytes }) => {
      const init = { sodium, localId: node.idBytes, remoteId: idBytes, store, rights: () => rights }
      provide(stream, init).catch(() => undefined)
    },
  })
  const around = tempFolder()
  const local = join(around, 'local')
  mkdirSync(local)
  onTestFinished(() => expect(readdirSync(around)).toEqual(['local']))
  const remote = await connectedMachine(node.addresses[0] ?? '')
  return { remote, local, get: async (options) => noted(options, async (job) => remote.getAll(['.'], local, job)) }
}

function entry(path: string, type: EntryType = 'file', size = 4): Entry {
  return { path: path as RemotePath, type, size, mtime: 0n, executable: false }
}

test.each(['../up', '/etc/passwd', 'a/../../up', 'a/b', 'back\\slash', 'C:x', '.', 'nul\0'])(
  'an entry with the path %j is left out or fails the listing, and nothing is written',
  async (path) => {
    const { local, get } = await liar({
      async *list() {
        yield await Promise.resolve(entry(path))
      },
    })
    const ran = await get()
    const told = [...Object.values(failures(ran)), ...Object.values(skipped(ran))]
    expect(told).toEqual([expect.stringMatching(/^(?:ERR_PROTOCOL|unlistable)$/)])
    expect(ran.summary).toMatchObject({ files: 0, folders: 0, ended: false })
    expect(namesBelow(local)).toEqual([])
  },
)

test('F12: an entry that is listed twice is fetched once', async () => {
  const { local, get } = await liar({
    async *list() {
      for (let index = 0; index < 100; index += 1) yield await Promise.resolve(entry('a'))
    },
  })
  const ran = await get({ onConflict: 'rename' })
  expect(ran.summary).toMatchObject({ files: 1, skipped: 0, failed: 0 })
  expect(namesBelow(local)).toEqual(['a'])
})

test('a file that is listed with another size than it has is there as it was sent, or not at all', async () => {
  const { local, get } = await liar({
    async *list() {
      yield await Promise.resolve(entry('longer', 'file', 1))
      yield entry('shorter', 'file', 1e12)
    },
  })
  const ran = await get()
  expect(ran.summary).toMatchObject({ files: 2, failed: 0, bytes: 8 })
  expect(namesBelow(local)).toEqual(['longer', 'shorter'])
})

test('folders that go on for ever are followed as far as paths reach', async () => {
  const { local, get } = await liar({
    async *list(path) {
      yield await Promise.resolve(entry(path === ROOT ? 'd' : `${path}/d`, 'directory'))
      yield entry(path === ROOT ? 'f' : `${path}/f`)
    },
  })
  const ran = await get()
  expect(ran.summary).toMatchObject({ ended: false, failed: 0, files: 255, skipped: 2 })
  expect(readdirSync(local)).toEqual(['d', 'f'])
}, 60_000)

test('a tree that grows faster than anybody can look into it does not fill the memory', async () => {
  const { get } = await liar({
    async *list(path) {
      for (let index = 0; index < 1_000; index += 1)
        yield await Promise.resolve(entry(path === ROOT ? `${index}` : `${path}/${index}`, 'directory'))
    },
  })
  const stop = new AbortController()
  const before = process.memoryUsage().rss
  setTimeout(() => stop.abort(), 4_000)
  const ran = await get({ dryRun: true, signal: stop.signal, include: ['none'] })
  expect(ran.summary.error?.code).toBe('ERR_ABORTED')
  expect(process.memoryUsage().rss - before).toBeLessThan(400e6)
})

test('F13: half a million entries of one folder do not fill the memory', async () => {
  const { get } = await liar({
    async *list(path) {
      if (path !== ROOT) return
      for (let index = 0; index < 500_000; index += 1) {
        if (index % 1_000 === 0) await Promise.resolve()
        yield entry(`${index} and a name that takes some room`)
      }
    },
  })
  const before = process.memoryUsage().rss
  const ran = await get({ exclude: ['*'] })
  expect(ran.summary).toMatchObject({ files: 0, failed: 0, ended: false })
  expect(process.memoryUsage().rss - before).toBeLessThan(400e6)
}, 60_000)

test('more folders than may wait are an error', () => {
  const frontier = new Frontier<string>(3)
  frontier.add('a', ['1', '2'])
  expect(() => frontier.add('b', ['3', '4'])).toThrow(expect.objectContaining({ code: 'ERR_FILE' }))
  frontier.add('c', ['5'])
  expect([frontier.take(), frontier.take(), frontier.take(), frontier.take()]).toEqual([
    { level: 'c', name: '5' },
    { level: 'a', name: '1' },
    { level: 'a', name: '2' },
    null,
  ])
  frontier.add('d', ['6', '7', '8'])
})

test('of a folder with more entries than can be remembered each one is asked about', async () => {
  const tree = {
    async *list() {
      for (let index = 0; index < 11; index += 1) yield await Promise.resolve(entry(`${index}`))
    },
  } as unknown as TargetTree
  expect(await namesIn(tree, ROOT, 10)).toBe('many')
  expect(await namesIn(tree, ROOT, 11)).toHaveProperty('size', 11)
})

test('a share that says of every file that it is there is asked no more than a thousand times', async () => {
  let asked = 0
  const { remote, local } = await liar({
    stat: async (path) => {
      asked += 1
      return Promise.resolve(entry(path, path === ROOT ? 'directory' : 'file', 1))
    },
  })
  const file = parseRemotePath('a.txt')
  writeFileSync(join(local, file), 'mine')
  const ran = await noted({ onConflict: 'rename' }, async (job) => remote.putAll([join(local, file)], '.', job))
  expect(Object.values(failures(ran))).toEqual(['ERR_EXISTS'])
  expect(asked).toBeLessThan(1_100)
  expect(only(ran, 'file')).toEqual([])
})

test('a folder that lists folders without end is given up', async () => {
  const failed: unknown[] = []
  const nothing = async (): Promise<void> => Promise.resolve()
  const branch = { path: ROOT, to: ROOT, place: async () => Promise.resolve(null), below: '' }
  const tree = {
    async *list() {
      for (let index = 0; ; index += 1) yield await Promise.resolve(entry(`${index}`, 'directory'))
    },
  } as unknown as SourceTree
  const visitor: Visitor = {
    ended: false,
    root: async () => Promise.resolve(branch),
    folder: async () => Promise.resolve(null),
    entry: nothing,
    unlistable: () => undefined,
    failed: (...[, , error]) => failed.push(error),
  }
  async function* named(): AsyncGenerator<Root> {
    yield await Promise.resolve({ entry: entry(ROOT, 'directory'), to: ROOT })
  }
  await new Walk(tree, visitor, new Frontier(1_000)).run(named())
  expect(failed).toEqual([expect.objectContaining({ code: 'ERR_FILE' })])
})

test('digests of many files are asked for while large folders are listed, and do not wait for that', async () => {
  const { get, local } = await liar({
    async *list(path) {
      for (let index = 0; index < (path === ROOT ? 20 : 6_000); index += 1) {
        if (index % 100 === 0) await Promise.resolve()
        yield path === ROOT ? entry(`${index}`, 'directory') : entry(`${path}/${index} ${'long '.repeat(40)}`)
      }
    },
  })
  for (let folder = 0; folder < 20; folder += 1) {
    mkdirSync(join(local, `${folder}`))
    for (let index = 0; index < 100; index += 1)
      writeFileSync(join(local, `${folder}`, `${index} ${'long '.repeat(40)}`), 'sent')
  }
  const ran = await get({ checksum: true, dryRun: true })
  expect(ran.summary).toMatchObject({ skipped: 2_000, failed: 0, ended: false })
  expect(only(ran, 'planned').length).toBe(118_000)
}, 60_000)
