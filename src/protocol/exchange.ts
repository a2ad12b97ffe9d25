import { fromWire, SftError } from '../errors.ts'
import type { FileInfo, Message } from '../wire/message.ts'
import type { BlockPool } from './blocks.ts'
import { Inbox } from './inbox.ts'
import { Word } from './word.ts'

export type End = Extract<Message, { type: 'end' }>
export type Result = Extract<Message, { type: 'result' }>

/**
 * What the peer has to send for a request (docs/protocol.md section 5): a file is a `begin`, data and an `end`; bytes
 * are data and an `end`; a receipt is one `result`, which may report success only after this side's `end`; a result is
 * any one `result`; nothing leaves only an early `result`, which cancels.
 */
export type Expected = 'file' | 'bytes' | 'receipt' | 'result' | 'nothing'

/**
 * The peer's half of one request, as a state machine: what arrives out of turn is refused, what arrives in turn is kept
 * for whoever works on the request.
 */
export class Exchange {
  readonly id: number
  readonly inbox: Inbox
  readonly #expected: Expected
  readonly #begun = new Word<FileInfo>()
  readonly #ended = new Word<End>()
  readonly #answered = new Word<Result>()
  #cancelled: Error | undefined
  #state: 'begin' | 'data' | 'over'
  #endSent = false

  constructor(id: number, expected: Expected, pool: BlockPool) {
    this.id = id
    this.inbox = new Inbox(pool)
    this.#expected = expected
    this.#state = expected === 'nothing' ? 'over' : expected === 'file' ? 'begin' : 'data'
  }

  /** The file the peer is about to send. */
  get begun(): Promise<FileInfo> {
    return this.#begun.promise
  }

  /** How the peer ended its file or bytes. */
  get ended(): Promise<End> {
    return this.#ended.promise
  }

  /** The peer's result. */
  get answered(): Promise<Result> {
    return this.#answered.promise
  }

  /** Why work on the request is of no more use, once it is: the peer ended it early, or is gone. */
  get cancelled(): Error | undefined {
    return this.#cancelled
  }

  /** Throws the reason if work on the request is of no more use. */
  throwIfCancelled(): void {
    if (this.#cancelled) throw this.#cancelled
  }

  /** Whether the peer has sent all it has to. */
  get over(): boolean {
    return this.#state === 'over'
  }

  /** Whether the peer's word on the file or bytes of this side is there, with which the request is over for the peer. */
  get acknowledged(): boolean {
    return this.#expected === 'receipt' && this.#endSent && this.over
  }

  /** Whether this side has ended its file or bytes, well or not. */
  get endWasSent(): boolean {
    return this.#endSent
  }

  /** Notes that this side sent its `end`: only now may the peer report success. */
  endSent(): void {
    this.#endSent = true
  }

  /**
   * Takes in a message or data of the peer.
   *
   * @returns How many file bytes were thrown away at once because nobody wants them any more.
   * @throws {@link SftError} `ERR_PROTOCOL` if it is not its turn.
   */
  accept(
    message: Extract<Message, { type: 'begin' | 'end' | 'result' }> | { type: 'data'; bytes: Uint8Array },
  ): number {
    switch (message.type) {
      case 'begin':
        if (this.#state !== 'begin') throw outOfTurn('a file')
        this.#state = 'data'
        this.#begun.resolve(message.file)
        return 0
      case 'data':
        if (!this.#takesData || this.#state !== 'data') throw outOfTurn('data')
        return this.inbox.push(message.bytes)
      case 'end':
        this.#acceptEnd(message)
        return 0
      case 'result':
        this.#acceptResult(message)
        return 0
    }
  }

  /** Ends this side's work with `error`; what the peer still has to send is waited for. */
  cancel(error: Error): void {
    this.inbox.fail(error)
    for (const word of [this.#begun, this.#ended, this.#answered]) word.reject(error)
    this.#cancelled ??= error
  }

  /** Ends everything with `error`, because the session is over. */
  fail(error: Error): void {
    this.#state = 'over'
    this.cancel(error)
  }

  #acceptEnd(end: End): void {
    if (!this.#takesData || this.#state === 'over' || (this.#state === 'begin' && end.error === 0))
      throw outOfTurn('an end')
    this.#state = 'over'
    if (end.error !== 0) this.#begun.reject(remoteError(end.error))
    this.#ended.resolve(end)
    this.inbox.end()
  }

  #acceptResult(result: Result): void {
    const succeeds = result.error === 0
    const premature = succeeds && (this.#expected === 'nothing' || (this.#expected === 'receipt' && !this.#endSent))
    if (this.#takesData || premature || (this.#state === 'over' && this.#expected !== 'nothing'))
      throw outOfTurn('a result')
    this.#state = 'over'
    this.#answered.resolve(result)
    if (!succeeds) this.#cancelled ??= remoteError(result.error)
  }

  get #takesData(): boolean {
    return this.#expected === 'file' || this.#expected === 'bytes'
  }
}

/** Returns the error that a peer's number stands for; the text is ours, never the peer's. */
export function remoteError(error: number): SftError {
  const code = fromWire(error)
  return new SftError(code, REMOTE_TEXT[code] ?? 'the peer reports an error', REMOTE_STEP[code])
}

const REMOTE_TEXT: Partial<Record<SftError['code'], string>> = {
  ERR_PROTOCOL: 'the peer found our request malformed',
  ERR_BUSY: 'the peer is busy; try again later',
  ERR_DENIED: 'the share does not allow it; there, "sft grant" gives more, or share with --allow or -w',
  ERR_PATH: 'the share cannot hold that name; choose another',
  ERR_NOT_FOUND: 'no such entry in the share; "sft ls" shows what there is',
  ERR_EXISTS: 'the name is taken',
  ERR_NOT_EMPTY: 'the folder is not empty',
  ERR_WRONG_TYPE: 'it is a folder, a link or a device, not a file',
  ERR_CHANGED: 'the file changed while it was read; try again',
  ERR_DIGEST: 'the bytes that arrived differ from those that were sent',
  ERR_TRUNCATED: 'the transfer ended before all its bytes',
  ERR_NO_SPACE: "the peer's disk is full; make room there",
  ERR_READ_ONLY: "the peer's system refuses that; look at the permissions there",
  ERR_FILE: "the peer's file system reports an error",
  ERR_ABORTED: 'cancelled',
}

const REMOTE_STEP: Partial<Record<SftError['code'], { step: string }>> = { ERR_NOT_FOUND: { step: 'ls' } }

function outOfTurn(what: string): SftError {
  return new SftError('ERR_PROTOCOL', `the peer sent ${what} out of turn`)
}
