import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import {
  containsPath,
  createLocalFile,
  isLocalFolder,
  listLocalFolder,
  openLocalFile,
  resolveDestination,
  wouldContain,
} from '../../src/fs/local-files.ts'
import { SharedFolder } from '../../src/fs/shared-folder.ts'
import type { Entry, Unlistable } from '../../src/wire/message.ts'
import { parseRemotePath } from '../../src/wire/path.ts'
import { names, openDescriptors } from '../support/snapshot.ts'
import { tempFolder } from '../support/tmp.ts'

/** A folder with one of everything a user may name. */
function everything(): string {
  const folder = tempFolder()
  mkdirSync(join(folder, 'folder/inner'), { recursive: true })
  mkdirSync(join(folder, 'folder-evil'))
  writeFileSync(join(folder, 'file'), 'file')
  symlinkSync('file', join(folder, 'to-file'))
  symlinkSync('folder', join(folder, 'to-folder'))
  symlinkSync('nothing', join(folder, 'dangling'))
  return folder
}

test('a file the user names is opened, also through a link', async () => {
  const folder = everything()
  for (const name of ['file', 'to-file']) {
    const source = await openLocalFile(join(folder, name))
    expect(source.file.size).toBe(4)
    await source.close()
  }
})

test('what cannot be sent is refused with the path and the reason', async () => {
  const folder = everything()
  for (const [name, code] of [
    ['folder', 'ERR_WRONG_TYPE'],
    ['to-folder', 'ERR_WRONG_TYPE'],
    ['dangling', 'ERR_NOT_FOUND'],
    ['nothing', 'ERR_NOT_FOUND'],
    ['file/x', 'ERR_NOT_FOUND'],
  ] as const) {
    const opened = openLocalFile(join(folder, name))
    await expect(opened).rejects.toMatchObject({ code, message: expect.stringContaining(join(folder, name)) })
  }
})

test('a file is received beside others and only when it is complete', async () => {
  const folder = everything()
  const before = openDescriptors()
  const sink = await createLocalFile(
    join(folder, 'new'),
    { size: 3, mtime: 0n, executable: false },
    { overwrite: false },
  )
  await sink.write(Buffer.from('new'))
  expect(names(folder)).not.toContain('new')
  await sink.commit()
  expect(readFileSync(join(folder, 'new'), 'utf8')).toBe('new')
  expect(openDescriptors()).toBe(before)
})

test('a file is not received where its folder is missing or its name is taken', async () => {
  const folder = everything()
  const file = { size: 0, mtime: 0n, executable: false }
  const before = [openDescriptors(), names(folder)]
  for (const [name, code] of [
    ['file', 'ERR_EXISTS'],
    ['to-file', 'ERR_EXISTS'],
    ['dangling', 'ERR_EXISTS'],
    ['folder', 'ERR_EXISTS'],
    ['missing/new', 'ERR_NOT_FOUND'],
    ['x'.repeat(256), 'ERR_PATH'],
  ] as const) {
    await expect(createLocalFile(join(folder, name), file, { overwrite: false })).rejects.toMatchObject({ code })
  }
  await expect(createLocalFile(join(folder, 'folder'), file, { overwrite: true })).rejects.toMatchObject({
    code: 'ERR_EXISTS',
  })
  expect([openDescriptors(), names(folder)]).toEqual(before)
})

test('a destination takes files by the paths of a peer, and follows no link in it', async () => {
  const folder = everything()
  const store = await SharedFolder.open(join(folder, 'to-folder')) // but for the one the user named
  const file = { size: 3, mtime: 0n, executable: false }
  const sink = await store.create(parseRemotePath('inner/new'), file, { overwrite: false })
  await sink.write(Buffer.from('new'))
  await sink.commit()
  expect(readFileSync(join(folder, 'folder/inner/new'), 'utf8')).toBe('new')
  symlinkSync('..', join(folder, 'folder/out'))
  await expect(store.create(parseRemotePath('out/new'), file, { overwrite: false })).rejects.toMatchObject({
    code: 'ERR_NOT_FOUND',
  })
  await store.close()
  await expect(SharedFolder.open(join(folder, 'file'))).rejects.toMatchObject({ code: 'ERR_NOT_FOUND' })
})

test('a destination is a folder if there is one, else the file itself', async () => {
  const folder = everything()
  const resolved = async (destination: string): Promise<string> => resolveDestination(join(folder, destination), 'n')
  expect(await resolved('folder')).toBe(join(folder, 'folder/n'))
  expect(await resolved('to-folder')).toBe(join(folder, 'to-folder/n'))
  expect(await resolveDestination(`${folder}/folder/`, 'n')).toBe(join(folder, 'folder/n'))
  expect(await resolved('file')).toBe(join(folder, 'file'))
  expect(await resolved('new')).toBe(join(folder, 'new'))
  for (const destination of ['new/', 'file/', 'dangling/']) {
    await expect(resolveDestination(`${folder}/${destination}`, 'n')).rejects.toMatchObject({ code: 'ERR_NOT_FOUND' })
  }
})

