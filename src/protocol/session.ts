import { SftError, toWire } from '../errors.ts'
import { MAX_DATA, MAX_REQUESTS } from '../wire/limits.ts'
import type { Action, FileInfo, Message } from '../wire/message.ts'
import type { Right } from '../wire/rights.ts'
import { BLOCK_BYTES, BLOCKS } from './blocks.ts'
import type { Channel, Opened } from './channel.ts'
import { ReceiveCredit, SendCredit } from './credit.ts'
import { Exchange, remoteError, type Expected } from './exchange.ts'
import { Turns } from './turns.ts'
import type { Deadlines } from './types.ts'

/** A request as it came, readable or not. */
export type ClientRequest = Extract<Message, { type: 'request' | 'badRequest' }>

/** What the two roles do with the messages that only one of them may send. */
export interface SessionRole {
  onRequest?(request: ClientRequest): void
  onWelcome?(rights: ReadonlySet<Right>): void
}

/** File bytes a session is ready to receive at first; more as {@link ReceiveCredit} finds fit. */
export const WINDOW = 2 * 1024 * 1024

const STORES_AT_ONCE = 128

/** How often in the longest silence it is looked for, and credit sent that is owed. */
const PULSES = 4

/**
 * The many requests of one channel: gives each message to the request it belongs to, keeps the credit of both
 * directions, and ends everything together when the channel ends.
 */
export class Session {
  readonly pool = BLOCKS
  /** Small files that are stored at once, each of which takes up descriptors. They need nothing more of the peer. */
  readonly stores = new Turns(STORES_AT_ONCE)
  readonly #channel: Channel
  readonly #role: SessionRole
  readonly #deadlines: Deadlines
  readonly #sendCredit: SendCredit
  readonly #receiveCredit: ReceiveCredit
  readonly #exchanges = new Map<number, { exchange: Exchange; working: boolean }>()
  /** Pulses since the peer sent something. They are counted and no clock is read, as clocks are set and machines sleep. */
  #silentPulses = 0
  #welcomed = false
  #failure: Error | undefined

