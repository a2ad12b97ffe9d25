import { lstat, mkdir, rmdir, unlink } from 'node:fs/promises'
import { SftError } from '../errors.ts'
import type { CreateOptions, FileSink, FileSource, FileStore, Kept } from '../protocol/types.ts'
import type { Entry, FileInfo, Unlistable } from '../wire/message.ts'
import { baseName, components, ROOT, type RemotePath } from '../wire/path.ts'
import { DigestMemory } from './digest-memory.ts'
import { entryType, fileInfo } from './entry.ts'
import { fileError } from './errno.ts'
import { LocalFileSink, type PartsPlace } from './file-sink.ts'
import { LocalFileSource } from './file-source.ts'
import { Folder } from './folder.ts'
import { entriesIn } from './folder-entries.ts'
import { WORTH_KEEPING } from './kept-parts.ts'
import { expectFree, isPartName, lstatIfThere, moveEntry } from './names.ts'
import { partKey } from './part-name.ts'
import { SMALL, smallFiles } from './small-files.ts'
import { SmallFileSink, SmallFileSource, type SmallTarget } from './small-sink.ts'
import { PartsFolder } from './parts-folder.ts'

/** The files under one folder of this machine, for peers: nothing outside it is read, written or even mentioned. */
export class SharedFolder implements FileStore {
  readonly #root: Folder
  readonly #mount: string
  readonly #parts: PartsFolder
  readonly #digests = new DigestMemory()
  /** What needs the root's descriptor for a moment longer. */
  readonly #underWay = new Set<Promise<unknown>>()
  #closed = false

  /** @param byPath - As for {@link Folder.openLocal}. */
  static async open(path: string, byPath = false): Promise<SharedFolder> {
    const root = await Folder.openLocal(path, byPath)
    try {
      const store = new SharedFolder(root, await root.mount())
      await store.#parts.sweep()
      return store
    } catch (error) {
      await root.close()
      throw fileError(error, `cannot open the folder "${path}"`)
    }
  }

  private constructor(root: Folder, mount: string) {
    this.#root = root
    this.#mount = mount
    this.#parts = new PartsFolder(root)
  }

  async *list(path: RemotePath, recursive: boolean): AsyncGenerator<Entry | Unlistable> {
    expectPublic(path)
    const folder = await this.#root.open(path)
    try {
      await folder.check()
      for await (const entry of entriesIn(folder, path)) {
        yield entry
        if (recursive && entry.type === 'directory') yield* this.#listInner(entry.path)
      }
    } catch (error) {
      throw fileError(error, 'cannot list the folder')
    } finally {
      await folder.close()
    }
  }

