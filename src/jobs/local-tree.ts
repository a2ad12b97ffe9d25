import { createHasher } from '../crypto/digest.ts'
import type { FileSource, FileStore } from '../protocol/types.ts'
import type { Entry, Unlistable } from '../wire/message.ts'
import type { RemotePath } from '../wire/path.ts'
import type { TargetTree } from './tree.ts'

const BLOCK = 64 * 1024

/** The files below a folder of this machine. */
export class LocalTree implements TargetTree {
  readonly store: FileStore

  constructor(store: FileStore) {
    this.store = store
  }

  list(path: RemotePath): AsyncIterable<Entry | Unlistable> {
    return this.store.list(path, false)
  }

  async stat(path: RemotePath): Promise<Entry> {
    return this.store.stat(path)
  }

  async mkdir(path: RemotePath): Promise<void> {
    return this.store.mkdir(path, false)
  }

  async digest(path: RemotePath): Promise<Uint8Array> {
    return digestOf(await this.store.open(path))
  }
}

/** Returns the SHA-256 of a file, which it closes. */
export async function digestOf(source: FileSource): Promise<Uint8Array> {
  try {
    const hasher = createHasher('sha256')
    const buffer = new Uint8Array(BLOCK)
    for (let offset = 0; ;) {
      const bytes = await source.read(buffer, offset)
      if (bytes === 0) break
      hasher.update(buffer.subarray(0, bytes))
      offset += bytes
    }
    await source.verify()
    return hasher.digest()
  } finally {
    await source.close()
  }
}
