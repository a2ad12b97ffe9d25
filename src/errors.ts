/** What the exit status of a command says. 7 and those from 129 on, which shells count by signals, are of no one error. */
export const EXITS = {
  0: 'done, verified',
  1: 'another error',
  2: 'wrong usage',
  3: 'peer not known or not reachable',
  4: 'no such path',
  5: 'not let in, or not allowed',
  6: 'wrong identity, or digests differ',
  7: 'some of several paths failed',
  8: 'the name is taken, the folder is not empty',
  10: 'connection lost or timed out',
  11: 'disk full, read-only or failing',
  129: 'hung up',
  130: 'interrupted',
  141: 'nobody reads the output any more',
  143: 'terminated',
} as const

export type ExitStatus = keyof typeof EXITS

/** What one error code means to a peer and to a shell. */
interface ErrorNumbers {
  /** The number that may cross the wire (docs/protocol.md section 8), or `null` for errors no peer is told about. */
  readonly wire: number | null
  /** The exit status of a command that ends with this error. */
  readonly exit: ExitStatus
}

/**
 * Every way an operation of sft can fail: the closed set of codes, what crosses the wire for each, and how a command
 * exits. Adding one is a line here, a line in docs/protocol.md or docs/json.md, and a test.
 */
export const ERRORS = {
  ERR_INTERNAL: { wire: 1, exit: 1 }, // a defect, or a cause a peer need not know
  ERR_PROTOCOL: { wire: 2, exit: 1 }, // malformed, too large, unexpected, or an unknown version
  ERR_BUSY: { wire: 3, exit: 10 }, // over a limit for now; the same request may succeed later
  ERR_DENIED: { wire: 4, exit: 5 }, // the share does not grant the right
  ERR_PATH: { wire: 5, exit: 2 }, // not a canonical path, or a name the target cannot hold
  ERR_NOT_FOUND: { wire: 6, exit: 4 }, // no such entry, or one that lies behind a symbolic link
  ERR_EXISTS: { wire: 7, exit: 8 }, // the target name is taken, also by another spelling of the same name
  ERR_NOT_EMPTY: { wire: 8, exit: 8 }, // the folder still has entries
  ERR_WRONG_TYPE: { wire: 9, exit: 1 }, // a folder where a file is needed, a link, a pipe, a device
  ERR_CHANGED: { wire: 10, exit: 1 }, // the source changed while it was read
  ERR_DIGEST: { wire: 11, exit: 6 }, // the bytes that arrived are not the bytes that were read
  ERR_TRUNCATED: { wire: 12, exit: 10 }, // the transfer ended before all its bytes
  ERR_NO_SPACE: { wire: 13, exit: 11 }, // disk or quota full
  ERR_READ_ONLY: { wire: 14, exit: 11 }, // the file system or its permissions refuse the write
  ERR_FILE: { wire: 15, exit: 11 }, // another file-system failure; errno in the cause
  ERR_ABORTED: { wire: 16, exit: 130 }, // cancelled by the side that waits for it
  ERR_USAGE: { wire: null, exit: 2 },
  ERR_UNKNOWN_PEER: { wire: null, exit: 3 }, // no paired machine has that name or peer ID
  ERR_UNREACHABLE: { wire: null, exit: 3 }, // no connection could be made
  ERR_REFUSED: { wire: null, exit: 5 }, // the peer closed the connection on learning who we are
  ERR_IDENTITY: { wire: null, exit: 6 }, // another key answered than the one named, or our own key file is unfit
  ERR_DECRYPT: { wire: null, exit: 6 }, // a record was altered, reordered, replayed or sealed under another key
  ERR_CLOSED: { wire: null, exit: 10 }, // the connection was lost
  ERR_TIMEOUT: { wire: null, exit: 10 }, // the peer stopped answering
} as const satisfies Record<string, ErrorNumbers>

export type SftErrorCode = keyof typeof ERRORS

export interface SftErrorOptions extends ErrorOptions {
  /** The command that the message names as the next step, behind all that it quotes: `ls` where it says `sft ls`. */
  readonly step?: string
}

/** The only error sft throws on purpose: a code to branch on, a sentence for people, and the cause if there is one. */
export class SftError extends Error {
  override readonly name = 'SftError'
  readonly code: SftErrorCode
  readonly #step: string | undefined

  /** @param message - One line, lower case, no full stop: what failed, where, and the next step if there is one. */
  constructor(code: SftErrorCode, message: string, options: SftErrorOptions = {}) {
    super(message, options)
    this.code = code
    this.#step = options.step
  }

  /** The message, with the command that is the next step called as `nameOf` does: `sft ls` is not `sft ls` everywhere. */
  messageWith(nameOf: (command: string) => string): string {
    const typed = `sft ${this.#step}`
    const at = this.#step === undefined ? -1 : this.message.lastIndexOf(typed)
    if (this.#step === undefined || at < 0) return this.message
    return `${this.message.slice(0, at)}${nameOf(this.#step)}${this.message.slice(at + typed.length)}`
  }
}

const BY_WIRE: ReadonlyMap<number, SftErrorCode> = new Map(
  (Object.keys(ERRORS) as SftErrorCode[]).flatMap((code) => {
    const { wire } = ERRORS[code]
    return wire === null ? [] : [[wire, code]]
  }),
)

/** Returns the number a peer may be told for `error`: that of its code, or of ERR_INTERNAL where it has none. */
export function toWire(error: unknown): number {
  const wire = error instanceof SftError ? ERRORS[error.code].wire : null
  return wire ?? ERRORS.ERR_INTERNAL.wire
}

/** Returns the code for a peer's error number; a number this version does not know reads as ERR_INTERNAL. */
export function fromWire(wire: number): SftErrorCode {
  return BY_WIRE.get(wire) ?? 'ERR_INTERNAL'
}

/** Returns `error` itself if it is an {@link SftError}, else one with `code` that keeps it as the cause. */
export function asSftError(error: unknown, code: SftErrorCode, message: string): SftError {
  return error instanceof SftError ? error : new SftError(code, message, { cause: error })
}
