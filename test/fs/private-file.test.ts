import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createPrivateFile, readPrivateFile } from '../../src/fs/private-file.ts'
import { names, openDescriptors } from '../support/snapshot.ts'
import { tempFolder } from '../support/tmp.ts'
import { unprivileged } from '../support/unprivileged.ts'

const SECRET = Buffer.from('secret')

describe('a private file', () => {
  test.each(['022', '000', '077'])(
    'is created for its owner alone, in folders of the same kind, under umask %s',
    async (umask) => {
      const old = process.umask(Number.parseInt(umask, 8))
      onTestFinished(() => void process.umask(old))
      const outer = tempFolder()
      const path = join(outer, 'a/b/secret')
      expect(await createPrivateFile(path, SECRET)).toBe(true)
      expect(statSync(path).mode & 0o7777).toBe(0o600)
      expect(statSync(join(outer, 'a/b')).mode & 0o7777).toBe(0o700)
      expect(statSync(join(outer, 'a')).mode & 0o077).toBe(0)
      expect(names(outer, 'a/b')).toEqual(['secret'])
      expect(await readPrivateFile(path)).toEqual(SECRET)
    },
  )

  test('is created once, whoever comes second', async () => {
    const path = join(tempFolder(), 'home/secret')
    const contents = Array.from({ length: 20 }, (_, index) => `secret ${index}`)
    const created = await Promise.all(contents.map(async (content) => createPrivateFile(path, Buffer.from(content))))
    expect(created.filter(Boolean)).toHaveLength(1)
    expect(readFileSync(path, 'utf8')).toBe(contents[created.indexOf(true)])
    expect(names(path, '..')).toEqual(['secret'])
    expect(await createPrivateFile(path, SECRET)).toBe(false)
  })

  test('is nothing where there is none', async () => {
    expect(await readPrivateFile(join(tempFolder(), 'secret'))).toBeNull()
    expect(await readPrivateFile(join(tempFolder(), 'not/there/secret'))).toBeNull()
  })

  test.each(['640', '604', '660', '644', '610', '601', '777', '602'])('C21: is refused with mode %s', async (mode) => {
    const path = join(tempFolder(), 'secret')
    writeFileSync(path, SECRET)
    chmodSync(path, Number.parseInt(mode, 8))
    await expect(readPrivateFile(path)).rejects.toMatchObject({ code: 'ERR_IDENTITY' })
    await expect(readPrivateFile(path)).rejects.toThrow(/read by others.*chmod 600/)
  })

  test.each(['600', '400', '700'])('is read with mode %s', async (mode) => {
    const path = join(tempFolder(), 'secret')
    writeFileSync(path, SECRET)
    chmodSync(path, Number.parseInt(mode, 8))
    expect(await readPrivateFile(path)).toEqual(SECRET)
  })

  test('C21: is refused if it is a link, folder, pipe or too large, and leaves no descriptor open', async () => {
    const folder = tempFolder()
    writeFileSync(join(folder, 'file'), SECRET, { mode: 0o600 })
    symlinkSync('file', join(folder, 'link'))
    symlinkSync('nothing', join(folder, 'dangling'))
    mkdirSync(join(folder, 'folder'), { mode: 0o700 })
    execFileSync('mkfifo', ['-m', '600', join(folder, 'pipe')])
    writeFileSync(join(folder, 'large'), Buffer.alloc(65_537), { mode: 0o600 })
    const before = openDescriptors()
    for (const [name, text] of [
      ['link', /symbolic link/],
      ['dangling', /symbolic link/],
      ['folder', /not a file/],
      ['pipe', /not a file/],
      ['large', /too large/],
    ] as const) {
      await expect(readPrivateFile(join(folder, name))).rejects.toMatchObject({ code: 'ERR_IDENTITY' })
      await expect(readPrivateFile(join(folder, name))).rejects.toThrow(text)
    }
    expect(openDescriptors()).toBe(before)
  })

  test('is created complete or not at all', async () => {
    const outer = tempFolder()
    chmodSync(outer, 0o555)
    await unprivileged([], async () => {
      await expect(createPrivateFile(join(outer, 'secret'), SECRET)).rejects.toMatchObject({ code: 'ERR_READ_ONLY' })
      await expect(createPrivateFile(join(outer, 'home/secret'), SECRET)).rejects.toMatchObject({
        code: 'ERR_READ_ONLY',
      })
    })
    expect(names(outer)).toEqual([])
    chmodSync(outer, 0o700)
    writeFileSync(join(outer, 'file'), '')
    await expect(createPrivateFile(join(outer, 'file/secret'), SECRET)).rejects.toMatchObject({
      code: expect.stringMatching(/^ERR_/),
    })
    expect(names(outer)).toEqual(['file'])
  })

  test('does not replace what has its name, of whatever kind', async () => {
    const folder = tempFolder()
    symlinkSync('nothing', join(folder, 'link'))
    mkdirSync(join(folder, 'folder'))
    for (const name of ['link', 'folder']) expect(await createPrivateFile(join(folder, name), SECRET)).toBe(false)
    expect(names(folder)).toEqual(['folder', 'link'])
  })
})
