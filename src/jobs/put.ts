import { asSftError, SftError } from '../errors.ts'
import { isLocalFolder, openLocalFile } from '../fs/local-files.ts'
import { localPathOf, splitLocalPath } from '../fs/local-path.ts'
import { SharedFolder } from '../fs/shared-folder.ts'
import type { ProtocolClient } from '../protocol/client.ts'
import type { Transferred } from '../protocol/transfer.ts'
import type { FileSource } from '../protocol/types.ts'
import type { Entry, Unlistable } from '../wire/message.ts'
import { joinPath, parentPath, parseRemotePath, ROOT, type RemotePath } from '../wire/path.ts'
import { Copy, type FileCopy } from './copy.ts'
import { noFolder, type Named } from './find.ts'
import type { JobOptions, JobSummary } from './job.ts'
import type { Link } from './link.ts'
import { digestOf, LocalTree } from './local-tree.ts'
import { Pace } from './pace.ts'
import { RemoteTree } from './remote-tree.ts'
import { resume } from './resume.ts'
import type { SourceTree } from './tree.ts'

/**
 * Stores files and folders of this machine in a folder of the share, or one file under a name there.
 *
 * @param destination - A folder of the share, or one to be: it gets the sources under their names, and the contents of a
 * folder that is written as `.` or with `/.` at the end. For a single file, any other path is its name.
 * @throws {@link SftError} if the destination is none. What fails later is an event and in the summary.
 */
export async function putAll(
  link: Link,
  sources: readonly string[],
  destination: string,
  options: JobOptions,
): Promise<JobSummary> {
  const to = new RemoteTree(() => Promise.resolve(link), link, options.signal)
  const from = new LocalSources()
  try {
    const folder = await placeFor(to, sources, destination, options.dryRun === true)
    const sender = new Sender(link, from, options)
    const copy = new Copy(
      {
        from,
        to,
        destination,
        mayMeet: sources.length > 1 && sources.some(isContents),
        copyFile: async (file) => sender.send(file),
        nameSource: (path) => from.nameOf(path),
        nameTarget: (path) => path,
      },
      options,
    )
    return await copy.run(from.roots(sources, folder))
  } finally {
    await from.close()
  }
}

/** Where sources go: a folder, or the name of the only one. */
interface Destination {
  readonly path: RemotePath
  readonly isFolder: boolean
}

async function placeFor(
  to: RemoteTree,
  sources: readonly string[],
  destination: string,
  dryRun: boolean,
): Promise<Destination> {
  const path = parseRemotePath(destination.replace(/(?<=.)\/+$/, ''))
  if (path === ROOT) return { path, isFolder: true }
  const there = await to.stat(path).catch((error: unknown) => {
    // What may be written to and not looked at is what the user says it is.
    if (error instanceof SftError && error.code === 'ERR_DENIED') return 'unknown' as const
    if (error instanceof SftError && error.code === 'ERR_NOT_FOUND') return null
    throw error
  })
  if (there === 'unknown') return { path, isFolder: destination.endsWith('/') }
  if (there?.type === 'directory') return { path, isFolder: true }
  const [source = '', ...others] = sources
  const isFolder = others.length > 0 || (await isLocalFolder(source))
  if (there && isFolder) throw noFolder(path)
  if (!isFolder) {
    if (!destination.endsWith('/')) return { path, isFolder: false }
    throw noFolderFor(path)
  }
  try {
    if (!dryRun) await to.mkdir(path)
  } catch (error) {
    if (!(error instanceof SftError)) throw error
    if (error.code !== 'ERR_NOT_FOUND') {
      throw new SftError(error.code, `cannot make the folder "${path}" in the share: ${error.message}`, {
        cause: error,
      })
    }
    throw noFolderFor(parentPath(path), error)
  }
  return { path, isFolder: true }
}

function noFolderFor(path: string, cause?: SftError): SftError {
  const message = `the share has no folder "${path}"; create it first: sft mkdir`
  return new SftError('ERR_NOT_FOUND', message, { step: 'mkdir', ...(cause && { cause }) })
}

/** Tells whether a folder is written so that what is in it is meant, and not the folder itself. */
function isContents(source: string): boolean {
  return /(?:^|[/\\])\.[/\\]?$/.test(source)
}

/** What the user named of this machine, as one tree: each source is an entry of its root, called by its number. */
class LocalSources implements SourceTree {
  readonly #sources: { readonly text: string; readonly tree: LocalTree | null; readonly close: () => Promise<void> }[] =
    []

