import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { SftError } from '../../src/errors.ts'
import { SharedFolder } from '../../src/fs/shared-folder.ts'
import type { ProtocolClient } from '../../src/protocol/client.ts'
import type { FileSource, FileStore } from '../../src/protocol/types.ts'
import { blockPeer, grantRights, type Peer } from '../../src/trust/peers.ts'
import { rightsAt, rightsWithin, type Offer } from '../../src/trust/rights.ts'
import { parseRemotePath, ROOT } from '../../src/wire/path.ts'
import { RIGHTS, type Right } from '../../src/wire/rights.ts'
import { memorySource, MemorySink } from '../support/memory-file.ts'
import { sessionPair } from '../support/session-pair.ts'
import { snapshot } from '../support/snapshot.ts'
import { tempFolder } from '../support/tmp.ts'

const path = parseRemotePath

const BOB: Peer = {
  name: 'bob',
  peerId: '12D3KooWBmwkafWE2fqfzS96VoTZgpGp6aJsF4N3vCRcUaK5U6sU',
  rights: new Set(),
  grants: [],
  secret: new Uint8Array(32),
  blocked: false,
  addresses: [],
  lastSeen: null,
}

/** A session, without a network, of a peer whose grants the test sets as it goes. */
interface Governed {
  readonly client: ProtocolClient
  readonly root: string
  /** Gives the peer rights at a path, in place of those it had there. */
  readonly grant: (where: string, ...rights: Right[]) => void
  readonly block: () => void
}

interface GovernedOptions {
  readonly ceiling?: readonly Right[]
  /** Wraps the store, to see when it is used. */
  readonly store?: (store: FileStore) => FileStore
}

/** Serves these files to a peer that has no rights but those it is granted. */
async function governed(files: readonly string[], options: GovernedOptions = {}): Promise<Governed> {
  const root = tempFolder()
  for (const file of files) {
    mkdirSync(join(root, dirname(file)), { recursive: true })
    if (file.endsWith('/')) mkdirSync(join(root, file))
    else writeFileSync(join(root, file), file)
  }
  const folder = await SharedFolder.open(root)
  onTestFinished(async () => folder.close())
  const offer: Offer = { root, ceiling: new Set(options.ceiling ?? RIGHTS), standard: new Set(['list', 'get']) }
  let peers: Peer[] = [BOB]
  const [bob] = [(): Peer | null => peers[0] ?? null]
  const client = await sessionPair({
    store: options.store?.(folder) ?? folder,
    rights: (where) => rightsAt(bob(), offer, where),
    rightsWithin: (where) => rightsWithin(bob(), offer, where),
  })
  return {
    client,
    root,
    grant: (where, ...rights) => {
      peers = grantRights(peers, 'bob', new Set(rights), { share: null, path: path(where) })
    },
    block: () => (peers = blockPeer(peers, 'bob', true)),
  }
}

/** The paths of all that a folder holds. */
function held(root: string): string[] {
  return Object.keys(snapshot(root))
    .filter((entry) => entry !== root)
    .map((entry) => entry.slice(root.length + 1))
    .toSorted()
}

/** One request of each kind at a path of a file, which succeeds where it may. */
const REQUESTS: Record<string, { needs: Right; run: (client: ProtocolClient, where: string) => Promise<unknown> }> = {
  list: { needs: 'list', run: async (client, where) => Array.fromAsync(client.list(path(dirname(where)), false)) },
  'list recursively': {
    needs: 'list',
    run: async (client, where) => Array.fromAsync(client.list(path(dirname(where)), true)),
  },
  stat: { needs: 'list', run: async (client, where) => client.stat(path(where)) },
  get: {
    needs: 'get',
    run: async (client, where) => client.get(path(where), {}, () => Promise.resolve(new MemorySink())),
  },
  digest: { needs: 'get', run: async (client, where) => client.digest(path(where), 'sha256') },
  put: { needs: 'put', run: async (client, where) => client.put(path(`${where}.new`), memorySource('new'), {}) },
  'put over a file': {
    needs: 'overwrite',
    run: async (client, where) => client.put(path(where), memorySource('new'), { overwrite: true }),
  },
  delete: { needs: 'delete', run: async (client, where) => client.remove(path(where)) },
  rename: { needs: 'rename', run: async (client, where) => client.rename(path(where), path(`${where}.moved`), false) },
  mkdir: { needs: 'mkdir', run: async (client, where) => client.mkdir(path(`${where}.made`), false) },
  'mkdir with parents': {
    needs: 'mkdir',
    run: async (client, where) => client.mkdir(path(`${where}.made/inner`), true),
  },
}

