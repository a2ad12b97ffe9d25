import { SftError } from '../../src/errors.ts'
import type { CreateOptions, FileSink, FileSource, FileStore, Kept } from '../../src/protocol/types.ts'
import type { FileInfo } from '../../src/wire/message.ts'
import type { RemotePath } from '../../src/wire/path.ts'

const INFO = { mtime: 1_700_000_000_000_000_000n, executable: false }

/** Files in memory, in one flat folder, and what is kept of those that were cut off, however little that is. */
export class MemoryStore implements FileStore {
  readonly files = new Map<string, Buffer>()
  /** By path, then by what tells its version and its owner. */
  readonly parts = new Map<string, Map<string, Buffer>>()
  /** How attempts ended. */
  readonly endings: ('committed' | 'set aside' | 'discarded')[] = []
  /** Called before each write, with how many bytes are there. */
  onWrite: (bytes: number) => Promise<void> | void = () => undefined

  async *list(): AsyncGenerator<never> {
    // There are no folders to list.
  }

  stat(): Promise<never> {
    return Promise.reject(new SftError('ERR_NOT_FOUND', 'no such entry'))
  }

  open(path: RemotePath): Promise<FileSource> {
    const bytes = this.files.get(path)
    if (!bytes) return Promise.reject(new SftError('ERR_NOT_FOUND', 'no such entry'))
    return Promise.resolve({
      file: { ...INFO, size: bytes.byteLength },
      read: (buffer, offset) => Promise.resolve(bytes.copy(buffer, 0, offset)),
      verify: () => Promise.resolve(),
      close: () => Promise.resolve(),
    })
  }

  async create(path: RemotePath, file: FileInfo, options: CreateOptions): Promise<FileSink> {
    const { keepFor, offset = 0 } = options
    const kept = this.#partsOf(path).get(versionKey(file, keepFor)) ?? Buffer.alloc(0)
    if (offset > 0 && kept.byteLength !== offset) throw new SftError('ERR_CHANGED', 'another number of bytes is kept')
    this.parts.delete(path)
    const chunks = offset > 0 ? [kept] : []
    let length = offset
    const end = (ending: MemoryStore['endings'][number]): Promise<void> => {
      this.endings.push(ending)
      return Promise.resolve()
    }
    return {
      kept: offset,
      readKept: (buffer, at) => Promise.resolve(kept.copy(buffer, 0, at)),
      write: async (bytes) => {
        await this.onWrite(length)
        chunks.push(Buffer.from(bytes))
        length += bytes.byteLength
      },
      commit: async () => {
        options.beforeCommit?.()
        this.files.set(path, Buffer.concat(chunks))
        await end('committed')
      },
      setAside: async () => {
        if (keepFor !== undefined) this.#partsOf(path).set(versionKey(file, keepFor), Buffer.concat(chunks))
        await end('set aside')
      },
      discard: async () => end('discarded'),
    }
  }

  kept(path: RemotePath, file: FileInfo, keepFor: string): Promise<Kept> {
    const parts = this.#partsOf(path)
    const bytes = parts.get(versionKey(file, keepFor))?.byteLength
    return Promise.resolve({ bytes: bytes ?? 0, changed: bytes === undefined && parts.size > 0 })
  }

  remove(): Promise<void> {
    return Promise.resolve()
  }

  rename(): Promise<void> {
    return Promise.resolve()
  }

  mkdir(): Promise<void> {
    return Promise.resolve()
  }

  #partsOf(path: string): Map<string, Buffer> {
    const parts = this.parts.get(path) ?? new Map<string, Buffer>()
    this.parts.set(path, parts)
    return parts
  }
}

function versionKey({ size, mtime }: FileInfo, keepFor: string | undefined): string {
  return `${size} ${mtime} ${keepFor}`
}
