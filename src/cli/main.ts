import { CommanderError } from '@commander-js/extra-typings'
import { noteCommandLine } from './job-text.ts'
import { Output } from './output.ts'
import { commandLine, withUsualName } from './program.ts'
import { endWhenUnread, exitWhenWritten } from './termination.ts'
import { folderError, usageError } from './usage.ts'

/** How commands and their help are asked for. */
const WORDS = {
  command: (name: string) => `sft ${name}`,
  help: (name?: string) => (name === undefined ? 'sft --help' : `sft ${name} --help`),
}

/** Runs the command line `argv` (without interpreter and script), or the menu without one, and returns the exit status. */
export async function main(argv: readonly string[]): Promise<number> {
  // Asked by the scripts that `sft completion` prints, at every press of the Tab key.
  if (argv[0] === '__complete') return (await import('./commands/complete.ts')).complete(argv.slice(1))
  endWhenUnread()
  if (argv.length > 0 || !isAttended()) return exitWhenWritten(await run(argv))
  const { menu } = await import('./menu/menu.ts') // which nothing else needs
  return exitWhenWritten(await menu(run))
}

/** Whether a person sees what is written, and can choose with the arrow keys. */
function isAttended(): boolean {
  return process.stdin.isTTY && process.stdout.isTTY && process.env['TERM'] !== 'dumb'
}

/** Runs one command line and returns its exit status. */
async function run(argv: readonly string[]): Promise<number> {
  const output = new Output(argv.includes('--json') || /^(?:1|true)$/i.test(process.env['SFT_JSON'] ?? ''))
  noteCommandLine(argv)
  let exit = 0
  const program = commandLine((status) => (exit = status))
  const { words, name } = withUsualName(argv)
  try {
    await program.parseAsync(words, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) exit = output.failure(error)
    else if (error.exitCode === 0) exit = 0
    else if (error.code === 'commander.help') exit = 2
    else exit = output.failure((await folderError(error, name)) ?? usageError(error, program, name, WORDS))
  }
  return exit
}
