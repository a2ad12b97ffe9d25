import { createInterface } from 'node:readline/promises'
import { SftError } from '../index.ts'

/** Whether there is a person at a terminal who can answer. */
export function canAsk(): boolean {
  return process.stdin.isTTY && process.stderr.isTTY
}

/**
 * Asks one question on the terminal. Ctrl-C comes as `signal`, as anywhere else.
 *
 * @param keepsInput - Has Ctrl-D come as a key: the end of stdin, which it is otherwise, would end it for good.
 * @throws {@link SftError} `ERR_USAGE` if there is no answer, as after Ctrl-D, or the reason of `signal`.
 */
export async function ask(question: string, signal: AbortSignal, keepsInput = false): Promise<string> {
  if (process.stdin.readableEnded) throw unanswered() // of which no interface would tell
  const lines = createInterface({ input: process.stdin, output: process.stderr, terminal: keepsInput })
  const closed = Promise.withResolvers<never>()
  lines.once('close', () => closed.reject(unanswered()))
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

function unanswered(): SftError {
  return new SftError('ERR_USAGE', 'no answer was typed')
}
