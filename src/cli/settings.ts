import { InvalidArgumentError, type CommandUnknownOpts, type Option } from '@commander-js/extra-typings'
import { closest } from '../closest.ts'
import { SftError } from '../errors.ts'
import { collect } from './options.ts'
import { isOnlyTyped, settingOf, type Example } from './sources.ts'

/** Settings: what options are without being typed, from the environment and from one file. */

/** A value as it is written: several of an option that may be repeated. */
export type Written = boolean | string | readonly string[]

/** A value that was not typed, and where it was found. */
export interface Found {
  /** As the option has it when it is typed. */
  readonly value: unknown
  readonly written: Written
  readonly source: 'environment' | 'file'
  /** A variable, or a key of the file and its table. */
  readonly place: string
}

/** A configuration file as it was read and found good. */
export interface Settings {
  readonly path: string
  /** Whether there is one. */
  readonly exists: boolean
  /** What counts for every command, and below the names of commands what counts for each. */
  readonly tables: Table
}

type Table = Readonly<Record<string, unknown>>

/**
 * Gives every option of a command that was not typed the value of its variable, else that of the configuration file. The
 * file is read only if one of them can stand in it.
 *
 * @param program - The command line that says which file; of a command of a shell, the one that opened that.
 * @throws {@link SftError} `ERR_USAGE` that names the variable, or the file and the key; as {@link readSettings}.
 */
export async function applySettings(
  command: CommandUnknownOpts,
  program: CommandUnknownOpts = rootOf(command),
): Promise<void> {
  const open = command.options.filter((option) => mayApply(command, option))
  const settings = open.some(settingOf) ? await readSettings(program) : null
  for (const option of open) {
    const found = findValue(command, option, settings)
    if (!found) continue
    command.setOptionValueWithSource(option.attributeName(), found.value, found.source === 'file' ? 'config' : 'env')
  }
}

/**
 * Returns what an option is set to without being typed.
 *
 * @throws {@link SftError} `ERR_USAGE` that names the variable, if that has a wrong value.
 */
export function findValue(command: CommandUnknownOpts, option: Option, settings: Settings | null): Found | null {
  const variable = variableOf(option)
  const text = isOnlyTyped(option) ? '' : (process.env[variable] ?? '')
  if (text !== '') return found(option, readVariable(option, variable, text), 'environment', variable)
  if (!settings || !settingOf(option)) return null
  const [table, key] = [tableOf(command), keyOf(option)]
  const own = settings.tables[table]
  for (const [from, place] of [
    [isTable(own) ? own : {}, `"${key}" in [${table}]`],
    [settings.tables, `"${key}"`],
  ] as const) {
    if (Object.hasOwn(from, key)) return found(option, writtenOf(from[key]), 'file', `${settings.path}: ${place}`)
  }
  return null
}

function found(option: Option, written: Written, source: Found['source'], place: string): Found {
  return { value: parseWritten(option, written, place), written, source, place }
}

/**
 * Reads the configuration file: `--config FILE`, else `$SFT_CONFIG`, else `config.toml` in the home of sft. It need not be
 * there, unless it was named.
 *
 * @throws {@link SftError} `ERR_USAGE` that names the file and the key which is unknown or has a wrong value; as
 * {@link readSettingsFile}.
 */
export async function readSettings(program: CommandUnknownOpts): Promise<Settings> {
  const { path, named } = await settingsPath(program)
  const { readSettingsFile } = await import('../index.ts') // not before a command runs that has settings
  const text = await readSettingsFile(path)
  if (text === null) {
    if (named) throw new SftError('ERR_USAGE', `there is no ${path}; to write one: sft config --init`)
    return { path, exists: false, tables: {} }
  }
  const tables = await parse(text, path)
  check(program, tables, path)
  return { path, exists: true, tables }
}

/** Returns where the configuration file is, and whether somebody said so. */
export async function settingsPath(program: CommandUnknownOpts): Promise<{ path: string; named: boolean }> {
  const { defaultHome } = await import('../index.ts')
  const { config } = program.opts()
  const named = typeof config === 'string' ? config : (process.env['SFT_CONFIG'] ?? '')
  return named === '' ? { path: `${defaultHome()}/config.toml`, named: false } : { path: named, named: true }
}

/** Returns the name of the variable that stands for an option. */
export function variableOf(option: Option): string {
  return `SFT_${keyOf(option).toUpperCase().replaceAll('-', '_')}`
}

/** Returns what an option is called in a configuration file: by its long name. */
export function keyOf(option: Option): string {
  return option.name()
}

/** Returns the command below which everything else is defined. */
function rootOf(command: CommandUnknownOpts): CommandUnknownOpts {
  return command.parent ? rootOf(command.parent) : command
}

/** Returns the name of the table of a command, which is that of its group. */
function tableOf(command: CommandUnknownOpts): string {
  return command.parent?.parent ? tableOf(command.parent) : command.name()
}

function mayApply(command: CommandUnknownOpts, option: Option): boolean {
  const source = command.getOptionValueSource(option.attributeName())
  if (source !== undefined && source !== 'default') return false
  const { yieldsTo } = settingOf(option) ?? {}
  return yieldsTo === undefined || command.getOptionValueSource(yieldsTo) !== 'cli'
}

