import { createInterface } from 'node:readline/promises'
import { SftError } from '../index.ts'
import type { Output } from './output.ts'
import { suspendOnCtrlZ } from './suspend.ts'

/** Whether there is a person at a terminal who can answer. */
export function canAsk(): boolean {
  return process.stdin.isTTY && process.stderr.isTTY
}

/** Why nobody is asked anything, as a part of a sentence; `null` if there is a person who can and may be. */
export function whyNotAsked({ input, json }: Pick<Output, 'input' | 'json'>): string | null {
  if (!input) return 'with --no-input'
  if (json) return 'with --json'
  return canAsk() ? null : 'without a terminal'
}

/**
 * Asks one question on the terminal. Ctrl-C comes as `signal`, as anywhere else.
 *
 * @param unanswered - What to say if there is no answer.
 * @param keepsInput - Has Ctrl-D come as a key: the end of stdin, which it is otherwise, would end it for good.
 * @throws {@link SftError} `ERR_USAGE` if there is no answer, as after Ctrl-D, or the reason of `signal`.
 */
export async function ask(
  question: string,
  signal: AbortSignal,
  { unanswered = 'no answer was typed', keepsInput = false } = {},
): Promise<string> {
  const noAnswer = new SftError('ERR_USAGE', unanswered)
  if (process.stdin.readableEnded) throw noAnswer // of which no interface would tell
  const lines = createInterface({ input: process.stdin, output: process.stderr, terminal: keepsInput })
  const closed = Promise.withResolvers<never>()
  lines.once('close', () => closed.reject(noAnswer))
  suspendOnCtrlZ(lines, () => lines.prompt(true))
  lines.on('SIGINT', () => process.kill(process.pid, 'SIGINT')) // which is a key then too
  try {
    // A program that answers through a pipe needs no question.
    return await Promise.race([lines.question(process.stdin.isTTY ? question : '', { signal }), closed.promise])
  } catch (error) {
    signal.throwIfAborted()
    throw error
  } finally {
    lines.close()
    closed.promise.catch(() => undefined)
  }
}
