import { SftError, type SftErrorCode } from '../errors.ts'
import type { ProtocolClient } from '../protocol/client.ts'
import type { JobEvent } from './job.ts'

/** Opens another session with the same peer. */
export type OpenSession = (signal: AbortSignal | undefined) => Promise<ProtocolClient>

/** With these a session is lost, and another one may well do. */
const LOST: ReadonlySet<SftErrorCode> = new Set(['ERR_CLOSED', 'ERR_TIMEOUT', 'ERR_UNREACHABLE', 'ERR_BUSY'])

/** The pause before the first attempt to reconnect, and the longest one, in milliseconds; each is twice the last. */
const FIRST_PAUSE = 100
const LONGEST_PAUSE = 8_000

/** How long a job goes on reconnecting while nothing gets done, in milliseconds. */
const PATIENCE = 60_000

/** Refusals in a row that are believed: a peer that dies at the wrong moment looks as if it refused. */
const REFUSALS = 3

export interface LinkInit {
  readonly open: OpenSession
  readonly onEvent?: (event: JobEvent) => void
  readonly signal?: AbortSignal
  /** How long to go on reconnecting while nothing gets done, in milliseconds. */
  readonly patience?: number
}

/** The session of a job, restored when it is lost for as long as there is hope. */
export class Link {
  readonly #init: LinkInit
  #session: Promise<ProtocolClient>
  #pause = FIRST_PAUSE
  /** When the session was lost for the first time since something got done; `null` if it was not. */
  #failingSince: number | null = null

  constructor(first: ProtocolClient, init: LinkInit) {
    this.#init = init
    this.#session = Promise.resolve(first)
  }

  /** The session as it is now, for whoever ends the job. */
  get session(): Promise<ProtocolClient> {
    return this.#session
  }

  /**
   * Opens one more session with the same peer, which is restored in silence.
   *
   * @throws {@link SftError} why it could not be opened, with patience as for one that was lost.
   */
  async another(): Promise<Link> {
    const { onEvent: _, ...init } = this.#init
    try {
      return new Link(await init.open(init.signal), init)
    } catch (error) {
      init.signal?.throwIfAborted()
      const mayPass = error instanceof SftError && (LOST.has(error.code) || error.code === 'ERR_REFUSED')
      if (!mayPass) throw error
      const link = new Link(await this.#session, init)
      link.#session = link.#reconnect(error) // ours may stand, or not be known to be lost
      await link.#session
      return link
    }
  }

  /**
   * Does `work` on the session, and does it again on the next one if it was lost meanwhile.
   *
   * @throws {@link SftError} what `work` throws otherwise, or why the connection could not be restored.
   */
  async use<T>(work: (session: ProtocolClient) => Promise<T>): Promise<T> {
    for (;;) {
      const used = this.#session
      const session = await used
      try {
        const result = await work(session)
        if (this.#failingSince !== null) this.progressed()
        return result
      } catch (error) {
        if (this.#init.signal?.aborted === true || !(error instanceof SftError) || !LOST.has(error.code)) throw error
        if (!session.ended) throw error // the request alone failed
        if (this.#session === used) {
          this.#session = this.#reconnect(error)
          this.#session.catch(() => undefined) // thrown at whoever uses it next
        }
      }
    }
  }

  /** Notes that something got done: the next loss is the first one again. */
  progressed(): void {
    this.#pause = FIRST_PAUSE
    this.#failingSince = null
  }

  /** Ends the session in order. */
  async close(): Promise<void> {
    try {
      await (await this.#session).close()
    } catch {
      // It is over either way.
    }
  }

  async #reconnect(lost: SftError): Promise<ProtocolClient> {
    const { open, signal, onEvent, patience = PATIENCE } = this.#init
    this.#failingSince ??= performance.now()
    let [error, refusals] = [lost, 0]
    for (let attempt = 1; performance.now() - this.#failingSince + this.#pause < patience; attempt += 1) {
      const wait = this.#pause
      this.#pause = Math.min(2 * wait, LONGEST_PAUSE)
      onEvent?.({ type: 'reconnecting', attempt, wait, error })
      await this.#wait(wait)
      try {
        const session = await open(signal)
        onEvent?.({ type: 'reconnected' })
        return session
      } catch (failure) {
        signal?.throwIfAborted()
        if (!(failure instanceof SftError)) throw failure
        refusals = failure.code === 'ERR_REFUSED' ? refusals + 1 : 0
        if (refusals === REFUSALS || (refusals === 0 && !LOST.has(failure.code))) throw failure
        error = failure
      }
    }
    throw new SftError('ERR_CLOSED', `the connection was lost and could not be restored: ${error.message}`, {
      cause: error,
    })
  }

  /** Waits, or throws the reason of the signal. */
  async #wait(milliseconds: number): Promise<void> {
    const { signal } = this.#init
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, milliseconds)
    const stop = (): void => resolve()
    signal?.addEventListener('abort', stop)
    if (signal?.aborted === true) stop()
    await promise
    clearTimeout(timer)
    signal?.removeEventListener('abort', stop)
    signal?.throwIfAborted()
  }
}
