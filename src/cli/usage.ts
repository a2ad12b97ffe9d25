import type { Argument, Command, CommanderError, CommandUnknownOpts } from '@commander-js/extra-typings'
import { SftError } from '../errors.ts'
import { quote } from './job-text.ts'

/** What to type where the command line is at fault. */
export interface Words {
  /** For a command. */
  readonly command: (name: string) => string
  /** For the help of a command, or of all without one. */
  readonly help: (name?: string) => string
}

/**
 * Returns what is wrong with a command line as one line that names the next step.
 *
 * @param name - The command that was typed, if any.
 */
export function usageError(error: CommanderError, program: Command, name: string | undefined, words: Words): SftError {
  const command = program.commands.find((known) => known.name() === name || known.aliases().includes(name ?? ''))
  const fault = error.message
    .replace(/^error: /, '')
    .replace(/\n\(Did you mean (.*)\?\)$/, '; did you mean $1?')
    .replace(/ Allowed choices are /, ' there are ')
    .replace(/\.$/, '')
  const step = fault.endsWith('?') ? ' ' : `${hintFor(error, command, words)}; `
  return new SftError('ERR_USAGE', `${fault}${step}see: ${words.help(command?.name())}`, { cause: error })
}

/**
 * Returns that a folder was named where a command is wanted, or `null` if the command line is wrong in another way.
 *
 * @param name - What stands in place of the command.
 */
export async function folderError(error: CommanderError, name: string): Promise<SftError | null> {
  if (error.code !== 'commander.unknownCommand' || name === '') return null
  const { isLocalFolder } = await import('../index.ts') // only now, as it brings all that moves files
  try {
    if (!(await isLocalFolder(name))) return null
  } catch {
    return null
  }
  const message = `unknown command '${name}'; did you mean "sft share ${quote(name)}"?`
  return new SftError('ERR_USAGE', message, { cause: error })
}

/** Returns what there is to say of a fault in a command line that says nothing itself of what may be meant. */
function hintFor({ code }: CommanderError, command: CommandUnknownOpts | undefined, words: Words): string {
  if (command === undefined || command.commands.length > 0) return ''
  if (code === 'commander.unknownOption') return ' (a name that begins with - goes after --)'
  if (code !== 'commander.missingArgument') return ''
  return `; write: ${[words.command(command.name()), ...command.registeredArguments.map(humanReadable)].join(' ')}`
}

function humanReadable(argument: Argument): string {
  const name = `${argument.name().toUpperCase()}${argument.variadic ? '...' : ''}`
  return argument.required ? name : `[${name}]`
}
