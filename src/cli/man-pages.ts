import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import packageJson from '../../package.json' with { type: 'json' }
import { EXITS } from '../errors.ts'
import { describeOption } from './options.ts'
import { commandLine } from './program.ts'
import { isOnlyTyped } from './sources.ts'
import { variableOf } from './settings.ts'

/** The manual pages, made from the definitions that `--help` shows. */

/** Returns the text of every page in roff, by the names of their files. */
export function manPages(program: CommandUnknownOpts = commandLine(() => undefined)): ReadonlyMap<string, string> {
  const pages = new Map([['sft.1', mainPage(program)]])
  for (const command of program.commands) pages.set(`sft-${command.name()}.1`, commandPage(program, command))
  return pages
}

const VARIABLES = [
  ['SFT_HOME', 'the folder of the identity, the peers and the settings, in place of that of the platform'],
  ['SFT_CONFIG', 'the configuration file, in place of config.toml in that folder'],
  ['SFT_CODE', 'answers where the code of a pairing would be asked for'],
  ['SFT_*', 'stands for an option: each page says for which there are variables; an empty one counts as not set'],
] as const

const FILES = [
  ['$SFT_HOME/config.toml', 'settings; to write one: sft config --init'],
  ['$SFT_HOME/identity.key', 'the key that others know this machine by'],
  ['$SFT_HOME/peers', 'the machines it has paired with, and what they may do'],
  [
    '$SFT_HOME/log/share.jsonl',
    'the log of its shares, for "sft history"; without SFT_HOME in the folder for logs of the platform',
  ],
  ['$SFT_HOME/history-shell', 'what was typed in "sft shell"'],
] as const

function mainPage(program: CommandUnknownOpts): string {
  const help = program.createHelp()
  return page('sft', [
    section('NAME', `sft \\- ${escapeRoff('encrypted file transfer between two machines')}`),
    section('SYNOPSIS', `.B sft\n${escapeRoff('<command> [options]')}`),
    section('DESCRIPTION', escapeRoff(program.description())),
    section('COMMANDS', ...program.commands.map((command) => item(`sft-${command.name()}(1)`, command.description()))),
    section('OPTIONS', ...help.visibleOptions(program).map(({ flags, description }) => item(flags, description))),
    section('EXIT STATUS', ...Object.entries(EXITS).map(([exit, means]) => item(exit, means))),
    section('ENVIRONMENT', ...VARIABLES.map(([name, means]) => item(name, means))),
    section('FILES', ...FILES.map(([path, means]) => item(path, means))),
    section('EXAMPLES', examples(program)),
    seeAlso(program.commands.map((command) => `sft-${command.name()}`)),
  ])
}

function commandPage(program: CommandUnknownOpts, command: CommandUnknownOpts): string {
  const name = `sft-${command.name()}`
  return page(name, [
    section('NAME', `${escapeRoff(name)} \\- ${escapeRoff(command.description().split(';')[0] ?? '')}`),
    section('SYNOPSIS', [command, ...command.commands].map(synopsis).join('\n.br\n')),
    section('DESCRIPTION', escapeRoff(command.description())),
    ...describeParts(command),
    ...command.commands.map((inner) =>
      section(`sft ${command.name()} ${inner.name()}`.toUpperCase(), escapeRoff(inner.description()), ...parts(inner)),
    ),
    section('EXAMPLES', examples(command)),
    seeAlso([program.name()]),
  ])
}

function describeParts(command: CommandUnknownOpts): string[] {
  const words = argumentItems(command)
  return [...(words.length > 0 ? [section('ARGUMENTS', ...words)] : []), section('OPTIONS', ...optionItems(command))]
}

function parts(command: CommandUnknownOpts): string[] {
  return [...argumentItems(command), ...optionItems(command)]
}

function argumentItems(command: CommandUnknownOpts): string[] {
  const help = command.createHelp()
  return help.visibleArguments(command).map((argument) => item(argument.name(), help.argumentDescription(argument)))
}

function optionItems(command: CommandUnknownOpts): string[] {
  const help = command.createHelp()
  return help.visibleOptions(command).map((option) => {
    const hasVariable = option.long !== '--help' && !isOnlyTyped(option)
    return item(option.flags, `${describeOption(option)}${hasVariable ? `; variable: ${variableOf(option)}` : ''}`)
  })
}

function synopsis(command: CommandUnknownOpts): string {
  const names = command.parent?.parent ? `${command.parent.name()} ${command.name()}` : command.name()
  const words = command.registeredArguments.map((argument) => {
    const name = `${argument.name()}${argument.variadic ? '...' : ''}`
    return argument.required ? `<${name}>` : `[${name}]`
  })
  return `.B ${escapeRoff(`sft ${names}`)}\n${escapeRoff(['[options]', ...words].join(' '))}`
}

/** Takes the examples from the end of the help. */
function examples(command: CommandUnknownOpts): string {
  let help = ''
  const before = command.configureOutput()
  command.configureOutput({ ...before, writeOut: (text) => (help += text) }).outputHelp()
  command.configureOutput(before)
  const lines = help.slice(help.lastIndexOf('\nExample:\n') + '\nExample:\n'.length).trimEnd()
  return `.nf\n${lines
    .split('\n')
    .map((line) => escapeRoff(line.trim()))
    .join('\n')}\n.fi`
}

function seeAlso(names: readonly string[]): string {
  return section('SEE ALSO', names.map((name) => `.BR ${escapeRoff(name)} (1)`).join(',\n'))
}

function page(name: string, sections: readonly string[]): string {
  const title = `.TH "${escapeRoff(name.toUpperCase())}" "1" "" "sft ${packageJson.version}" "sft"`
  return `${[title, ...sections].join('\n')}\n`
}

function section(title: string, ...texts: readonly string[]): string {
  return [`.SH "${escapeRoff(title)}"`, ...texts].join('\n')
}

/** A term in bold with what it means below. */
function item(term: string, text: string): string {
  return `.TP\n.B ${escapeRoff(term)}\n${escapeRoff(text)}`
}

/** Makes text that roff prints as it is: no escape, no request at the beginning of a line, no typographic signs. */
export function escapeRoff(text: string): string {
  return text.replace(/["'\\^`~-]/g, (sign) => SIGNS[sign] ?? sign).replace(/^\./gm, '\\&.')
}

const SIGNS: Partial<Record<string, string>> = {
  '"': '\\(dq',
  "'": '\\(aq',
  '\\': '\\(rs',
  '^': '\\(ha',
  '`': '\\(ga',
  '~': '\\(ti',
  '-': '\\-',
}
