import { SftError } from '../errors.ts'
import { MAX_WINDOW } from '../wire/limits.ts'

/** The credit of the sending side: how many file bytes the peer is ready to receive (docs/protocol.md section 6). */
export class SendCredit {
  #available: number
  readonly #waiting: { bytes: number; resolve: () => void; reject: (error: Error) => void }[] = []
  #closed: Error | undefined

  constructor(window: number) {
    this.#available = window
  }

  /** Takes credit for `bytes`, in the order of the calls, waiting until there is enough. Throws what {@link close} was given. */
  async take(bytes: number): Promise<void> {
    if (this.#closed) throw this.#closed
    if (this.#waiting.length === 0 && this.#available >= bytes) {
      this.#available -= bytes
      return
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#waiting.push({ bytes, resolve, reject })
    await promise
  }

  /** Adds what the peer granted; throws `ERR_PROTOCOL` if that is more than any window. */
  grant(bytes: number): void {
    this.#available += bytes
    if (this.#available > MAX_WINDOW)
      throw new SftError('ERR_PROTOCOL', 'the peer granted more credit than any window holds')
    for (let next = this.#waiting[0]; next && next.bytes <= this.#available; next = this.#waiting[0]) {
      this.#available -= next.bytes
      this.#waiting.shift()
      next.resolve()
    }
  }

  /** Makes every waiting and later call throw `error`. */
  close(error: Error): void {
    this.#closed = error
    for (const { reject } of this.#waiting.splice(0)) reject(error)
  }
}

/** The credit of the receiving side: it bounds what the peer may have on the way, and so the memory it can take. */
export class ReceiveCredit {
  #granted: number
  #consumed = 0
  readonly #window: number
  readonly #grant: (bytes: number) => void

  /** @param grant - Tells the peer that it may send that many bytes more. */
  constructor(window: number, grant: (bytes: number) => void) {
    this.#window = window
    this.#granted = window
    this.#grant = grant
  }

  /** Counts bytes that arrived; throws `ERR_PROTOCOL` if the peer had no credit for them. */
  arrived(bytes: number): void {
    this.#granted -= bytes
    if (this.#granted < 0) throw new SftError('ERR_PROTOCOL', 'the peer sent more data than it was granted')
  }

  /** Counts bytes that are out of memory again, and grants as many when a quarter of the window has come together. */
  consumed(bytes: number): void {
    this.#consumed += bytes
    if (this.#consumed >= this.#window / 4) this.flush()
  }

  /** Grants at once what has come together, which may be nothing: a sign of life all the same. */
  flush(): void {
    const granted = this.#consumed
    this.#consumed = 0
    this.#granted += granted
    this.#grant(granted)
  }
}
