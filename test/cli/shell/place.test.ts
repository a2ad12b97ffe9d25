import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Place } from '../../../src/cli/shell/place.ts'
import { parseRemotePath } from '../../../src/index.ts'
import { tempFolder } from '../../support/tmp.ts'

function at(folder: string): Place {
  const place = new Place('/start')
  place.enter(parseRemotePath(folder))
  return place
}

test.each([
  ['.', 'a', 'a'],
  ['.', '.', '.'],
  ['.', '/', '.'],
  ['a/b', '.', 'a/b'],
  ['a/b', 'c', 'a/b/c'],
  ['a/b', 'c/', 'a/b/c'],
  ['a/b', './c//d/.', 'a/b/c/d'],
  ['a/b', '..', 'a'],
  ['a/b', '../..', '.'],
  ['a/b', '../c/../d', 'a/d'],
  ['a/b', '/c', 'c'],
  ['a/b', '/c/..', '.'],
  ['a/b', 'x*/..', 'a/b'],
])('in %s, %j is %s', (folder, text, path) => {
  expect(at(folder).remotePath(text)).toBe(path)
})

test.each([
  ['.', '..'],
  ['a', '../..'],
  ['a', '../../a'],
  ['a', '/..'],
  ['a', 'b/../../..'],
  ['a', ''],
  ['a', 'b\\c'],
  ['a', 'b\0c'],
])('in %s, %j is no path of the share', (folder, text) => {
  expect(() => at(folder).remotePath(text)).toThrow(expect.objectContaining({ code: 'ERR_PATH' }))
})

test('a pattern starts from a folder, and never from outside the share', () => {
  expect(at('a/b').remotePattern('../*.jpg')).toEqual({ below: 'a', pattern: '*.jpg' })
  expect(at('a/b').remotePattern('/*/c')).toEqual({ below: '.', pattern: '*/c' })
  expect(at('a').remotePattern('b/*/')).toEqual({ below: 'a', pattern: 'b/*' })
  expect(() => at('a').remotePattern('../../*')).toThrow(/leads out of the share/)
  expect(() => at('a').remotePattern('*/..')).toThrow(/behind a pattern/)
  expect(() => at('a').remotePattern('!*.jpg')).toThrow(/all but that/)
})

test('a pattern is said from the root unless a folder on the way is called like one', () => {
  const [plain, odd] = [at('a/b'), at('a/[b]')]
  expect(plain.patternFromRoot(plain.remotePattern('*.jpg'))).toBe('a/b/*.jpg')
  expect(odd.patternFromRoot(odd.remotePattern('*.jpg'))).toBeNull()
})

test('a destination keeps the slash that makes it a folder', () => {
  expect(at('.').remoteDestination(undefined)).toBe('.')
  expect(at('a').remoteDestination(undefined)).toBe('a/')
  expect(at('a').remoteDestination('b/')).toBe('a/b/')
  expect(at('a').remoteDestination('b')).toBe('a/b')
})

test('entries are named from where the shell is', () => {
  expect(at('.').nameOf('a/b')).toBe('a/b')
  expect(at('a').nameOf('a/b')).toBe('b')
  expect(at('a').nameOf('ab/c')).toBe('/ab/c')
  expect([at('.').shown, at('a/b').shown]).toEqual(['/', '/a/b'])
})

test('local paths are as typed where the shell began, and whole elsewhere', async () => {
  const folder = tempFolder()
  mkdirSync(join(folder, 'real/inner'), { recursive: true })
  symlinkSync('real/inner', join(folder, 'link'))
  const place = new Place(folder)
  expect(place.localPath('dir/.')).toBe('dir/.')
  await place.enterLocal('link')
  expect(place.local).toBe(join(folder, 'real/inner'))
  expect(['a', '.', 'dir/.', 'dir/', '/abs', ''].map((text) => place.localPath(text))).toEqual([
    ...['a', '.', 'dir/.', 'dir/'].map((text) => `${folder}/real/inner/${text}`),
    '/abs',
    '',
  ])
  await place.enterLocal('..')
  expect(place.local).toBe(join(folder, 'real'))
  await expect(place.enterLocal('nope')).rejects.toMatchObject({ code: 'ERR_NOT_FOUND' })
  await place.enterLocal(undefined)
  expect(place.local).toBe(folder)
})
