import { asSftError, SftError } from '../errors.ts'
import type { Action } from '../wire/message.ts'
import type { Right } from '../wire/rights.ts'
import { Actions, EXPECTED } from './actions.ts'
import { Channel } from './channel.ts'
import type { Exchange } from './exchange.ts'
import type { HandshakeInit } from './handshake.ts'
import { Session, WINDOW, type ClientRequest } from './session.ts'
import type { Transferred } from './transfer.ts'
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

class Provider {
  readonly #init: ProviderInit
  readonly #session: Session
  readonly #actions: Actions
  readonly #turns = new Turns(AT_ONCE)
  readonly #serving = new Set<Promise<void>>()
  #lastId = 0

  constructor(channel: Channel, init: ProviderInit, deadlines: Deadlines) {
    this.#init = init
    this.#session = new Session(channel, { onRequest: (request) => this.#onRequest(request) }, deadlines)
    this.#actions = new Actions(this.#session, init.store, init.rights)
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
    this.#actions.refuse(exchange, expected, request.fault)
    this.#session.finish(exchange)
  }

  /** Works on one request. Never throws: what fails is the client's to know and ends nothing else. */
  async #serve(exchange: Exchange, action: Action): Promise<void> {
    const queued = action.type !== 'put'
    if (queued) await this.#turns.take()
    let served: Served
    try {
      const transferred = await this.#actions.perform(exchange, action)
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
}
