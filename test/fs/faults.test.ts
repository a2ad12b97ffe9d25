import { closeSync, openSync, readFileSync, statSync, truncateSync, writeFileSync, writeSync } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { share } from '../../src/index.ts'
import { LocalFileSource } from '../../src/fs/file-source.ts'
import { createLocalFile } from '../../src/fs/local-files.ts'
import { PARTS_FOLDER } from '../../src/fs/names.ts'
import { SharedFolder } from '../../src/fs/shared-folder.ts'
import { parseRemotePath } from '../../src/wire/path.ts'
import { RIGHTS } from '../../src/wire/rights.ts'
import { differences, writeRandom } from '../support/jobs.ts'
import { loopDisk, loopDisksUsable } from '../support/loop-disk.ts'
import { connectedMachine, sharingMachine } from '../support/machines.ts'
import { sessionPair } from '../support/session-pair.ts'
import { names } from '../support/snapshot.ts'
import { tempFolder } from '../support/tmp.ts'

const path = parseRemotePath

afterEach(() => {
  vi.restoreAllMocks()
})

/** The methods that every open file of this process has in common. */
async function fileMethods(): Promise<FileHandle> {
  const handle = await open('/dev/null')
  await handle.close()
  return Object.getPrototypeOf(handle) as FileHandle
}

function systemError(code: string): Error {
  return Object.assign(new Error(code), { code })
}

/** Makes the disk fail to say that it holds a file, or a folder, once. Returns how often it was asked in all. */
async function failingSync(what: 'file' | 'folder'): Promise<() => number> {
  const methods = await fileMethods()
  const sync = Reflect.get(methods, 'sync')
  let failed = false
  const spy = vi.spyOn(methods, 'sync').mockImplementation(async function (this: FileHandle) {
    const isWanted = (await this.stat()).isDirectory() === (what === 'folder')
    if (!isWanted || failed) return sync.call(this)
    failed = true
    throw systemError('EIO')
  })
  return () => spy.mock.calls.length
}

describe('a disk that fails', () => {
  test('K05: to make a file durable fails the upload, which is not tried again, and nothing is left', async () => {
    const root = tempFolder()
    const store = await SharedFolder.open(root)
    onTestFinished(async () => store.close())
    const calls = await failingSync('file')
    const sink = await store.create(path('f'), { size: 3, mtime: 0n, executable: false }, { overwrite: false })
    await sink.write(Buffer.from('new'))
    await expect(sink.commit()).rejects.toMatchObject({ code: 'ERR_FILE' })
    expect(calls()).toBe(1)
    expect(names(root)).toEqual([])
  })

  test('K05: while more arrives ends the upload, and nothing of it is kept, as none of it can be relied on', async () => {
    const root = tempFolder()
    const store = await SharedFolder.open(root)
    onTestFinished(async () => store.close())
    const methods = await fileMethods()
    const flushed = vi.spyOn(methods, 'datasync').mockRejectedValueOnce(systemError('EIO'))
    const file = { size: 1024 ** 3, mtime: 0n, executable: false }
    const sink = await store.create(path('f'), file, { overwrite: false, keepFor: 'peer' })
    const block = Buffer.alloc(4 * 1024 * 1024)
    const writing = async (): Promise<void> => {
      while (flushed.mock.calls.length < 2) await sink.write(block)
    }
    await expect(writing()).rejects.toMatchObject({ code: 'ERR_FILE' })
    expect(flushed.mock.calls).toHaveLength(1)
    await sink.setAside()
    expect(await store.kept(path('f'), file, 'peer')).toMatchObject({ bytes: 0 })
    const again = await store.create(path('f'), file, { overwrite: false })
    flushed.mockRejectedValueOnce(systemError('EIO'))
    for (let written = 0; written < 32 * 1024 * 1024; written += block.byteLength) await again.write(block)
    await expect(again.commit()).rejects.toMatchObject({ code: 'ERR_FILE' })
    expect(names(root).filter((name) => name !== PARTS_FOLDER)).toEqual([])
  })

  test('K06: to make a name durable fails the upload, although the file is there', async () => {
    const root = tempFolder()
    const store = await SharedFolder.open(root)
    onTestFinished(async () => store.close())
    await failingSync('folder')
    const sink = await store.create(path('f'), { size: 3, mtime: 0n, executable: false }, { overwrite: false })
    await sink.write(Buffer.from('new'))
    await expect(sink.commit()).rejects.toMatchObject({ code: 'ERR_FILE' })
    expect(names(root)).toEqual(['f'])
  })

  test.each(['EIO', 'EACCES', 'ESTALE'])('S03: to read with %s ends the file there with an error', async (code) => {
    const [root, local] = [tempFolder(), tempFolder()]
    writeFileSync(join(root, 'f'), Buffer.alloc(3_000_000, 'abc'))
    const store = await SharedFolder.open(root)
    onTestFinished(async () => store.close())
    const client = await sessionPair({ store, rights: () => new Set(RIGHTS) })
    const methods = await fileMethods()
    const read = Reflect.get(methods, 'read') as (this: FileHandle, ...args: never[]) => Promise<never>
    const reading = vi.spyOn(methods, 'read').mockImplementation(async function (this: FileHandle, ...args: never[]) {
      if (reading.mock.calls.length > 5) throw systemError(code)
      return read.call(this, ...args)
    } as never)
    const getting = client.get(path('f'), {}, (file) => createLocalFile(join(local, 'f'), file, { overwrite: false }))
    await expect(getting).rejects.toMatchObject({ code: code === 'EACCES' ? 'ERR_READ_ONLY' : 'ERR_FILE' })
    expect(names(local)).toEqual([])
    reading.mockRestore()
    await client.get(path('f'), {}, (file) => createLocalFile(join(local, 'f'), file, { overwrite: false }))
    expect(readFileSync(join(local, 'f')).equals(readFileSync(join(root, 'f')))).toBe(true)
  })
})

