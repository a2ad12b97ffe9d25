import { ERRORS, SftError } from '../index.ts'
import { escapeText } from './escape.ts'

/**
 * The only writer to the terminal. Data goes to stdout, talk to stderr; with `--json` data is one object per line.
 *
 * Callers escape what peers supply with {@link escapeText} or {@link escapeBytes}; objects are escaped by JSON.
 */
export class Output {
  readonly json: boolean

  constructor(json: boolean) {
    this.json = json
  }

  /** Prints one line of data for people; nothing with `--json`. */
  line(text: string): void {
    if (!this.json) process.stdout.write(`${text}\n`)
  }

  /** Prints one object of data, only with `--json`. */
  object(type: string, fields: Record<string, unknown>): void {
    if (this.json) process.stdout.write(`${asciiJson({ type, ...fields })}\n`)
  }

  /** Prints one line of talk. */
  talk(text: string): void {
    process.stderr.write(`${text}\n`)
  }

  /** Prints a failure as one line, and as an object with `--json`; returns the exit status for it. */
  failure(error: unknown, context?: { path: string }): number {
    const failure = error instanceof SftError ? error : new SftError('ERR_INTERNAL', describe(error), { cause: error })
    const { exit } = ERRORS[failure.code]
    const place = context ? `${escapeText(context.path)}: ` : ''
    // Texts are ours, but may quote a name or an address that is not.
    this.talk(`sft: ${place}${escapeText(failure.message)}`)
    this.object('error', { code: failure.code, exit, message: failure.message, ...context })
    return exit
  }
}

/** JSON that holds no character a terminal could act on. */
function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

function describe(error: unknown): string {
  return `an unexpected error, which is a defect of sft: ${error instanceof Error ? error.message : String(error)}`
}
