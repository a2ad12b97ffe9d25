import { SftError } from '../errors.ts'
import { isLocalFolder } from '../fs/local-files.ts'
import { localPathOf, splitLocalPath } from '../fs/local-path.ts'
import { SharedFolder } from '../fs/shared-folder.ts'
import type { ProtocolClient } from '../protocol/client.ts'
import type { Transferred } from '../protocol/transfer.ts'
import type { FileSink, FileStore } from '../protocol/types.ts'
import type { Entry } from '../wire/message.ts'
import { baseName, joinPath, ROOT } from '../wire/path.ts'
import { Copy, type FileCopy } from './copy.ts'
import { findNamed, noFolder, type Missing, type Named } from './find.ts'
import type { JobOptions, JobSummary } from './job.ts'
import type { Link } from './link.ts'
import { LocalTree } from './local-tree.ts'
import { Pace } from './pace.ts'
import { RemoteTree } from './remote-tree.ts'
import { resume } from './resume.ts'
import { NOTHING, statIfThere } from './tree.ts'

/** The sessions of a job that fetches: one for the files, and one for the listings of folders, if there are any. */
export interface GetLinks {
  readonly files: Link
  readonly lists: () => Promise<Link>
  /** Who sends the files: what is kept of them is for that peer. */
  readonly peerId: string
}

/**
 * Fetches files and folders, and what matches patterns, into a folder of this machine; or one file under a name there.
 *
 * @param destination - A folder, or one to be: it gets the named entries under their names, and for `.` the contents of
 * the share. For a single file, any other path is its name.
 * @throws {@link SftError} if the destination or a path is none. What fails later is an event and in the summary.
 */
export async function getAll(
  links: GetLinks,
  paths: readonly string[],
  destination: string,
  options: JobOptions,
): Promise<JobSummary> {
  const from = new RemoteTree(links.lists, links.files, options.signal)
  const found = await lookAhead(findNamed(from, paths))
  const single = paths.length === 1 && found.first?.path === paths[0] // and not what a pattern matches
  const { folder, name, isThere } = await placeFor(found, single, destination, options.dryRun === true)
  const store = await SharedFolder.open(isThere ? folder : splitLocalPath(folder).folder)
  try {
    const receiver = new Receiver(links, store, options)
    const copy = new Copy(
      {
        from,
        destination,
        mayMeet: paths.length > 1 && paths.includes(ROOT),
        to: isThere ? new LocalTree(store) : NOTHING,
        copyFile: async (file) => receiver.fetch(file),
        nameSource: (path) => path,
        nameTarget: (path) => (name === null ? localPathOf(destination, path) : destination),
      },
      options,
    )
    return await copy.run(roots(found, name))
  } finally {
    await store.close()
  }
}

async function* roots(found: Found, name: string | null): AsyncGenerator<Named> {
  for await (const one of found.all) {
    if ('error' in one) yield one
    else yield { entry: one, to: one.path === ROOT ? ROOT : joinPath(ROOT, name ?? baseName(one.path)) }
  }
}

/** What was named, of which the first that is there is known before anything is done. */
interface Found {
  /** `null` if nothing is there. */
  readonly first: Entry | null
  readonly all: AsyncIterable<Entry | Missing>
}

async function lookAhead(named: AsyncGenerator<Entry | Missing>): Promise<Found> {
  const known: (Entry | Missing)[] = []
  let first: Entry | null = null
  while (first === null) {
    const next = await named.next()
    if (next.done === true) break
    known.push(next.value)
    if (!('error' in next.value)) first = next.value
  }
  return { first, all: chain(known, named) }
}

async function* chain<T>(known: Iterable<T>, more: AsyncIterable<T>): AsyncGenerator<T> {
  yield* known
  yield* more
}

/** Where files go. */
interface Destination {
  readonly folder: string
  /** The name of a single file there. */
  readonly name: string | null
  readonly isThere: boolean
}

/** Finds the folder that files go to, making it if it has to be. */
async function placeFor(found: Found, single: boolean, destination: string, dryRun: boolean): Promise<Destination> {
  if (await isLocalFolder(destination)) return { folder: destination, name: null, isThere: true }
  const { folder, name } = splitLocalPath(destination)
  if (!found.first) return { folder, name: null, isThere: true } // nothing will go there
  if (single && found.first.type !== 'directory') {
    if (!/[/\\]$/.test(destination)) return { folder, name, isThere: true }
    throw new SftError('ERR_NOT_FOUND', `there is no folder "${destination}"; create it first`)
  }
  const above = await SharedFolder.open(folder)
  try {
    const path = joinPath(ROOT, name)
    if ((await statIfThere(new LocalTree(above), path)) !== null) throw noFolder(destination)
    if (dryRun) return { folder: destination, name: null, isThere: false }
    await above.mkdir(path, false)
  } finally {
    await above.close()
  }
  return { folder: destination, name: null, isThere: true }
}

/** Receives files into a folder of this machine, after what was kept of an earlier attempt. */
class Receiver {
  readonly #links: GetLinks
  readonly #store: FileStore
  readonly #pace: Pace
  readonly #signal: AbortSignal | undefined

  constructor(links: GetLinks, store: FileStore, options: JobOptions) {
    this.#links = links
    this.#store = store
    this.#pace = new Pace(options.bytesPerSecond, options.signal)
    this.#signal = options.signal
  }

  async fetch(file: FileCopy): Promise<Transferred> {
    const { entry, to } = file
    const { files, peerId } = this.#links
    return resume(files, file, (session) =>
      Promise.resolve({
        size: entry.size,
        kept: async () => this.#store.kept(to, entry, peerId),
        transferAfter: async (offset) => this.#fetchAfter(session, file, offset),
      }),
    )
  }

  async #fetchAfter(session: ProtocolClient, file: FileCopy, offset: number): Promise<Transferred> {
    const { entry, to, overwrite, onProgress } = file
    const keepFor = this.#links.peerId
    const createSink = async (info: Parameters<FileStore['create']>[1]): Promise<FileSink> =>
      this.#paced(await this.#store.create(to, info, { overwrite, keepFor, offset }))
    return session.get(entry.path, { offset, signal: this.#signal, onProgress }, createSink)
  }

  #paced(sink: FileSink): FileSink {
    const write = async (bytes: Uint8Array): Promise<void> => {
      await this.#pace.take(bytes.byteLength)
      await sink.write(bytes)
    }
    if (!this.#pace.limited) return sink
    return {
      kept: sink.kept,
      readKept: async (buffer, offset) => sink.readKept(buffer, offset),
      write,
      commit: async () => sink.commit(),
      setAside: async () => sink.setAside(),
      discard: async () => sink.discard(),
    }
  }
}