describe.skipIf(!loopDisksUsable())('a disk that loses its power', () => {
  test.each(['get', 'put'] as const)('K03: has every file of a %s that was a success', async (direction) => {
    const [from, disk] = [tempFolder(), loopDisk(64)]
    writeRandom(join(from, 'tree', 'large'), 5_000_000)
    for (let index = 0; index < 100; index += 1) writeRandom(join(from, 'tree', `${index % 3}`, `${index}`), 1_000)
    const shared = await share(direction === 'get' ? from : disk.folder, {
      peers: 'any',
      rights: RIGHTS,
      home: join(tempFolder(), 'home'),
      listen: ['/ip4/127.0.0.1/tcp/0'],
    })
    onTestFinished(async () => shared.close())
    const remote = await connectedMachine(shared.addresses[0] ?? '')
    const summary = await (direction === 'get'
      ? remote.getAll(['tree'], disk.folder)
      : remote.putAll([join(from, 'tree')], '.'))
    writeFileSync(join(disk.folder, 'not synced'), 'so that something is lost')
    const later = disk.afterPowerLoss()
    expect(summary).toMatchObject({ files: 101, failed: 0 })
    expect(differences(join(from, 'tree'), join(later, 'tree'))).toEqual([])
    expect(names(later)).not.toContain('not synced')
  })
})

describe('S10: a file beyond what 32 bits count', () => {
  const AT = [2 ** 31 - 1, 2 ** 31 + 5, 2 ** 32 - 2, 2 ** 32 + 7, 5_000_000_000_000 - 4]

  test('has its bytes where they are, and its size', async () => {
    const machine = await sharingMachine()
    const file = join(machine.root, 'huge')
    const descriptor = openSync(file, 'w')
    for (const offset of AT) writeSync(descriptor, `${offset % 10_000}`.slice(0, 4).padEnd(4), offset)
    closeSync(descriptor)
    const source = await LocalFileSource.open(file)
    onTestFinished(async () => source.close())
    const buffer = new Uint8Array(4)
    for (const offset of AT) {
      expect(await source.read(buffer, offset)).toBe(4)
      expect(Buffer.from(buffer).toString().trim()).toBe(`${offset % 10_000}`.slice(0, 4))
    }
    const remote = await connectedMachine(machine.address)
    expect(await remote.stat('huge')).toMatchObject({ size: 5_000_000_000_000 })
    expect(await Array.fromAsync(remote.list())).toMatchObject([{ size: 5_000_000_000_000 }])
  })

  test('goes on behind what was kept of it', async () => {
    const root = tempFolder()
    const MIB = 1024 * 1024
    const [kept, tail] = [2 ** 32 + MIB, Buffer.alloc(2 * MIB, 'tail')]
    const file = { size: kept + tail.byteLength, mtime: 0n, executable: false }
    const store = await SharedFolder.open(root)
    onTestFinished(async () => store.close())
    const first = await store.create(path('huge'), { ...file }, { overwrite: false, keepFor: 'peer' })
    await first.write(Buffer.alloc(2 * MIB))
    await first.setAside()
    truncateSync(join(root, PARTS_FOLDER, names(root, PARTS_FOLDER)[0] ?? ''), kept)
    expect(await store.kept(path('huge'), file, 'peer')).toEqual({ bytes: kept, changed: false })
    const sink = await store.create(path('huge'), file, { overwrite: false, keepFor: 'peer', offset: kept })
    await sink.write(tail)
    await sink.commit()
    expect(statSync(join(root, 'huge')).size).toBe(file.size)
    const source = await LocalFileSource.open(join(root, 'huge'))
    const end = new Uint8Array(2 * MIB + 1)
    expect(await source.read(end, kept - 1)).toBe(end.byteLength)
    expect(Buffer.from(end.subarray(1)).equals(tail)).toBe(true)
    expect(end[0]).toBe(0)
    await source.close()
  })
})

test('K15: a defect in one request ends that alone', async () => {
  const root = tempFolder()
  for (const name of ['bad', 'good']) writeFileSync(join(root, name), name)
  const folder = await SharedFolder.open(root)
  onTestFinished(async () => folder.close())
  const failing = (): never => {
    throw new TypeError('undefined is not a function')
  }
  const store = Object.assign(Object.create(folder) as SharedFolder, {
    stat: async (where: string) => (where === 'bad' ? failing() : folder.stat(path(where))),
    list: (where: string, all: boolean) => (where === 'bad' ? failing() : folder.list(path(where), all)),
    open: async (where: string) => (where === 'bad' ? failing() : folder.open(path(where))),
    create: async () => Promise.reject(new TypeError('undefined is not a function')),
  })
  const client = await sessionPair({ store, rights: () => new Set(RIGHTS) })
  const discard = async (): Promise<never> => Promise.reject(new Error('nothing comes'))
  for (const request of [
    async () => client.stat(path('bad')),
    async () => Array.fromAsync(client.list(path('bad'), false)),
    async () => client.get(path('bad'), {}, discard),
    async () => client.put(path('new'), await LocalFileSource.open(join(root, 'good')), {}),
  ]) {
    const good = client.stat(path('good'))
    await expect(request()).rejects.toMatchObject({ code: 'ERR_INTERNAL' })
    expect(await good).toMatchObject({ size: 4 })
  }
  expect(names(root)).toEqual(['bad', 'good'])
})
