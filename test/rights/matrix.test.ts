import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { describe, expect, onTestFinished, test } from 'vitest'
import { ERRORS, RIGHTS, SftError, type Right } from '../../src/index.ts'
import { SharedFolder } from '../../src/fs/shared-folder.ts'
import { ProtocolClient } from '../../src/protocol/client.ts'
import type { FileSource } from '../../src/protocol/types.ts'
import { parseRemotePath } from '../../src/wire/path.ts'
import { connectedMachine, sharingMachine } from '../support/machines.ts'
import { memorySource, MemorySink } from '../support/memory-file.ts'
import { nodePair } from '../support/nodes.ts'
import { OWN, RawClient } from '../support/raw-client.ts'
import { sessionPair } from '../support/session-pair.ts'
import { names, snapshot } from '../support/snapshot.ts'
import { tempFolder } from '../support/tmp.ts'

const path = parseRemotePath

/** The tree every cell of the matrix starts from. */
function plant(root: string): void {
  for (const name of names(root)) rmSync(join(root, name), { recursive: true })
  mkdirSync(join(root, 'empty'))
  writeFileSync(join(root, 'file'), 'file')
  writeFileSync(join(root, 'other'), 'other')
}

interface Cell {
  /** The rights that are needed, all of them. */
  readonly needs: readonly Right[]
  readonly run: (client: ProtocolClient) => Promise<unknown>
  /** What the root holds afterwards, where that is another tree than before. */
  readonly after?: Record<string, string>
}

const BEFORE = { empty: '/', file: 'file', other: 'other' }

const ACTIONS: Record<string, Cell> = {
  list: { needs: ['list'], run: async (client) => Array.fromAsync(client.list(path('.'), false)) },
  'list recursively': { needs: ['list'], run: async (client) => Array.fromAsync(client.list(path('.'), true)) },
  stat: { needs: ['list'], run: async (client) => client.stat(path('file')) },
  get: {
    needs: ['get'],
    run: async (client) => client.get(path('file'), {}, () => Promise.resolve(new MemorySink())),
  },
  digest: { needs: ['get'], run: async (client) => client.digest(path('file'), 'md5') },
  put: {
    needs: ['put'],
    run: async (client) => client.put(path('new'), memorySource('new'), {}),
    after: { ...BEFORE, new: 'new' },
  },
  'put that may overwrite and need not': {
    needs: ['put'],
    run: async (client) => client.put(path('new'), memorySource('new'), { overwrite: true }),
    after: { ...BEFORE, new: 'new' },
  },
  'put over a file': {
    needs: ['put', 'overwrite'],
    run: async (client) => client.put(path('file'), memorySource('new'), { overwrite: true }),
    after: { ...BEFORE, file: 'new' },
  },
  'delete a file': {
    needs: ['delete'],
    run: async (client) => client.remove(path('file')),
    after: { empty: '/', other: 'other' },
  },
  'delete a folder': {
    needs: ['delete'],
    run: async (client) => client.remove(path('empty')),
    after: { file: 'file', other: 'other' },
  },
  rename: {
    needs: ['rename'],
    run: async (client) => client.rename(path('file'), path('moved'), false),
    after: { empty: '/', moved: 'file', other: 'other' },
  },
  'rename a folder': {
    needs: ['rename'],
    run: async (client) => client.rename(path('empty'), path('moved'), false),
    after: { file: 'file', moved: '/', other: 'other' },
  },
  'rename that may overwrite and need not': {
    needs: ['rename'],
    run: async (client) => client.rename(path('file'), path('moved'), true),
    after: { empty: '/', moved: 'file', other: 'other' },
  },
  'rename over a file': {
    needs: ['rename', 'overwrite'],
    run: async (client) => client.rename(path('file'), path('other'), true),
    after: { empty: '/', other: 'file' },
  },
  mkdir: {
    needs: ['mkdir'],
    run: async (client) => client.mkdir(path('made'), false),
    after: { ...BEFORE, made: '/' },
  },
  'mkdir with parents': {
    needs: ['mkdir'],
    run: async (client) => client.mkdir(path('empty/made'), true),
    after: { ...BEFORE, 'empty/made': '/' },
  },
}

