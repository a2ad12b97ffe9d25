import { sameDigest } from '../crypto/digest.ts'
import { SftError } from '../errors.ts'
import { MAX_DATA } from '../wire/limits.ts'
import type { Action } from '../wire/message.ts'
import { components, joinPath, ROOT, type RemotePath } from '../wire/path.ts'
import { RIGHTS, type Right } from '../wire/rights.ts'
import type { Exchange, Expected } from './exchange.ts'
import { sendListing } from './listing.ts'
import { sendZeros } from './probe.ts'
import type { Receipts } from './receipts.ts'
import type { Session } from './session.ts'
import { acknowledgement, digestOf, receiveFile, sendFile, type Transferred } from './transfer.ts'
import type { FileSink, FileStore } from './types.ts'
import { Turns } from './turns.ts'

/** What a client still sends after each kind of request. */
export const EXPECTED: Record<Action['type'], Expected> = {
  list: 'receipt',
  get: 'receipt',
  put: 'bytes',
  stat: 'nothing',
  digest: 'nothing',
  delete: 'nothing',
  rename: 'nothing',
  mkdir: 'nothing',
  probe: 'receipt',
  kept: 'nothing',
}

/**
 * Uploads of more than a record, or of unknown size, that a session may have under way: each holds a file open, and none
 * can wait its turn, because their data comes unasked.
 */
export const MOST_UPLOADS = 128

/** Files of more than a record that a session is sent at once: each takes up blocks of memory. */
const LARGE_AT_ONCE = 16

export interface ActionsInit {
  readonly store: FileStore
  /** Bytes of the client's peer ID. */
  readonly remoteId: Uint8Array
  /**
   * The rights of this client at a path now: asked before each request touches a file, and again before a file takes
   * its name. They hold for everything below the path too, where there may be more.
   */
  readonly rights: (path: RemotePath) => ReadonlySet<Right>
  /**
   * The most this client may do with an entry at a path, or with anything in it, however the path is spelled: nothing
   * is moved to where that is more than at its old path. All rights if absent.
   */
  readonly rightsWithin?: (path: RemotePath) => ReadonlySet<Right>
  /** What clients of the share stored and may not know of; nothing of it is remembered if absent. */
  readonly receipts?: Receipts
}

type ActionOf<T extends Action['type']> = Extract<Action, { type: T }>

/** Carries out the actions of one client on the files of a share, each only with the right it needs where it needs it. */
export class Actions {
  readonly #session: Session
  readonly #store: FileStore
  readonly #rights: ActionsInit['rights']
  readonly #rightsWithin: NonNullable<ActionsInit['rightsWithin']>
  /** Stands for the client where files are kept for it. */
  readonly #keepFor: string
  readonly #receipts: Receipts | undefined
  readonly #large = new Turns(LARGE_AT_ONCE)
  #uploads = 0

  constructor(session: Session, init: ActionsInit) {
    this.#session = session
    this.#store = init.store
    this.#rights = init.rights
    this.#rightsWithin = init.rightsWithin ?? (() => new Set(RIGHTS))
    this.#receipts = init.receipts
    this.#keepFor = Array.from(init.remoteId, (byte) => byte.toString(16).padStart(2, '0')).join('')
  }

  /** Notes that the session ended in order. */
  settle(): void {
    this.#receipts?.settle(this)
  }

