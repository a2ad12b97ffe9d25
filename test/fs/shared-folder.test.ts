import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { RIGHTS, share } from '../../src/index.ts'
import { SharedFolder } from '../../src/fs/shared-folder.ts'
import { parseRemotePath, ROOT, type RemotePath } from '../../src/wire/path.ts'
import { outcome } from '../support/aftermath.ts'
import { connectedMachine, sharingMachine } from '../support/machines.ts'
import { nodePair } from '../support/nodes.ts'
import { OPERATIONS, OWN, RawClient } from '../support/raw-client.ts'
import { names, openDescriptors, snapshot } from '../support/snapshot.ts'
import { tempFolder } from '../support/tmp.ts'

const path = parseRemotePath
const FILE = { size: 3, mtime: 0n, executable: false }

describe.each([
  ['through descriptors', false],
  ['by path', true],
])('a share addressed %s', (_way, byPath) => {
  /** A share with a small tree in it, which must have let go of every descriptor at the end. */
  async function opened(): Promise<{ store: SharedFolder; root: string; outside: string }> {
    const outside = tempFolder()
    const root = join(outside, 'share')
    mkdirSync(join(root, 'a/b'), { recursive: true })
    mkdirSync(join(root, 'empty'))
    mkdirSync(join(outside, 'victim/b'), { recursive: true })
    writeFileSync(join(root, 'file'), 'file')
    writeFileSync(join(root, 'other'), 'other')
    writeFileSync(join(root, 'a/b/deep'), 'deep')
    writeFileSync(join(outside, 'victim/secret'), 'secret')
    symlinkSync('../victim', join(root, 'link'))
    const before = openDescriptors()
    const store = await SharedFolder.open(root, byPath)
    onTestFinished(async () => {
      await store.close()
      expect(openDescriptors()).toBe(before)
    })
    return { store, root, outside }
  }

  async function put(store: SharedFolder, to: RemotePath, overwrite = false): Promise<void> {
    const sink = await store.create(to, FILE, { overwrite })
    await sink.write(Buffer.from('new'))
    await sink.commit()
  }

  async function listed(store: SharedFolder, folder: RemotePath, recursive: boolean): Promise<string[]> {
    const entries = await Array.fromAsync(store.list(folder, recursive))
    return entries.map((entry) => (entry.type === 'unlistable' ? '?' : `${entry.type} ${entry.path}`)).toSorted()
  }

  test('lists a folder, and all below it', async () => {
    const { store } = await opened()
    const top = ['directory a', 'directory empty', 'file file', 'file other', 'link link']
    expect(await listed(store, ROOT, false)).toEqual(top)
    expect(await listed(store, ROOT, true)).toEqual(['directory a/b', 'file a/b/deep', ...top].toSorted())
    expect(await listed(store, path('a/b'), false)).toEqual(['file a/b/deep'])
    expect(await listed(store, path('empty'), true)).toEqual([])
    for (const missing of ['file', 'link', 'nothing', 'link/b', 'a/b/deep']) {
      await expect(listed(store, path(missing), true)).rejects.toMatchObject({ code: 'ERR_NOT_FOUND' })
    }
  })

  test('describes an entry of any kind, and the root', async () => {
    const { store } = await opened()
    expect(await store.stat(path('file'))).toMatchObject({ path: 'file', type: 'file', size: 4 })
    expect(await store.stat(path('a/b'))).toMatchObject({ path: 'a/b', type: 'directory', size: 0 })
    expect(await store.stat(path('link'))).toMatchObject({ path: 'link', type: 'link', size: 0 })
    expect(await store.stat(ROOT)).toMatchObject({ path: '.', type: 'directory', size: 0 })
    await expect(store.stat(path('link/secret'))).rejects.toMatchObject({ code: 'ERR_NOT_FOUND' })
  })

  test('ends a listing that is not read to its end', async () => {
    const { store } = await opened()
    for await (const entry of store.list(ROOT, true)) {
      expect(entry.type).not.toBe('unlistable')
      break
    }
  })

  test('passes over a folder that vanishes during a listing', async () => {
    const { store, root } = await opened()
    const seen: string[] = []
    for await (const entry of store.list(ROOT, true)) {
      if (entry.type === 'directory' && entry.path === 'a') rmSync(join(root, 'a'), { recursive: true })
      if (entry.type !== 'unlistable') seen.push(entry.path)
    }
    expect(seen.toSorted()).toEqual(['a', 'empty', 'file', 'link', 'other'])
  })

  test('P13: does not follow a link that took the place of its root', async () => {
    const { store, root, outside } = await opened()
    renameSync(root, `${root}.moved`)
    symlinkSync('victim', root)
    const before = snapshot(join(outside, 'victim'))
    const calls: (() => Promise<unknown>)[] = [
      async () => store.stat(path('secret')),
      async () => (await store.open(path('secret'))).close(),
      async () => listed(store, path('b'), false),
      async () => store.remove(path('secret')),
      async () => store.rename(path('secret'), path('s'), true),
      async () => store.rename(path('b'), path('s'), false),
      async () => store.mkdir(path('b/c'), false),
      async () => put(store, path('b/new')),
    ]
    for (const call of calls) await expect(call()).rejects.toMatchObject({ code: 'ERR_NOT_FOUND' })
    await Promise.allSettled([
      put(store, path('new')),
      store.mkdir(path('made'), true),
      put(store, path('secret'), true),
    ])
    expect(snapshot(join(outside, 'victim'))).toEqual(before)
    const refused = byPath ? 'ERR_NOT_FOUND' : null
    expect(await outcome(listed(store, ROOT, true))).toBe(refused)
    expect(await outcome(store.stat(ROOT))).toBe(refused)
  })

  test('A15: its root cannot be deleted, renamed, replaced or made', async () => {
    const { store, outside } = await opened()
    const before = snapshot(outside)
    for (const overwrite of [false, true]) {
      await expect(store.rename(ROOT, path('x'), overwrite)).rejects.toMatchObject({ code: 'ERR_PATH' })
      await expect(store.rename(path('file'), ROOT, overwrite)).rejects.toMatchObject({ code: 'ERR_PATH' })
      await expect(store.create(ROOT, FILE, { overwrite })).rejects.toMatchObject({ code: 'ERR_PATH' })
      await expect(store.mkdir(ROOT, overwrite)).rejects.toMatchObject({ code: 'ERR_PATH' })
    }
    await expect(store.remove(ROOT)).rejects.toMatchObject({ code: 'ERR_PATH' })
    await expect(store.open(ROOT)).rejects.toMatchObject({ code: 'ERR_WRONG_TYPE' })
    expect(snapshot(outside)).toEqual(before)
  })

  test('A15: deletes files, links and empty folders, and no other folder', async () => {
    const { store, root, outside } = await opened()
    for (const full of ['a', 'a/b']) {
      await expect(store.remove(path(full))).rejects.toMatchObject({ code: 'ERR_NOT_EMPTY' })
    }
    for (const missing of ['nothing', 'link/secret', 'file/x']) {
      await expect(store.remove(path(missing))).rejects.toMatchObject({ code: 'ERR_NOT_FOUND' })
    }
    for (const gone of ['file', 'link', 'empty', 'a/b/deep', 'a/b', 'a']) await store.remove(path(gone))
    expect(names(root)).toEqual(['other'])
    expect(names(outside, 'victim')).toEqual(['b', 'secret'])
  })

  test('renames files, folders and links', async () => {
    const { store, root } = await opened()
    await store.rename(path('file'), path('a/b/moved'), false)
    await store.rename(path('link'), path('empty/link'), false)
    await store.rename(path('a'), path('empty/a'), false)
    expect(readFileSync(join(root, 'empty/a/b/moved'), 'utf8')).toBe('file')
    expect(lstatSync(join(root, 'empty/link')).isSymbolicLink()).toBe(true)
    expect(names(root)).toEqual(['empty', 'other'])
  })

  test.each([
    ['file', 'other', 'ERR_EXISTS'],
    ['file', 'empty', 'ERR_EXISTS'],
    ['file', 'link', 'ERR_EXISTS'],
    ['link', 'other', 'ERR_EXISTS'],
    ['empty', 'a', 'ERR_EXISTS'],
    ['a', 'empty', 'ERR_EXISTS'],
    ['a', 'file', 'ERR_EXISTS'],
    ['a', 'a/b/inside', 'ERR_PATH'],
    ['file', 'nowhere/x', 'ERR_NOT_FOUND'],
    ['nothing', 'x', 'ERR_NOT_FOUND'],
    ['file', 'file', 'ERR_EXISTS'],
  ])('does not rename %s to %s', async (from, to, code) => {
    const { store, outside } = await opened()
    const before = snapshot(outside)
    await expect(store.rename(path(from), path(to), false)).rejects.toMatchObject({ code })
    expect(snapshot(outside)).toEqual(before)
  })

  test.each([
    ['file', 'empty'],
    ['file', 'a'],
    ['link', 'empty'],
    ['empty', 'a'],
    ['a', 'empty'],
    ['a', 'file'],
    ['empty', 'link'],
  ])('A15: does not replace one by the other even if it may overwrite: %s, %s', async (from, to) => {
    const { store, outside } = await opened()
    const before = snapshot(outside)
    await expect(store.rename(path(from), path(to), true)).rejects.toMatchObject({ code: 'ERR_EXISTS' })
    expect(snapshot(outside)).toEqual(before)
  })

  test('replaces a file or link by a rename that may overwrite', async () => {
    const { store, root, outside } = await opened()
    await store.rename(path('file'), path('other'), true)
    expect(readFileSync(join(root, 'other'), 'utf8')).toBe('file')
    await store.rename(path('other'), path('link'), true)
    expect(readFileSync(join(root, 'link'), 'utf8')).toBe('file')
    expect(names(outside, 'victim')).toEqual(['b', 'secret'])
    expect(names(root)).toEqual(['a', 'empty', 'link'])
  })

  test.each(['file', 'link'])('gives a name to exactly one of two renames at once: %s', async (kind) => {
    const { store, root } = await opened()
    for (let round = 0; round < 20; round += 1) {
      const sources = ['one', 'two'].map((name) => `${name}${round}`)
      for (const name of sources) {
        if (kind === 'file') writeFileSync(join(root, name), name)
        else symlinkSync(name, join(root, name))
      }
      const outcomes = await Promise.allSettled(
        sources.map(async (name) => store.rename(path(name), path(`to${round}`), false)),
      )
      expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
      expect(names(root).filter((name) => sources.includes(name))).toHaveLength(1)
    }
  })

  test('makes folders, and with parents those above them', async () => {
    const { store, root } = await opened()
    await store.mkdir(path('new'), false)
    await store.mkdir(path('new'), true)
    await store.mkdir(path('a/b/c/d/e'), true)
    await store.mkdir(path('a/b/c/d/e'), true)
    expect(existsSync(join(root, 'a/b/c/d/e'))).toBe(true)
    for (const [taken, parents] of [
      ['new', false],
      ['file', false],
      ['file', true],
      ['file/x', true],
      ['link', true],
      ['link/x', true],
    ] as const) {
      await expect(store.mkdir(path(taken), parents)).rejects.toMatchObject({ code: 'ERR_EXISTS' })
    }
    await expect(store.mkdir(path('no/x'), false)).rejects.toMatchObject({ code: 'ERR_NOT_FOUND' })
    expect(names(root)).toEqual(['a', 'empty', 'file', 'link', 'new', 'other'])
  })

  test('stores into every depth and nowhere else', async () => {
    const { store, root, outside } = await opened()
    for (const to of ['n', 'a/n', 'a/b/n']) {
      await put(store, path(to))
      expect(readFileSync(join(root, to), 'utf8')).toBe('new')
    }
    for (const to of ['link/n', 'file/n', 'nothing/n', 'a/nothing/n']) {
      await expect(put(store, path(to), true)).rejects.toMatchObject({ code: 'ERR_NOT_FOUND' })
    }
    expect(names(outside, 'victim')).toEqual(['b', 'secret'])
  })

  test('an incomplete file is not there for any call, by its own name or as a folder', async () => {
    const { store, root } = await opened()
    const sink = await store.create(path('a/new'), FILE, { overwrite: false })
    await sink.write(Buffer.from('new'))
    const [part = 'none'] = names(root, '.sft-parts')
    const before = snapshot(root)
    expect((await listed(store, ROOT, true)).filter((entry) => entry.includes('part'))).toEqual([])
    expect(await listed(store, path('a'), false)).toEqual(['directory a/b'])
    for (const hidden of [
      '.sft-parts',
      `.sft-parts/${part}`,
      `.sft-parts/${part}/x`,
      '.sft-parts/x/y',
      `.sft-parts-${process.geteuid?.()}/x`,
      'a/.sft-parts',
      `a/.sft-parts/${part}`,
      '.sft-part-',
      'a/.sft-part-new',
    ]) {
      const at = path(hidden)
      const calls: (() => Promise<unknown>)[] = [
        async () => store.stat(at),
        async () => (await store.open(at)).close(),
        async () => listed(store, at, true),
        async () => store.remove(at),
        async () => store.rename(at, path('x'), true),
        async () => store.rename(path('file'), at, true),
        async () => store.mkdir(at, false),
        async () => store.mkdir(at, true),
        async () => put(store, at, false),
        async () => put(store, at, true),
        async () => store.kept(at, FILE, 'peer'),
      ]
      for (const call of calls) await expect(call()).rejects.toMatchObject({ code: 'ERR_NOT_FOUND' })
    }
    expect(snapshot(root)).toEqual(before)
    await sink.commit()
    expect(names(root, 'a')).toEqual(['b', 'new'])
  })

  test.each([-(10 ** 10), -1, 0, 10 ** 10, 2 ** 33, 14 * 10 ** 9])(
    'S13: lists and opens a file of the time %d s',
    async (seconds) => {
      const { store, root } = await opened()
      utimesSync(join(root, 'file'), String(seconds), String(seconds))
      const stats = lstatSync(join(root, 'file'), { bigint: true })
      const entry = await store.stat(path('file'))
      const fits = BigInt.asIntN(64, stats.mtimeNs) === stats.mtimeNs
      const nearest = stats.mtimeNs < 0n ? 1n - 2n ** 63n : 2n ** 63n - 1n
      expect(entry.mtime).toBe(fits ? stats.mtimeNs : nearest)
      expect(await listed(store, ROOT, false)).toContain('file file')
      const source = await store.open(path('file'))
      expect(source.file.mtime).toBe(entry.mtime)
      await source.close()
    },
  )
})

