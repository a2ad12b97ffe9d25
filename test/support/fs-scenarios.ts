import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { loadSodium } from '../../src/crypto/load-sodium.ts'
import { openLocalFile } from '../../src/fs/local-files.ts'
import { SharedFolder } from '../../src/fs/shared-folder.ts'
import { smallFiles } from '../../src/fs/small-files.ts'
import { ProtocolClient } from '../../src/protocol/client.ts'
import { provide } from '../../src/protocol/provider.ts'
import type { FileSource, Kept } from '../../src/protocol/types.ts'
import { parseRemotePath } from '../../src/wire/path.ts'
import { RIGHTS } from '../../src/wire/rights.ts'
import { memoryPair } from './memory-stream.ts'

/** Something that a client does with a share, with what it is like before and after. Both lie in one folder. */
export interface Scenario {
  readonly name: string
  /** Makes the share and the local folder as they are before. */
  readonly prepare: (folder: string) => Promise<void>
  /** Opens both, and a session of the client with the share, does it, and lets go of all of them. */
  readonly run: (folder: string) => Promise<void>
  /** What became of it: `between` is neither, but nothing is lost; any other word is what is wrong. */
  readonly state: (folder: string) => string
  /** What can be continued of the file, if there is one to continue. */
  readonly kept?: (folder: string) => Promise<Kept>
  /** The folder in which parts of the file lie. */
  readonly target?: 'root' | 'local'
}

const MIB = 1024 * 1024
const path = parseRemotePath

/** Bytes that have no position in common with one another, the same for each name and size. */
function content(name: string, size: number): Buffer {
  const bytes = Buffer.alloc(size)
  for (let at = 0; at < size; at += 32) createHash('sha256').update(`${name} ${at}`).digest().copy(bytes, at)
  return bytes
}

/** The file of a name that is new, and the one that is replaced. */
const NEW = new Map<number, Buffer>()
const OLD = content('old', 1_000)

function newFile(size: number): Buffer {
  const known = NEW.get(size) ?? content('new', size)
  NEW.set(size, known)
  return known
}

const [SMALL_SIZE, MIDDLE, LARGE] = [3_000, 300_000, 2.5 * MIB]
const CUT = 1.5 * MIB

/** Runs `work` with a client of the share in `root`. */
async function withSession(root: string, work: (client: ProtocolClient) => Promise<void>): Promise<void> {
  const sodium = await loadSodium()
  const [localId, remoteId] = [Buffer.alloc(38, 1), Buffer.alloc(38, 2)]
  const store = await SharedFolder.open(root)
  try {
    const [near, far] = memoryPair()
    const init = { sodium, localId: remoteId, remoteId: localId, store, rights: () => new Set(RIGHTS) }
    const provided = provide(far, init).catch(() => undefined) // the client meets it too
    try {
      const client = await ProtocolClient.open(near, { sodium, localId, remoteId })
      try {
        await work(client)
      } finally {
        await client.close()
        await client.closed
      }
    } finally {
      near.abort(new Error('over'))
      await provided
    }
  } finally {
    await store.close()
  }
}

function roots(folder: string): [root: string, local: string] {
  return [join(folder, 'root'), join(folder, 'local')]
}

function make(folder: string): [root: string, local: string] {
  const both = roots(folder)
  for (const one of both) mkdirSync(one, { recursive: true })
  return both
}

/** Has the thread for small files take every one of them. */
function warm(): void {
  for (let count = 0; count < 40; count += 1) smallFiles.wanted()
}

/** What a file is, of which there may have been another one. */
function stateOfFile(file: string, size: number, isReplaced: boolean): string {
  if (!existsSync(file)) return isReplaced ? 'the old file is gone' : 'before'
  const bytes = readFileSync(file)
  if (bytes.equals(newFile(size))) return 'after'
  return isReplaced && bytes.equals(OLD) ? 'before' : `${bytes.byteLength} wrong bytes`
}

