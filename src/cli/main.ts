import { Command, CommanderError, InvalidArgumentError, Option } from '@commander-js/extra-typings'
import packageJson from '../../package.json' with { type: 'json' }
import { RIGHTS, SftError, type Muxer } from '../index.ts'
import { mkdir, mv, rm } from './commands/change.ts'
import { get } from './commands/get.ts'
import { hash } from './commands/hash.ts'
import { id } from './commands/id.ts'
import { ls } from './commands/ls.ts'
import { put } from './commands/put.ts'
import { share } from './commands/share.ts'
import { endWhenUnread, exitWhenWritten } from './context.ts'
import { Output } from './output.ts'

const PEER = 'address of the share, as "sft share" prints it: /ip4/…/tcp/…/p2p/…'
const EXAMPLE_PEER = '/ip4/192.168.1.7/tcp/4001/p2p/12D3Koo…'

/** Runs the command line `argv` (without interpreter and script) and returns the exit status. */
export async function main(argv: readonly string[]): Promise<number> {
  const output = new Output(argv.includes('--json'))
  endWhenUnread()
  let exit = 0
  const program = commandLine((status) => (exit = status))
  try {
    await program.parseAsync(argv, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) exit = output.failure(error)
    else if (error.exitCode === 0) exit = 0
    else exit = error.code === 'commander.help' ? 2 : output.failure(usageError(error, program, argv))
  }
  return exitWhenWritten(exit)
}

/** Returns what is wrong with a command line as one line that names the next step. */
function usageError(error: CommanderError, program: Command, argv: readonly string[]): SftError {
  const command = program.commands.find((known) => known.name() === argv[0])
  const fault = error.message
    .replace(/^error: /, '')
    .replace(/\n\(Did you mean (.*)\?\)$/, '; did you mean $1?')
    .replace(/\.$/, '')
  const dash = error.code === 'commander.unknownOption' && command ? ' (a name that begins with - goes after --)' : ''
  const help = command ? `sft ${command.name()} --help` : 'sft --help'
  return new SftError('ERR_USAGE', `${fault}${dash}${fault.endsWith('?') ? '' : ';'} see: ${help}`, { cause: error })
}

