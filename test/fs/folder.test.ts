import { mkdirSync, readdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Folder } from '../../src/fs/folder.ts'
import { parseRemotePath, ROOT } from '../../src/wire/path.ts'
import { outcome } from '../support/aftermath.ts'
import { openDescriptors } from '../support/snapshot.ts'
import { tempFolder } from '../support/tmp.ts'

const path = parseRemotePath

/** A tree with folders, a file and links of every kind, and something outside of it. */
function planted(): { root: string; outside: string } {
  const outside = tempFolder()
  const root = join(outside, 'root')
  mkdirSync(join(root, 'a/b/c'), { recursive: true })
  mkdirSync(join(outside, 'victim/b/c'), { recursive: true })
  writeFileSync(join(root, 'file'), 'file')
  writeFileSync(join(root, 'a/b/name'), 'inside')
  writeFileSync(join(outside, 'victim/b/name'), 'outside')
  symlinkSync('../victim', join(root, 'out'))
  symlinkSync('a', join(root, 'in'))
  symlinkSync('nowhere', join(root, 'dangling'))
  symlinkSync('loop', join(root, 'loop'))
  return { root, outside }
}

/** What is read through a folder, after a check, or the code of the error that is met. */
async function seen(folder: Folder): Promise<string> {
  const code = await outcome(folder.check())
  return code ?? readFileSync(folder.at('name'), 'utf8')
}

describe.each([
  ['through descriptors', false],
  ['by path', true],
])('a folder addressed %s', (_way, byPath) => {
  test('opens what is below it', async () => {
    const { root } = planted()
    const folder = await Folder.openLocal(root, byPath)
    for (const [below, entries] of [
      [ROOT, ['a', 'dangling', 'file', 'in', 'loop', 'out']],
      [path('a'), ['b']],
      [path('a/b'), ['c', 'name']],
      [path('a/b/c'), []],
    ] as const) {
      const inner = await folder.open(below)
      await inner.check()
      expect(readdirSync(inner.address).toSorted()).toEqual(entries)
      await inner.close()
    }
    await folder.close()
  })

  test('opens the folder that holds an entry', async () => {
    const { root } = planted()
    const root_ = await Folder.openLocal(root, byPath)
    const { folder, name } = await root_.openParent(path('a/b/name'))
    expect(name).toBe('name')
    expect(readFileSync(folder.at(name), 'utf8')).toBe('inside')
    await folder.sync()
    await folder.close()
    await expect(root_.openParent(ROOT)).rejects.toMatchObject({ code: 'ERR_PATH' })
    await root_.close()
  })

  test.each([
    'out',
    'out/b',
    'in',
    'in/b',
    'a/b/name',
    'file',
    'file/x',
    'dangling',
    'loop',
    'loop/x',
    'not/there',
    'a/x/b',
  ])('does not open %s, and leaves no descriptor behind', async (refused) => {
    const { root } = planted()
    const folder = await Folder.openLocal(root, byPath)
    const before = openDescriptors()
    for (let round = 0; round < 20; round += 1) {
      await expect(folder.open(path(refused))).rejects.toMatchObject({ code: 'ERR_NOT_FOUND' })
      await expect(folder.openParent(path(`${refused}/x`))).rejects.toMatchObject({ code: 'ERR_NOT_FOUND' })
    }
    expect(openDescriptors()).toBe(before)
    await folder.close()
  })

  test('is never followed to what took its place', async () => {
    const { root, outside } = planted()
    const folder = await Folder.openLocal(root, byPath)
    const inner = await folder.open(path('a/b'))
    renameSync(join(root, 'a'), join(root, 'moved'))
    symlinkSync('../victim', join(root, 'a'))
    expect(await seen(inner)).toBe(byPath ? 'ERR_NOT_FOUND' : 'inside')
    await expect(folder.open(path('a/b'))).rejects.toMatchObject({ code: 'ERR_NOT_FOUND' })
    await inner.close()
    await folder.close()
    expect(readFileSync(join(outside, 'victim/b/name'), 'utf8')).toBe('outside')
  })

  test('is not mistaken for another folder of its name', async () => {
    const { root } = planted()
    const folder = await Folder.openLocal(root, byPath)
    const inner = await folder.open(path('a/b'))
    renameSync(join(root, 'a/b'), join(root, 'moved'))
    mkdirSync(join(root, 'a/b'))
    expect(await seen(inner)).toBe(byPath ? 'ERR_NOT_FOUND' : 'inside')
    await inner.close()
    await folder.close()
  })

  test('P13: a root that a link replaced stays the folder that was opened, or is refused', async () => {
    const { root, outside } = planted()
    const folder = await Folder.openLocal(root, byPath)
    renameSync(root, `${root}.moved`)
    symlinkSync('victim', root)
    const before = openDescriptors()
    const refused = byPath ? 'ERR_NOT_FOUND' : null
    await expect(folder.open(path('b'))).rejects.toMatchObject({ code: 'ERR_NOT_FOUND' })
    expect(await outcome(folder.check())).toBe(refused)
    for (const open of [
      async () => folder.open(ROOT),
      async () => folder.open(path('a/b')),
      async () => (await folder.openParent(path('name'))).folder,
    ]) {
      expect(await outcome(open().then(async (inner) => inner.close()))).toBe(refused)
    }
    expect(openDescriptors()).toBe(before)
    await folder.close()
    expect(readFileSync(join(outside, 'victim/b/name'), 'utf8')).toBe('outside')
  })

  test('may be named by the user through a link', async () => {
    const { root, outside } = planted()
    symlinkSync(root, join(outside, 'link'))
    const folder = await Folder.openLocal(join(outside, 'link'), byPath)
    const inner = await folder.open(path('a/b'))
    expect(readFileSync(inner.at('name'), 'utf8')).toBe('inside')
    await inner.close()
    await folder.close()
  })

  test.each([
    ['file', /^ERR_(NOT_FOUND|WRONG_TYPE)$/],
    ['nothing', /^ERR_NOT_FOUND$/],
    ['dangling', /^ERR_NOT_FOUND$/],
  ])('has to be a folder when the user names %s', async (name, code) => {
    const { root } = planted()
    await expect(Folder.openLocal(join(root, name), byPath)).rejects.toMatchObject({
      code: expect.stringMatching(code),
    })
  })
})
