import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import {
  appendFileSync,
  chmodSync,
  linkSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { RIGHTS } from '../../src/index.ts'
import { createLocalFile } from '../../src/fs/local-files.ts'
import { LocalFileSource } from '../../src/fs/file-source.ts'
import { SharedFolder } from '../../src/fs/shared-folder.ts'
import { parseRemotePath } from '../../src/wire/path.ts'
import { connectedMachine, sharingMachine } from '../support/machines.ts'
import { names, openDescriptors } from '../support/snapshot.ts'
import { sessionPair } from '../support/session-pair.ts'
import { tempFolder } from '../support/tmp.ts'

/** More than the receiver grants at first, so that a file is still being sent when its first bytes arrive. */
const SIZE = 8 * 1024 * 1024

const TIME = 1_600_000_000

/** Everything that can happen to a file while it is read, so that what was read is no longer the file. */
const CHANGES: Record<string, (path: string) => void> = {
  'is truncated to nothing': (path) => truncateSync(path, 0),
  'loses its last byte': (path) => truncateSync(path, SIZE - 1),
  'grows by a byte': (path) => appendFileSync(path, 'x'),
  'is written anew with the same size': (path) => writeFileSync(path, Buffer.alloc(SIZE, 2)),
  'is replaced by another': (path) => {
    writeFileSync(`${path}.new`, Buffer.alloc(SIZE, 3))
    renameSync(`${path}.new`, path)
  },
  'loses a byte and gets its old time back': (path) => {
    truncateSync(path, SIZE - 1)
    utimesSync(path, TIME, TIME)
  },
  'grows and gets its old time back': (path) => {
    appendFileSync(path, 'x')
    utimesSync(path, TIME, TIME)
  },
  'is deleted': (path) => rmSync(path),
  'gets another time': (path) => utimesSync(path, 1_000, 1_000),
}

/** What leaves a file what it is. */
const HARMLESS: Record<string, (path: string) => void> = {
  'is renamed': (path) => renameSync(path, `${path}.new`),
  'gets another mode': (path) => chmodSync(path, 0o600),
  'gets another name besides': (path) => linkSync(path, `${path}.new`),
}

function bigFile(...path: string[]): string {
  const file = join(...path)
  writeFileSync(file, Buffer.alloc(SIZE, 1))
  utimesSync(file, TIME, TIME)
  return file
}

describe('a file that is read', () => {
  test.each(Object.entries(CHANGES))('S04 and S05: is found to be changed when it %s', async (_what, change) => {
    const path = bigFile(tempFolder(), 'f')
    const source = await LocalFileSource.open(path)
    await source.read(new Uint8Array(100), 0)
    await source.verify()
    change(path)
    await expect(source.verify()).rejects.toMatchObject({ code: 'ERR_CHANGED' })
    await source.close()
  })

  test.each(Object.entries(HARMLESS))('is still the same when it %s', async (_what, change) => {
    const path = bigFile(tempFolder(), 'f')
    const source = await LocalFileSource.open(path)
    change(path)
    await expect(source.verify()).resolves.toBeUndefined()
    await source.close()
  })

  test('tells its size, time and whether it is executable', async () => {
    const path = join(tempFolder(), 'f')
    writeFileSync(path, 'hello', { mode: 0o755 })
    utimesSync(path, 1_600_000_000.5, 1_600_000_000.5)
    const source = await LocalFileSource.open(path)
    expect(source.file).toEqual({ size: 5, mtime: 1_600_000_000_500_000_000n, executable: true })
    const buffer = new Uint8Array(10)
    expect(await source.read(buffer, 1)).toBe(4)
    expect(Buffer.from(buffer.subarray(0, 4)).toString()).toBe('ello')
    expect(await source.read(buffer, 5)).toBe(0)
    await source.close()
    await expect(source.read(buffer, 0)).rejects.toMatchObject({ code: 'ERR_FILE' })
  })

  test('P17: is never a folder, link, pipe, socket or device, and none of them is waited for', async () => {
    const folder = tempFolder()
    writeFileSync(join(folder, 'file'), 'file')
    mkdirSync(join(folder, 'folder'))
    symlinkSync('file', join(folder, 'link'))
    execFileSync('mkfifo', [join(folder, 'pipe')])
    const server = createServer().listen(join(folder, 'socket'))
    onTestFinished(() => void server.close())
    await once(server, 'listening')
    const before = openDescriptors()
    for (const path of [...['folder', 'link', 'pipe', 'socket'].map((name) => join(folder, name)), '/dev/null']) {
      await expect(LocalFileSource.open(path)).rejects.toMatchObject({ code: 'ERR_WRONG_TYPE' })
    }
    for (const name of ['folder', 'pipe']) {
      await expect(LocalFileSource.open(join(folder, name), true)).rejects.toMatchObject({ code: 'ERR_WRONG_TYPE' })
    }
    await expect(LocalFileSource.open('/dev/zero', true)).rejects.toMatchObject({ code: 'ERR_WRONG_TYPE' })
    expect(openDescriptors()).toBe(before)
    const source = await LocalFileSource.open(join(folder, 'link'), true)
    expect(source.file.size).toBe(4)
    await source.close()
  })
})

describe.each([
  ['through descriptors', false],
  ['by path', true],
])('a file fetched from a share addressed %s', (_way, byPath) => {
  test.each(Object.entries(CHANGES))(
    'S04 and S05: is refused as changed when it %s meanwhile',
    async (_what, change) => {
      const root = tempFolder()
      const local = tempFolder()
      const path = bigFile(root, 'f')
      const store = await SharedFolder.open(root, byPath)
      onTestFinished(async () => store.close())
      const client = await sessionPair({ store, rights: () => new Set(RIGHTS) })
      const before = openDescriptors()
      const fetched = client.get(parseRemotePath('f'), {}, async (file) => {
        const sink = await createLocalFile(join(local, 'f'), file, { overwrite: false })
        change(path)
        return sink
      })
      await expect(fetched).rejects.toMatchObject({ code: 'ERR_CHANGED' })
      expect(names(local)).toEqual([])
      await expect.poll(openDescriptors).toBe(before)
    },
  )
})

test.each(Object.entries(CHANGES))(
  'S04: an upload is given up when its source %s, and nothing is stored',
  async (_what, change) => {
    const machine = await sharingMachine({ rights: RIGHTS })
    const remote = await connectedMachine(machine.address)
    const path = bigFile(tempFolder(), 'f')
    let changed = false
    const stored = remote.put(path, 'f', {
      onProgress: () => {
        if (!changed) change(path)
        changed = true
      },
    })
    await expect(stored).rejects.toMatchObject({ code: 'ERR_CHANGED' })
    await expect.poll(() => names(machine.root)).toEqual([])
    await remote.mkdir('next')
    await expect
      .poll(() => machine.events)
      .toContainEqual(
        expect.objectContaining({ type: 'served', error: expect.objectContaining({ code: 'ERR_CHANGED' }) }),
      )
  },
)
