import { Command, Option, type CommandUnknownOpts } from '@commander-js/extra-typings'
import { RIGHTS } from '../../wire/rights.ts'
import { addr, example, json, lanOnly, noDiscovery, noProgress, quiet, type Done } from '../options.ts'
import { onlyTyped } from '../sources.ts'

/** The commands about the machines that this one knows. */

const KNOWN_PEER = 'its name, its peer ID, or at least 6 characters of the end of that'

export function peers(program: Command, done: Done): void {
  const group = program
    .command('peers')
    .description('list the machines this one has paired with, or change what it knows of them')
    .addOption(noDiscovery())
    .addOption(lanOnly())
    .addOption(quiet())
    .addOption(json())
    .addHelpText('after', example('sft peers rename laptop ana'))
    .action(async (options, command) => {
      refuseWords(command.args, command)
      done(await (await import('../commands/peers.ts')).peers(options))
    })

  group
    .command('rename')
    .description('call a peer something else')
    .argument('<peer>', KNOWN_PEER)
    .argument('<new>', 'its new name, on this machine only')
    .addOption(quiet())
    .addOption(json())
    .addHelpText('after', example('sft peers rename laptop ana'))
    .action(async (old, name, _, command) =>
      done(await (await import('../commands/peers.ts')).rename(old, name, command.optsWithGlobals())),
    )

  group
    .command('remove')
    .alias('rm')
    .description('forget peers: to connect again, they have to pair again')
    .argument('<peer...>', KNOWN_PEER)
    .addOption(quiet())
    .addOption(json())
    .addHelpText('after', example('sft peers remove ana'))
    .action(async (known, _, command) =>
      done(await (await import('../commands/peers.ts')).remove(known, command.optsWithGlobals())),
    )

  group
    .command('block')
    .description('keep a peer out, whatever its rights')
    .argument('<peer>', KNOWN_PEER)
    .addOption(quiet())
    .addOption(json())
    .addHelpText('after', example('sft peers block ana'))
    .action(async (peer, _, command) =>
      done(await (await import('../commands/peers.ts')).block(peer, command.optsWithGlobals())),
    )

  group
    .command('unblock')
    .description('let a peer in again, with the rights it had')
    .argument('<peer>', KNOWN_PEER)
    .addOption(quiet())
    .addOption(json())
    .addHelpText('after', example('sft peers unblock ana'))
    .action(async (peer, _, command) =>
      done(await (await import('../commands/peers.ts')).unblock(peer, command.optsWithGlobals())),
    )

  // To say more of a word that is none of these commands; last, as they would take it over.
  group.allowExcessArguments()
}

export function grant(program: Command, done: Done): void {
  program
    .command('grant')
    .description('set what a peer may do here, or show it; a share still gives no more than its own flags allow')
    .argument('<peer>', KNOWN_PEER)
    .argument('[rights]', `some of ${RIGHTS.join(',')}, or all, none, default; for one folder: put@inbox`)
    .addOption(onlyTyped(new Option('--share <dir>', 'only where this folder is shared')))
    .addOption(quiet())
    .addOption(json())
    .addHelpText('after', example('sft grant ana list,get\n  sft grant ana put,mkdir@inbox'))
    .action(async (peer, rights, options) =>
      done(await (await import('../commands/grant.ts')).grant(peer, rights, options)),
    )
}

export function doctor(program: Command, done: Done): void {
  program
    .command('doctor')
    .description('find out why two machines do not talk, and what to do; run it on either')
    .argument('[peer]', 'the machine that is not reached; without it, only this one is looked at')
    .addOption(addr())
    .addOption(noDiscovery())
    .addOption(lanOnly())
    .addOption(noProgress())
    .addOption(quiet())
    .addOption(json())
    .addHelpText('after', example('sft doctor laptop'))
    .action(async (peer, options) => done(await (await import('../commands/doctor.ts')).doctor(peer, options)))
}

/** @throws CommanderError if there is a word, which names no command of the group, with the one that may be meant. */
function refuseWords(words: readonly string[], group: CommandUnknownOpts): void {
  const probe = new Command(group.name()).exitOverride().configureOutput({ outputError: () => undefined })
  for (const known of group.commands) probe.command(known.name())
  if (words.length > 0) probe.parse([...words], { from: 'user' })
}
