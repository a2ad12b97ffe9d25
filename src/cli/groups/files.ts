import type { Command, CommandUnknownOpts } from '@commander-js/extra-typings'
import type { PeerOptions, Work } from '../context.ts'
import { example, type Done } from '../options.ts'
import { applySettings } from '../settings.ts'
import { withoutSettings } from '../sources.ts'
import {
  fetching,
  hashing,
  listing,
  making,
  meantByGet,
  PEER,
  removing,
  renaming,
  storing,
  withPeer,
} from './definitions.ts'

/** The commands that use the share of another machine. */

/** Connects and does what `load` loads: of all commands only the one that is used. */
async function onRemote(peer: string, options: PeerOptions, load: () => Promise<Work>): Promise<number> {
  const { withRemote } = await import('../context.ts')
  return withRemote(peer, options, await load())
}

/** Gives the commands of a shell what those of the same names take from the environment and the configuration file. */
function settingsOf(program: Command): (command: CommandUnknownOpts) => Promise<void> {
  const names = new Set(program.commands.map((command) => command.name()))
  return async (command) => (names.has(command.name()) ? applySettings(command, program) : undefined)
}

export function ls(program: Command, done: Done): void {
  const command = program
    .command('ls')
    .description('list a folder of a share')
    .argument('<peer>', PEER)
    .argument('[path]', 'folder in the share, or a pattern such as "*.jpg"')
  withPeer(listing(command))
    .addHelpText('after', example('sft ls ana-laptop holidays'))
    .action(async (peer, path, options) =>
      done(await onRemote(peer, options, async () => (await import('../commands/ls.ts')).ls(path, options))),
    )
}

export function get(program: Command, done: Done): void {
  withPeer(fetching(program.command('get').argument('<peer>', PEER)))
    .addHelpText('after', example('sft get ana-laptop holidays -o pictures/'))
    .action(async (peer, paths, options, command) => {
      const meant = meantByGet(command, options)
      done(await onRemote(peer, meant, async () => (await import('../commands/get.ts')).get(paths, meant)))
    })
}

export function put(program: Command, done: Done): void {
  withPeer(storing(program.command('put').argument('<peer>', PEER)))
    .addHelpText('after', example('sft put ana-laptop report.pdf -o inbox/'))
    .action(async (peer, files, options, command) => {
      const names = [
        'include',
        'exclude',
        ...(options.onConflict === 'overwrite' ? [] : ['onConflict' as const]),
      ] as const
      const meant = files.includes('-') ? withoutSettings(command, options, ...names) : options
      done(await onRemote(peer, meant, async () => (await import('../commands/put.ts')).put(files, meant)))
    })
}

export function rm(program: Command, done: Done): void {
  withPeer(removing(program.command('rm').argument('<peer>', PEER)))
    .addHelpText('after', example('sft rm ana-laptop old.txt'))
    .action(async (peer, paths, options) =>
      done(await onRemote(peer, options, async () => (await import('../commands/change.ts')).rm(paths))),
    )
}

export function mv(program: Command, done: Done): void {
  withPeer(renaming(program.command('mv').argument('<peer>', PEER)))
    .addHelpText('after', example('sft mv ana-laptop draft.txt final.txt'))
    .action(async (peer, from, to, options) =>
      done(await onRemote(peer, options, async () => (await import('../commands/change.ts')).mv(from, to, options))),
    )
}

export function mkdir(program: Command, done: Done): void {
  withPeer(making(program.command('mkdir').argument('<peer>', PEER)))
    .addHelpText('after', example('sft mkdir ana-laptop 2026/june -p'))
    .action(async (peer, paths, options) =>
      done(await onRemote(peer, options, async () => (await import('../commands/change.ts')).mkdir(paths, options))),
    )
}

export function hash(program: Command, done: Done): void {
  withPeer(hashing(program.command('hash').argument('<peer>', PEER)))
    .addHelpText('after', example('sft hash ana-laptop disk.img'))
    .action(async (peer, paths, options) =>
      done(await onRemote(peer, options, async () => (await import('../commands/hash.ts')).hash(paths, options))),
    )
}

export function shell(program: Command, done: Done): void {
  const command = program
    .command('shell')
    .description('type commands to a share, with its folders as yours: ls, cd, get, put, ...')
    .argument('<peer>', PEER)
  withPeer(command)
    .addHelpText('after', example('sft shell ana-laptop'))
    .action(async (peer, options) =>
      done(await (await import('../commands/shell.ts')).shell(peer, options, settingsOf(program))),
    )
}

export function batch(program: Command, done: Done): void {
  const command = program
    .command('batch')
    .description('run the commands of a shell from a file, up to the first failure')
    .argument('<peer>', PEER)
    .argument('[file]', 'one command per line; - for stdin, as without it')
  withPeer(command)
    .addHelpText('after', example('sft batch ana-laptop nightly.txt'))
    .action(async (peer, file, options) =>
      done(await (await import('../commands/batch.ts')).batch(peer, file, options, settingsOf(program))),
    )
}