/** Defines every command; each reports its exit status to `done`. */
function commandLine(done: (exit: number) => void): Command {
  const program = new Command('sft')
    .description('Moves files between two machines that trust each other: encrypted end to end, no server, no account.')
    .version(packageJson.version)
    .exitOverride()
    .configureOutput({ outputError: () => undefined }) // printed by main, as every other failure
    .addHelpText('after', `\nExample:\n  sft share ./photos --open        # prints the command for the other machine`)

  program
    .command('id')
    .description('print the peer ID of this machine, which others name it by')
    .addOption(json())
    .addHelpText('after', example('sft id'))
    .action(async (options) => done(await id(options)))

  program
    .command('share')
    .description('serve a folder until Ctrl-C; read-only unless rights are given')
    .argument('<dir>', 'folder to serve')
    .option('-w, --write', 'allow everything, also to change and delete what is there')
    .option('--allow <rights>', `allow these, separated by commas: ${RIGHTS.join(', ')}`)
    .option('--drop', 'allow only adding files: peers neither see nor fetch what is there')
    .option('--open', 'let any peer in that reaches this machine')
    .option('--peer <id>', 'let this peer in; may be repeated', collect)
    .option('--listen <multiaddr>', 'listen here instead of everywhere; may be repeated', collect)
    .option('--no-discovery', 'do not announce this share on the local network (nothing does yet)')
    .addOption(json())
    .addOption(muxer())
    .addHelpText('after', example('sft share ./photos --peer 12D3Koo…'))
    .action(async (dir, options) => done(await share(dir, options)))

  program
    .command('ls')
    .description('list a folder of a share')
    .argument('<peer>', PEER)
    .argument('[path]', 'folder in the share')
    .option('-r, --recursive', 'list everything below it')
    .option('-l, --long', 'show sizes and times, as a terminal gets them anyway')
    .addOption(json())
    .addOption(muxer())
    .addHelpText('after', example(`sft ls ${EXAMPLE_PEER} holidays`))
    .action(async (peer, path, options) => done(await ls(peer, path, options)))

  program
    .command('get')
    .description('fetch files; each appears only complete and verified')
    .argument('<peer>', PEER)
    .argument('<path...>', 'files in the share')
    .option('-o, --output <dest>', 'folder to put them in, or name for the one file')
    .option('--overwrite', 'replace local files of the same name')
    .addOption(json())
    .addOption(muxer())
    .addHelpText('after', example(`sft get ${EXAMPLE_PEER} holidays/beach.jpg -o pictures/`))
    .action(async (peer, paths, options) => done(await get(peer, paths, options)))

  program
    .command('put')
    .description('store files in a share that allows it')
    .argument('<peer>', PEER)
    .argument('<file...>', 'files of this machine')
    .option('-o, --output <dest>', 'folder of the share to put them in, or name for the one file')
    .option('--overwrite', 'replace files of the same name')
    .addOption(json())
    .addOption(muxer())
    .addHelpText('after', example(`sft put ${EXAMPLE_PEER} report.pdf -o inbox/`))
    .action(async (peer, files, options) => done(await put(peer, files, options)))

  program
    .command('rm')
    .description('delete files and empty folders of a share')
    .argument('<peer>', PEER)
    .argument('<path...>', 'what to delete')
    .addOption(json())
    .addOption(muxer())
    .addHelpText('after', example(`sft rm ${EXAMPLE_PEER} old.txt`))
    .action(async (peer, paths, options) => done(await rm(peer, paths, options)))

  program
    .command('mv')
    .description('rename or move within a share')
    .argument('<peer>', PEER)
    .argument('<old>', 'what to rename')
    .argument('<new>', 'its new path')
    .option('--overwrite', 'replace a file of that name')
    .addOption(json())
    .addOption(muxer())
    .addHelpText('after', example(`sft mv ${EXAMPLE_PEER} draft.txt final.txt`))
    .action(async (peer, from, to, options) => done(await mv(peer, from, to, options)))

  program
    .command('mkdir')
    .description('make folders in a share')
    .argument('<peer>', PEER)
    .argument('<path...>', 'folders to make')
    .option('-p, --parents', 'also make the folders above, and accept those that exist')
    .addOption(json())
    .addOption(muxer())
    .addHelpText('after', example(`sft mkdir ${EXAMPLE_PEER} 2026/june -p`))
    .action(async (peer, paths, options) => done(await mkdir(peer, paths, options)))

  program
    .command('hash')
    .description('print MD5 digests of files in a share, as md5sum does')
    .argument('<peer>', PEER)
    .argument('<path...>', 'files in the share')
    .option('--sha256', 'print SHA-256 instead, as sha256sum does')
    .addOption(json())
    .addOption(muxer())
    .addHelpText('after', example(`sft hash ${EXAMPLE_PEER} disk.img`))
    .action(async (peer, paths, options) => done(await hash(peer, paths, options)))

  return program
}

function json(): Option<'--json'> {
  return new Option('--json', 'print one JSON object per line, each with a type')
}

/** For tests and comparisons; the default, yamux and then mplex, is right for people. */
function muxer(): Option<'--muxer <name>', undefined, undefined, Muxer> {
  return new Option('--muxer <name>', 'offer only this stream muxer')
    .argParser((name) => {
      if (name === 'yamux' || name === 'mplex') return name
      throw new InvalidArgumentError('there are yamux and mplex.')
    })
    .hideHelp()
}

/** Gathers the values of an option that may be repeated. */
function collect(value: string, earlier: readonly string[] | undefined): readonly string[] {
  return [...(earlier ?? []), value]
}

function example(command: string): string {
  return `\nExample:\n  ${command}`
}
