import type { Command, CommanderError } from '@commander-js/extra-typings'
import { SftError } from '../errors.ts'

/**
 * Returns what is wrong with a command line as one line that names the next step.
 *
 * @param name - The command that was typed, if any.
 * @param helpOf - Says what to type for the help of a command, or of all for `null`.
 */
export function usageError(
  error: CommanderError,
  program: Command,
  name: string | undefined,
  helpOf: (command: string | null) => string,
): SftError {
  const command = program.commands.find((known) => known.name() === name || known.aliases().includes(name ?? ''))
  const fault = error.message
    .replace(/^error: /, '')
    .replace(/\n\(Did you mean (.*)\?\)$/, '; did you mean $1?')
    .replace(/\.$/, '')
  const dash = error.code === 'commander.unknownOption' && command ? ' (a name that begins with - goes after --)' : ''
  const help = helpOf(command?.name() ?? null)
  return new SftError('ERR_USAGE', `${fault}${dash}${fault.endsWith('?') ? '' : ';'} see: ${help}`, { cause: error })
}