  async *roots(sources: readonly string[], destination: Destination): AsyncGenerator<Named> {
    for (const text of sources) {
      let named: Named
      try {
        named = await this.#add(text, destination)
      } catch (error) {
        named = { name: text, error: asSftError(error, 'ERR_FILE', `cannot read "${text}"`) }
      }
      yield named
    }
  }

  async #add(text: string, { path: folder, isFolder }: Destination): Promise<Named> {
    const number = parseRemotePath(String(this.#sources.length))
    const to = !isFolder || isContents(text) ? folder : joinPath(folder, splitLocalPath(text).name)
    if (await isLocalFolder(text)) {
      const store = await SharedFolder.open(text)
      this.#sources.push({ text, tree: new LocalTree(store), close: async () => store.close() })
      return { entry: { ...(await store.stat(ROOT)), path: number }, to }
    }
    const source = await openLocalFile(text)
    await source.close()
    this.#sources.push({ text, tree: null, close: () => Promise.resolve() })
    return { entry: { path: number, type: 'file', ...source.file }, to }
  }

  async *list(path: RemotePath): AsyncGenerator<Entry | Unlistable> {
    const { number, tree, inner } = this.#find(path)
    if (!tree) return
    for await (const entry of tree.list(parseRemotePath(inner))) {
      if (entry.type !== 'unlistable') yield { ...entry, path: parseRemotePath(`${number}/${entry.path}`) }
      else yield { ...entry, name: Uint8Array.of(...new TextEncoder().encode(`${number}/`), ...entry.name) }
    }
  }

  async stat(path: RemotePath): Promise<Entry> {
    const { tree, inner } = this.#find(path)
    if (!tree) throw new SftError('ERR_WRONG_TYPE', 'it is a file')
    return { ...(await tree.stat(parseRemotePath(inner))), path }
  }

  async digest(path: RemotePath): Promise<Uint8Array> {
    const { text, tree, inner } = this.#find(path)
    return tree ? tree.digest(parseRemotePath(inner)) : digestOf(await openLocalFile(text))
  }

  async open(path: RemotePath): Promise<FileSource> {
    const { text, tree, inner } = this.#find(path)
    try {
      return await (tree ? tree.store.open(parseRemotePath(inner)) : openLocalFile(text))
    } catch (error) {
      throw asSftError(error, 'ERR_FILE', `cannot read "${this.nameOf(path)}"`)
    }
  }

  /** Names an entry as the user would. */
  nameOf(path: RemotePath): string {
    const { text, tree, inner } = this.#find(path)
    return tree ? localPathOf(text, inner) : text
  }

  async close(): Promise<void> {
    for (const { close } of this.#sources) await close()
  }

  #find(path: string): { number: string; text: string; tree: LocalTree | null; inner: string } {
    const [number = '', ...names] = path.split('/')
    const source = this.#sources[Number(number)]
    if (!source) throw new SftError('ERR_INTERNAL', `there is no source ${number}`)
    return { number, text: source.text, tree: source.tree, inner: names.length === 0 ? ROOT : names.join('/') }
  }
}

/** Sends files of this machine, after what the other one kept of an earlier attempt. */
class Sender {
  readonly #link: Link
  readonly #from: LocalSources
  readonly #pace: Pace
  readonly #signal: AbortSignal | undefined

  constructor(link: Link, from: LocalSources, options: JobOptions) {
    this.#link = link
    this.#from = from
    this.#pace = new Pace(options.bytesPerSecond, options.signal)
    this.#signal = options.signal
  }

  async send(file: FileCopy): Promise<Transferred> {
    return resume(this.#link, file, async (session) => {
      const source = await this.#from.open(file.entry.path)
      return {
        size: source.file.size,
        kept: async () => session.kept(file.to, source.file, { signal: this.#signal }),
        transferAfter: async (offset) => this.#sendAfter(session, file, source, offset),
        close: async () => source.close(),
      }
    })
  }

  async #sendAfter(
    session: ProtocolClient,
    { to, overwrite, onProgress }: FileCopy,
    source: FileSource,
    offset: number,
  ): Promise<Transferred> {
    const paced: FileSource = {
      file: source.file,
      read: async (buffer, at) => {
        if (at >= offset) await this.#pace.take(buffer.byteLength)
        return source.read(buffer, at)
      },
      verify: async () => source.verify(),
      close: async () => source.close(),
    }
    const used = this.#pace.limited ? paced : source
    return session.put(to, used, { overwrite, offset, signal: this.#signal, onProgress })
  }
}
