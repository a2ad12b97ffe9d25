import type { Conflict } from '../index.ts'
import { escapeText } from './escape.ts'
import { formatBytes, formatTime } from './format.ts'
import type { Output } from './output.ts'
import { ask } from './prompt.ts'

/** What a person can decide about a file whose name is taken. */
export type Decision = 'skip' | 'overwrite' | 'rename'

const QUESTION = '[o]verwrite, [s]kip or [r]ename (a capital: for all)? '

const ANSWERS: Partial<Record<string, Decision>> = { o: 'overwrite', s: 'skip', r: 'rename' }

/**
 * Asks what becomes of a file whose name is taken; a capital letter answers for all that follow.
 *
 * @param keepsInput - As for {@link ask}.
 * @throws {@link SftError} `ERR_USAGE` if nobody answers, or the reason of `signal`.
 */
export async function askConflict(
  output: Output,
  { target, file, there }: Conflict,
  signal: AbortSignal,
  keepsInput = false,
): Promise<{ decision: Decision; forAll: boolean }> {
  output.notice(`${escapeText(target)} is there already, and differs:`)
  output.notice(`  there  ${formatBytes(there.size).padStart(8)}  ${formatTime(there.mtime)}`)
  output.notice(`  new    ${formatBytes(file.size).padStart(8)}  ${formatTime(file.mtime)}`)
  for (;;) {
    const answer = (await ask(QUESTION, signal, { keepsInput })).trim()
    const decision = ANSWERS[answer.toLowerCase()]
    if (decision) return { decision, forAll: answer !== answer.toLowerCase() }
  }
}
