import type { Command } from '@commander-js/extra-typings'
import { RIGHTS } from '../../wire/rights.ts'
import {
  collect,
  example,
  json,
  lanOnly,
  lines,
  muxer,
  noDiscovery,
  noInput,
  quiet,
  since,
  verbose,
  type Done,
} from '../options.ts'

/** The commands by which a machine shows itself to others. */

export function id(program: Command, done: Done): void {
  program
    .command('id')
    .description('print the peer ID of this machine, which others name it by')
    .addOption(quiet())
    .addOption(json())
    .addHelpText('after', example('sft id'))
    .action(async (options) => done(await (await import('../commands/id.ts')).id(options)))
}

export function share(program: Command, done: Done): void {
  const command = program
    .command('share')
    .description('serve a folder until Ctrl-C; read-only unless rights are given')
    .argument('<dir>', 'folder to serve')
  withShareOptions(command)
    .option('--qr', 'show codes as QR codes too')
    .addOption(quiet())
    .addOption(json())
    .addOption(verbose('also print sessions and looks; -vv: how long each request took'))
    .addOption(muxer())
    .addHelpText('after', example('sft share ./photos'))
    .action(async (dir, options) => done(await (await import('../commands/share.ts')).share(dir, options)))
}

/** Adds what says how a folder is shared, also by a service. */
export function withShareOptions(command: Command<[string]>) {
  return command
    .option('-w, --write', 'allow everything, also to change and delete what is there')
    .option('--allow <rights>', `allow these, separated by commas: ${RIGHTS.join(', ')}`)
    .option('--drop', 'allow only adding files: peers neither see nor fetch what is there')
    .option('--open', 'let any peer in that reaches this machine')
    .option('--peer <peer>', 'let only this one in, by name or peer ID; may be repeated', collect)
    .option('--no-pairing', 'show no code to machines that are not paired')
    .option('--name <name>', 'what machines that pair are told this one is called')
    .option('--listen <multiaddr>', 'listen here instead of everywhere; may be repeated', collect)
    .option('--log <file>', 'keep the log there instead of where "sft history" looks')
    .option('--no-log', 'keep no log')
    .addOption(noDiscovery())
    .addOption(lanOnly())
}

export function history(program: Command, done: Done): void {
  program
    .command('history')
    .description('show who did what on the shares of this machine')
    .option('--peer <peer>', 'only this one, by its name now or then, or its peer ID')
    .addOption(since())
    .option('--failed', 'only what did not succeed')
    .addOption(lines())
    .option('--log <file>', 'read the log that "sft share --log" keeps there')
    .addOption(quiet())
    .addOption(json())
    .addHelpText('after', example('sft history --since 2h --failed'))
    .action(async (options) => done(await (await import('../commands/history.ts')).history(options)))
}

export function pair(program: Command, done: Done): void {
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
    .addOption(noInput())
    .addOption(quiet())
    .addOption(json())
    .addHelpText('after', example('sft pair\n  sft pair ocean-canyon-seven'))
    .action(async (code, options) => done(await (await import('../commands/pair.ts')).pair(code, options)))
}
