import { Command, type CommandUnknownOpts } from '@commander-js/extra-typings'
import { SftError } from '../../index.ts'
import { mkdir, mv, rm } from '../commands/change.ts'
import { get, type GetOptions } from '../commands/get.ts'
import { hash } from '../commands/hash.ts'
import { put } from '../commands/put.ts'
import type { Work } from '../context.ts'
import { fetching, hashing, listing, making, meantByGet, removing, renaming, storing } from '../groups/definitions.ts'
import { describeOption } from '../options.ts'
import type { Arguments } from './expand.ts'
import { lcd, lls, lpwd } from './local-commands.ts'
import type { Place } from './place.ts'
import { cd, ls, pwd } from './remote-commands.ts'

/** What one line of a shell asks for. */
export type Asked =
  | { readonly type: 'work'; readonly work: Work; readonly needsPeer: boolean }
  | { readonly type: 'help'; readonly command: string | undefined }
  | { readonly type: 'exit' }

/** Gives the options of a command that were not typed what variables and the configuration file say. */
export type ApplySettings = (command: CommandUnknownOpts) => Promise<void>

/** What the commands of one line are defined with. */
export interface TableInit {
  readonly place: Place
  readonly args: Arguments
  /** What goes for every transfer. */
  readonly flags: Pick<GetOptions, 'json' | 'input'>
  readonly applySettings: ApplySettings
  readonly take: (asked: Asked) => void
  /** Prints the help of a command that is asked for with `--help`. */
  readonly print: (text: string) => void
}

/** Defines every command of a shell, in the order of the help; the one that is parsed is given to `take`. */
export function commandTable({ place, args, flags, applySettings, take, print }: TableInit): Command {
  const remotely = (work: Work): void => take({ type: 'work', work, needsPeer: true })
  const locally = (work: Work): void => take({ type: 'work', work, needsPeer: false })
  const table = new Command('')
    .exitOverride()
    .hook('preAction', async (_, command) => applySettings(command))
    .configureOutput({ writeOut: print, outputError: () => undefined })
    .configureHelp({
      commandUsage: (command) => `${command.name()} ${command.usage()}`,
      optionDescription: describeOption,
    })

  listing(
    table.command('ls').description('list folders of the share').argument('[path...]', 'folders, or patterns'),
  ).action((paths, options) => remotely(ls(place, args, paths, options)))
  table
    .command('cd')
    .description('go to a folder of the share, or to its root')
    .argument('[path]', 'the folder; .. is the one above')
    .action((path) => remotely(cd(place, path)))
  table
    .command('pwd')
    .description('print the folder of the share')
    .action(() => locally(pwd(place)))

  fetching(table.command('get')).action((paths, options, command) => {
    const output = options.output === '-' ? '-' : place.localPath(options.output ?? '.')
    const all = { ...meantByGet(command, options), ...flags, output }
    get([], all) // which says what is wrong with the options, before anything is looked for
    remotely(async (session) => get(await args.remoteSources(paths, session), all)(session))
  })
  storing(table.command('put')).action((files, options) => {
    if (files.includes('-')) {
      throw new SftError('ERR_USAGE', 'stdin cannot be put from here; outside of this shell: sft put PEER - -o NAME')
    }
    const all = { ...options, ...flags, output: place.remoteDestination(options.output) }
    put([], all)
    remotely(async (session) => put(await args.localPaths(files), all)(session))
  })

  removing(table.command('rm')).action((paths) =>
    remotely(async (session) => rm(await args.remotePaths(paths, session))(session)),
  )
  renaming(table.command('mv').alias('rename')).action((from, to, options) =>
    remotely(mv(place.remotePath(from), place.remotePath(to), options)),
  )
  making(table.command('mkdir')).action((paths, options) =>
    remotely(
      mkdir(
        paths.map((path) => place.remotePath(path)),
        options,
      ),
    ),
  )
  hashing(table.command('hash')).action((paths, options) =>
    remotely(async (session) => hash(await args.remotePaths(paths, session), options)(session)),
  )

  table
    .command('lcd')
    .description('go to a folder of this machine, or back to where the shell began')
    .argument('[dir]', 'the folder')
    .action((folder) => locally(lcd(place, folder)))
  table
    .command('lpwd')
    .description('print the folder of this machine')
    .action(() => locally(lpwd(place)))
  table
    .command('lls')
    .description('list a folder of this machine')
    .argument('[dir]', 'the folder')
    .option('-l, --long', 'show sizes and times, as a terminal gets them anyway')
    .action((folder, options) => locally(lls(place, folder, options)))

  table
    .command('help')
    .alias('?')
    .description('list the commands, or show all of one')
    .argument('[command]', 'the command')
    .action((command) => take({ type: 'help', command }))
  table
    .command('exit')
    .aliases(['quit', 'bye'])
    .description('end the shell, as Ctrl-D does')
    .action(() => take({ type: 'exit' }))
  return table
}
