import { ERRORS, SftError } from '../errors.ts'
import { asciiJson } from '../wire/ascii-json.ts'
import { escapeText } from './escape.ts'

/** What a failure is about, as the user named it. */
export interface FailureContext {
  readonly path: string
  /** Where it was to go. */
  readonly to?: string
}

/** How a failure is told if not in the usual way. */
export interface FailureOptions {
  readonly context?: FailureContext | undefined
  /** The exit status, if it is not that of the error's code. */
  readonly exit?: number
  /** What to do next: printed behind the message as it is, so it must hold nothing that a terminal acts on. */
  readonly next?: string
}

/** How a command talks beside its data, by the options that all commands share. */
export interface Manner {
  /** Only failures go to stderr, and questions if they are not forbidden too. */
  readonly quiet?: boolean
  /** Whether how far something is may be shown; if absent, it is. */
  readonly progress?: boolean
  /** Whether somebody may be asked; if absent, they may. */
  readonly input?: boolean
  /** How much is told of what goes on: 1 with `-v`, 2 with `-vv`; if absent, nothing. */
  readonly verbose?: number
}

/** The version of the objects that `--json` prints, which every one of them bears (docs/json.md). */
const VERSION = 1

/**
 * The only writer to the terminal, but for the status line. Data goes to stdout, talk to stderr; with `--json` data is
 * one object per line.
 *
 * Callers escape what peers supply with {@link escapeText} or {@link escapeBytes}; objects are escaped by JSON.
 */
export class Output {
  readonly json: boolean
  readonly quiet: boolean
  /** Whether it is shown how far something is: people see it on stderr, programs as objects. */
  readonly progress: boolean
  readonly input: boolean
  /** How much is told of what goes on: 0 of nothing, 1 with `-v`, 2 with `-vv`. */
  readonly verbosity: number
  /** Prints a line of {@link trace} above what changes at the bottom of the terminal; whoever draws there sets it. */
  above: (print: () => void) => void = (print) => print()
  /** How a command is called where this is read, for the next step of a failure; a shell of sft sets it. */
  commandName: (command: string) => string = (command) => `sft ${command}`

  constructor(json: boolean, { quiet = false, progress = true, input = true, verbose = 0 }: Manner = {}) {
    this.json = json
    this.quiet = quiet
    this.progress = progress && (json || !quiet)
    this.input = input
    this.verbosity = verbose
  }

  /** Prints one line of data for people; nothing with `--json`. */
  line(text: string): void {
    if (!this.json) process.stdout.write(`${text}\n`)
  }

  /** Prints one object of data, only with `--json`. */
  object(type: string, fields: Record<string, unknown>): void {
    if (this.json) process.stdout.write(`${asciiJson({ v: VERSION, type, ...fields })}\n`)
  }

  /** Prints one line of talk for people; nothing with `--json`, where the objects say it all, nor with `--quiet`. */
  talk(text: string): void {
    if (!this.quiet) this.notice(text)
  }

  /** Prints one line that people have to see though all is quiet: a part of a question, or a trouble that lasts. */
  notice(text: string): void {
    if (!this.json) process.stderr.write(`${text}\n`)
  }

  /** Prints one line on stderr, also with `--json`. */
  note(text: string): void {
    process.stderr.write(`${text}\n`)
  }

  /** Prints one line on stderr about what goes on, also with `--json`, if so much is told. */
  trace(text: string, verbosity = 1): void {
    if (this.verbosity >= verbosity) this.above(() => this.note(`* ${text}`))
  }

  /** Prints a failure as one line, and as an object with `--json`; returns the exit status. */
  failure(error: unknown, { context, exit: status, next = '' }: FailureOptions = {}): number {
    const failure = error instanceof SftError ? error : new SftError('ERR_INTERNAL', describe(error), { cause: error })
    const exit = status ?? ERRORS[failure.code].exit
    const message = failure.messageWith(this.commandName)
    // Texts are ours, but may quote a name or an address that is not.
    process.stderr.write(`sft: ${place(message, context)}${escapeText(message)}${next}\n`)
    this.object('error', { code: failure.code, exit, message: `${message}${next}`, ...context })
    return exit
  }
}

/** Names what a failure is about in front of its message, unless the message does. */
function place(message: string, context: FailureContext | undefined): string {
  if (!context) return ''
  const { path, to = path } = context
  if (message.includes(`"${path}"`) || message.includes(`"${to}"`)) return ''
  return `${escapeText(path)}${to === path ? '' : ` -> ${escapeText(to)}`}: `
}

function describe(error: unknown): string {
  return `an unexpected error, which is a defect of sft: ${error instanceof Error ? error.message : String(error)}`
}
