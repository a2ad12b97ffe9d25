import { emitKeypressEvents } from 'node:readline'
import { createInterface, type Interface } from 'node:readline/promises'
import { escapeText } from '../escape.ts'
import { suspendOnCtrlZ } from '../suspend.ts'
import type { Completion } from './completion.ts'
import type { TypedLines } from './typed.ts'

/** Candidates, and what they are for. */
type CompleterResult = [string[], string]

/** What a person did at the prompt. */
export type Typed =
  | { readonly type: 'line'; readonly line: string }
  /** Ctrl-C; `empty` if there was nothing to give up. */
  | { readonly type: 'interrupted'; readonly empty: boolean }
  /** Ctrl-D, or the end of the session. */
  | { readonly type: 'end' }

/** Completes what is typed up to the cursor; never throws. */
export type Complete = (typed: string, signal: AbortSignal) => Promise<Completion>

/**
 * Reads lines at a prompt. The terminal is its own only while it waits for one: what runs in between finds the terminal as
 * every command does.
 */
export class Editor {
  readonly #history: TypedLines
  readonly #complete: Complete
  /** Lines that came in one piece with the first, as when they are pasted, and what stood behind them. */
  readonly #waiting: string[] = []
  #rest = ''
  /** Whether Ctrl-D came, perhaps in one piece with a line. */
  #ended = false
  /** Whether Ctrl-C came once more after one that was told of. */
  #interruptedAgain = false
  /** Does what Ctrl-C does now. */
  #interrupt: () => void = () => undefined

  constructor(history: TypedLines, complete: Complete) {
    this.#history = history
    this.#complete = complete
    // Otherwise a line editor takes a Tab for text if another key comes with it, as over a slow connection.
    emitKeypressEvents(process.stdin)
  }

  /** Waits for a line. @param prompt - Safe to print. @param signal - Ends the waiting. */
  async next(prompt: string, signal: AbortSignal): Promise<Typed> {
    if (this.#interruptedAgain) {
      this.#interruptedAgain = false
      return { type: 'interrupted', empty: true }
    }
    const waiting = this.#waiting.shift()
    if (waiting !== undefined) {
      process.stderr.write(`${prompt}${escapeText(waiting)}\n`)
      return this.#typed(waiting)
    }
    if (signal.aborted || this.#ended || process.stdin.readableEnded) return { type: 'end' }
    const { promise, resolve } = Promise.withResolvers<Typed | null>()
    const over = new AbortController()
    let completing: Promise<Completion> | null = null
    const lines: Interface = createInterface({
      input: process.stdin,
      output: process.stderr,
      terminal: true,
      prompt,
      history: this.#history.latestFirst,
      historySize: 1_000,
      completer: async (typed: string): Promise<CompleterResult> => {
        const isFirst = completing === null
        completing ??= this.#complete(typed, over.signal).finally(() => (completing = null))
        const completion = await completing
        // A line editor that is closed by now fails on any answer.
        if (over.signal.aborted) return new Promise(() => undefined)
        // Meanwhile more may have been typed or pasted, or Tab once more.
        const isFit = lines.line.slice(0, lines.cursor) === typed && (isFirst || completion?.type === 'show')
        return isFit ? asReadlineWants(completion, typed) : [[], typed]
      },
    })
    const end = (): void => resolve({ type: 'end' })
    signal.addEventListener('abort', end)
    lines.on('line', (line) => {
      this.#waiting.push(line)
      resolve(null)
    })
    const ended = (): void => {
      this.#ended = true
      over.abort()
      end()
    }
    lines.on('close', ended)
    this.#interrupt = () => {
      const empty = lines.line === ''
      lines.write(null, { ctrl: true, name: 'e' })
      process.stderr.write('^C\n')
      lines.write(null, { ctrl: true, name: 'u' }) // more keys may have come with this one
      this.forget()
      resolve({ type: 'interrupted', empty })
      this.#interrupt = () => (this.#interruptedAgain = true)
    }
    lines.on('SIGINT', () => this.#interrupt())
    suspendOnCtrlZ(lines, () => lines.prompt(true))
    lines.prompt()
    if (this.#rest !== '') lines.write(this.#rest)
    const typed = await promise // by when all that came in one piece is there
    signal.removeEventListener('abort', end)
    this.#interrupt = () => (this.#interruptedAgain = true)
    over.abort()
    await new Promise((resolve) => setImmediate(resolve)) // until an answer that was given has been taken
    this.#rest = lines.line
    lines.off('close', ended).close()
    if (typed?.type === 'end') process.stderr.write('\n')
    else if (typed !== null || this.#rest !== '') {
      // A prompt in vain, or the beginning of a line that is shown again when it has its turn.
      process.stderr.write(process.env['TERM'] === 'dumb' ? '\n' : '\r\u001b[K')
    }
    return typed ?? this.#typed(this.#waiting.shift() ?? '')
  }

  /** Does what Ctrl-C at the prompt does, for one that came before the terminal was ours. */
  interrupt(): void {
    this.#interrupt()
  }

  /** Forgets what was typed ahead and did not have its turn yet. */
  forget(): void {
    this.#waiting.length = 0
    this.#rest = ''
  }

  #typed(line: string): Typed {
    this.#history.note(line)
    return { type: 'line', line }
  }
}

/** A line editor inserts what its candidates have in common beyond what it takes for typed, or else shows them. */
function asReadlineWants(completion: Completion, typed: string): CompleterResult {
  if (completion === null) return [[], typed]
  if (completion.type === 'insert') return [[completion.text], typed.slice(completion.start)]
  const [first = ''] = completion.names
  let common = first.length
  for (const name of completion.names) while (!name.startsWith(first.slice(0, common))) common -= 1
  return [[...completion.names], first.slice(0, common)]
}
