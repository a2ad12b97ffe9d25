import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import type * as Promises from 'node:fs/promises'
import { link, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { LocalFileSink } from '../../src/fs/file-sink.ts'
import { Folder } from '../../src/fs/folder.ts'
import { SharedFolder } from '../../src/fs/shared-folder.ts'
import { parseRemotePath } from '../../src/wire/path.ts'
import { names } from '../support/snapshot.ts'
import { tempFolder } from '../support/tmp.ts'

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof Promises>()
  return { ...real, link: vi.fn<typeof link>(real.link), rename: vi.fn<typeof rename>(real.rename) }
})

/** Makes calls fail as the system does. */
function failing(code: string): () => Promise<never> {
  return () => Promise.reject(Object.assign(new Error(code), { code }))
}

const NO_OVERWRITE = { overwrite: false }

async function received(folder: string): Promise<LocalFileSink> {
  const file = { size: 3, mtime: 0n, executable: false }
  const sink = await LocalFileSink.create(await Folder.openLocal(folder), 'f', file, NO_OVERWRITE)
  await sink.write(Buffer.from('new'))
  return sink
}

describe.each(['EPERM', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'])(
  'S07: on a file system that answers a link with %s',
  (code) => {
    beforeEach(() => {
      vi.mocked(link).mockImplementation(failing(code))
      return () => vi.mocked(link).mockReset()
    })

    test('a file is stored where there is none', async () => {
      const folder = tempFolder()
      await (await received(folder)).commit()
      expect(readFileSync(join(folder, 'f'), 'utf8')).toBe('new')
      expect(names(folder)).toEqual(['f'])
    })

    test('a file that appeared in the meantime is not touched', async () => {
      const folder = tempFolder()
      const sink = await received(folder)
      writeFileSync(join(folder, 'f'), 'first')
      await expect(sink.commit()).rejects.toMatchObject({ code: 'ERR_EXISTS' })
      expect(readFileSync(join(folder, 'f'), 'utf8')).toBe('first')
      expect(names(folder)).toEqual(['f'])
    })

    test('of two uploads of one name exactly one wins', async () => {
      const folder = tempFolder()
      const sinks = await Promise.all([received(folder), received(folder)])
      const outcomes = await Promise.allSettled(sinks.map(async (sink) => sink.commit()))
      expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
      expect(names(folder)).toEqual(['f'])
    })

    test('a file is renamed, and not onto another', async () => {
      const folder = tempFolder()
      writeFileSync(join(folder, 'a'), 'a')
      writeFileSync(join(folder, 'b'), 'b')
      const share = await SharedFolder.open(folder)
      await expect(share.rename(parseRemotePath('a'), parseRemotePath('b'), false)).rejects.toMatchObject({
        code: 'ERR_EXISTS',
      })
      await share.rename(parseRemotePath('a'), parseRemotePath('c'), false)
      await share.close()
      expect(names(folder)).toEqual(['b', 'c'])
      expect(readFileSync(join(folder, 'c'), 'utf8')).toBe('a')
    })

    test('a rename that fails leaves no empty file behind', async () => {
      const folder = tempFolder()
      vi.mocked(rename).mockImplementationOnce(failing('EIO'))
      await expect((await received(folder)).commit()).rejects.toMatchObject({ code: 'ERR_FILE' })
      expect(names(folder)).toEqual([])
    })
  },
)

test('a link that fails for another reason fails the upload and leaves nothing', async () => {
  const folder = tempFolder()
  const sink = await received(folder)
  vi.mocked(link).mockImplementationOnce(failing('EIO'))
  await expect(sink.commit()).rejects.toMatchObject({ code: 'ERR_FILE' })
  expect(names(folder)).toEqual([])
})

test('a folder made by two at once is made once', async () => {
  const folder = tempFolder()
  mkdirSync(join(folder, 'a'))
  const share = await SharedFolder.open(folder)
  const made = Array.from({ length: 8 }, async () => share.mkdir(parseRemotePath('a/b/c'), true))
  await Promise.all(made)
  await share.close()
  expect(names(folder, 'a/b')).toEqual(['c'])
})
