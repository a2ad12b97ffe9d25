import { asSftError, SftError } from '../errors.ts'
import { MAX_REQUESTS } from '../wire/limits.ts'
import type { Action } from '../wire/message.ts'
import { remoteError, type Exchange, type Expected, type Result } from './exchange.ts'
import type { Session } from './session.ts'
import { Turns } from './turns.ts'

/** What became of one request, as the asking side sees it. */
export interface Requested {
  readonly action: Action
  /** How long it took since it was sent, in milliseconds. */
  readonly milliseconds: number
  readonly error?: SftError
}

/** What the provider still sends after each kind of request. */
const EXPECTED: Record<Action['type'], Expected> = {
  list: 'bytes',
  get: 'file',
  put: 'receipt',
  stat: 'result',
  digest: 'result',
  delete: 'result',
  rename: 'result',
  mkdir: 'result',
  probe: 'bytes',
  kept: 'result',
}

/** Requests under way at once; further calls wait. Half of what is allowed, for those that end later over there. */
const AT_ONCE = MAX_REQUESTS / 2

/** A request that was sent. */
interface Underway {
  readonly exchange: Exchange
  /** Has to be called, with why the request failed or `null`. */
  readonly end: (error: unknown) => void
}

/** The requests of one client: each is sent when there may be one more, and told when it has ended. */
export class Requests {
  readonly #session: Session
  readonly #onRequest: ((request: Requested) => void) | undefined
  readonly #turns = new Turns(AT_ONCE)
  #nextId = 1

  /** @param onRequest - Called when a request has ended. Must not throw. */
  constructor(session: Session, onRequest: ((request: Requested) => void) | undefined) {
    this.#session = session
    this.#onRequest = onRequest
  }

  /** Makes a request that is answered by one result. */
  async ask(action: Action, signal: AbortSignal | undefined): Promise<Result> {
    return this.during(action, signal, async (exchange) => {
      try {
        const result = await exchange.answered
        if (result.error !== 0) throw remoteError(result.error)
        return result
      } catch (error) {
        if (signal?.aborted === true) this.acknowledge(exchange, error) // which cancels it over there
        throw error
      }
    })
  }

  /** As {@link during}, for a transfer to this side: the provider is told how it ended. */
  async receive<T>(
    action: Action,
    signal: AbortSignal | undefined,
    work: (exchange: Exchange) => Promise<T>,
  ): Promise<T> {
    return this.during(action, signal, async (exchange) => {
      try {
        const received = await work(exchange)
        this.acknowledge(exchange, null)
        return received
      } catch (error) {
        this.acknowledge(exchange, error)
        throw error
      }
    })
  }

  /** Makes a request and does `work` on it, until that is done or `signal` ends it. */
  async during<T>(
    action: Action,
    signal: AbortSignal | undefined,
    work: (exchange: Exchange) => Promise<T>,
  ): Promise<T> {
    const { exchange, end } = await this.begin(action, signal)
    let error: unknown = null
    try {
      return await work(exchange)
    } catch (failure) {
      error = failure
      throw failure
    } finally {
      end(error)
    }
  }

  /** Sends a request once there may be one more, which `signal` cancels from then on. */
  async begin(action: Action, signal: AbortSignal | undefined): Promise<Underway> {
    if (!this.#turns.tryTake()) await this.#turns.take(signal)
    const exchange = this.#send(action)
    const began = performance.now()
    const stopListening = cancelBy(signal, exchange)
    const end = (error: unknown): void => {
      stopListening()
      this.#session.finish(exchange)
      this.#turns.done()
      this.#onRequest?.({
        action,
        milliseconds: performance.now() - began,
        ...(error !== null && { error: asSftError(error, 'ERR_INTERNAL', 'the request failed') }),
      })
    }
    return { exchange, end }
  }

  /** Tells the provider how a request ended here, which it waits for after a transfer to this side. */
  acknowledge(exchange: Exchange, error: unknown): void {
    if (!this.#session.ended) this.#session.sendResult(exchange.id, error === null ? {} : { error })
  }

  #send(action: Action): Exchange {
    try {
      const id = this.#nextId++
      const exchange = this.#session.begin(id, EXPECTED[action.type])
      this.#session.sendRequest(id, action)
      return exchange
    } catch (error) {
      this.#turns.done()
      throw error
    }
  }
}

/** Makes `signal` cancel the work on a request; returns how to undo that. */
function cancelBy(signal: AbortSignal | undefined, exchange: Exchange): () => void {
  if (!signal) return () => undefined
  const cancel = (): void => exchange.cancel(new SftError('ERR_ABORTED', 'cancelled', { cause: signal.reason }))
  if (signal.aborted) cancel()
  signal.addEventListener('abort', cancel)
  return () => signal.removeEventListener('abort', cancel)
}
