import { emitKeypressEvents, type Interface } from 'node:readline'
import { ExitPromptError } from '@inquirer/core'
import { suspendOnCtrlZ, type Keys } from '../suspend.ts'

/** What comes of a question: an answer, or a key with which a person goes back instead. */
export type Answer<T> = { readonly chosen: T } | { readonly back: 'escape' | 'interrupt' }

/** A question as the prompt library runs it. */
type Prompt<T, C> = (
  config: C,
  context: { readonly clearPromptOnDone: boolean; readonly signal: AbortSignal },
) => Promise<Answer<T>>

/** How long a lone Esc is waited for whether it begins the code of another key, in milliseconds. */
const ESCAPE_TIME = 100

/** Clears the line of the cursor and all below; see progress.ts for why not in one go. */
const CLEAR = '\r\u001b[K\u001b[C\u001b[J\r'

/**
 * Asks a question, and takes it off the screen again, however that ends. Where nobody can type any more, it is as if Esc
 * was pressed.
 *
 * @throws The reason of `signal` once that aborts.
 */
export async function show<T, C>(prompt: Prompt<T, C>, config: C, signal?: AbortSignal): Promise<Answer<T>> {
  signal?.throwIfAborted()
  if (process.stdin.readableEnded) return { back: 'escape' }
  // Only the first one that asks for keys says how long, which the prompt library does not. The types leave it out.
  emitKeypressEvents(process.stdin, { escapeCodeTimeout: ESCAPE_TIME } as Partial<Interface> as Interface)
  const ended = new AbortController()
  const onEnd = (): void => ended.abort()
  const clear = (): void => void process.stdout.write(CLEAR)
  process.stdin.on('end', onEnd)
  process.on('exit', clear)
  try {
    const either = signal ? AbortSignal.any([signal, ended.signal]) : ended.signal
    return await prompt(config, { clearPromptOnDone: true, signal: either })
  } catch (error) {
    signal?.throwIfAborted()
    if (ended.signal.aborted) return { back: 'escape' }
    if (error instanceof ExitPromptError) return { back: 'interrupt' }
    throw error
  } finally {
    process.stdin.off('end', onEnd)
    process.off('exit', clear)
  }
}

/**
 * Has Ctrl-Z take a question off the screen until the process goes on, and `redraw` show it again.
 *
 * @param title - What is asked; its last line has the cursor.
 * @param below - Most lines there are below.
 */
export function suspendQuestion(keys: Keys, title: string, below: number, redraw: () => void): void {
  const above = title.split('\n').length - 1
  const leave = (): void => void process.stdout.write(`${up(above)}${CLEAR}`)
  const back = (): void => {
    // It is drawn over as many lines as it had: these are to be empty ones.
    process.stdout.write(`${'\n'.repeat(above + below)}${up(below)}`)
    redraw()
  }
  suspendOnCtrlZ(keys, back, leave)
}

function up(lines: number): string {
  return lines === 0 ? '' : `\u001b[${lines}A`
}