  async stat(path: RemotePath): Promise<Entry> {
    expectPublic(path)
    if (path === ROOT) {
      await this.#root.check()
      const stats = await lstat(`${this.#root.address}/.`, { bigint: true })
      return { path, type: 'directory', ...fileInfo(stats) }
    }
    return this.#inParent(path, async (folder, name) => {
      const stats = await lstat(folder.at(name), { bigint: true })
      return { path, type: entryType(stats), ...fileInfo(stats) }
    })
  }

  async open(path: RemotePath): Promise<FileSource> {
    if (path === ROOT) throw new SftError('ERR_WRONG_TYPE', 'it is a folder, not a file')
    expectPublic(path)
    const small = await this.#readSmall(path)
    if (small !== null) return small
    return this.#inParent(path, async (folder, name) => LocalFileSource.open(folder.at(name), false, this.#digests))
  }

  async create(path: RemotePath, file: FileInfo, options: CreateOptions): Promise<FileSink> {
    expectPublic(path)
    const ordinary = async (): Promise<FileSink> => this.#create(path, file, options)
    return this.#createSmall(path, file, options, ordinary) ?? ordinary()
  }

  async kept(path: RemotePath, file: FileInfo, keepFor: string): Promise<Kept> {
    expectPublic(path)
    let [bytes, changed] = [0, false]
    await this.#inParent(path, async (folder) => {
      if (file.size < WORTH_KEEPING && !this.#parts.mayHold(path, file, keepFor)) return
      const place = await this.#partsPlace(folder, path)
      for (const parts of place.folders) {
        // Where nothing can be looked up nothing can be continued; the next use of the folder tells what is wrong.
        const here = await parts.kept(partKey(place.path, file, keepFor)).catch(() => null)
        bytes = Math.max(bytes, here?.bytes ?? 0)
        changed ||= here?.changed === true
      }
    })
    return { bytes, changed }
  }

  async remove(path: RemotePath): Promise<void> {
    await this.#inParent(path, async (folder, name) => {
      const stats = await lstat(folder.at(name))
      await (stats.isDirectory() ? rmdir(folder.at(name)) : unlink(folder.at(name)))
      await folder.sync()
    })
  }

  async rename(from: RemotePath, to: RemotePath, overwrite: boolean): Promise<void> {
    await this.#inParent(from, async (source, oldName) => {
      await this.#inParent(to, async (target, newName) => {
        const stats = await lstat(source.at(oldName))
        const isFolder = stats.isDirectory()
        await expectFree(target, newName, overwrite && !isFolder, isRespelling(from, to) ? stats : undefined)
        await source.check()
        // Folders cannot be linked; a rename replaces none but an empty one, and only if it appears just now.
        const way = overwrite || isFolder ? 'replace' : stats.isFile() ? 'link' : 'claim'
        await moveEntry(source.at(oldName), target.at(newName), way)
        await target.sync()
        await source.sync()
      })
    })
  }

  async mkdir(path: RemotePath, parents: boolean): Promise<void> {
    if (!parents) {
      await this.#inParent(path, async (folder, name) => makeFolder(folder, name, false))
      return
    }
    expectPublic(path)
    const [first = ROOT, ...rest] = components(path) as RemotePath[] // each one a path by itself
    let { folder, name } = await this.#root.openParent(first)
    try {
      await makeFolder(folder, name, true)
      for (const inner of rest) {
        const outer = folder
        folder = await outer.open(name as RemotePath)
        await outer.close()
        name = inner
        await makeFolder(folder, name, true)
      }
    } catch (error) {
      throw fileError(error, `cannot make "${name}"`)
    } finally {
      await folder.close()
    }
  }

  /** Lets go of the root, once small files that are about to be read or stored are. */
  async close(): Promise<void> {
    this.#closed = true
    await Promise.allSettled(this.#underWay)
    await this.#root.close()
  }

  /** Returns a small file, or `null` if it is read the ordinary way. */
  async #readSmall(path: RemotePath): Promise<FileSource | null> {
    const root = this.#root.descriptor
    if (root === null || this.#closed || !smallFiles.wanted()) return null
    const file = await this.#hold(smallFiles.read({ root, ...splitPath(path), maxBytes: SMALL }))
    return file && new SmallFileSource(file)
  }

  /** Returns a sink for a small file, or `null` if it is stored the ordinary way. */
  #createSmall(
    path: RemotePath,
    file: FileInfo,
    options: CreateOptions,
    ordinary: () => Promise<FileSink>,
  ): FileSink | null {
    const root = this.#root.descriptor
    if (root === null || path === ROOT || this.#parts.mayHold(path, file, options.keepFor)) return null
    const store: SmallTarget['store'] = async (job, mayTakeName) => {
      if (this.#closed) return 'not done'
      return this.#hold(smallFiles.store({ root, ...job }, mayTakeName))
    }
    const mayBe = async (): Promise<void> =>
      this.#inParent(path, async (folder, name) => expectFree(folder, name, options.overwrite))
    const target = { ...splitPath(path), parts: this.#parts, expectFree: mayBe, store }
    return SmallFileSink.create(target, file, options, ordinary)
  }

  async #hold<T>(work: Promise<T>): Promise<T> {
    this.#underWay.add(work)
    try {
      return await work
    } finally {
      this.#underWay.delete(work)
    }
  }

  async #create(path: RemotePath, file: FileInfo, options: CreateOptions): Promise<FileSink> {
    const { folder, name } = await this.#root.openParent(path)
    let place
    try {
      place = await this.#partsPlace(folder, path)
    } catch (error) {
      await folder.close()
      throw fileError(error, `cannot create "${name}"`)
    }
    return LocalFileSink.create(folder, name, file, options, place) // which closes the folder
  }

  /**
   * Parts lie at the root, where they are all found again, or beside the file: on another file system, from where no
   * file can take its name here, and where nothing may be written at the root.
   */
  async #partsPlace(folder: Folder, path: RemotePath): Promise<PartsPlace> {
    const atRoot = (await folder.mount()) === this.#mount ? [this.#parts] : []
    const beside = path.includes('/') ? [new PartsFolder(folder)] : []
    return { folders: [...atRoot, ...beside], path }
  }

  /** Lists a folder met during a recursive listing; one that vanished or became a link meanwhile has no entries. */
  async *#listInner(path: RemotePath): AsyncGenerator<Entry | Unlistable> {
    try {
      yield* this.list(path, true)
    } catch (error) {
      if (!(error instanceof SftError && (error.code === 'ERR_NOT_FOUND' || error.code === 'ERR_READ_ONLY')))
        throw error
    }
  }

  /** Runs `work` with the folder that holds the entry at `path`, held open. */
  async #inParent<T>(path: RemotePath, work: (folder: Folder, name: string) => Promise<T>): Promise<T> {
    expectPublic(path)
    const { folder, name } = await this.#root.openParent(path)
    try {
      await folder.check()
      return await work(folder, name)
    } catch (error) {
      throw fileError(error, `cannot use "${baseName(path)}"`)
    } finally {
      await folder.close()
    }
  }
}

/** Takes the path of an entry apart: the folder it is in, empty for the root, and its name. */
function splitPath(path: RemotePath): { folder: string; name: string } {
  const slash = path.lastIndexOf('/')
  return { folder: slash < 0 ? '' : path.slice(0, slash), name: path.slice(slash + 1) }
}

/** @param mayExist - Whether a folder that is there already, perhaps since a moment ago, will do. */
async function makeFolder(folder: Folder, name: string, mayExist: boolean): Promise<void> {
  await folder.check()
  try {
    await expectFree(folder, name, false)
    await mkdir(folder.at(name))
  } catch (error) {
    if (mayExist && (await lstatIfThere(folder.at(name)))?.isDirectory()) return
    throw error
  }
  await folder.sync()
}

/** Incomplete files are not there for peers, by whatever path. */
function expectPublic(path: RemotePath): void {
  if (components(path).some(isPartName)) throw new SftError('ERR_NOT_FOUND', 'no such entry')
}

/** Tells whether a rename changes only how accents are spelled, which is no collision with itself. */
function isRespelling(from: RemotePath, to: RemotePath): boolean {
  return from !== to && from.normalize('NFC') === to.normalize('NFC')
}
