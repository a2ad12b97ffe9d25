import { createHasher } from '../crypto/digest.ts'
import { asSftError, SftError } from '../errors.ts'
import type { Action } from '../wire/message.ts'
import type { Right } from '../wire/rights.ts'
import { Channel } from './channel.ts'
import type { Exchange, Expected } from './exchange.ts'
import type { HandshakeInit } from './handshake.ts'
import { sendListing } from './listing.ts'
import { Session, WINDOW, type ClientRequest } from './session.ts'
import { readBlocks, receiveFile, sendFile, type Transferred } from './transfer.ts'
import { Turns } from './turns.ts'
import { DEADLINES, type ByteStream, type Deadlines, type FileStore } from './types.ts'

/** What became of one request of a client. */
export interface Served {
  readonly action: Action
  /** Bytes and digest of a file that went across. */
  readonly transferred?: Transferred
  readonly error?: SftError
}

export interface ProviderInit extends Omit<HandshakeInit, 'role' | 'window'> {
  readonly store: FileStore
  /** The rights of this client now: asked before each request and again before a file takes its name. */
  readonly rights: () => ReadonlySet<Right>
  /** Called when a request has ended. */
  readonly onServed?: (served: Served) => void
  readonly signal?: AbortSignal
  readonly deadlines?: Deadlines
}

/** Requests of one session that are worked on at once; further ones wait their turn. Uploads, whose data comes unasked, do not. */
const AT_ONCE = 8

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
const EXPECTED: Record<Action['type'], Expected> = {
  list: 'receipt',
  get: 'receipt',
  put: 'bytes',
  stat: 'nothing',
  digest: 'nothing',
  delete: 'nothing',
  rename: 'nothing',
  mkdir: 'nothing',
}

/**
 * Answers the requests of one client on one stream until either side ends it.
 *
 * @throws {@link SftError} why the session ended, unless the client closed it in order.
 */
export async function provide(stream: ByteStream, init: ProviderInit): Promise<void> {
  const deadlines = init.deadlines ?? DEADLINES
  const channel = await Channel.open(stream, { ...init, role: 'responder', window: WINDOW }, deadlines)
  await new Provider(channel, init, deadlines).run()
}

type ActionOf<T extends Action['type']> = Extract<Action, { type: T }>

class Provider {
  readonly #init: ProviderInit
  readonly #session: Session
  readonly #turns = new Turns(AT_ONCE)
  readonly #serving = new Set<Promise<void>>()
  #lastId = 0

  constructor(channel: Channel, init: ProviderInit, deadlines: Deadlines) {
    this.#init = init
    this.#session = new Session(channel, { onRequest: (request) => this.#onRequest(request) }, deadlines)
  }

  async run(): Promise<void> {
    const { signal, rights } = this.#init
    const stop = (): void => this.#session.abort(new SftError('ERR_CLOSED', 'the share was closed'))
    signal?.addEventListener('abort', stop)
    try {
      this.#session.sendWelcome(rights())
      await this.#session.run()
    } finally {
      signal?.removeEventListener('abort', stop)
      await Promise.all(this.#serving) // each of which ends with the session, and removes what is incomplete
    }
  }

  #onRequest(request: ClientRequest): void {
    const { id } = request
    if (id <= this.#lastId) throw new SftError('ERR_PROTOCOL', 'the peer used a request id again')
    this.#lastId = id
    if (request.type === 'request') {
      const serving = this.#serve(this.#session.begin(id, EXPECTED[request.action.type]), request.action)
      this.#serving.add(serving)
      void serving.then(() => this.#serving.delete(serving))
      return
    }
    const expected = request.kind === null ? 'nothing' : EXPECTED[request.kind]
    const exchange = this.#session.begin(id, expected)
    this.#fail(exchange, expected, request.fault)
    this.#session.finish(exchange)
  }

  /** Works on one request. Never throws: what fails is the client's to know and ends nothing else. */
  async #serve(exchange: Exchange, action: Action): Promise<void> {
    const queued = action.type !== 'put'
    if (queued) await this.#turns.take()
    let served: Served
    try {
      const transferred = await this.#perform(exchange, action)
      served = { action, ...(transferred && { transferred }) }
    } catch (error) {
      served = { action, error: asSftError(error, 'ERR_INTERNAL', 'the request failed') }
    }
    this.#session.finish(exchange)
    if (queued) this.#turns.done()
    try {
      this.#init.onServed?.(served)
    } catch (error) {
      this.#session.abort(asSftError(error, 'ERR_INTERNAL', 'the listener of the share failed'))
    }
  }

  async #perform(exchange: Exchange, action: Action): Promise<Transferred | undefined> {
    if (exchange.signal.aborted) {
      // Cancelled while it waited for its turn: nothing is done, and the client still hears of the end.
      const cancelled = asSftError(exchange.signal.reason, 'ERR_ABORTED', 'cancelled')
      this.#fail(exchange, EXPECTED[action.type], cancelled)
      throw cancelled
    }
    switch (action.type) {
      case 'list':
        await this.#list(exchange, action)
        return undefined
      case 'get':
        return this.#get(exchange, action)
      case 'put':
        return this.#put(exchange, action)
      default:
        try {
          this.#authorize(NEEDED[action.type])
          this.#session.sendResult(exchange.id, await this.#answer(exchange, action))
        } catch (error) {
          this.#fail(exchange, EXPECTED[action.type], error)
          throw error
        }
        return undefined
    }
  }

  async #list(exchange: Exchange, action: ActionOf<'list'>): Promise<void> {
    try {
      this.#authorize('list')
    } catch (error) {
      this.#fail(exchange, 'receipt', error)
      throw error
    }
    await sendListing(this.#session, exchange, this.#init.store.list(action.path, action.recursive))
  }

  async #get(exchange: Exchange, action: ActionOf<'get'>): Promise<Transferred> {
    let source
    try {
      this.#authorize('get')
      source = await this.#init.store.open(action.path)
    } catch (error) {
      this.#fail(exchange, 'receipt', error)
      throw error
    }
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
    const { path, file } = action
    try {
      this.#authorize('put')
      const transferred = await this.#replacing(action.overwrite, async (overwrite) => {
        const beforeCommit = (): void => {
          this.#authorize('put')
          if (overwrite) this.#authorize('overwrite')
        }
        const sink = await this.#init.store.create(path, file, { overwrite, beforeCommit })
        return receiveFile(this.#session, exchange, sink, file.size)
      })
      this.#session.sendResult(exchange.id, {})
      return transferred
    } catch (error) {
      this.#fail(exchange, 'bytes', error)
      throw error
    }
  }

  /**
   * Does `work` that replaces a file if the client asked for that and may. One that asked and may not is denied only
   * where a name is taken: everything else it could do without asking.
   */
  async #replacing<T>(asked: boolean, work: (mayReplace: boolean) => Promise<T>): Promise<T> {
    const mayReplace = asked && this.#init.rights().has('overwrite')
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
    const { store } = this.#init
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
    const source = await this.#init.store.open(action.path)
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
    if (!this.#init.rights().has(right)) throw denied(right)
  }

  /** Reports a failure in the form the client waits for; after the end of the session there is nobody to tell. */
  #fail(exchange: Exchange, expected: Expected, error: unknown): void {
    if (this.#session.ended) return
    if (expected === 'receipt') this.#session.sendEnd(exchange, { error })
    else this.#session.sendResult(exchange.id, { error })
  }
}

function denied(right: Right): SftError {
  return new SftError('ERR_DENIED', `the share does not grant the right to ${right}`)
}
