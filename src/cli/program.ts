import { Command } from '@commander-js/extra-typings'
import packageJson from '../../package.json' with { type: 'json' }
import { batch, get, hash, ls, mkdir, mv, put, rm, shell } from './groups/files.ts'
import { doctor, grant, peers } from './groups/machines.ts'
import { service } from './groups/service.ts'
import { history, id, pair, share } from './groups/sharing.ts'
import { completion, config } from './groups/upkeep.ts'
import { describeOption, example, type Done } from './options.ts'
import { applySettings } from './settings.ts'

const SHARING = [id, share, pair, ls, get, put, rm, mv, mkdir, hash, shell, batch]

/** Every command, in the order of the help. */
const COMMANDS = [...SHARING, peers, grant, history, doctor, service, config, completion]

/** What people call commands who come from other programs. The help does not name them. */
const OTHER_NAMES = new Map([
  ['up', 'put'],
  ['tx', 'put'],
  ['down', 'get'],
  ['rx', 'get'],
  ['del', 'rm'],
  ['rename', 'mv'],
])

const EXAMPLES = `sft share ./photos               # prints what to type on the other machine
  sft                              # on a terminal: a menu of all this`

/** Defines every command; each reports its exit status to `done`. */
export function commandLine(done: Done): Command {
  const program: Command = new Command('sft')
    .description('Moves files between two machines that trust each other: encrypted end to end, no server, no account.')
    .version(packageJson.version)
    .exitOverride()
    .configureHelp({ optionDescription: describeOption })
    .configureOutput({ outputError: () => undefined }) // printed by main, as every other failure
    .hook('preAction', async (_program, command) => applySettings(command))
    .addHelpText('after', example(EXAMPLES))
  program.option('--config <file>', 'read settings from here; see: sft config')
  for (const define of COMMANDS) define(program, done)
  return program
}

/** Returns a command line with the usual name of its command, and that name, which is empty if there is none. */
export function withUsualName(words: readonly string[]): { words: readonly string[]; name: string } {
  const at = words.findIndex((word, at) => !word.startsWith('-') && words[at - 1] !== '--config')
  const name = usualName(words[at] ?? '')
  return { words: at < 0 ? words : words.with(at, name), name }
}

/** Returns the name in the help of a command that is called `name`. */
export function usualName(name: string): string {
  return OTHER_NAMES.get(name) ?? name
}
