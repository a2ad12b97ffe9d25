import { Command, CommanderError, InvalidArgumentError, Option } from '@commander-js/extra-typings'
import packageJson from '../../package.json' with { type: 'json' }
import { RIGHTS, SftError, type Muxer } from '../index.ts'
import { mkdir, mv, rm } from './commands/change.ts'
import { doctor } from './commands/doctor.ts'
import { get } from './commands/get.ts'
import { grant } from './commands/grant.ts'
import { hash } from './commands/hash.ts'
import { id } from './commands/id.ts'
import { ls } from './commands/ls.ts'
import { pair } from './commands/pair.ts'
import * as peers from './commands/peers.ts'
import { put } from './commands/put.ts'
import { share } from './commands/share.ts'
import { endWhenUnread, exitWhenWritten } from './context.ts'
import { Output } from './output.ts'

const PEER = 'address of the share, as "sft share" prints it: /ip4/…/tcp/…/p2p/…'
const KNOWN_PEER = 'its name, its peer ID, or at least 6 characters of the end of that'
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
    .addHelpText('after', `\nExample:\n  sft share ./photos               # prints what to type on the other machine`)

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
    .option('--peer <peer>', 'let only this one in, by name or peer ID; may be repeated', collect)
    .option('--no-pairing', 'show no code to machines that are not paired')
    .option('--qr', 'show codes as QR codes too')
    .option('--name <name>', 'what machines that pair are told this one is called')
    .option('--listen <multiaddr>', 'listen here instead of everywhere; may be repeated', collect)
    .addOption(noDiscovery())
    .addOption(lanOnly())
    .addOption(json())
    .addOption(muxer())
    .addHelpText('after', example('sft share ./photos'))
    .action(async (dir, options) => done(await share(dir, options)))

  program
    .command('pair')
    .description('pair with another machine once, by a code that one shows and the other types')
    .argument('[code]', 'the code the other machine shows, or - to be asked for it; without it, show one')
    .option('--addr <address>', 'where the machine is that shows the code, if it is not found')
    .option('--name <name>', 'what the other machine is told this one is called')
    .option('--qr', 'show the code as a QR code too')
    .option('--listen <multiaddr>', 'listen here instead of everywhere; may be repeated', collect)
    .addOption(noDiscovery())
    .addOption(lanOnly())
    .addOption(json())
    .addHelpText('after', example('sft pair\n  sft pair ocean-canyon-seven'))
    .action(async (code, options) => done(await pair(code, options)))

  program
    .command('ls')
    .description('list a folder of a share')
    .argument('<peer>', PEER)
    .argument('[path]', 'folder in the share')
    .option('-r, --recursive', 'list everything below it')
    .option('-l, --long', 'show sizes and times, as a terminal gets them anyway')
    .addOption(addr())
    .addOption(noDiscovery())
    .addOption(lanOnly())
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
    .addOption(addr())
    .addOption(noDiscovery())
    .addOption(lanOnly())
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
    .addOption(addr())
    .addOption(noDiscovery())
    .addOption(lanOnly())
    .addOption(json())
    .addOption(muxer())
    .addHelpText('after', example(`sft put ${EXAMPLE_PEER} report.pdf -o inbox/`))
    .action(async (peer, files, options) => done(await put(peer, files, options)))

  program
    .command('rm')
    .description('delete files and empty folders of a share')
    .argument('<peer>', PEER)
    .argument('<path...>', 'what to delete')
    .addOption(addr())
    .addOption(noDiscovery())
    .addOption(lanOnly())
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
    .addOption(addr())
    .addOption(noDiscovery())
    .addOption(lanOnly())
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
    .addOption(addr())
    .addOption(noDiscovery())
    .addOption(lanOnly())
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
    .addOption(addr())
    .addOption(noDiscovery())
    .addOption(lanOnly())
    .addOption(json())
    .addOption(muxer())
    .addHelpText('after', example(`sft hash ${EXAMPLE_PEER} disk.img`))
    .action(async (peer, paths, options) => done(await hash(peer, paths, options)))

  const peersCommand = program
    .command('peers')
    .description('list the machines this one has paired with, or change what it knows of them')
    .addOption(noDiscovery())
    .addOption(lanOnly())
    .addOption(json())
    .addHelpText('after', example('sft peers rename laptop ana'))
    .action(async (options) => done(await peers.peers(options)))

  peersCommand
    .command('rename')
    .description('call a peer something else')
    .argument('<old>', KNOWN_PEER)
    .argument('<new>', 'its new name, on this machine only')
    .addOption(json())
    .addHelpText('after', example('sft peers rename laptop ana'))
    .action(async (old, name, _, command) => done(await peers.rename(old, name, command.optsWithGlobals())))

  peersCommand
    .command('remove')
    .alias('rm')
    .description('forget peers: to connect again, they have to pair again')
    .argument('<peer...>', KNOWN_PEER)
    .addOption(json())
    .addHelpText('after', example('sft peers remove ana'))
    .action(async (known, _, command) => done(await peers.remove(known, command.optsWithGlobals())))

  peersCommand
    .command('block')
    .description('keep a peer out, whatever its rights')
    .argument('<peer>', KNOWN_PEER)
    .addOption(json())
    .addHelpText('after', example('sft peers block ana'))
    .action(async (peer, _, command) => done(await peers.block(peer, command.optsWithGlobals())))

  peersCommand
    .command('unblock')
    .description('let a peer in again, with the rights it had')
    .argument('<peer>', KNOWN_PEER)
    .addOption(json())
    .addHelpText('after', example('sft peers unblock ana'))
    .action(async (peer, _, command) => done(await peers.unblock(peer, command.optsWithGlobals())))

  program
    .command('grant')
    .description('set what a peer may do here, or show it; a share still gives no more than its own flags allow')
    .argument('<peer>', KNOWN_PEER)
    .argument('[rights]', `some of ${RIGHTS.join(',')}, or all, none, default; for one folder: put@inbox`)
    .option('--share <dir>', 'only where this folder is shared')
    .addOption(json())
    .addHelpText('after', example('sft grant ana list,get\n  sft grant ana put,mkdir@inbox'))
    .action(async (peer, rights, options) => done(await grant(peer, rights, options)))

  program
    .command('doctor')
    .description('find out why two machines do not talk, and what to do; run it on either')
    .argument('[peer]', 'the machine that is not reached; without it, only this one is looked at')
    .addOption(addr())
    .addOption(noDiscovery())
    .addOption(lanOnly())
    .addOption(json())
    .addHelpText('after', example('sft doctor laptop'))
    .action(async (peer, options) => done(await doctor(peer, options)))

  return program
}

function json(): Option<'--json'> {
  return new Option('--json', 'print one JSON object per line, each with a type')
}

function addr(): Option<'--addr <address>', undefined, undefined, readonly string[]> {
  return new Option('--addr <address>', 'try this address too, as IP, IP:port or multiaddr; may be repeated').argParser(
    collect,
  )
}

function noDiscovery(): Option<'--no-discovery', undefined, true> {
  const option = new Option('--no-discovery', 'neither look for machines on the local network nor be found there')
  return option.default(true).env('SFT_NO_DISCOVERY')
}

function lanOnly(): Option<'--lan-only'> {
  return new Option('--lan-only', 'refuse every address that is not of a private network')
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