/** Files inside the granted folder `inbox` and around it, the last under names that are nearly its own. */
const INSIDE = ['inbox/file', 'inbox/deep/er/file']
const OUTSIDE = ['file', 'other/file', 'inbox2/file', 'inbo/file', 'Inbox/file', 'other/inbox/file', 'inbox.d/file']

describe('A01: a grant for a folder', () => {
  test.each(Object.entries(REQUESTS))('allows to %s in it and below, and nowhere else', async (_name, request) => {
    const { client, root, grant } = await governed([...INSIDE, ...OUTSIDE])
    grant('inbox', ...new Set<Right>(request.needs === 'overwrite' ? ['put', 'overwrite'] : [request.needs]))
    const before = snapshot(root)
    for (const where of OUTSIDE) {
      await expect(request.run(client, where), where).rejects.toMatchObject({ code: 'ERR_DENIED' })
    }
    expect(snapshot(root)).toEqual(before)
    for (const where of INSIDE) await request.run(client, where)
  })

  test.each(Object.entries(REQUESTS))('of all rights but that does not allow to %s', async (_name, request) => {
    const { client, root, grant } = await governed(INSIDE)
    grant('inbox', ...RIGHTS.filter((right) => right !== request.needs))
    const before = snapshot(root)
    for (const where of INSIDE) {
      await expect(request.run(client, where), where).rejects.toMatchObject({ code: 'ERR_DENIED' })
    }
    expect(snapshot(root)).toEqual(before)
  })

  test('is told from another spelling of its name: composed accents, compatible forms, other case', async () => {
    const files = ['zoë/file', 'zoe\u0308/file', 'ZOË/file', 'ﬁle/file', 'file/file']
    const { client, grant } = await governed(files)
    grant('zoë', 'get')
    grant('file', 'get')
    for (const file of files) {
      const got = client.digest(path(file), 'md5')
      if (file === 'zoë/file' || file === 'file/file') await got
      else await expect(got, file).rejects.toMatchObject({ code: 'ERR_DENIED' })
    }
  })

  test('leads nowhere else through a link, and nothing above it is shown', async () => {
    const { client, root, grant } = await governed(['inbox/file', 'secret/file'])
    symlinkSync('../secret', join(root, 'inbox/link'))
    grant('inbox', ...RIGHTS)
    await expect(client.digest(path('inbox/link/file'), 'md5')).rejects.toMatchObject({ code: 'ERR_NOT_FOUND' })
    await expect(client.stat(ROOT)).rejects.toMatchObject({ code: 'ERR_DENIED' })
    await expect(Array.fromAsync(client.list(ROOT, true))).rejects.toMatchObject({ code: 'ERR_DENIED' })
    const listed = await Array.fromAsync(client.list(path('inbox'), true))
    expect(listed).toMatchObject([{ path: expect.stringMatching(/^inbox\//) }, { path: expect.anything() }])
  })

  test('can be for one file, and for a deeper folder more is added to it', async () => {
    const { client, grant } = await governed(['a/b/c/file', 'a/file', 'report'])
    grant('report', 'get')
    grant('a', 'list')
    grant('a/b', 'get')
    grant('a/b/c', 'delete')
    await client.digest(path('report'), 'md5')
    await expect(client.stat(path('report'))).rejects.toMatchObject({ code: 'ERR_DENIED' })
    await expect(client.digest(path('a/file'), 'md5')).rejects.toMatchObject({ code: 'ERR_DENIED' })
    await client.stat(path('a/b/c/file'))
    await client.digest(path('a/b/c/file'), 'md5')
    await client.remove(path('a/b/c/file'))
    await expect(client.remove(path('a/b/c/other'))).rejects.toMatchObject({ code: 'ERR_NOT_FOUND' })
    await expect(client.remove(path('a/b/c'))).resolves.toBeUndefined()
    await expect(client.remove(path('a/b'))).rejects.toMatchObject({ code: 'ERR_DENIED' })
  })

  test('gives no more than the share offers anybody', async () => {
    const { client, root, grant } = await governed(INSIDE, { ceiling: ['list', 'put'] })
    grant('inbox', ...RIGHTS)
    for (const [name, { needs, run }] of Object.entries(REQUESTS)) {
      const ran = run(client, 'inbox/file')
      if (needs === 'list' || needs === 'put') await ran
      else await expect(ran, name).rejects.toMatchObject({ code: 'ERR_DENIED' })
    }
    expect(held(join(root, 'inbox'))).toEqual(['deep', 'deep/er', 'deep/er/file', 'file', 'file.new'])
  })

  test('welcomes with the rights at the root', async () => {
    const { client, grant } = await governed(INSIDE)
    grant('inbox', ...RIGHTS)
    expect(await client.rights()).toEqual(new Set())
  })

  test('is worth nothing to a peer that is blocked meanwhile', async () => {
    const { client, grant, block } = await governed(INSIDE)
    grant('inbox', ...RIGHTS)
    await client.stat(path('inbox/file'))
    block()
    for (const { run } of Object.values(REQUESTS)) {
      await expect(run(client, 'inbox/file')).rejects.toMatchObject({ code: 'ERR_DENIED' })
    }
  })
})

describe('A04: a grant that is withdrawn', () => {
  /** A source that calls back when the provider has taken in some of it, as the credit it gave shows. */
  function longSource(onTaken: () => void): FileSource {
    const source = memorySource('x'.repeat(6 * 1024 * 1024))
    return {
      ...source,
      read: async (buffer, offset) => {
        if (offset > 4 * 1024 * 1024) onTaken()
        return source.read(buffer, offset)
      },
    }
  }

  test.each<[string, Right[], string, boolean]>([
    ['put', [], 'inbox/new', false],
    ['put', ['overwrite'], 'inbox/file', true],
    ['overwrite', ['put'], 'inbox/file', true],
  ])('while a file is stored: without %s it is not (%j left, %s)', async (_what, left, where, overwrite) => {
    const { client, root, grant } = await governed(INSIDE)
    grant('inbox', 'put', 'overwrite')
    grant('other', 'put', 'overwrite')
    const before = snapshot(root)
    const stored = client.put(
      path(where),
      longSource(() => grant('inbox', ...left)),
      { overwrite },
    )
    await expect(stored).rejects.toMatchObject({ code: 'ERR_DENIED' })
    expect(Object.keys(snapshot(root))).toEqual(Object.keys(before)) // the folder's time is another one
    expect(snapshot(root)[join(root, 'inbox/file')]).toEqual(before[join(root, 'inbox/file')])
  })

  test('while mkdir looks at the folders above: nothing is made', async () => {
    let onStat = (): void => undefined
    const { client, root, grant } = await governed(['a/inbox/file'], {
      store: (store) => ({
        list: (...args) => store.list(...args),
        open: async (...args) => store.open(...args),
        create: async (...args) => store.create(...args),
        kept: async (...args) => store.kept(...args),
        remove: async (...args) => store.remove(...args),
        rename: async (...args) => store.rename(...args),
        mkdir: async (...args) => store.mkdir(...args),
        stat: async (where) => {
          onStat()
          return store.stat(where)
        },
      }),
    })
    grant('a/inbox', 'mkdir')
    onStat = () => grant('a/inbox', 'list')
    const before = snapshot(root)
    await expect(client.mkdir(path('a/inbox/b/c'), true)).rejects.toMatchObject({ code: 'ERR_DENIED' })
    expect(snapshot(root)).toEqual(before)
  })

  test.each(['delete', 'rename', 'mkdir'])('before a %s has its turn: nothing is done', async (name) => {
    const opened = Promise.withResolvers<void>()
    const { client, root, grant } = await governed(INSIDE, {
      store: (store) => ({
        list: (...args) => store.list(...args),
        open: async (...args) => {
          await opened.promise
          return store.open(...args)
        },
        create: async (...args) => store.create(...args),
        kept: async (...args) => store.kept(...args),
        remove: async (...args) => store.remove(...args),
        rename: async (...args) => store.rename(...args),
        mkdir: async (...args) => store.mkdir(...args),
        stat: async (where) => store.stat(where),
      }),
    })
    grant('inbox', ...RIGHTS)
    const before = held(root)
    const busy = Array.from({ length: 16 }, async () => client.digest(path('inbox/file'), 'md5'))
    const waiting = REQUESTS[name]?.run(client, 'inbox/file')
    await client.put(path('inbox/put'), memorySource('put'), {}) // which overtakes, so that all of them are there
    rmSync(join(root, 'inbox/put'))
    grant('inbox', 'get')
    opened.resolve()
    await expect(waiting).rejects.toMatchObject({ code: 'ERR_DENIED' })
    await Promise.all(busy)
    expect(held(root)).toEqual(before)
  })
})

describe('A01: mkdir with parents', () => {
  const FILES = ['a/inbox/file', 'a/file']

  test.each([
    ['a/inbox/b', 'a/inbox/b'],
    ['a/inbox/b/c/d', 'a/inbox/b/c/d'],
    ['a/inbox', 'a/inbox'], // which is there already
  ])('makes %s where all that is missing may be made', async (where, made) => {
    const { client, root, grant } = await governed(FILES)
    grant('a/inbox', 'mkdir')
    await client.mkdir(path(where), true)
    expect(held(root)).toContain(made)
  })

  test.each([
    ['x/inbox/b', 'the folder above the granted one is missing'],
    ['y/z/inbox/b', 'two folders above it are missing'],
    ['a/b', 'it lies beside the granted folder'],
    ['a/inbox2', 'it has a name like the granted folder'],
    ['a', 'it lies above the granted folder'],
  ])('does not make %s: %s', async (where) => {
    const { client, root, grant } = await governed(FILES)
    for (const folder of ['a/inbox', 'x/inbox', 'y/z/inbox']) grant(folder, 'mkdir')
    const before = snapshot(root)
    await expect(client.mkdir(path(where), true)).rejects.toMatchObject({ code: 'ERR_DENIED' })
    expect(snapshot(root)).toEqual(before)
  })

  test('makes the granted folder itself', async () => {
    const { client, root, grant } = await governed(FILES)
    grant('a/new', 'mkdir')
    await client.mkdir(path('a/new/inner'), true)
    expect(held(join(root, 'a/new'))).toEqual(['inner'])
  })
})

describe('A09: rename between folders', () => {
  const FILES = ['in/file', 'in/sub/file', 'out/old', 'file', 'private/sub/file']
  const rename = async (client: ProtocolClient, from: string, to: string, overwrite = false): Promise<void> =>
    client.rename(path(from), path(to), overwrite)

  test('needs the right at both ends', async () => {
    const { client, root, grant } = await governed(FILES)
    grant('in', 'rename')
    const before = snapshot(root)
    for (const [from, to] of [
      ['in/file', 'out/file'],
      ['out/old', 'in/old'],
      ['in', 'moved'],
      ['file', 'in/moved'],
    ] as const) {
      await expect(rename(client, from, to), from).rejects.toMatchObject({ code: 'ERR_DENIED' })
    }
    expect(snapshot(root)).toEqual(before)
    grant('out', 'rename')
    await rename(client, 'in/file', 'out/file')
    await rename(client, 'out/old', 'in/old')
    await rename(client, 'in/sub', 'out/sub')
    expect(held(root)).toEqual(expect.arrayContaining(['in/old', 'out/file', 'out/sub/file']))
  })

  test('replaces a file only with the right to that where it is', async () => {
    const { client, root, grant } = await governed(FILES)
    grant('in', 'rename', 'overwrite')
    grant('out', 'rename')
    await expect(rename(client, 'in/file', 'out/old', true)).rejects.toMatchObject({ code: 'ERR_DENIED' })
    expect(held(root)).toEqual(expect.arrayContaining(['in/file', 'out/old']))
    grant('out', 'rename', 'overwrite')
    await rename(client, 'in/file', 'out/old', true)
    expect(held(root)).not.toContain('in/file')
  })

  test.each<[string, string, Right]>([
    ['private/sub/file', 'out/file', 'get'],
    ['private', 'out/private', 'list'],
    ['file', 'out/file', 'delete'],
    ['file', 'out/file', 'overwrite'],
    ['in/sub', 'out/sub', 'put'],
    ['in/sub', 'out/sub', 'mkdir'],
  ])('of %s to %s is no way to %s it', async (from, to, gained) => {
    const { client, root, grant } = await governed(FILES)
    grant('.', 'rename')
    grant('out', gained)
    const before = snapshot(root)
    await expect(rename(client, from, to)).rejects.toMatchObject({ code: 'ERR_DENIED' })
    expect(snapshot(root)).toEqual(before)
    await rename(client, 'out/old', 'old') // and the other way nothing is gained
    grant('.', 'rename', gained)
    await rename(client, from, to)
  })

  test.each([
    ['box/sub', 'private', 'box'],
    ['box/sub/deeper', 'private', 'box'],
    ['box', 'private/sub', 'Box'], // one and the same on some file systems
    ['zoë/in', 'private/sub', 'zoe\u0308/in'],
    ['straße', 'private/sub', 'STRASSE/sub'],
  ])('is no way to a grant for %s: from %s to %s', async (granted, from, to) => {
    const { client, root, grant } = await governed([...FILES, 'zoe\u0308/file', 'STRASSE/file'])
    grant('.', 'rename')
    grant(granted, 'get')
    const before = snapshot(root)
    await expect(rename(client, from, to)).rejects.toMatchObject({ code: 'ERR_DENIED' })
    expect(snapshot(root)).toEqual(before)
  })

  test('within a share is allowed to nobody with less than all rights while nobody says what is granted below', async () => {
    const root = tempFolder()
    for (const name of ['a', 'b']) writeFileSync(join(root, name), name)
    const store = await SharedFolder.open(root)
    onTestFinished(async () => store.close())
    let rights = new Set<Right>(RIGHTS.filter((right) => right !== 'mkdir'))
    const client = await sessionPair({ store, rights: () => rights })
    await expect(rename(client, 'a', 'c')).rejects.toMatchObject({ code: 'ERR_DENIED' })
    rights = new Set(RIGHTS)
    await rename(client, 'a', 'c')
    expect(held(root)).toEqual(['b', 'c'])
  })
})

test('A12: a failure to tell the rights at one path denies everything there', async () => {
  const root = tempFolder()
  writeFileSync(join(root, 'file'), 'file')
  const store = await SharedFolder.open(root)
  onTestFinished(async () => store.close())
  const rights = (where: string): ReadonlySet<Right> => {
    if (where !== ROOT) throw new SftError('ERR_IDENTITY', 'the peers cannot be read')
    return new Set(RIGHTS)
  }
  const client = await sessionPair({ store, rights, rightsWithin: rights })
  const before = snapshot(root)
  for (const [name, { run }] of Object.entries(REQUESTS).filter(([name]) => !name.startsWith('list'))) {
    await expect(run(client, 'file'), name).rejects.toMatchObject({ code: 'ERR_INTERNAL' })
  }
  expect(snapshot(root)).toEqual(before)
})
