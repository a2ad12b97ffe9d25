import { Option, type Command, type OptionValues } from '@commander-js/extra-typings'
import {
  addr,
  bwlimit,
  checksum,
  dryRun,
  exclude,
  include,
  jobs,
  json,
  lanOnly,
  muxer,
  name,
  noDiscovery,
  noInput,
  noProgress,
  onConflict,
  overwrite,
  quiet,
  retryFor,
  verbose,
  yes,
} from '../options.ts'
import { onlyTyped, setting, withoutSettings, type Sources } from '../sources.ts'

/** What the commands take that use a share: after a peer on the command line, and by themselves in a shell. */

export const PEER = 'name of a paired machine, its peer ID, or an address as "sft share" prints it'

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
    .addOption(yes())
}

/** Adds the options of every command that reaches another machine, which stand last in its help. */
export function withPeer<A extends unknown[], O extends OptionValues>(command: Command<A, O>) {
  return command
    .addOption(addr())
    .addOption(noDiscovery())
    .addOption(lanOnly())
    .addOption(noInput())
    .addOption(noProgress())
    .addOption(quiet())
    .addOption(json())
    .addOption(verbose('tell on stderr how the peer is reached and what is skipped; -vv: each request'))
    .addOption(muxer())
    .addOption(name().hideHelp()) // for the pairing that the first command may turn into
}

/** Adds the options of a listing. */
export function listing<A extends unknown[], O extends OptionValues>(command: Command<A, O>) {
  return command
    .option('-r, --recursive', 'list everything below it')
    .addOption(setting(new Option('-l, --long', 'show sizes and times, as a terminal gets them anyway'), true))
}

export function fetching<A extends unknown[], O extends OptionValues>(command: Command<A, O>) {
  return withTransfer(
    command
      .description('fetch files and folders; each file appears only complete and verified')
      .argument('<path...>', 'files and folders of the share, or patterns such as "*.jpg"')
      .addOption(
        onlyTyped(new Option('-o, --output <dest>', 'folder to put them in, or name for the one file; - for stdout')),
      ),
  )
}

/** Returns the options of `get` as they are meant: some settings for every day make no sense for a stream. */
export function meantByGet<O extends StreamSettings>(command: Sources, options: O): O {
  return options.output === '-' ? withoutSettings(command, options, 'include', 'exclude') : options
}

interface StreamSettings {
  readonly output?: string
  readonly include?: readonly string[]
  readonly exclude?: readonly string[]
}

export function storing<A extends unknown[], O extends OptionValues>(command: Command<A, O>) {
  return withTransfer(
    command
      .description('store files and folders in a share that allows it')
      .argument('<file...>', 'files and folders of this machine; - for stdin')
      .addOption(
        onlyTyped(new Option('-o, --output <path>', 'folder of the share to put them in, or name for the one file')),
      ),
  )
}

export function removing<A extends unknown[], O extends OptionValues>(command: Command<A, O>) {
  return command.description('delete files and empty folders of a share').argument('<path...>', 'what to delete')
}

export function renaming<A extends unknown[], O extends OptionValues>(command: Command<A, O>) {
  return command
    .description('rename or move within a share')
    .argument('<old>', 'what to rename')
    .argument('<new>', 'its new path')
    .addOption(onlyTyped(new Option('--overwrite', 'replace a file of that name')))
}

export function making<A extends unknown[], O extends OptionValues>(command: Command<A, O>) {
  return command
    .description('make folders in a share')
    .argument('<path...>', 'folders to make')
    .addOption(setting(new Option('-p, --parents', 'also make the folders above, and accept those that exist'), true))
}

export function hashing<A extends unknown[], O extends OptionValues>(command: Command<A, O>) {
  return command
    .description('print MD5 digests of files in a share, as md5sum does')
    .argument('<path...>', 'files in the share')
    .addOption(setting(new Option('--sha256', 'print SHA-256 instead, as sha256sum does'), true))
}
