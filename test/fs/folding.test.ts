import { mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import type * as Promises from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { SharedFolder } from '../../src/fs/shared-folder.ts'
import { parseRemotePath } from '../../src/wire/path.ts'
import { failures, jobMachines, namesBelow, write } from '../support/jobs.ts'
import { tempFolder } from '../support/tmp.ts'

/** A folder that stands for a volume which takes several names for one, and what it makes of a name. */
const volume = vi.hoisted(() => ({ root: '', fold: (name: string) => name }))

/**
 * Such volumes cannot be mounted everywhere, so that the calls of the system are given names as one would understand them.
 */
vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof Promises>()
  const folded = (path: unknown): unknown => {
    const [, folder, name] = /^(\/proc\/self\/fd\/\d+)\/([^/]+)$/.exec(String(path)) ?? []
    if (volume.root === '' || folder === undefined || name === undefined) return path
    return readlinkSync(folder).startsWith(volume.root) ? `${folder}/${volume.fold(name)}` : path
  }
  const calls = ['lstat', 'open', 'link', 'rename', 'unlink', 'mkdir', 'rmdir'] as const
  const replaced = calls.map((name) => [
    name,
    (...args: unknown[]) =>
      (real[name] as (...all: unknown[]) => unknown)(
        ...args.map((arg) => (typeof arg === 'string' ? folded(arg) : arg)),
      ),
  ])
  return { ...real, ...Object.fromEntries(replaced) } as typeof Promises
})

const path = parseRemotePath

/** Makes a folder such a volume until the test ends. */
function foldingVolume(root: string, fold: (name: string) => string): void {
  Object.assign(volume, { root, fold })
  onTestFinished(() => void Object.assign(volume, { root: '' }))
}

describe.each([
  ['upper and lower case', 'README', 'readme', (name: string) => name.toLowerCase()],
  ['composed and decomposed accents', 'Zo\u00eb', 'Zoe\u0308', (name: string) => name.normalize('NFD')],
] as const)('N06 and S14: on a volume for which %s are one', (_what, one, other, fold) => {
  async function opened(): Promise<{ store: SharedFolder; root: string; read: (name: string) => string }> {
    const root = tempFolder()
    foldingVolume(root, fold)
    const store = await SharedFolder.open(root)
    onTestFinished(async () => store.close())
    return { store, root, read: (name) => readFileSync(join(root, fold(name)), 'utf8') }
  }

  async function put(store: SharedFolder, name: string, overwrite = false): Promise<void> {
    const sink = await store.create(path(name), { size: 3, mtime: 0n, executable: false }, { overwrite })
    await sink.write(Buffer.from(name.slice(0, 3)))
    await sink.commit()
  }

  test('a name that is there under another spelling is taken for every action', async () => {
    const { store, root, read } = await opened()
    await put(store, one)
    await expect(put(store, other)).rejects.toMatchObject({ code: 'ERR_EXISTS' })
    await expect(store.mkdir(path(other), false)).rejects.toMatchObject({ code: 'ERR_EXISTS' })
    await put(store, 'third')
    await expect(store.rename(path('third'), path(other), false)).rejects.toMatchObject({ code: 'ERR_EXISTS' })
    await expect(store.mkdir(path(`${other}/inner`), true)).rejects.toMatchObject({ code: 'ERR_EXISTS' })
    expect(readdirSync(root).toSorted()).toEqual([fold(one), 'third'].toSorted())
    expect(read(one)).toBe(one.slice(0, 3))
  })

  test('of two spellings at once one is stored', async () => {
    const { store, root } = await opened()
    const outcomes = await Promise.allSettled([put(store, one), put(store, other)])
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
    expect(readdirSync(root)).toEqual([fold(one)])
  })

  test('a tree with both stores one, and says that the other one cannot be', async () => {
    const { root, local, put: putAll } = await jobMachines()
    for (const [index, name] of [one, other].entries()) write(join(local, 'tree', name), `${index}`)
    mkdirSync(join(root, 'kept'))
    writeFileSync(join(root, 'kept', 'file'), 'kept')
    foldingVolume(root, fold)
    const ran = await putAll(['tree'])
    expect(ran.summary).toMatchObject({ files: 1, failed: 1 })
    expect(Object.values(failures(ran))).toEqual(['ERR_EXISTS'])
    expect(namesBelow(root)).toEqual(['kept', 'kept/file', 'tree', `tree/${fold(one)}`])
  })
})