test('a folder is told from everything else', async () => {
  const folder = everything()
  const found = await Promise.all(
    ['folder', 'to-folder', 'file', 'to-file', 'dangling', 'nothing', 'file/x'].map(async (name) =>
      isLocalFolder(join(folder, name)),
    ),
  )
  expect(found).toEqual([true, true, false, false, false, false, false])
})

test('P05: a path lies in another only by whole components, links resolved', async () => {
  const folder = everything()
  const contains = async (outer: string, inner: string): Promise<boolean> =>
    containsPath(join(folder, outer), join(folder, inner))
  expect(await contains('folder', 'folder/inner')).toBe(true)
  expect(await contains('folder', 'folder')).toBe(true)
  expect(await contains('.', 'folder')).toBe(true)
  expect(await contains('to-folder', 'folder/inner')).toBe(true)
  expect(await contains('folder', 'to-folder/inner')).toBe(true)
  expect(await containsPath('/', folder)).toBe(true)
  expect(await contains('folder', 'folder-evil')).toBe(false)
  expect(await contains('folder', '.')).toBe(false)
  expect(await contains('folder/inner', 'folder')).toBe(false)
  mkdirSync(join(folder, '..x'))
  expect(await contains('.', '..x')).toBe(true)
})

test('P05: a path that is not there yet lies in another by the folders that are', async () => {
  const folder = everything()
  const contains = async (outer: string, inner: string): Promise<boolean> =>
    wouldContain(join(folder, outer), join(folder, inner))
  for (const inner of ['folder', 'folder/inner', 'folder/new', 'folder/new/log/file', 'to-folder/new/file']) {
    expect([inner, await contains('folder', inner)]).toEqual([inner, true])
    expect([inner, await contains('to-folder', inner)]).toEqual([inner, true])
  }
  for (const inner of ['.', 'new', 'new/folder', 'folder-evil', 'folder-evil/new', 'file/new', 'dangling/new']) {
    expect([inner, await contains('folder', inner)]).toEqual([inner, false])
  }
})

/** What a listing tells, in the order of its names. */
async function listed(listing: AsyncIterable<Entry | Unlistable>): Promise<(readonly [string, string | Uint8Array])[]> {
  const entries: (readonly [string, string | Uint8Array])[] = []
  for await (const entry of listing) entries.push([entry.type, entry.type === 'unlistable' ? entry.name : entry.path])
  return entries.toSorted(([, a], [, b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
}

test('a folder is listed with what is in it, links as links or as what they lead to, and no incomplete files', async () => {
  const folder = everything()
  writeFileSync(join(folder, '.sft-part-0123'), '')
  const others = [
    ['file', 'file'],
    ['directory', 'folder'],
    ['directory', 'folder-evil'],
  ] as const
  const before = openDescriptors()
  expect(await listed(listLocalFolder(folder))).toEqual([
    ['link', 'dangling'],
    ...others,
    ['link', 'to-file'],
    ['link', 'to-folder'],
  ])
  expect(await listed(listLocalFolder(folder, { follow: true }))).toEqual([
    ['link', 'dangling'],
    ...others,
    ['file', 'to-file'],
    ['directory', 'to-folder'],
  ])
  expect(openDescriptors()).toBe(before)
})

test('a folder below another is listed under its path from there', async () => {
  const folder = everything()
  writeFileSync(join(folder, 'folder/new'), '')
  symlinkSync('new', join(folder, 'folder/to-new'))
  const path = parseRemotePath('folder')
  expect(await listed(listLocalFolder(folder, { path, follow: true }))).toEqual([
    ['directory', 'folder/inner'],
    ['file', 'folder/new'],
    ['file', 'folder/to-new'],
  ])
})

test.skipIf(process.platform !== 'linux')('a name that is not UTF-8 is told as its bytes', async () => {
  const folder = tempFolder()
  const name = Buffer.from([0x61, 0xff, 0x62])
  writeFileSync(Buffer.concat([Buffer.from(`${folder}/`), name]), '')
  writeFileSync(join(folder, 'a\uFFFDb'), '') // which is another one
  expect(await listed(listLocalFolder(folder))).toEqual([
    ['file', 'a\uFFFDb'],
    ['unlistable', name],
  ])
})

test('a folder that is none is not listed, and the error names it', async () => {
  const folder = everything()
  for (const [name, what] of [
    ['nothing', `cannot open the folder "${folder}/nothing": no such file or folder`],
    ['file', `"${folder}/file" is not a folder`],
  ] as const) {
    await expect(listed(listLocalFolder(join(folder, name)))).rejects.toMatchObject({
      code: 'ERR_NOT_FOUND',
      message: what,
    })
  }
})