function together(states: readonly string[]): string {
  const strange = states.find((state) => !['before', 'between', 'after'].includes(state))
  if (strange !== undefined) return strange
  return states.every((state) => state === states[0]) ? (states[0] ?? 'after') : 'between'
}

interface Transfer {
  readonly size: number
  readonly files?: number
  readonly overwrite?: boolean
  readonly resumed?: boolean
}

function namesOf({ files = 1 }: Transfer): string[] {
  return Array.from({ length: files }, (_, index) => `f${index}`)
}

/** As a file of this machine, and is cut off after some bytes. */
async function cutSource(file: string): Promise<FileSource> {
  const source = await openLocalFile(file)
  return {
    file: source.file,
    read: async (buffer, offset) => {
      if (offset >= CUT) throw new Error('cut off')
      return source.read(buffer.subarray(0, Math.min(buffer.byteLength, CUT - offset)), offset)
    },
    verify: async () => source.verify(),
    close: async () => source.close(),
  }
}

function get(name: string, transfer: Transfer): Scenario {
  const { size, overwrite = false, resumed = false } = transfer
  const fileOf = (root: string): { size: number; mtime: bigint; executable: boolean } => {
    const { mtimeNs } = statSync(join(root, 'f0'), { bigint: true })
    return { size, mtime: mtimeNs, executable: false }
  }
  return {
    name,
    target: 'local',
    prepare: async (folder) => {
      const [root, local] = make(folder)
      for (const one of namesOf(transfer)) {
        writeFileSync(join(root, one), newFile(size))
        if (overwrite) writeFileSync(join(local, one), OLD)
      }
      if (!resumed) return
      const store = await SharedFolder.open(local)
      const sink = await store.create(path('f0'), fileOf(root), { overwrite, keepFor: 'peer' })
      await sink.write(newFile(size).subarray(0, CUT))
      await sink.setAside()
      await store.close()
    },
    run: async (folder) => {
      const [root, local] = roots(folder)
      if (size <= SMALL_SIZE) warm()
      const store = await SharedFolder.open(local)
      try {
        await withSession(root, async (client) => {
          const one = async (name: string): Promise<unknown> => {
            const offset = resumed ? (await store.kept(path(name), fileOf(root), 'peer')).bytes : 0
            return client.get(path(name), { offset }, async (file) =>
              store.create(path(name), file, { overwrite, keepFor: 'peer', offset }),
            )
          }
          await allDone(namesOf(transfer).map(one))
        })
      } finally {
        await store.close()
      }
    },
    state: (folder) =>
      together(namesOf(transfer).map((one) => stateOfFile(join(folder, 'local', one), size, overwrite))),
    kept: async (folder) => {
      const [root, local] = roots(folder)
      const store = await SharedFolder.open(local)
      const kept = await store.kept(path('f0'), fileOf(root), 'peer')
      await store.close()
      return kept
    },
  }
}

function put(name: string, transfer: Transfer): Scenario {
  const { size, overwrite = false, resumed = false } = transfer
  return {
    name,
    target: 'root',
    prepare: async (folder) => {
      const [root, local] = make(folder)
      for (const one of namesOf(transfer)) {
        writeFileSync(join(local, one), newFile(size))
        if (overwrite) writeFileSync(join(root, one), OLD)
      }
      if (!resumed) return
      await withSession(root, async (client) => {
        const source = await cutSource(join(local, 'f0'))
        await client.put(path('f0'), source, { overwrite }).catch(() => undefined)
        await source.close()
      })
    },
    run: async (folder) => {
      const [root, local] = roots(folder)
      if (size <= SMALL_SIZE) warm()
      await withSession(root, async (client) => {
        const one = async (name: string): Promise<void> => {
          const source = await openLocalFile(join(local, name))
          try {
            const offset = resumed ? (await client.kept(path(name), source.file)).bytes : 0
            await client.put(path(name), source, { overwrite, offset })
          } finally {
            await source.close()
          }
        }
        await allDone(namesOf(transfer).map(one))
      })
    },
    state: (folder) =>
      together(namesOf(transfer).map((one) => stateOfFile(join(folder, 'root', one), size, overwrite))),
    kept: async (folder) => {
      const [root, local] = roots(folder)
      let kept: Kept = { bytes: 0, changed: false }
      await withSession(root, async (client) => {
        const source = await openLocalFile(join(local, 'f0'))
        kept = await client.kept(path('f0'), source.file)
        await source.close()
      })
      return kept
    },
  }
}

