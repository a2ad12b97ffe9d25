import { Option, type Command, type CommandUnknownOpts } from '@commander-js/extra-typings'
import { example, json, quiet, type Done } from '../options.ts'
import { settingsPath } from '../settings.ts'
import { onlyTyped } from '../sources.ts'
import { withShareOptions } from './sharing.ts'

/** The commands about shares that run by themselves. */

const SHARED_FOLDER = 'the shared folder'

/** What is for the service, and not for the share. */
const OWN: ReadonlySet<string> = new Set(['print', 'sandbox', 'quiet', 'json'])

export function service(program: Command, done: Done): void {
  const group = program
    .command('service')
    .description('share a folder from boot on, as a service of systemd')
    .addHelpText('after', example('sft service install ./photos\n  sft service status ./photos'))

  withShareOptions(
    group.command('install').description('share a folder from now on').argument('<dir>', 'folder to serve'),
  )
    .addOption(onlyTyped(new Option('--print', 'only print the unit')))
    .addOption(
      onlyTyped(new Option('--no-sandbox', 'let it see the file system as it is, where users get no namespaces')),
    )
    .addOption(quiet())
    .addOption(json())
    .addHelpText('after', example('sft service install ./photos --peer ana'))
    .action(async (dir, options, command) => {
      const { path, named } = await settingsPath(program)
      const all = { ...options, ...(named && { config: path }) }
      done(await (await import('../commands/service.ts')).install(dir, flagsOf(command), all))
    })

  group
    .command('uninstall')
    .description('share a folder no more')
    .argument('<dir>', SHARED_FOLDER)
    .addOption(quiet())
    .addOption(json())
    .addHelpText('after', example('sft service uninstall ./photos'))
    .action(async (dir, options) => done(await (await import('../commands/service.ts')).uninstall(dir, options)))

  group
    .command('status')
    .description('tell whether a service shares a folder')
    .argument('<dir>', SHARED_FOLDER)
    .addOption(quiet())
    .addOption(json())
    .addHelpText('after', example('sft service status ./photos'))
    .action(async (dir, options) => done(await (await import('../commands/service.ts')).status(dir, options)))
}

/** Returns the options of the share that were given, in their long form, also by the environment. */
function flagsOf(command: CommandUnknownOpts): string[] {
  return command.options.flatMap((option) => {
    const name = option.attributeName()
    const source = command.getOptionValueSource(name)
    if (OWN.has(name) || (source !== 'cli' && source !== 'env')) return []
    if (name === 'name' && source === 'env') return [] // as the unit has the variable
    const { long = '', negate } = option
    const value: unknown = command.getOptionValue(name)
    if (typeof value === 'boolean') return value === negate ? [] : [long]
    if (negate) return [] // of the option that has the value
    return [value].flat().map((one) => `${long}=${String(one)}`)
  })
}