/** What a folder holds, by path: the content of a file, `/` for a folder. */
function held(root: string): Record<string, string> {
  const entries = Object.entries(snapshot(root)).filter(([entry]) => entry !== root)
  return Object.fromEntries(entries.map(([entry, { content }]) => [entry.slice(root.length + 1), content ?? '/']))
}

/** A session, without a network, with a share whose rights the test sets as it goes. */
async function governed(rights: () => ReadonlySet<Right>): Promise<{ client: ProtocolClient; root: string }> {
  const root = tempFolder()
  const store = await SharedFolder.open(root)
  onTestFinished(async () => store.close())
  return { client: await sessionPair({ store, rights, rightsWithin: rights }), root }
}

/** What became of one action on a fresh tree: the code of its error, `null` for none, and what the tree holds then. */
interface Outcome {
  readonly rights: string
  readonly error: unknown
  readonly held: Record<string, string>
  /** Whether not even a time or mode changed. */
  readonly untouched: boolean
}

async function runCell(cell: Cell, rights: Iterable<Right>, client: ProtocolClient, root: string): Promise<Outcome> {
  plant(root)
  const before = snapshot(root)
  const [ran] = await Promise.allSettled([cell.run(client)])
  const error: unknown = ran.status === 'rejected' ? ran.reason : null
  expect(String(error)).not.toContain(root)
  return {
    rights: [...rights].join(),
    error: error instanceof SftError ? error.code : error,
    held: held(root),
    untouched: isDeepStrictEqual(snapshot(root), before),
  }
}

/** What has to become of it. */
function expectedCell(cell: Cell, rights: readonly Right[]): Outcome {
  const allowed = cell.needs.every((right) => rights.includes(right))
  const after = allowed ? cell.after : undefined
  return {
    rights: rights.join(),
    error: allowed ? null : 'ERR_DENIED',
    held: after ?? BEFORE,
    untouched: after === undefined,
  }
}

describe('A01: with every one of the 128 sets of rights', () => {
  const SETS = Array.from({ length: 2 ** RIGHTS.length }, (_, bits) =>
    RIGHTS.filter((_right, index) => (bits & (1 << index)) !== 0),
  )

  test.each(Object.entries(ACTIONS))(
    '%s is done where all it needs is granted and refused elsewhere',
    async (_name, cell) => {
      let rights = new Set<Right>()
      const { client, root } = await governed(() => rights)
      for (const set of SETS) {
        rights = new Set(set)
        expect(await runCell(cell, set, client, root)).toEqual(expectedCell(cell, set))
      }
    },
  )
})

describe('A01: over a network', () => {
  test.each(Object.entries(ACTIONS))(
    '%s is done with just what it needs, and not with all but that',
    async (_name, cell) => {
      const sets = [cell.needs, ...cell.needs.map((missing) => RIGHTS.filter((right) => right !== missing))]
      for (const rights of sets) {
        const pair = await nodePair({ rights })
        const client = await ProtocolClient.open(await pair.openStream(), pair.clientInit)
        expect(await client.rights()).toEqual(new Set(rights))
        expect(await runCell(cell, rights, client, pair.root)).toEqual(expectedCell(cell, rights))
        await client.close()
        await expect.poll(() => pair.served.length).toBe(1)
        expect(pair.served[0]?.error?.code).toBe(sets.indexOf(rights) === 0 ? undefined : 'ERR_DENIED')
      }
    },
  )

  test('a share grants listing and fetching and nothing else unless told so', async () => {
    const machine = await sharingMachine()
    const remote = await connectedMachine(machine.address)
    plant(machine.root)
    expect(await remote.rights()).toEqual(new Set(['list', 'get']))
    const before = snapshot(machine.root)
    const local = join(tempFolder(), 'local')
    await remote.get('file', local)
    for (const call of [
      async () => remote.put(local, 'new'),
      async () => remote.put(local, 'file', { overwrite: true }),
      async () => remote.remove('file'),
      async () => remote.rename('file', 'moved'),
      async () => remote.mkdir('made'),
    ]) {
      await expect(call()).rejects.toMatchObject({ code: 'ERR_DENIED' })
    }
    expect(snapshot(machine.root)).toEqual(before)
  })
})

