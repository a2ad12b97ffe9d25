import type { CommandUnknownOpts, Option } from '@commander-js/extra-typings'
import { createSettingsFile, SftError } from '../../index.ts'
import { escapeText } from '../escape.ts'
import { Output, type Manner } from '../output.ts'
import { settingsTemplate } from '../settings-template.ts'
import { findValue, keyOf, readSettings, settingsPath, takesValue, type Settings, type Written } from '../settings.ts'
import { settingOf } from '../sources.ts'
import { textWidth } from '../width.ts'

export interface ConfigOptions extends Manner {
  readonly init?: boolean
  readonly json?: boolean
}

/** How an option of one command stands if it is not typed. */
interface Standing {
  readonly command: string
  readonly key: string
  /** As it is written; `null` where the default is none that could be. */
  readonly value: Written | null
  readonly source: 'default' | 'environment' | 'file'
  /** The variable, or the file and the key; what the default means, if it is no value. */
  readonly place: string
}

/** `sft config`: shows the settings in effect, or writes a file for them. */
export async function config(program: CommandUnknownOpts, options: ConfigOptions): Promise<number> {
  const output = new Output(options.json === true, options)
  try {
    if (options.init === true) await init(program, output)
    else show(output, program, await readSettings(program))
    return 0
  } catch (error) {
    return output.failure(error)
  }
}

async function init(program: CommandUnknownOpts, output: Output): Promise<void> {
  const { path } = await settingsPath(program)
  if (!(await createSettingsFile(path, settingsTemplate(program)))) {
    throw new SftError('ERR_EXISTS', `${path} exists and is left as it is; "sft config" shows what it says`)
  }
  output.object('configWritten', { file: path })
  output.line(escapeText(path))
  output.talk('Everything in it is a comment: take away the # in front of what you want to change.')
}

function show(output: Output, program: CommandUnknownOpts, settings: Settings): void {
  const { path, exists } = settings
  output.object('config', { file: path, exists })
  output.line(`${escapeText(path)}${exists ? '' : ' (not there; to write it: sft config --init)'}`)
  const standing = program.commands.flatMap((command) => standingsOf(command, settings))
  for (const one of standing) output.object('setting', { ...one })
  const rows = [...Map.groupBy(standing, ({ key }) => key).values()].flatMap(mergeSame)
  const width = Math.max(...rows.map(([name]) => textWidth(name)))
  for (const [name, value] of rows) output.line(`${name.padEnd(width)}  ${value}`)
}

function standingsOf(command: CommandUnknownOpts, settings: Settings): Standing[] {
  return command.options.filter(settingOf).map((option) => {
    const [name, key] = [command.name(), keyOf(option)]
    const found = findValue(command, option, settings)
    if (found) return { command: name, key, value: found.written, source: found.source, place: found.place }
    return { command: name, key, ...defaultOf(option), source: 'default' }
  })
}

/** What an option is by default: false, or what its help says. */
function defaultOf(option: Option): Pick<Standing, 'value' | 'place'> {
  return takesValue(option) ? { value: null, place: option.defaultValueDescription ?? '' } : { value: false, place: '' }
}

/** Returns one row for a setting that stands the same in every command, else one for each. */
function mergeSame(standing: Standing[]): [name: string, value: string][] {
  const rows = standing.map((one): [string, string] => [`${one.command}.${one.key}`, describe(one)])
  const [first, ...others] = rows
  const isSame = first !== undefined && others.every(([, value]) => value === first[1])
  return isSame && standing.length > 1 ? [[standing[0]?.key ?? '', first[1]]] : rows
}

function describe({ value, source, place }: Standing): string {
  if (value === null) return `(${place === '' ? 'none' : place})`
  const text = typeof value === 'object' ? value.join(' ') : String(value)
  return escapeText(source === 'default' ? text : `${text}  ${place}`)
}
