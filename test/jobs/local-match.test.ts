import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { matchLocal } from '../../src/index.ts'
import { tempFolder } from '../support/tmp.ts'

test('patterns match files of this machine as those of every shell do', async () => {
  const folder = tempFolder()
  mkdirSync(join(folder, 'a/b'), { recursive: true })
  for (const name of ['x.txt', '.x.txt', 'a/y.txt', 'a/b/z.txt']) writeFileSync(join(folder, name), '')
  symlinkSync('x.txt', join(folder, 'link.txt'))
  const matched = async (from: string, pattern: string): Promise<string[]> =>
    (await Array.fromAsync(matchLocal(join(folder, from), pattern))).toSorted()
  expect(await matched('.', '*.txt')).toEqual(['link.txt', 'x.txt'])
  expect(await matched('.', '.*.txt')).toEqual(['.x.txt'])
  expect(await matched('.', './*.txt')).toEqual(['./link.txt', './x.txt'])
  expect(await matched('.', '*/*')).toEqual(['a/b', 'a/y.txt'])
  expect(await matched('.', '**/*.txt')).toEqual(['a/b/z.txt', 'a/y.txt', 'link.txt', 'x.txt'])
  expect(await matched('a/b', '../../x*')).toEqual(['../../x.txt'])
  expect(await matched('a', 'b/{z,y}.txt')).toEqual(['b/z.txt'])
  expect(await matched('a', `${folder}/x*`)).toEqual([`${folder}/x.txt`])
  expect(await matched('a', 'nope*')).toEqual([])
  await expect(matched('.', 'nope/*')).rejects.toMatchObject({ code: 'ERR_NOT_FOUND' })
})