/** Waits for all, then throws what the first failure was. */
async function allDone(work: readonly Promise<unknown>[]): Promise<void> {
  await Promise.allSettled(work)
  await Promise.all(work)
}

/** An action on a small tree of folders and files. */
function action(
  name: string,
  work: (client: ProtocolClient) => Promise<void>,
  state: (root: string) => string,
): Scenario {
  return {
    name,
    prepare: async (folder) => {
      const [root] = make(folder)
      mkdirSync(join(root, 'a', 'inner'), { recursive: true })
      for (const file of ['a/one', 'a/two', 'a/inner/three']) writeFileSync(join(root, file), OLD)
    },
    run: async (folder) => withSession(roots(folder)[0], work),
    state: (folder) => state(roots(folder)[0]),
  }
}

function isOld(file: string): boolean {
  return existsSync(file) && readFileSync(file).equals(OLD)
}

export const SCENARIOS: readonly Scenario[] = [
  get('get', { size: MIDDLE }),
  get('get, replacing', { size: MIDDLE, overwrite: true }),
  get('get, continued', { size: LARGE, resumed: true }),
  get('get, small', { size: SMALL_SIZE, files: 3 }),
  get('get, small, replacing', { size: SMALL_SIZE, files: 3, overwrite: true }),
  put('put', { size: MIDDLE }),
  put('put, replacing', { size: MIDDLE, overwrite: true }),
  put('put, continued', { size: LARGE, resumed: true }),
  put('put, small', { size: SMALL_SIZE, files: 3 }),
  put('put, small, replacing', { size: SMALL_SIZE, files: 3, overwrite: true }),
  action(
    'delete',
    async (client) => client.remove(path('a/one')),
    (root) => (isOld(join(root, 'a/one')) ? 'before' : existsSync(join(root, 'a/one')) ? 'wrong bytes' : 'after'),
  ),
  ...[false, true].map((overwrite) =>
    action(
      overwrite ? 'rename, replacing' : 'rename',
      async (client) => client.rename(path('a/one'), path('a/inner/new'), overwrite),
      (root) => {
        const [before, after] = [isOld(join(root, 'a/one')), isOld(join(root, 'a/inner/new'))]
        return before && after ? 'between' : before ? 'before' : after ? 'after' : 'the file is gone'
      },
    ),
  ),
  action(
    'mkdir',
    async (client) => client.mkdir(path('b/c'), true),
    (root) => (existsSync(join(root, 'b/c')) ? 'after' : existsSync(join(root, 'b')) ? 'between' : 'before'),
  ),
  action(
    'digest',
    async (client) => {
      const digest = await client.digest(path('a/one'), 'sha256')
      if (!createHash('sha256').update(OLD).digest().equals(digest)) throw new Error('another digest')
    },
    () => 'after',
  ),
  action(
    'list',
    async (client) => {
      const seen: string[] = []
      for await (const entry of client.list(path('.'), true)) seen.push(entry.type === 'unlistable' ? '?' : entry.path)
      const all = ['a', 'a/inner', 'a/inner/three', 'a/one', 'a/two']
      if (seen.toSorted().join() !== all.join()) throw new Error(`a listing of ${seen.join()} only`)
    },
    (root) => (readdirSync(join(root, 'a')).length === 3 ? 'after' : 'entries are gone'),
  ),
]
