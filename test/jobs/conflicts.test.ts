import {
  lstatSync,
  lutimesSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { isNewer } from '../../src/jobs/conflict.ts'
import type { JobOptions, OnConflict } from '../../src/index.ts'
import { md5Of } from '../support/cli.ts'
import { differences, failures, jobMachines, namesBelow, only, skipped, write, type Ran } from '../support/jobs.ts'
import { MD5_COLLISION } from '../support/md5-collision.ts'
import { snapshot } from '../support/snapshot.ts'

/** What has the name of a file that is to come, which was changed in 2001 and says "coming". */
const THERE: Record<string, (path: string) => void> = {
  same: (path) => write(path, 'coming', 1e9),
  older: (path) => write(path, 'older.', 1e9 - 60),
  newer: (path) => write(path, 'newer.', 1e9 + 60),
  'other size': (path) => write(path, 'shorter', 1e9),
  folder: (path) => mkdirSync(path, { recursive: true }),
  link: (path) => {
    symlinkSync('target', path) // as long as the file
    lutimesSync(path, 1e9, 1e9)
  },
}

type Outcome = 'comes' | 'stays' | 'fails' | 'beside'

/** What becomes of the file that comes under each policy. */
const OUTCOMES: Record<Exclude<OnConflict, 'ask'>, Record<keyof typeof THERE, Outcome>> = {
  fail: { same: 'stays', older: 'fails', newer: 'fails', 'other size': 'fails', folder: 'fails', link: 'fails' },
  skip: { same: 'stays', older: 'stays', newer: 'stays', 'other size': 'stays', folder: 'stays', link: 'stays' },
  overwrite: { same: 'stays', older: 'comes', newer: 'comes', 'other size': 'comes', folder: 'fails', link: 'comes' },
  rename: {
    same: 'stays',
    older: 'beside',
    newer: 'beside',
    'other size': 'beside',
    folder: 'beside',
    link: 'beside',
  },
  newer: { same: 'stays', older: 'comes', newer: 'stays', 'other size': 'stays', folder: 'fails', link: 'fails' },
}

const REASONS: Partial<Record<string, string>> = { same: 'identical', newer: 'older', 'other size': 'older' }

describe.each(Object.keys(OUTCOMES) as (keyof typeof OUTCOMES)[])('where a name is taken, %s', (onConflict) => {
  test.each(['get', 'put'] as const)('in a %s leaves each as it says', async (direction) => {
    const { root, local, get, put } = await jobMachines()
    const [from, to] = direction === 'get' ? [root, local] : [local, root]
    for (const [name, make] of Object.entries(THERE)) {
      write(join(from, 'tree', `${name}.txt`), 'coming', 1e9)
      mkdirSync(join(to, 'tree'), { recursive: true })
      make(join(to, 'tree', `${name}.txt`))
    }
    write(join(from, 'tree', 'free.txt'), 'coming', 1e9)
    const ran = direction === 'get' ? await get(['tree'], { onConflict }) : await put(['tree'], { onConflict })
    const [failed, left] = [failures(ran), skipped(ran)]
    for (const [name, outcome] of Object.entries(OUTCOMES[onConflict])) {
      const source = direction === 'get' ? `tree/${name}.txt` : join(local, 'tree', `${name}.txt`)
      const target = join(to, 'tree', `${name}.txt`)
      const comes = outcome === 'comes'
      expect([name, lstatSync(target).isFile() && readFileSync(target, 'utf8') === 'coming']).toEqual([
        name,
        comes || name === 'same',
      ])
      expect([name, failed[source]]).toEqual([name, outcome === 'fails' ? 'ERR_EXISTS' : undefined])
      const reason = onConflict === 'newer' || name === 'same' ? REASONS[name] : 'exists'
      expect([name, left[source]]).toEqual([name, outcome === 'stays' ? reason : undefined])
      const beside = join(to, 'tree', `${name} (1).txt`)
      expect([name, namesBelow(to).includes(`tree/${name} (1).txt`)]).toEqual([name, outcome === 'beside'])
      if (outcome === 'beside') expect(readFileSync(beside, 'utf8')).toBe('coming')
    }
    expect(readFileSync(join(to, 'tree', 'free.txt'), 'utf8')).toBe('coming')
    const count = (wanted: Outcome): number =>
      Object.values(OUTCOMES[onConflict]).filter((one) => one === wanted).length
    expect(ran.summary).toMatchObject({
      files: 1 + count('comes') + count('beside'),
      failed: count('fails'),
      skipped: count('stays'),
      ended: false,
    })
    expect(namesBelow(to)).not.toContain('target')
  })
})

test.each(['get', 'put'] as const)('a second %s sends nothing, whatever the policy', async (direction) => {
  const { root, local, get, put } = await jobMachines()
  const from = direction === 'get' ? root : local
  for (let index = 0; index < 50; index += 1) write(join(from, 'tree', `${index % 5}`, `${index}.txt`))
  write(join(from, 'tree', 'large'), new Uint8Array(2_000_000).fill(7))
  const run = async (options: JobOptions): Promise<Ran> => (direction === 'get' ? get : put)(['tree'], options)
  expect((await run({})).summary).toMatchObject({ files: 51 })
  for (const onConflict of ['fail', 'skip', 'overwrite', 'rename', 'newer', 'ask'] as const) {
    for (const checksum of [false, true]) {
      const { summary } = await run({ onConflict, checksum })
      expect(summary).toMatchObject({ files: 0, folders: 0, sent: 0, skipped: 51, failed: 0, error: null })
    }
  }
  expect(differences(root, local)).toEqual([])
})

test.each(['get', 'put'] as const)(
  'in a %s with checksum, same means the same bytes and not the same time',
  async (direction) => {
    const { root, local, get, put } = await jobMachines()
    const [from, to] = direction === 'get' ? [root, local] : [local, root]
    write(join(from, 'hidden change.txt'), 'one way', 1e9)
    write(join(to, 'hidden change.txt'), 'another', 1e9)
    write(join(from, 'touched.txt'), 'the same', 1e9)
    write(join(to, 'touched.txt'), 'the same', 2e9)
    const names = ['hidden change.txt', 'touched.txt']
    const run = direction === 'get' ? get : put
    expect((await run(names, {})).summary).toMatchObject({ skipped: 1, failed: 1 }) // by size and time
    const ran = await run(names, { checksum: true, onConflict: 'overwrite' })
    expect(ran.summary).toMatchObject({ files: 1, skipped: 1, failed: 0 })
    expect(readFileSync(join(to, 'hidden change.txt'), 'utf8')).toBe('one way')
    expect(statSync(join(to, 'touched.txt')).mtimeMs).toBe(2e12)
  },
)

test.each(['get', 'put'] as const)(
  'C19: in a %s with checksum, two files of one MD5 that differ are not taken for the same',
  async (direction) => {
    const { root, local, get, put } = await jobMachines()
    const [from, to] = direction === 'get' ? [root, local] : [local, root]
    const [one, other] = MD5_COLLISION
    expect(md5Of(one)).toBe(md5Of(other))
    write(join(from, 'forged'), one, 1e9)
    write(join(to, 'forged'), other, 1e9)
    const ran = await (direction === 'get' ? get : put)(['forged'], { checksum: true, onConflict: 'overwrite' })
    expect(ran.summary).toMatchObject({ files: 1, skipped: 0, failed: 0 })
    expect(readFileSync(join(to, 'forged')).equals(one)).toBe(true)
  },
)

test('a time is newer only beyond what file systems round', () => {
  const [there, second] = [{ size: 1, mtime: 1_000_000_000_123_456_789n }, 1_000_000_000n]
  expect([1n, second / 10n, second].map((more) => isNewer({ size: 2, mtime: there.mtime + more }, there))).toEqual([
    false,
    true,
    true,
  ])
  const whole = { size: 1, mtime: 5n * second }
  expect(isNewer({ size: 1, mtime: whole.mtime + second / 2n }, whole)).toBe(false)
})

test.each(['get', 'put'] as const)('a dry run of a %s tells everything and touches nothing', async (direction) => {
  const { root, local, get, put } = await jobMachines()
  const [from, to] = direction === 'get' ? [root, local] : [local, root]
  write(join(from, 'tree', 'new.txt'))
  write(join(from, 'tree', 'inner', 'new.txt'))
  write(join(from, 'tree', 'other.txt'), 'this')
  write(join(to, 'tree', 'other.txt'), 'that', 1e9)
  const before = [snapshot(root), snapshot(local)]
  const run = async (options: JobOptions, destination?: string): Promise<Ran> =>
    (direction === 'get' ? get : put)(['tree'], { dryRun: true, ...options }, destination)
  const planned = async (ran: Promise<Ran>): Promise<string[]> =>
    only(await ran, 'planned')
      .map(({ action, target }) => `${action} ${target.replace(`${local}/`, '')}`)
      .toSorted()
  const fresh = ['folder tree/inner', 'new tree/inner/new.txt', 'new tree/new.txt']
  expect(await planned(run({ onConflict: 'overwrite' }))).toEqual([...fresh, 'replace tree/other.txt'])
  expect(await planned(run({ onConflict: 'rename' }))).toEqual([...fresh, 'rename tree/other (1).txt'].toSorted())
  expect(failures(await run({}))).toEqual({
    [direction === 'get' ? 'tree/other.txt' : join(local, 'tree/other.txt')]: 'ERR_EXISTS',
  })
  const elsewhere = direction === 'get' ? join(local, 'not there') : 'not there'
  expect(await planned(run({}, elsewhere))).toEqual(
    ['folder tree', ...fresh, 'new tree/other.txt'].map((line) => line.replace(' ', ' not there/')).toSorted(),
  )
  expect([snapshot(root), snapshot(local)]).toEqual(before)
})

test('what is put beside others gets the next free number, before the last dot of its name', async () => {
  const { root, local, get } = await jobMachines()
  for (const name of ['a.tar.gz', '.profile', 'plain', 'dot.']) {
    write(join(root, name), 'new')
    write(join(local, name), 'old', 1e9)
  }
  write(join(local, 'plain (1)'), 'old', 1e9)
  write(join(local, 'plain (3)'), 'old', 1e9)
  await get(['.'], { onConflict: 'rename' })
  const added = namesBelow(local).filter((name) => readFileSync(join(local, name), 'utf8') === 'new')
  expect(added).toEqual(['.profile (1)', 'a.tar (1).gz', 'dot (1).', 'plain (2)'])
})

test.each(['get', 'put'] as const)(
  'what came beside another one in a %s does not come again, unless it changed',
  async (direction) => {
    const { root, local, get, put } = await jobMachines()
    const [from, to] = direction === 'get' ? [root, local] : [local, root]
    const run = direction === 'get' ? get : put
    write(join(from, 'a.txt'), 'coming', 1e9)
    write(join(to, 'a.txt'), 'other', 1e9)
    for (const checksum of [false, true]) {
      const { summary } = await run(['a.txt'], { onConflict: 'rename', checksum })
      expect(summary).toMatchObject(checksum ? { files: 0, skipped: 1 } : { files: 1, skipped: 0 })
      const again = await run(['a.txt'], { onConflict: 'rename', checksum })
      expect(Object.values(skipped(again))).toEqual(['identical'])
    }
    write(join(to, 'a (1).txt'), 'COMING', 1e9)
    expect((await run(['a.txt'], { onConflict: 'rename', checksum: true })).summary).toMatchObject({ files: 1 })
    write(join(from, 'a.txt'), 'changed', 1e9)
    expect((await run(['a.txt'], { onConflict: 'rename' })).summary).toMatchObject({ files: 1 })
    expect(namesBelow(to)).toEqual(['a (1).txt', 'a (2).txt', 'a (3).txt', 'a.txt'])
  },
)

test('two files of one job that look the same each get a name of their own beside another', async () => {
  const { root, local, get } = await jobMachines()
  const folders = ['one', 'two', 'three', 'four']
  for (const folder of folders) write(join(root, folder, 'a.txt'), folder.slice(0, 3), 1e9)
  const run = async (): Promise<Ran> =>
    get(
      folders.map((folder) => `${folder}/a.txt`),
      { onConflict: 'rename', parallel: 1 },
    )
  expect((await run()).summary).toMatchObject({ files: 4, skipped: 0 })
  const contents = namesBelow(local).map((name) => readFileSync(join(local, name), 'utf8'))
  expect(contents.toSorted()).toEqual(['fou', 'one', 'thr', 'two'])
  expect((await run()).summary).toMatchObject({ files: 0, skipped: 4 })
})

test('many files of one name are asked about one at a time', async () => {
  const { root, local, get } = await jobMachines()
  for (let index = 0; index < 20; index += 1) {
    write(join(root, `${index}`), 'new')
    write(join(local, `${index}`), 'previous', 1e9)
  }
  let [asking, most] = [0, 0]
  const decisions = ['skip', 'overwrite', 'rename'] as const
  const { summary } = await get(['.'], {
    onConflict: 'ask',
    ask: async ({ path, file, there }) => {
      expect([file.size, there.size]).toEqual([3, 8])
      most = Math.max(most, (asking += 1))
      await new Promise((resolve) => setImmediate(resolve))
      asking -= 1
      return decisions[Number(path) % 3] ?? 'skip'
    },
  })
  expect(most).toBe(1)
  expect(summary).toMatchObject({ files: 13, skipped: 7, failed: 0 })
})

test('whoever is asked and does not want to answer ends that file alone', async () => {
  const { root, local, get } = await jobMachines()
  for (const name of ['a', 'b']) {
    write(join(root, name), 'new')
    write(join(local, name), 'previous', 1e9)
  }
  const ask = async (): Promise<never> => Promise.reject(new Error('closed'))
  const ran = await get(['.'], { onConflict: 'ask', ask })
  expect(failures(ran)).toEqual({ a: 'ERR_INTERNAL', b: 'ERR_INTERNAL' })
})

test.each([
  ['fail', 'there', undefined],
  ['skip', 'there', undefined],
  ['overwrite', 'coming', undefined],
  ['rename', 'there', 'coming'],
] as const)(
  'a name that is taken while the file is on its way is dealt with as said: %s',
  async (onConflict, content, beside) => {
    const { root, local, get } = await jobMachines()
    write(join(root, 'a.txt'), 'coming')
    let begun = 0
    await get(['a.txt'], {
      onConflict,
      onEvent: ({ type }) => {
        if (type === 'begin' && (begun += 1) === 1) writeFileSync(join(local, 'a.txt'), 'there')
      },
    })
    expect(readFileSync(join(local, 'a.txt'), 'utf8')).toBe(content)
    expect(namesBelow(local).includes('a (1).txt')).toBe(beside !== undefined)
  },
)

test('N07: a file where a folder has to be fails that folder and no other', async () => {
  const { root, local, get, put } = await jobMachines()
  for (const base of [root, local]) {
    write(join(base, 'tree', 'taken', 'a.txt'))
    write(join(base, 'tree', 'free', 'a.txt'))
  }
  write(join(local, 'down', 'tree', 'taken'), 'file')
  write(join(root, 'up', 'tree', 'taken'), 'file')
  for (const onConflict of ['fail', 'overwrite', 'rename', 'skip'] as const) {
    const down = await get(['tree'], { onConflict }, join(local, 'down'))
    expect(failures(down)).toEqual({ 'tree/taken': 'ERR_EXISTS' })
    expect(down.summary).toMatchObject({ failed: 2, ended: false })
    const up = await put(['tree'], { onConflict }, 'up')
    expect(failures(up)).toEqual({ [join(local, 'tree/taken')]: 'ERR_EXISTS' })
  }
  for (const base of [join(local, 'down'), join(root, 'up')]) {
    expect(namesBelow(base)).toEqual(['tree', 'tree/free', 'tree/free/a.txt', 'tree/taken'])
    expect(readFileSync(join(base, 'tree', 'taken'), 'utf8')).toBe('file')
  }
})

test('a link where a folder has to be is not followed', async () => {
  const { root, local, get } = await jobMachines()
  write(join(root, 'tree', 'inner', 'a.txt'))
  mkdirSync(join(local, 'tree'))
  mkdirSync(join(local, 'elsewhere'))
  symlinkSync('../elsewhere', join(local, 'tree', 'inner'))
  const ran = await get(['tree'], { onConflict: 'overwrite' })
  expect(failures(ran)).toEqual({ 'tree/inner': 'ERR_EXISTS' })
  expect(namesBelow(join(local, 'elsewhere'))).toEqual([])
})

test('into a share that may not be looked at, a tree can be put all the same', async () => {
  const { root, local, put } = await jobMachines({ rights: ['put', 'mkdir'] })
  write(join(local, 'tree', 'a.txt'), 'a')
  write(join(local, 'tree', 'inner', 'b.txt'), 'b')
  expect((await put(['tree'])).summary).toMatchObject({ files: 2, folders: 2, failed: 0 })
  expect(differences(join(local, 'tree'), join(root, 'tree'))).toEqual([])
  const again = await put(['tree'])
  expect(Object.values(failures(again))).toEqual(['ERR_EXISTS', 'ERR_EXISTS'])
  expect((await put(['tree'], { onConflict: 'skip' })).summary).toMatchObject({ skipped: 2, failed: 0 })
  expect((await put(['tree'], { onConflict: 'rename' })).summary).toMatchObject({ files: 2, failed: 0 })
  expect((await put(['tree'], { onConflict: 'rename' })).summary).toMatchObject({ files: 2, failed: 0 })
  expect(namesBelow(join(root, 'tree', 'inner'))).toEqual(['b (1).txt', 'b (2).txt', 'b.txt'])
})

test('from a share that may not be looked at, a file can be fetched all the same', async () => {
  const { root, local, get } = await jobMachines({ rights: ['get'] })
  write(join(root, 'inner', 'a.txt'), 'a')
  expect((await get(['inner/a.txt'])).summary).toMatchObject({ files: 1, failed: 0 })
  expect(readFileSync(join(local, 'a.txt'), 'utf8')).toBe('a')
  const ran = await get(['inner/a.txt', 'inner/*', 'inner'])
  expect(failures(ran)).toMatchObject({ 'inner/*': 'ERR_DENIED' })
  expect(ran.summary.ended).toBe(false)
})

test('of several things that were named, two of one name do not end up as one', async () => {
  const { root, local, get, put } = await jobMachines()
  for (const base of [root, local]) {
    for (const folder of ['one', 'two']) {
      write(join(base, folder, 'a.txt'), folder)
      write(join(base, folder, 'sub', 'b.txt'), folder)
    }
  }
  for (const onConflict of ['fail', 'overwrite', 'newer'] as const) {
    const destination = join(local, `down ${onConflict}`)
    const down = await get(['one/a.txt', 'two/a.txt', 'one/sub', 'two/sub'], { onConflict }, destination)
    expect(failures(down)).toEqual({ 'two/a.txt': 'ERR_EXISTS', 'two/sub': 'ERR_EXISTS' })
    expect(readFileSync(join(destination, 'a.txt'), 'utf8')).toBe('one')
    expect(readFileSync(join(destination, 'sub', 'b.txt'), 'utf8')).toBe('one')
    const up = await put(['one/a.txt', 'two/a.txt'], { onConflict }, `up ${onConflict}`)
    expect(failures(up)).toEqual({ [join(local, 'two/a.txt')]: 'ERR_EXISTS' })
    expect(readFileSync(join(root, `up ${onConflict}`, 'a.txt'), 'utf8')).toBe('one')
  }
  const renamed = await get(['one/a.txt', 'two/a.txt'], { onConflict: 'rename' }, join(local, 'renamed'))
  expect(renamed.summary).toMatchObject({ files: 2, failed: 0 })
  expect(readFileSync(join(local, 'renamed', 'a (1).txt'), 'utf8')).toBe('two')
  const left = await get(['one/a.txt', 'two/a.txt'], { onConflict: 'skip' }, join(local, 'skipped'))
  expect(skipped(left)).toEqual({ 'two/a.txt': 'exists' })
  const twice = await get(['one/a.txt', 'one/a.txt', 'one/*.txt'], {}, join(local, 'twice'))
  expect(twice.summary).toMatchObject({ files: 1, failed: 0, skipped: 0 })
})

test('the contents of two folders that go to one place do not replace each other', async () => {
  const { root, local, put, get } = await jobMachines()
  for (const base of [root, local]) {
    for (const folder of ['one', 'two']) {
      write(join(base, folder, 'a.txt'), folder, 1e9)
      write(join(base, folder, 'sub', 'b.txt'), folder, 1e9)
      write(join(base, folder, 'sub', `${folder}.txt`), folder)
    }
  }
  const merged = await put(['one/.', 'two/.'], { onConflict: 'overwrite', parallel: 1 }, 'merged')
  expect(failures(merged)).toEqual({
    [join(local, 'two/a.txt')]: 'ERR_EXISTS',
    [join(local, 'two/sub/b.txt')]: 'ERR_EXISTS',
  })
  expect(namesBelow(join(root, 'merged'))).toEqual(['a.txt', 'sub', 'sub/b.txt', 'sub/one.txt', 'sub/two.txt'])
  expect(readFileSync(join(root, 'merged', 'a.txt'), 'utf8')).toBe('one')
  const down = await get(['one/a.txt', '.'], { onConflict: 'overwrite' }, join(local, 'down'))
  expect(failures(down)).toEqual({})
})

test('a source that vanishes before its turn fails alone', async () => {
  const { root, local, get, put } = await jobMachines()
  for (const base of [root, local]) for (let index = 0; index < 20; index += 1) write(join(base, 'tree', `${index}`))
  const vanish = (base: string): JobOptions => ({
    parallel: 1,
    onEvent: (event) => {
      if (event.type !== 'plan' || !event.complete) return
      for (const name of namesBelow(join(base, 'tree')).slice(10)) unlinkSync(join(base, 'tree', name))
    },
  })
  const down = await get(['tree'], vanish(root), join(local, 'down'))
  expect(down.summary).toMatchObject({ ended: false })
  expect(down.summary.files + down.summary.failed).toBe(20)
  const up = await put(['tree'], vanish(local), 'up')
  expect(up.summary).toMatchObject({ ended: false })
  expect(up.summary.files + up.summary.failed).toBe(20)
  expect(new Set([...Object.values(failures(up)), ...Object.values(failures(down))])).toEqual(
    new Set(['ERR_NOT_FOUND']),
  )
})
