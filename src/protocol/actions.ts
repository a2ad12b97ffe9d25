import { createHasher } from '../crypto/digest.ts'
import { SftError } from '../errors.ts'
import type { Action } from '../wire/message.ts'
import type { Right } from '../wire/rights.ts'
import type { Exchange, Expected } from './exchange.ts'
import { sendListing } from './listing.ts'
import type { Session } from './session.ts'
import { readBlocks, receiveFile, sendFile, type Transferred } from './transfer.ts'
import type { FileStore } from './types.ts'

/** The right each action needs. */
const NEEDED: Record<Action['type'], Right> = {
  list: 'list',
  stat: 'list',
  get: 'get',
  digest: 'get',
  put: 'put',
  delete: 'delete',
  rename: 'rename',
  mkdir: 'mkdir',
}

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
}

type ActionOf<T extends Action['type']> = Extract<Action, { type: T }>

/** Carries out the actions of one client on the files of a share, each only with the right it needs. */
export class Actions {
  readonly #session: Session
  readonly #store: FileStore
  readonly #rights: () => ReadonlySet<Right>

  /** @param rights - The rights of the client now. */
  constructor(session: Session, store: FileStore, rights: () => ReadonlySet<Right>) {
    this.#session = session
    this.#store = store
    this.#rights = rights
  }

  /**
   * Does what a request asks for and tells the client how it went.
   *
   * @returns The file that went across, if one did.
   * @throws {@link SftError} what the client was told, with the cause.
   */
  async perform(exchange: Exchange, action: Action): Promise<Transferred | undefined> {
    try {
      exchange.signal.throwIfAborted() // cancelled while it waited for its turn: nothing is done
      this.#authorize(NEEDED[action.type])
      switch (action.type) {
        case 'list':
          await sendListing(this.#session, exchange, this.#store.list(action.path, action.recursive))
          return undefined
        case 'get':
          return await this.#get(exchange, action)
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

  async #get(exchange: Exchange, action: ActionOf<'get'>): Promise<Transferred> {
    const source = await this.#store.open(action.path)
    try {
      const { size } = source.file
      const offset = Math.min(action.offset, size)
      const end = action.length === null ? size : Math.min(offset + action.length, size)
      this.#session.sendBegin(exchange.id, source.file)
      return await sendFile(this.#session, exchange, source, { offset, end })
    } finally {
      await source.close()
    }
  }

  async #put(exchange: Exchange, action: ActionOf<'put'>): Promise<Transferred> {
    const transferred = await this.#replacing(action.overwrite, async (overwrite) => {
      const beforeCommit = (): void => {
        this.#authorize('put')
        if (overwrite) this.#authorize('overwrite')
      }
      const sink = await this.#store.create(action.path, action.file, { overwrite, beforeCommit })
      return receiveFile(this.#session, exchange, sink, action.file.size)
    })
    this.#session.sendResult(exchange.id, {})
    return transferred
  }

  /**
   * Does `work` that replaces a file if the client asked for that and may. One that asked and may not is denied only
   * where a name is taken: everything else it could do without asking.
   */
  async #replacing<T>(asked: boolean, work: (mayReplace: boolean) => Promise<T>): Promise<T> {
    const mayReplace = asked && this.#rights().has('overwrite')
    try {
      return await work(mayReplace)
    } catch (error) {
      const inTheWay = asked && !mayReplace && error instanceof SftError && error.code === 'ERR_EXISTS'
      throw inTheWay ? denied('overwrite') : error
    }
  }

  async #answer(
    exchange: Exchange,
    action: Exclude<Action, ActionOf<'list' | 'get' | 'put'>>,
  ): Promise<Parameters<Session['sendResult']>[1]> {
    const store = this.#store
    switch (action.type) {
      case 'stat':
        return { entry: await store.stat(action.path) }
      case 'delete':
        await store.remove(action.path)
        return {}
      case 'rename':
        await this.#replacing(action.overwrite, async (mayReplace) => store.rename(action.path, action.to, mayReplace))
        return {}
      case 'mkdir':
        await store.mkdir(action.path, action.parents)
        return {}
      case 'digest':
        return { digest: await this.#digest(exchange, action) }
    }
  }

  async #digest(exchange: Exchange, action: ActionOf<'digest'>): Promise<Uint8Array> {
    const source = await this.#store.open(action.path)
    try {
      const hasher = createHasher(action.algorithm)
      for await (const block of readBlocks(source, 0, source.file.size, this.#session.pool)) {
        exchange.signal.throwIfAborted()
        hasher.update(block)
      }
      await source.verify()
      return hasher.digest()
    } finally {
      await source.close()
    }
  }

  #authorize(right: Right): void {
    if (!this.#rights().has(right)) throw denied(right)
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
