import { asSftError, SftError } from '../errors.ts'
import type { Action, FileAction } from '../wire/message.ts'
import { ROOT } from '../wire/path.ts'
import { Actions, EXPECTED, type ActionsInit } from './actions.ts'
import { Channel } from './channel.ts'
import type { Exchange } from './exchange.ts'
import type { HandshakeInit } from './handshake.ts'
import { Session, WINDOW, type ClientRequest } from './session.ts'
import type { Transferred } from './transfer.ts'
import { Turns } from './turns.ts'
import { DEADLINES, type ByteStream, type Deadlines } from './types.ts'

/** What became of one request of a client to the share. */
export interface Served {
  readonly action: FileAction
  /** Bytes and digest of a file that went across. */
  readonly transferred?: Transferred
  readonly error?: SftError
  /** How long it took from the request on, in milliseconds. */
  readonly milliseconds: number
}

export interface ProviderInit extends Omit<HandshakeInit, 'role' | 'window'>, ActionsInit {
  /** Called when a request to the share has ended; a probe is none, nor a question for what is kept. */
  readonly onServed?: (served: Served) => void
  readonly signal?: AbortSignal
  readonly deadlines?: Deadlines
}

/**
 * Requests of one session that are worked on at once; further ones wait their turn. Uploads, whose data comes unasked, do
 * not, nor does a file that was sent and waits for the word of the client.
 */
const AT_ONCE = 16

/** Files of one session that are read at once. The large ones among them wait again: see {@link Actions}. */
const FILES_AT_ONCE = 64

/** Probes of one session that are answered at once; further ones wait their turn. */
const PROBES_AT_ONCE = 2

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
  readonly #files = new Turns(FILES_AT_ONCE)
  readonly #probes = new Turns(PROBES_AT_ONCE)
  readonly #serving = new Set<Promise<void>>()
  #lastId = 0

  constructor(channel: Channel, init: ProviderInit, deadlines: Deadlines) {
    this.#init = init
    this.#session = new Session(channel, { onRequest: (request) => this.#onRequest(request) }, deadlines)
    this.#actions = new Actions(this.#session, init)
  }

  async run(): Promise<void> {
    const { signal, rights } = this.#init
    const stop = (): void => this.#session.abort(new SftError('ERR_CLOSED', 'the share was closed'))
    signal?.addEventListener('abort', stop)
    try {
      this.#session.sendWelcome(rights(ROOT))
      await this.#session.run()
      this.#actions.settle()
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

  #turnsFor({ type }: Action): Turns | null {
    if (type === 'put') return null
    if (type === 'get') return this.#files
    return type === 'probe' ? this.#probes : this.#turns
  }

  /** Works on one request. Never throws: what fails is the client's to know and ends nothing else. */
  async #serve(exchange: Exchange, action: Action): Promise<void> {
    const began = performance.now()
    const turns = this.#turnsFor(action)
    if (turns?.tryTake() === false) await turns.take()
    let working = true
    const done = (): void => {
      if (working) turns?.done()
      working = false
    }
    let outcome: Omit<Served, 'action' | 'milliseconds'>
    try {
      const transferred = await this.#actions.perform(exchange, action, done)
      outcome = { ...(transferred && { transferred }) }
    } catch (error) {
      outcome = { error: asSftError(error, 'ERR_INTERNAL', 'the request failed') }
    }
    this.#session.finish(exchange)
    done()
    if (action.type === 'probe' || action.type === 'kept') return
    try {
      this.#init.onServed?.({ action, ...outcome, milliseconds: performance.now() - began })
    } catch (error) {
      this.#session.abort(asSftError(error, 'ERR_INTERNAL', 'the listener of the share failed'))
    }
  }
}
