import { SftError } from '../errors.ts'
import type { ProtocolClient } from '../protocol/client.ts'
import type { Entry, FileInfo, Unlistable } from '../wire/message.ts'
import { baseName, type RemotePath } from '../wire/path.ts'
import type { Link } from './link.ts'
import type { NamedTree } from './find.ts'
import type { TargetTree } from './tree.ts'

/** Entries of a folder that are remembered, so that a listing of them can be taken up again. */
const MOST_NAMES = 1_000_000

/** The files of a share. A listing that is cut off is taken up again, without what it brought already. */
export class RemoteTree implements TargetTree, NamedTree {
  readonly #lists: () => Promise<Link>
  readonly #files: Link
  readonly #signal: AbortSignal | undefined

  /**
   * @param lists - The session to list folders in, which is opened when the first one is.
   * @param files - The session for all else, that need not wait for the listings: the one of a large folder that waits for
   * its files to go across uses up the credit and the turns they need.
   */
  constructor(lists: () => Promise<Link>, files: Link, signal: AbortSignal | undefined) {
    this.#lists = lists
    this.#files = files
    this.#signal = signal
  }

  async *list(path: RemotePath): AsyncGenerator<Entry | Unlistable> {
    const link = await this.#lists()
    let names: Set<string> | null = new Set()
    let [next, stop]: [AsyncGenerator<Entry | Unlistable> | null, boolean] = [null, false]
    let asked: ProtocolClient | null = null
    try {
      for (;;) {
        const result = await link.use(async (session) => {
          const signal = this.#signal && { signal: this.#signal }
          try {
            // A listing of a session that somebody else found lost before us can only fail.
            if (session !== asked && names !== null) next = null
            if (next === null) [next, asked] = [session.list(path, false, signal), session]
            return await next.next()
          } catch (error) {
            next = null // the next one begins again
            if (names === null && (session.ended || session !== asked)) {
              const message = `the connection was lost while a folder of more than ${MOST_NAMES} entries was listed`
              throw new SftError('ERR_TRUNCATED', message, { cause: error })
            }
            throw error
          }
        })
        if (result.done === true) break
        const name = nameOf(result.value)
        if (names?.has(name) === true) continue
        names?.add(name)
        if (names?.size === MOST_NAMES) names = null
        yield result.value
      }
      stop = true
    } finally {
      if (!stop) await (next as AsyncGenerator | null)?.return(undefined)
    }
  }

  async stat(path: RemotePath): Promise<Entry> {
    return this.#files.use(async (session) => session.stat(path, { signal: this.#signal }))
  }

  async describe(path: RemotePath): Promise<FileInfo> {
    return this.#files.use(async (session) => session.describe(path, { signal: this.#signal }))
  }

  async mkdir(path: RemotePath): Promise<void> {
    return this.#files.use(async (session) => session.mkdir(path, false, { signal: this.#signal }))
  }

  async digest(path: RemotePath): Promise<Uint8Array> {
    return this.#files.use(async (session) => session.digest(path, 'sha256', { signal: this.#signal }))
  }
}

function nameOf(entry: Entry | Unlistable): string {
  return entry.type === 'unlistable' ? `/${entry.name.join()}` : baseName(entry.path)
}
