import { Command, CommanderError } from '@commander-js/extra-typings'
import packageJson from '../../package.json' with { type: 'json' }
import { batch, get, hash, ls, mkdir, mv, put, rm, shell } from './groups/files.ts'
import { doctor, grant, peers } from './groups/machines.ts'
import { service } from './groups/service.ts'
import { history, id, pair, share } from './groups/sharing.ts'
import { noteCommandLine } from './job-text.ts'
import { example, type Done } from './options.ts'
import { Output } from './output.ts'
import { endWhenUnread, exitWhenWritten } from './termination.ts'
import { usageError } from './usage.ts'

const ON_A_SHARE = [ls, get, put, rm, mv, mkdir, hash, shell, batch]
/** Every command, in the order of the help. */
const COMMANDS = [id, share, pair, ...ON_A_SHARE, peers, grant, history, doctor, service]

/** How commands and their help are asked for. */
const WORDS = {
  command: (name: string) => `sft ${name}`,
  help: (name?: string) => (name === undefined ? 'sft --help' : `sft ${name} --help`),
}

const EXAMPLES = `sft share ./photos               # prints what to type on the other machine
  sft                              # on a terminal: a menu of all this`

/** Runs the command line `argv` (without interpreter and script), or the menu without one, and returns the exit status. */
export async function main(argv: readonly string[]): Promise<number> {
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
  const output = new Output(argv.includes('--json'))
  noteCommandLine(argv)
  let exit = 0
  const program = commandLine((status) => (exit = status))
  try {
    await program.parseAsync(argv, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) exit = output.failure(error)
    else if (error.exitCode === 0) exit = 0
    else exit = error.code === 'commander.help' ? 2 : output.failure(usageError(error, program, argv[0], WORDS))
  }
  return exit
}

/** Defines every command; each reports its exit status to `done`. */
function commandLine(done: Done): Command {
  const program = new Command('sft')
    .description('Moves files between two machines that trust each other: encrypted end to end, no server, no account.')
    .version(packageJson.version)
    .exitOverride()
    .configureOutput({ outputError: () => undefined }) // printed by main, as every other failure
    .addHelpText('after', example(EXAMPLES))
  for (const define of COMMANDS) define(program, done)
  return program
}
