import * as fs from 'node:fs'
import { parentPort } from 'node:worker_threads'
import { entryType, fileInfo } from './entry.ts'
import type { FromWorker, Looked, LookJob, PackedStoreJob, ReadJob, ReadResult, ToWorker } from './small-files.ts'

/**
 * The thread that reads and stores small files: each one whole, with calls that wait, which costs a tenth of the work
 * of handing every step to the thread pool. Whatever is unusual is left to the ordinary way, which also finds the words
 * for it: here a job is done, or nothing of it.
 */
const { constants } = fs
const OPEN_FOLDER = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW
const OPEN_FILE = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
const CREATE_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW

/** Files that were read lie one behind the other in blocks of so many bytes. */
const BLOCK = 512 * 1024

/** The folders that the jobs of one batch are about, each walked to once and held open until the batch is done. */
class Folders {
  readonly #open = new Map<string, number>()

  /** Walks to a folder without following a link on the way. Throws what the system says. */
  open(root: number, path: string): number {
    const key = `${root}/${path}`
    const known = this.#open.get(key)
    if (known !== undefined) return known
    const slash = path.lastIndexOf('/')
    const [outer, name] =
      path === '' ? [root, '.'] : [slash < 0 ? root : this.open(root, path.slice(0, slash)), path.slice(slash + 1)]
    const folder = fs.openSync(at(outer, name), path === '' ? OPEN_FOLDER & ~constants.O_NOFOLLOW : OPEN_FOLDER)
    this.#open.set(key, folder)
    return folder
  }