  constructor(channel: Channel, role: SessionRole, deadlines: Deadlines) {
    this.#channel = channel
    this.#role = role
    this.#deadlines = deadlines
    this.#sendCredit = new SendCredit(channel.peerWindow)
    this.#receiveCredit = new ReceiveCredit(WINDOW, (bytes) => {
      this.#orEnd(() => channel.send({ type: 'credit', bytes }))
    })
  }

  /**
   * Reads what the peer sends until it closes the session, then closes this side too.
   *
   * @throws {@link SftError} why it ended otherwise; every request under way fails with the same.
   */
  async run(): Promise<void> {
    const pulse = setInterval(() => this.#pulse(), this.#deadlines.stall / PULSES)
    try {
      for await (const batch of this.#channel.receive()) {
        this.#silentPulses = 0
        for (const opened of batch) {
          this.#dispatch(opened)
          // A peer that asks and does not read is not read from either, so that answers cannot pile up.
          const asked = opened.type === 'request' || opened.type === 'badRequest'
          if (asked && this.#channel.full) await this.#channel.drained()
        }
      }
    } catch (error) {
      this.abort(error as Error)
      throw this.#failure ?? error
    } finally {
      clearInterval(pulse)
    }
    await this.#conclude()
  }

  /** Registers a request, so that what the peer sends for it is taken in. */
  begin(id: number, expected: Expected): Exchange {
    if (this.#failure) throw this.#failure
    if (this.#exchanges.size === 0) this.#silentPulses = 0 // while idle, nobody owed a sign of life
    const exchange = new Exchange(id, expected, this.pool)
    this.#exchanges.set(id, { exchange, working: true })
    return exchange
  }

  /** Ends this side's work on a request. What the peer still sends for it is taken in and thrown away. */
  finish(exchange: Exchange): void {
    const entry = this.#exchanges.get(exchange.id)
    if (!entry) return
    entry.working = false
    this.consumed(exchange.inbox.discard())
    this.#forgetIfOver(entry)
  }

  /** Whether nothing can be sent any more. */
  get ended(): boolean {
    return this.#failure !== undefined || this.#channel.closed
  }

  sendRequest(id: number, action: Action): void {
    this.#send({ type: 'request', id, action })
  }

  sendWelcome(rights: ReadonlySet<Right>): void {
    this.#send({ type: 'welcome', rights })
  }

  sendBegin(id: number, file: FileInfo): void {
    this.#send({ type: 'begin', id, file })
  }

  /**
   * Bytes of data to send at once. Several records in one frame of the muxer cost less than alone, but a frame is seen
   * over there only when all of it arrived: so only where that takes no time.
   */
  get mostAtOnce(): number {
    return this.#sendCredit.brisk ? BLOCK_BYTES : MAX_DATA
  }

  /**
   * Sends data of a request, at most {@link mostAtOnce}, if there is credit for it and the stream takes it at once; returns
   * whether it did.
   */
  trySendData(exchange: Exchange, bytes: Uint8Array): boolean {
    exchange.throwIfCancelled()
    if (this.#channel.full || !this.#sendCredit.tryTake(bytes.byteLength)) return false
    this.#orEnd(() => this.#channel.sendData(exchange.id, bytes))
    return true
  }

  /** Sends data of a request, at most {@link mostAtOnce}, once there is credit for it. The bytes may be reused afterwards. */
  async sendData(exchange: Exchange, bytes: Uint8Array): Promise<void> {
    exchange.throwIfCancelled()
    await this.#sendCredit.take(bytes.byteLength)
    if (exchange.cancelled) this.#sendCredit.giveBack(bytes.byteLength)
    exchange.throwIfCancelled()
    try {
      await this.#channel.drained()
    } catch (error) {
      this.#writeFailed(error)
    }
    this.#orEnd(() => this.#channel.sendData(exchange.id, bytes))
  }

  sendEnd(exchange: Exchange, end: { size: number; md5: Uint8Array } | { error: unknown }): void {
    exchange.endSent()
    const id = exchange.id
    if ('error' in end) this.#send({ type: 'end', id, error: toWire(end.error), size: 0, md5: new Uint8Array(0) })
    else this.#send({ type: 'end', id, error: 0, ...end })
  }

  /** Sends the result of a request: success, with what belongs to it, or the number of `error`. */
  sendResult(
    id: number,
    result: Omit<Extract<Message, { type: 'result' }>, 'type' | 'id' | 'error'> | { error: unknown },
  ): void {
    if ('error' in result) this.#send({ type: 'result', id, error: toWire(result.error) })
    else this.#send({ type: 'result', id, error: 0, ...result })
  }

  /** Notes that data which arrived is out of memory again. */
  consumed(bytes: number): void {
    if (bytes > 0 && !this.ended) this.#receiveCredit.consumed(bytes)
  }

  /** Ends this side in order; the peer ends the rest. */
  async close(error: number): Promise<void> {
    if (!this.#failure) await this.#channel.close(error)
  }

  /** Drops the session at once, and every request in it with `error`. */
  abort(error: Error): void {
    this.#fail(error)
    this.#channel.abort(error)
  }

  /** Closes this side after the final record of the peer, which must leave it at that. */
  async #conclude(): Promise<void> {
    this.#fail(new SftError('ERR_CLOSED', 'the peer ended the session'))
    try {
      await this.#channel.close(0)
      await this.#channel.ended()
    } catch (error) {
      this.#channel.abort(error as Error)
      throw error
    }
  }

  #fail(error: Error): void {
    if (this.#failure) return
    this.#failure = error
    this.#sendCredit.close(error)
    this.#receiveCredit.close()
    for (const { exchange } of this.#exchanges.values()) exchange.fail(error)
    this.#exchanges.clear()
  }

  #dispatch(opened: Opened): void {
    switch (opened.type) {
      case 'credit':
        this.#sendCredit.grant(opened.bytes)
        return
      case 'request':
      case 'badRequest':
        if (!this.#role.onRequest) throw unexpected('a request')
        if (this.#exchanges.size >= MAX_REQUESTS) throw unexpected('more requests at once than allowed')
        this.#role.onRequest(opened)
        return
      case 'welcome':
        if (!this.#role.onWelcome || this.#welcomed) throw unexpected('a welcome')
        this.#welcomed = true
        this.#role.onWelcome(opened.rights)
        return
      case 'close':
        if (opened.error !== 0) throw remoteError(opened.error)
        return
      default:
        this.#deliver(opened)
    }
  }

  #deliver(opened: Extract<Opened, { type: 'begin' | 'data' | 'end' | 'result' }>): void {
    if (opened.type === 'data') this.#receiveCredit.arrived(opened.bytes.byteLength)
    const entry = this.#exchanges.get(opened.id)
    if (!entry) {
      // A cancellation may cross the last message of the request it was meant for.
      if (opened.type === 'result' && opened.error !== 0 && this.#role.onRequest) return
      throw unexpected('a message for a request that is not under way')
    }
    this.consumed(entry.exchange.accept(opened))
    this.#forgetIfOver(entry)
  }

  #forgetIfOver(entry: { exchange: Exchange; working: boolean }): void {
    const { exchange, working } = entry
    if (exchange.over && (!working || exchange.acknowledged)) this.#exchanges.delete(exchange.id)
  }

  #pulse(): void {
    if (this.#exchanges.size === 0 || this.#failure) return
    this.#silentPulses += 1
    if (this.#silentPulses > PULSES) {
      this.abort(new SftError('ERR_TIMEOUT', `the peer has been silent for ${this.#deadlines.stall / 1000} s`))
      return
    }
    if (this.ended) return
    try {
      this.#receiveCredit.flush()
    } catch (error) {
      this.abort(error as Error) // the stream closed at this moment; nobody would catch what a timer throws
    }
  }

  #send(message: Exclude<Message, { type: 'badRequest' }>): void {
    if (this.#failure) throw this.#failure
    this.#orEnd(() => this.#channel.send(message))
  }

  #orEnd(work: () => void): void {
    try {
      work()
    } catch (error) {
      this.#writeFailed(error)
    }
  }

  /** Ends a session that cannot be written to, though what it read may not say so yet; one that is closed ends in order. */
  #writeFailed(error: unknown): never {
    if (!this.#channel.closed) this.abort(error as Error)
    throw error
  }
}

function unexpected(what: string): SftError {
  return new SftError('ERR_PROTOCOL', `the peer sent ${what}`)
}