describe('A04: a right that is withdrawn while a file is stored', () => {
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

  test.each<[Right, string, boolean]>([
    ['put', 'new', false],
    ['put', 'new', true],
    ['put', 'file', true],
    ['overwrite', 'file', true],
    ['overwrite', 'new', true],
  ])('%s: %s is not stored (overwrite %s)', async (withdrawn, name, overwrite) => {
    const rights = new Set(RIGHTS)
    const { client, root } = await governed(() => rights)
    plant(root)
    const stored = client.put(
      path(name),
      longSource(() => rights.delete(withdrawn)),
      { overwrite },
    )
    await expect(stored).rejects.toMatchObject({ code: 'ERR_DENIED' })
    expect(held(root)).toEqual(BEFORE)
    await client.stat(path('file'))
  })

  test('a right that is granted while a file is stored is too late for it', async () => {
    const rights = new Set<Right>(['put'])
    const { client, root } = await governed(() => rights)
    plant(root)
    const late = client.put(
      path('new'),
      longSource(() => {
        rights.add('overwrite')
        if (!names(root).includes('new')) writeFileSync(join(root, 'new'), 'first')
      }),
      { overwrite: true },
    )
    await expect(late).rejects.toMatchObject({ code: expect.stringMatching(/^ERR_(DENIED|EXISTS)$/) })
    expect(held(root)).toEqual({ ...BEFORE, new: 'first' })
  })

  test('is missed by the next request of the session, whatever it was welcomed with', async () => {
    const rights = new Set(RIGHTS)
    const { client, root } = await governed(() => rights)
    plant(root)
    await client.remove(path('file'))
    rights.clear()
    for (const cell of Object.values(ACTIONS)) {
      await expect(cell.run(client)).rejects.toMatchObject({ code: 'ERR_DENIED' })
    }
    expect(await client.rights()).toEqual(new Set(RIGHTS))
    expect(held(root)).toEqual({ empty: '/', other: 'other' })
  })
})

test('A12: a failure to tell the rights denies everything', async () => {
  let broken = false
  const { client, root } = await governed(() => {
    if (broken) throw new Error('the rights cannot be read')
    return new Set(RIGHTS)
  })
  plant(root)
  broken = true
  const before = snapshot(root)
  for (const cell of Object.values(ACTIONS)) {
    await expect(cell.run(client)).rejects.toMatchObject({ code: 'ERR_INTERNAL' })
  }
  expect(snapshot(root)).toEqual(before)
})

test('A10: of two uploads of one name at once exactly one is stored, without the right to overwrite', async () => {
  const { client, root } = await governed(() => new Set<Right>(['put']))
  for (let round = 0; round < 25; round += 1) {
    const outcomes = await Promise.allSettled(
      ['one', 'two'].map(async (text) =>
        client.put(path(`f${round}`), memorySource(text), { overwrite: round % 2 === 1 }),
      ),
    )
    const winners = outcomes.flatMap(({ status }, index) => (status === 'fulfilled' ? [['one', 'two'][index]] : []))
    expect(winners).toHaveLength(1)
    expect(readFileSync(join(root, `f${round}`), 'utf8')).toBe(winners[0])
  }
  expect(names(root)).toHaveLength(25)
})

test('A15: the root of a share is not deleted, renamed, replaced or made, with all rights', async () => {
  const pair = await nodePair()
  plant(pair.root)
  const raw = await RawClient.open(pair)
  writeFileSync(join(pair.root, OWN), 'own')
  const before = snapshot(pair.outside)
  for (const operation of [
    'delete',
    'renameFrom',
    'renameTo',
    'replaceTo',
    'put',
    'replace',
    'mkdir',
    'mkdirAll',
  ] as const) {
    expect([operation, (await raw.ask(operation, '.')).error]).toEqual([operation, ERRORS.ERR_PATH.wire])
  }
  for (const operation of ['get', 'md5'] as const) {
    expect((await raw.ask(operation, '.')).error).toBe(ERRORS.ERR_WRONG_TYPE.wire)
  }
  expect((await raw.ask('list', '.')).error).toBe(0)
  expect(snapshot(pair.outside)).toEqual(before)
})