  close(): void {
    for (const folder of this.#open.values()) fs.closeSync(folder)
    this.#open.clear()
  }
}

/** A file that is stored, up to the moment before it takes its name. */
interface Prepared {
  readonly job: PackedStoreJob
  readonly folder: number
  readonly handle: number
}

const batches = new Map<number, { folders: Folders; prepared: (Prepared | null)[] }>()

parentPort?.on('message', (message: ToWorker) => {
  switch (message.type) {
    case 'read':
      readAll(message.batch, message.jobs)
      break
    case 'store':
      void prepareAll(message.batch, message.jobs, message.bytes)
      break
    case 'look':
      lookAtAll(message.batch, message.jobs)
      break
    case 'finish':
      void finishAll(message.batch, message.allowed)
  }
})

function send(message: FromWorker, transfer: ArrayBuffer[] = []): void {
  parentPort?.postMessage(message, transfer)
}

function at(folder: number, name: string): string {
  return `/proc/self/fd/${folder}/${name}`
}

function readAll(batch: number, jobs: readonly ReadJob[]): void {
  const folders = new Folders()
  const blocks: Uint8Array<ArrayBuffer>[] = []
  let used = BLOCK
  const results = jobs.map((job): ReadResult | null => {
    try {
      const address = at(folders.open(job.root, job.folder), job.name)
      if (!fs.lstatSync(address).isFile()) return null // nothing but a file is even opened
      const handle = fs.openSync(address, OPEN_FILE)
      try {
        const before = fs.fstatSync(handle, { bigint: true })
        const size = Number(before.size)
        if (!before.isFile() || size > job.maxBytes) return null
        if (used + size > BLOCK) {
          blocks.push(new Uint8Array(Math.max(BLOCK, size)))
          used = 0
        }
        const block = blocks.at(-1)
        if (block === undefined || readWhole(handle, block, used, size) !== size) return null
        const after = fs.fstatSync(handle, { bigint: true })
        if (after.size !== before.size || after.mtimeNs !== before.mtimeNs || after.nlink === 0n) return null
        used += size
        const executable = (before.mode & 0o100n) !== 0n
        return { block: blocks.length - 1, offset: used - size, size, mtime: before.mtimeNs, executable }
      } finally {
        fs.closeSync(handle)
      }
    } catch {
      return null
    }
  })
  folders.close()
  const buffers = blocks.map(({ buffer }) => buffer)
  send({ type: 'read', batch, results, blocks }, buffers)
}

function readWhole(handle: number, block: Uint8Array, start: number, size: number): number {
  let length = 0
  while (length < size) {
    const bytes = fs.readSync(handle, block, start + length, size - length, length)
    if (bytes === 0) break
    length += bytes
  }
  return length
}

function lookAtAll(batch: number, jobs: readonly LookJob[]): void {
  send({ type: 'looked', batch, results: jobs.map((job) => lookAt(job)) })
}

/** Looks at entries of a folder, following no link. */
function lookAt({ folder, names }: LookJob): Looked {
  const sizes = new Float64Array(names.length)
  const mtimes = new BigInt64Array(names.length)
  const executables = new Uint8Array(names.length)
  const types = names.map((name, index) => {
    try {
      const stats = fs.lstatSync(at(folder, name), { bigint: true, throwIfNoEntry: false })
      if (!stats) return 'gone'
      const { size, mtime, executable } = fileInfo(stats)
      sizes[index] = size
      mtimes[index] = mtime
      executables[index] = executable ? 1 : 0
      return entryType(stats)
    } catch {
      return 'unclear'
    }
  })
  return { types, sizes, mtimes, executables }
}

/** Writes the parts of a batch and makes them durable, all at once: the disk then has to be waited for once. */
async function prepareAll(batch: number, jobs: readonly PackedStoreJob[], bytes: Uint8Array): Promise<void> {
  const folders = new Folders()
  let packed = 0
  const prepared = jobs.map((job) => {
    packed += job.size
    return prepare(folders, job, bytes.subarray(packed - job.size, packed))
  })
  await Promise.all(
    prepared.map(async (one, index) => {
      if (one === null || (await synced(one.handle))) return
      undo(one)
      prepared[index] = null
    }),
  )
  batches.set(batch, { folders, prepared })
  send({ type: 'prepared', batch, done: prepared.map((one) => one !== null) })
}

function prepare(folders: Folders, job: PackedStoreJob, bytes: Uint8Array): Prepared | null {
  let handle: number | undefined
  try {
    const folder = folders.open(job.root, job.folder)
    handle = fs.openSync(at(job.parts, job.part), CREATE_FILE, 0o600)
    for (let written = 0; written < bytes.byteLength;) {
      const more = fs.writeSync(handle, bytes, written)
      if (more === 0) throw new Error('the disk takes no more bytes')
      written += more
    }
    fs.fchmodSync(handle, job.mode)
    fs.futimesSync(handle, job.seconds, job.seconds)
    return { job, folder, handle }
  } catch {
    if (handle !== undefined) undo({ job, handle })
    return null
  }
}

/** Gives the files of a batch their names, those that may have one, and makes the names durable. */
async function finishAll(batch: number, allowed: readonly boolean[]): Promise<void> {
  const { folders, prepared } = batches.get(batch) ?? { folders: new Folders(), prepared: [] }
  batches.delete(batch)
  const named = new Map<number, Promise<boolean>>()
  const placed = prepared.map((one, index) => {
    if (one === null) return false
    if (allowed[index] !== true || !place(one)) {
      undo(one)
      return false
    }
    fs.closeSync(one.handle)
    return true
  })
  for (const [index, one] of prepared.entries()) {
    if (one !== null && placed[index] === true && !named.has(one.folder)) named.set(one.folder, synced(one.folder))
  }
  const results = await Promise.all(
    prepared.map(async (one, index) => {
      if (one === null || placed[index] !== true) return 'not done' as const
      return (await named.get(one.folder)) === true ? ('done' as const) : ('not durable' as const)
    }),
  )
  folders.close()
  send({ type: 'stored', batch, results })
}

/** Gives a file its name; `false` where that is not a matter of course. */
function place({ job, folder }: Prepared): boolean {
  const [part, target] = [at(job.parts, job.part), at(folder, job.name)]
  try {
    for (const spelling of job.otherSpellings) if (isThere(at(folder, spelling))) return false
    if (job.overwrite) {
      if (fs.lstatSync(target, { throwIfNoEntry: false })?.isDirectory() === true) return false
      fs.renameSync(part, target)
      return true
    }
    fs.linkSync(part, target)
  } catch {
    return false
  }
  removePart(job)
  return true
}

function isThere(address: string): boolean {
  return fs.lstatSync(address, { throwIfNoEntry: false }) !== undefined
}

function undo({ job, handle }: Pick<Prepared, 'job' | 'handle'>): void {
  fs.closeSync(handle)
  removePart(job)
}

function removePart(job: PackedStoreJob): void {
  try {
    fs.unlinkSync(at(job.parts, job.part))
  } catch {
    // It is gone already, or it is swept away once this process is gone.
  }
}

async function synced(handle: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  fs.fsync(handle, (error) => resolve(error === null))
  return promise
}
