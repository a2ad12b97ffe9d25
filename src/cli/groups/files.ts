import type { Command, OptionValues } from '@commander-js/extra-typings'
import {
  addr,
  bwlimit,
  checksum,
  dryRun,
  example,
  exclude,
  include,
  jobs,
  json,
  lanOnly,
  muxer,
  noDiscovery,
  onConflict,
  overwrite,
  retryFor,
  verbose,
  type Done,
} from '../options.ts'

/** The commands that use the share of another machine. */

const PEER = 'name of a paired machine, its peer ID, or an address as "sft share" prints it'

/** Adds the options of every command that moves files. */
function withTransfer<A extends unknown[], O extends OptionValues>(command: Command<A, O>) {
  return command
    .addOption(overwrite())
    .addOption(onConflict())
    .addOption(checksum())
    .addOption(dryRun())
    .addOption(include())
    .addOption(exclude())
    .addOption(bwlimit())
    .addOption(jobs())
    .addOption(retryFor())
}

/** Adds the options of every command that reaches another machine, which stand last in its help. */
function withPeer<A extends unknown[], O extends OptionValues>(command: Command<A, O>) {
  return command
    .addOption(addr())
    .addOption(noDiscovery())
    .addOption(lanOnly())
    .addOption(json())
    .addOption(verbose('tell on stderr how the peer is reached and what is skipped; -vv: each request'))
    .addOption(muxer())
}

export function ls(program: Command, done: Done): void {
  const command = program
    .command('ls')
    .description('list a folder of a share')
    .argument('<peer>', PEER)
    .argument('[path]', 'folder in the share')
    .option('-r, --recursive', 'list everything below it')
    .option('-l, --long', 'show sizes and times, as a terminal gets them anyway')
  withPeer(command)
    .addHelpText('after', example('sft ls ana-laptop holidays'))
    .action(async (peer, path, options) => done(await (await import('../commands/ls.ts')).ls(peer, path, options)))
}

export function get(program: Command, done: Done): void {
  const command = program
    .command('get')
    .description('fetch files and folders; each file appears only complete and verified')
    .argument('<peer>', PEER)
    .argument('<path...>', 'files and folders of the share, or patterns such as "*.jpg"')
    .option('-o, --output <dest>', 'folder to put them in, or name for the one file; - for stdout')
  withPeer(withTransfer(command))
    .addHelpText('after', example('sft get ana-laptop holidays -o pictures/'))
    .action(async (peer, paths, options) => done(await (await import('../commands/get.ts')).get(peer, paths, options)))
}

export function put(program: Command, done: Done): void {
  const command = program
    .command('put')
    .description('store files and folders in a share that allows it')
    .argument('<peer>', PEER)
    .argument('<file...>', 'files and folders of this machine; - for stdin')
    .option('-o, --output <dest>', 'folder of the share to put them in, or name for the one file')
  withPeer(withTransfer(command))
    .addHelpText('after', example('sft put ana-laptop report.pdf -o inbox/'))
    .action(async (peer, files, options) => done(await (await import('../commands/put.ts')).put(peer, files, options)))
}

export function rm(program: Command, done: Done): void {
  const command = program
    .command('rm')
    .description('delete files and empty folders of a share')
    .argument('<peer>', PEER)
    .argument('<path...>', 'what to delete')
  withPeer(command)
    .addHelpText('after', example('sft rm ana-laptop old.txt'))
    .action(async (peer, paths, options) =>
      done(await (await import('../commands/change.ts')).rm(peer, paths, options)),
    )
}

export function mv(program: Command, done: Done): void {
  const command = program
    .command('mv')
    .description('rename or move within a share')
    .argument('<peer>', PEER)
    .argument('<old>', 'what to rename')
    .argument('<new>', 'its new path')
    .option('--overwrite', 'replace a file of that name')
  withPeer(command)
    .addHelpText('after', example('sft mv ana-laptop draft.txt final.txt'))
    .action(async (peer, from, to, options) =>
      done(await (await import('../commands/change.ts')).mv(peer, from, to, options)),
    )
}

export function mkdir(program: Command, done: Done): void {
  const command = program
    .command('mkdir')
    .description('make folders in a share')
    .argument('<peer>', PEER)
    .argument('<path...>', 'folders to make')
    .option('-p, --parents', 'also make the folders above, and accept those that exist')
  withPeer(command)
    .addHelpText('after', example('sft mkdir ana-laptop 2026/june -p'))
    .action(async (peer, paths, options) =>
      done(await (await import('../commands/change.ts')).mkdir(peer, paths, options)),
    )
}

export function hash(program: Command, done: Done): void {
  const command = program
    .command('hash')
    .description('print MD5 digests of files in a share, as md5sum does')
    .argument('<peer>', PEER)
    .argument('<path...>', 'files in the share')
    .option('--sha256', 'print SHA-256 instead, as sha256sum does')
  withPeer(command)
    .addHelpText('after', example('sft hash ana-laptop disk.img'))
    .action(async (peer, paths, options) =>
      done(await (await import('../commands/hash.ts')).hash(peer, paths, options)),
    )
}
