import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Filter, globDepth, isGlob } from '../../src/jobs/filter.ts'
import { failures, jobMachines, namesBelow, write } from '../support/jobs.ts'

const FILES = [
  'a.txt',
  'b.jpg',
  '.hidden/c.txt',
  '.dot.txt',
  'node_modules/x/index.js',
  'src/node_modules/y.txt',
  'src/a.txt',
  'src/deep/er/a.txt',
  'src/deep/b.jpg',
]

/** Returns the files of the tree that a job with these patterns takes across, by a get and a put, which have to agree. */
async function taken(include: readonly string[], exclude: readonly string[]): Promise<string[]> {
  const { root, local, get, put } = await jobMachines()
  for (const base of [root, local]) for (const file of FILES) write(join(base, 'tree', file))
  const filters = { ...(include.length > 0 && { include }), ...(exclude.length > 0 && { exclude }) }
  await get(['tree'], filters, join(local, 'down'))
  await put(['tree'], filters, 'up')
  const [down, up] = [namesBelow(join(local, 'down', 'tree')), namesBelow(join(root, 'up', 'tree'))]
  expect(down).toEqual(up)
  return down
}

test('a pattern without a slash is about names, wherever they are', async () => {
  expect(await taken([], ['node_modules', '*.jpg'])).toEqual([
    '.dot.txt',
    '.hidden',
    '.hidden/c.txt',
    'a.txt',
    'src',
    'src/a.txt',
    'src/deep',
    'src/deep/er',
    'src/deep/er/a.txt',
  ])
})

test('a pattern with a slash is about paths below what was named', async () => {
  expect(await taken([], ['src/*', './.hidden/**', '/node_modules/'])).toEqual(['.dot.txt', 'a.txt', 'b.jpg', 'src'])
})

test('what is to be included is all that comes, in the folders it needs', async () => {
  expect(await taken(['*.txt'], ['.hidden', 'node_modules'])).toEqual([
    '.dot.txt',
    'a.txt',
    'src',
    'src/a.txt',
    'src/deep',
    'src/deep/er',
    'src/deep/er/a.txt',
  ])
  expect(await taken(['src/deep/**'], ['*.txt'])).toEqual(['src', 'src/deep', 'src/deep/b.jpg'])
})

test('a folder that is left out is not even looked into', async () => {
  const looked: string[] = []
  const filter = new Filter([], ['cache'])
  for (const path of ['cache', 'a/cache', 'cached']) if (filter.enters(path)) looked.push(path)
  expect(looked).toEqual(['cached'])
})

test.each([
  ['*.txt', ['.dot.txt', 'a.txt']],
  ['src/*.txt', ['a.txt']],
  ['**/b.jpg', ['b.jpg']],
  ['src/d*', ['deep', 'deep/b.jpg', 'deep/er', 'deep/er/a.txt']],
  ['{a.txt,b.jpg}', ['a.txt', 'b.jpg']],
  ['[ab].*', ['a.txt', 'b.jpg']],
  ['s?c/a.txt', ['a.txt']],
])('the pattern %s names what it matches', async (pattern, wanted) => {
  const { root, local, get } = await jobMachines()
  for (const file of FILES) write(join(root, file), 'the same', 1e9)
  expect((await get([pattern], { onConflict: 'skip' })).summary).toMatchObject({ ended: false })
  expect(namesBelow(local)).toEqual(wanted)
})

test('a file that is called as a pattern is written is that file', async () => {
  const { root, local, get } = await jobMachines()
  for (const name of ['[a].txt', 'a.txt', '*', 'x']) write(join(root, name))
  await get(['[a].txt', '*'])
  expect(namesBelow(local)).toEqual(['*', '[a].txt'])
})

test('what nothing matches and what is not there fails alone, and the others come', async () => {
  const { root, local, get, put } = await jobMachines()
  for (const base of [root, local]) write(join(base, 'a.txt'), 'a', 1e9)
  const down = await get(['*.none', 'a.txt', 'missing', 'a//b', 'a.txt/b'], {}, join(local, 'down'))
  expect(failures(down)).toEqual({
    '*.none': 'ERR_NOT_FOUND',
    missing: 'ERR_NOT_FOUND',
    'a//b': 'ERR_PATH',
    'a.txt/b': 'ERR_NOT_FOUND',
  })
  expect(down.summary).toMatchObject({ files: 1, failed: 4, ended: false })
  const up = await put(['missing', 'a.txt'], {}, 'up')
  expect(failures(up)).toEqual({ [join(local, 'missing')]: 'ERR_NOT_FOUND' })
  expect(up.summary).toMatchObject({ files: 1, failed: 1, ended: false })
})

test('where nothing that was named is there, nothing is made', async () => {
  const { root, local, get, put } = await jobMachines()
  const down = await get(['missing', '*.none'], {}, join(local, 'new'))
  expect(down.summary).toMatchObject({ files: 0, failed: 2, error: { code: 'ERR_NOT_FOUND' }, ended: false })
  expect((await get(['missing'], {}, join(local, 'new'))).summary).toMatchObject({ failed: 1 })
  expect((await put(['missing'], {}, 'new')).summary).toMatchObject({ failed: 1 })
  expect([...namesBelow(local), ...namesBelow(root)]).toEqual([])
})

test('a pattern looks no deeper than it can reach', () => {
  expect(['*.txt', 'src/*.txt', '**/a', 'a/{b,c/d}/e', 'x/+(a|b)/c'].map(globDepth)).toEqual([
    1,
    2,
    Infinity,
    Infinity,
    Infinity,
  ])
})

test('names that only look a little like patterns are none', () => {
  expect(['a.txt', 'a (1).txt', 'what', 'a+b', 'x!y', 'tilde~'].filter(isGlob)).toEqual([])
})