  /**
   * Does what a request asks for and tells the client how it went.
   *
   * @param done - Called when nothing is left to do but to wait for the client.
   * @returns The file that went across, if one did.
   * @throws {@link SftError} what the client was told, with the cause.
   */
  async perform(exchange: Exchange, action: Action, done: () => void): Promise<Transferred | undefined> {
    try {
      exchange.throwIfCancelled() // cancelled while it waited for its turn: nothing is done
      switch (action.type) {
        case 'probe':
          await sendZeros(this.#session, exchange, action.size)
          return undefined
        case 'list':
          this.#authorize('list', action.path)
          await sendListing(this.#session, exchange, this.#store.list(action.path, action.recursive))
          return undefined
        case 'get':
          return await this.#get(exchange, action, done)
        case 'put':
          return await this.#put(exchange, action)
        default:
          this.#session.sendResult(exchange.id, await this.#answer(exchange, action))
          return undefined
      }
    } catch (error) {
      this.refuse(exchange, EXPECTED[action.type], error)
      throw error
    }
  }

  async #get(exchange: Exchange, action: ActionOf<'get'>, done: () => void): Promise<Transferred> {
    this.#authorize('get', action.path)
    let sent: Transferred
    const source = await this.#store.open(action.path)
    try {
      const { size } = source.file
      const offset = Math.min(action.offset, size)
      const end = action.length === null ? size : Math.min(offset + action.length, size)
      const send = async (): Promise<Transferred> =>
        sendFile(this.#session, exchange, source, { offset, end, begin: source.file })
      sent = await (size <= MAX_DATA ? send() : this.#inTurn(exchange, send))
    } finally {
      await source.close()
    }
    done()
    await acknowledgement(exchange)
    return sent
  }

  async #inTurn<T>(exchange: Exchange, work: () => Promise<T>): Promise<T> {
    await this.#large.take()
    try {
      exchange.throwIfCancelled()
      return await work()
    } finally {
      this.#large.done()
    }
  }

  async #put(exchange: Exchange, action: ActionOf<'put'>): Promise<Transferred> {
    const { path, file, offset, stream } = action
    this.#authorize('put', path)
    const size = stream ? null : file.size
    const keepFor = stream ? {} : { keepFor: this.#keepFor }
    // One that may look at what is there finds out by itself whether its file arrived.
    const blind = stream || this.#may('list', path) ? undefined : this.#receipts?.begin(this.#keepFor, path, file, this)
    let transferred: Transferred
    try {
      transferred = await this.#replacing(action.overwrite, path, async (overwrite) => {
        const beforeCommit = (): void => {
          this.#authorize('put', path)
          if (overwrite) this.#authorize('overwrite', path)
          blind?.committing()
        }
        const options = { overwrite, beforeCommit, offset, stream, ...keepFor }
        const create = async (): Promise<FileSink> => this.#store.create(path, file, options)
        const createSink = blind ? async (): Promise<FileSink> => blind.sink(create) : create
        const receive = async (): Promise<Transferred> =>
          receiveFile(this.#session, exchange, { size, offset }, createSink)
        const received = await (size !== null && size <= MAX_DATA ? receive() : this.#upload(receive))
        const earlier = await blind?.arrived(received)
        if (earlier) await this.#expectThere(exchange, path, earlier, received)
        return received
      })
    } catch (error) {
      blind?.failed(error)
      throw error
    }
    this.#session.sendResult(exchange.id, {})
    return transferred
  }

  /**
   * Throws `ERR_EXISTS` unless a client has sent once more what it stored before, and just that is there. Only the client
   * that stored the file gets this far, and learns no more than whether it is still as it was.
   */
  async #expectThere(exchange: Exchange, path: RemotePath, earlier: Transferred, again: Transferred): Promise<void> {
    this.#authorize('put', path)
    if (sameDigest(again.md5, earlier.md5)) {
      const source = await this.#store.open(path)
      try {
        if (sameDigest(await digestOf(this.#session, exchange, source, 'md5'), earlier.md5)) return
      } finally {
        await source.close()
      }
    }
    throw new SftError('ERR_EXISTS', `"${path}" exists`)
  }

  async #upload<T>(work: () => Promise<T>): Promise<T> {
    if (this.#uploads >= MOST_UPLOADS) throw new SftError('ERR_BUSY', 'too many uploads at once')
    this.#uploads += 1
    try {
      return await work()
    } finally {
      this.#uploads -= 1
    }
  }

  /**
   * Does `work` that replaces the file at `path` if the client asked for that and may. One that asked and may not is
   * denied only where a name is taken: everything else it could do without asking.
   */
  async #replacing<T>(asked: boolean, path: RemotePath, work: (mayReplace: boolean) => Promise<T>): Promise<T> {
    const mayReplace = asked && this.#may('overwrite', path)
    try {
      return await work(mayReplace)
    } catch (error) {
      const inTheWay = asked && !mayReplace && error instanceof SftError && error.code === 'ERR_EXISTS'
      throw inTheWay ? denied('overwrite') : error
    }
  }

  async #answer(
    exchange: Exchange,
    action: Exclude<Action, ActionOf<'list' | 'get' | 'put' | 'probe'>>,
  ): Promise<Parameters<Session['sendResult']>[1]> {
    const store = this.#store
    switch (action.type) {
      case 'stat':
        this.#authorize('list', action.path)
        return { entry: await store.stat(action.path) }
      case 'delete':
        this.#authorize('delete', action.path)
        await store.remove(action.path)
        return {}
      case 'rename':
        this.#authorizeMove(action.path, action.to)
        await this.#replacing(action.overwrite, action.to, async (mayReplace) =>
          store.rename(action.path, action.to, mayReplace),
        )
        return {}
      case 'mkdir':
        if (action.parents) await this.#expectOuterFolder(action.path)
        this.#authorize('mkdir', action.path)
        await store.mkdir(action.path, action.parents)
        return {}
      case 'digest':
        return { digest: await this.#digest(exchange, action) }
      case 'kept': {
        this.#authorize('put', action.path)
        const { bytes, changed } = await store.kept(action.path, action.file, this.#keepFor)
        return { kept: bytes, changed }
      }
    }
  }

  async #digest(exchange: Exchange, action: ActionOf<'digest'>): Promise<Uint8Array> {
    this.#authorize('get', action.path)
    const source = await this.#store.open(action.path)
    try {
      return await digestOf(this.#session, exchange, source, action.algorithm)
    } finally {
      await source.close()
    }
  }

  #may(right: Right, path: RemotePath): boolean {
    return this.#rights(path).has(right)
  }

  #authorize(right: Right, path: RemotePath): void {
    if (!this.#may(right, path)) throw denied(right)
  }

  /**
   * A rename takes the right to it at both paths, and must not be a way around the others: nothing is moved to where
   * the client may do more with it, or with what is in it, than it may now. The right at the old path follows from that.
   */
  #authorizeMove(from: RemotePath, to: RemotePath): void {
    this.#authorize('rename', to)
    const rights = this.#rights(from)
    const gained = [...this.#rightsWithin(to), ...this.#rights(to)].find((right) => !rights.has(right))
    if (gained !== undefined) throw denied(gained)
  }

  /**
   * With `parents` every folder on the way is made unless it is there. So the innermost one that the client may not
   * make has to be there, which is then also true of all above it.
   */
  async #expectOuterFolder(path: RemotePath): Promise<void> {
    let outer: RemotePath | null = null
    let folder: RemotePath = ROOT
    for (const name of components(path)) {
      folder = joinPath(folder, name)
      if (!this.#may('mkdir', folder)) outer = folder
    }
    if (outer === null || outer === path) return
    try {
      await this.#store.stat(outer)
    } catch (error) {
      throw error instanceof SftError && error.code === 'ERR_NOT_FOUND' ? denied('mkdir') : error
    }
  }

  /** Reports a failure in the form the client waits for, unless it was told, or there is nobody to tell any more. */
  refuse(exchange: Exchange, expected: Expected, error: unknown): void {
    if (this.#session.ended || exchange.endWasSent) return
    if (expected === 'receipt') this.#session.sendEnd(exchange, { error })
    else this.#session.sendResult(exchange.id, { error })
  }
}

function denied(right: Right): SftError {
  return new SftError('ERR_DENIED', `the share does not grant the right to ${right}`)
}
