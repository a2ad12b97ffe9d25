import { Option, type Command } from '@commander-js/extra-typings'
import { RIGHTS } from '../../wire/rights.ts'
import {
  collect,
  example,
  json,
  lanOnly,
  lines,
  listen,
  muxer,
  name,
  noDiscovery,
  noInput,
  qr,
  quiet,
  since,
  verbose,
  type Done,
} from '../options.ts'
import { onlyTyped, setting, withoutSettings } from '../sources.ts'

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
    .addOption(qr())
    .addOption(quiet())
    .addOption(json())
    .addOption(verbose('also print sessions and looks; -vv: how long each request took'))
    .addOption(muxer())
    .addHelpText('after', example('sft share ./photos'))
    .action(async (dir, options) => done(await (await import('../commands/share.ts')).share(dir, options)))
}

/** Adds what says how a folder is shared, also by a service. */
export function withShareOptions(command: Command<[string]>) {
  return (
    command
      // Who gets in, what they may do and what is kept of it is said where the folder is named, and nowhere else.
      .addOption(onlyTyped(new Option('-w, --write', 'allow everything, also to change and delete what is there')))
      .addOption(onlyTyped(new Option('--allow <rights>', `allow these, separated by commas: ${RIGHTS.join(', ')}`)))
      .addOption(onlyTyped(new Option('--drop', 'allow only adding files: peers neither see nor fetch what is there')))
      .addOption(onlyTyped(new Option('--open', 'let any peer in that reaches this machine')))
      .addOption(onlyTyped(peer()))
      .addOption(setting(new Option('--no-pairing', 'show no code to machines that are not paired'), true))
      .addOption(name())
      .addOption(listen())
      .addOption(onlyTyped(new Option('--log <file>', 'keep the log there instead of where "sft history" looks')))
      .addOption(onlyTyped(new Option('--no-log', 'keep no log')))
      .addOption(noDiscovery())
      .addOption(lanOnly())
  )
}

export function history(program: Command, done: Done): void {
  program
    .command('history')
    .description('show who did what on the shares of this machine')
    // What is left out is left out because somebody said so now.
    .addOption(onlyTyped(new Option('--peer <peer>', 'only this one, by its name now or then, or its peer ID')))
    .addOption(onlyTyped(since()))
    .addOption(onlyTyped(new Option('--failed', 'only what did not succeed')))
    .addOption(onlyTyped(lines()))
    .addOption(onlyTyped(new Option('--log <file>', 'read the log that "sft share --log" keeps there')))
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
    .addOption(
      onlyTyped(new Option('--addr <address>', 'where the machine is that shows the code, if it is not found')),
    )
    .addOption(name())
    .addOption(qr())
    .addOption(listen())
    .addOption(noDiscovery())
    .addOption(lanOnly())
    .addOption(noInput())
    .addOption(quiet())
    .addOption(json())
    .addHelpText('after', example('sft pair\n  sft pair ocean-canyon-seven'))
    .action(async (code, options, command) => {
      // These are settings of the machine that shows a code.
      const meant = code === undefined ? options : withoutSettings(command, options, 'listen', 'qr')
      done(await (await import('../commands/pair.ts')).pair(code, meant))
    })
}

function peer(): Option<'--peer <peer>', undefined, undefined, readonly string[]> {
  return new Option('--peer <peer>', 'let only this one in, by name or peer ID; may be repeated').argParser(collect)
}
