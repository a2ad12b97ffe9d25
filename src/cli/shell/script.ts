import { createInterface } from 'node:readline/promises'
import { SftError } from '../../index.ts'
import type { Session } from '../context.ts'
import { escapeText } from '../escape.ts'
import { isOutputLost } from '../termination.ts'
import { Interpreter } from './interpreter.ts'
import type { ApplySettings } from './table.ts'

/** Nothing but a signal of the whole command ends a line of a script. */
const NEVER = new AbortController().signal

/**
 * Runs the lines of a script up to the first one that fails and does not begin with `-`. Nobody is asked anything.
 *
 * @returns The exit status of the line that failed, or 0.
 */
export async function runScript(
  session: Session,
  lines: AsyncIterable<string> | Iterable<string>,
  applySettings: ApplySettings,
): Promise<number> {
  const { output } = session
  const interpreter = new Interpreter(session, { interactive: false, folder: process.cwd(), applySettings })
  let number = 0
  for await (const line of lines) {
    if (session.signal.aborted) break
    number += 1
    const text = line.trim()
    if (text === '' || text.startsWith('#')) continue
    const mayFail = text.startsWith('-')
    output.object('command', { line: number, text })
    const exit = await interpreter.run(mayFail ? text.slice(1) : text, NEVER)
    if (interpreter.ended) return 0
    const signalled = session.exitOnSignal()
    if (signalled !== undefined && isOutputLost(signalled)) return signalled
    if (exit !== 0 && (!mayFail || signalled !== undefined)) {
      output.object('stopped', { line: number, text, exit })
      output.talk(`sft: stopped at line ${number}: ${escapeText(text)}`)
      return exit
    }
  }
  return session.exitOnSignal() ?? 0
}

/**
 * Yields the lines that come on stdin, each as soon as it is there, until `signal` ends that.
 *
 * @throws {@link SftError} `ERR_USAGE` at a line that is not UTF-8.
 */
export async function* linesOfStdin(signal: AbortSignal): AsyncGenerator<string> {
  // Byte by byte, and decoded here: an interface would put other characters where bytes are none.
  const lines = createInterface({ input: process.stdin.setEncoding('latin1'), terminal: false })
  const close = (): void => lines.close()
  signal.addEventListener('abort', close)
  if (signal.aborted) close()
  try {
    let number = 0
    for await (const line of lines) yield decoded(line, (number += 1))
  } finally {
    signal.removeEventListener('abort', close)
    close()
  }
}

function decoded(line: string, number: number): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(line, 'latin1'))
  } catch (error) {
    throw new SftError('ERR_USAGE', `line ${number} of the commands is not a text in UTF-8`, { cause: error })
  }
}
