import type { CommandUnknownOpts, Option } from '@commander-js/extra-typings'
import { describeOption } from './options.ts'
import { keyOf, variableOf } from './settings.ts'
import { settingOf, type Example } from './sources.ts'

const HEADER = `# Settings of sft. Take away the # in front of a key to set it, and give it the value you want.
# What is typed counts before a variable (the name in brackets), and that before this file. To see how things stand:
# sft config

# Here, above the first table, a setting counts for every command that has it.
`

/** Returns a configuration file with every setting in comments: first those of several commands, then tables. */
export function settingsTemplate(program: CommandUnknownOpts): string {
  const commandsOf = new Map<string, CommandUnknownOpts[]>()
  const options = new Map<string, Option>()
  for (const command of program.commands) {
    for (const option of command.options.filter(settingOf)) {
      const key = keyOf(option)
      if (!options.has(key)) options.set(key, option)
      commandsOf.set(key, [...(commandsOf.get(key) ?? []), command])
    }
  }
  const isShared = (option: Option): boolean => (commandsOf.get(keyOf(option))?.length ?? 0) > 1
  const shared = [...options.values()].filter(isShared).map(describe)
  const tables = program.commands
    .filter(({ options }) => options.some(settingOf))
    .map((command) => {
      const own = command.options.filter((option) => settingOf(option) && !isShared(option))
      return [`#[${command.name()}]\n`, ...own.map(describe)].join('')
    })
  return [HEADER, ...shared, TABLES, tables.join('\n')].join('\n')
}

const TABLES = `# In the table of a command a setting counts for it alone, also one of those above. To use a table, take away the # in
# front of its name too.
`

function describe(option: Option): string {
  const text = describeOption(option).replace('; may be repeated', '')
  const example = formatExample(settingOf(option)?.example ?? true)
  return `# ${text} ($${variableOf(option)})\n#${keyOf(option)} = ${example}\n`
}

/** Strings of JSON are strings of TOML, and so are lists of them. */
function formatExample(example: Example): string {
  return typeof example === 'object'
    ? `[${example.map((one) => JSON.stringify(one)).join(', ')}]`
    : JSON.stringify(example)
}