test('an incomplete file is not there for any request', async () => {
  const pair = await nodePair()
  writeFileSync(join(pair.root, OWN), 'own')
  mkdirSync(join(pair.root, 'a'))
  const part = `.sft-part-${crypto.randomUUID()}`
  writeFileSync(join(pair.root, 'a', part), 'incomplete')
  const raw = await RawClient.open(pair)
  const before = snapshot(pair.outside)
  for (const hidden of [`a/${part}`, part, `a/${part}/x`]) {
    for (const operation of OPERATIONS) {
      expect([operation, (await raw.ask(operation, hidden)).error]).toEqual([operation, 6])
    }
  }
  const { bytes } = await raw.ask('listAll', '.')
  expect(bytes.includes('part')).toBe(false)
  expect(bytes.includes(OWN)).toBe(true)
  expect(snapshot(pair.outside)).toEqual(before)
})

test('S13: a time that no machine can hold arrives as one it can', async () => {
  const machine = await sharingMachine({ rights: RIGHTS })
  const remote = await connectedMachine(machine.address)
  const local = tempFolder()
  for (const [name, seconds] of [
    ['past', '-86400.5'],
    ['future', '14000000000'],
    ['old', '-5000000000'],
  ] as const) {
    writeFileSync(join(machine.root, name), name)
    utimesSync(join(machine.root, name), seconds, seconds)
    await remote.get(name, join(local, name))
    await remote.put(join(local, name), `${name}.back`)
    expect(readFileSync(join(machine.root, `${name}.back`), 'utf8')).toBe(name)
  }
  const past = lstatSync(join(machine.root, 'past.back'), { bigint: true }).mtimeNs
  expect(past).toBe(-86_400_500_000_000n)
  expect(await Array.fromAsync(remote.list())).toHaveLength(6)
})

test('P20: a folder that holds the keys of this machine is not shared, by whatever path', async () => {
  const outer = tempFolder()
  const home = join(outer, 'config/home')
  mkdirSync(join(outer, 'beside'))
  await (await share(join(outer, 'beside'), { home, listen: ['/ip4/127.0.0.1/tcp/0'] })).close()
  symlinkSync(home, join(outer, 'link'))
  for (const folder of [home, join(outer, 'config'), outer, join(outer, 'link')]) {
    const shared = share(folder, { home, listen: ['/ip4/127.0.0.1/tcp/0'] })
    await expect(shared).rejects.toMatchObject({ code: 'ERR_USAGE', message: expect.stringContaining('keys') })
  }
})