/** Reads the text of a variable: several values are lines of it. */
function readVariable(option: Option, variable: string, text: string): Written {
  if (takesValue(option)) return isRepeated(option) ? text.split('\n').filter((line) => line !== '') : text
  const value = /^(?:(1|true)|0|false)$/i.exec(text)
  if (value) return value[1] !== undefined
  throw new SftError('ERR_USAGE', `${variable} is "${text}"; set it to 1, 0, true or false`)
}

/** The parser is loaded only for a file that is there. */
async function parse(text: string, path: string): Promise<Table> {
  const { parse: parseToml, TomlError } = await import('smol-toml')
  try {
    return parseToml(text)
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    const [why = ''] = error.message.replace(/^Invalid TOML document: /, '').split('\n')
    throw new SftError('ERR_USAGE', `${path}: line ${error.line}: ${why}`, { cause: error })
  }
}

/** @throws {@link SftError} `ERR_USAGE` for the first key that is unknown or has a wrong value. */
function check(program: CommandUnknownOpts, tables: Table, path: string): void {
  const everywhere = program.commands.flatMap(({ options }) => options)
  const named = new Map(program.commands.filter(hasSettings).map((command) => [command.name(), command]))
  for (const [key, value] of Object.entries(tables)) {
    if (!isTable(value)) {
      checkKey(everywhere, [...named.keys()], { key, value, where: '', path })
      continue
    }
    const command = named.get(key)
    if (!command) throw unknown(`table [${key}]`, key, [...named.keys()], path)
    for (const [inner, innerValue] of Object.entries(value)) {
      checkKey(command.options, [], { key: inner, value: innerValue, where: ` in [${key}]`, path })
    }
  }
}

interface Entry {
  readonly key: string
  readonly value: unknown
  /** The table, behind a space. */
  readonly where: string
  readonly path: string
}

function checkKey(options: readonly Option[], tables: readonly string[], { key, value, where, path }: Entry): void {
  const same = options.filter((option) => keyOf(option) === key)
  const option = same.find(settingOf)
  const place = `${path}: "${key}"${where}`
  if (!option) {
    if (same.length > 0) throw new SftError('ERR_USAGE', `${place} is for the command line only; take it out there`)
    const known = options.filter(settingOf).map(keyOf)
    throw unknown(`key "${key}"${where}`, key, [...known, ...tables], path)
  }
  const example = settingOf(option)?.example ?? true
  if (!isLike(value, example)) throw new SftError('ERR_USAGE', `${place} has to be ${describe(example)}`)
  parseWritten(option, writtenOf(value), place)
}

function unknown(what: string, key: string, known: readonly string[], path: string): SftError {
  const meant = known.includes(`no-${key}`) ? `no-${key}` : closest(key, known)
  const next = meant === null ? '; see: sft config' : `; did you mean "${meant}"?`
  return new SftError('ERR_USAGE', `${path}: there is no ${what}${next}`)
}

function isLike(value: unknown, example: Example): boolean {
  if (typeof example === 'object') return Array.isArray(value) && value.every((item) => typeof item === 'string')
  // Of a text that may be a number, the option says which.
  const isNumber = typeof value === 'number' && Number.isSafeInteger(value)
  if (typeof example === 'string') return typeof value === 'string' || (isNumber && /^\d/.test(example))
  return typeof example === 'number' ? isNumber : typeof value === 'boolean'
}

function describe(example: Example): string {
  if (typeof example === 'object') return 'a list of texts, such as ["one", "two"]'
  if (typeof example === 'boolean') return 'true or false, without quotes'
  return typeof example === 'number' ? 'a whole number, without quotes' : `a text in quotes, such as "${example}"`
}

/** Returns a value of the file, which was checked, as it would be typed. */
function writtenOf(value: unknown): Written {
  if (typeof value === 'boolean') return value
  return Array.isArray(value) ? value.map(String) : String(value)
}

/** @throws {@link SftError} `ERR_USAGE` that names the place and what may stand there. */
function parseWritten(option: Option, written: Written, place: string): unknown {
  if (typeof written === 'boolean') {
    if (option.parseArg) return written ? option.parseArg('', undefined) : undefined // as if it were given once
    return option.negate ? !written : written
  }
  const texts = typeof written === 'string' ? [written] : written
  try {
    return texts.reduce<unknown>((earlier, text) => option.parseArg?.(text, earlier) ?? text, undefined)
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error
    const why = error.message.replace(/^Allowed choices are/, 'there are').replace(/\.$/, '')
    throw new SftError('ERR_USAGE', `${place}: ${why}`, { cause: error })
  }
}

export function takesValue(option: Option): boolean {
  return option.required || option.optional
}

/** Tells whether an option may be repeated. */
export function isRepeated({ parseArg }: Option): boolean {
  return parseArg === (collect as Option['parseArg'])
}

function hasSettings({ options }: CommandUnknownOpts): boolean {
  return options.some(settingOf)
}

function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)
}
