import { CommanderError, type Command, type CommandUnknownOpts } from '@commander-js/extra-typings'
import { SftError } from '../../index.ts'
import { tellFailure, type Session, type Work } from '../context.ts'
import { escapeText } from '../escape.ts'
import { LiveLines } from '../progress.ts'
import { usageError } from '../usage.ts'
import { Arguments } from './expand.ts'
import { runLocally } from './local-commands.ts'
import { Place } from './place.ts'
import { commandTable, type ApplySettings, type Asked } from './table.ts'
import { splitWords, type Word } from './words.ts'

/** Exit status of a line that Ctrl-C ended. */
const INTERRUPTED = 130

export interface InterpreterInit {
  /** Whether a person types the lines, and can be asked. */
  readonly interactive: boolean
  /** The folder of this machine to begin in. */
  readonly folder: string
  readonly applySettings: ApplySettings
}

/** How commands and their help are asked for. */
const WORDS = { command: (name: string) => name, help: (name = '') => `help ${name}`.trimEnd() }

/** Runs lines of a shell, one after the other, on one session that it restores when it was lost in between. */
export class Interpreter {
  readonly place: Place
  readonly #session: Session
  readonly #interactive: boolean
  readonly #applySettings: ApplySettings
  #ended = false

  constructor(session: Session, { interactive, folder, applySettings }: InterpreterInit) {
    this.#session = session
    this.#interactive = interactive
    this.#applySettings = applySettings
    this.place = new Place(folder)
    const { commands } = this
    session.output.commandName = (name) => (commands.some((known) => known.name() === name) ? name : `sft ${name}`)
  }

  /** Whether a line said that it was the last one. */
  get ended(): boolean {
    return this.#ended
  }

  /** The commands as they are defined, for whoever completes them. */
  get commands(): readonly CommandUnknownOpts[] {
    return this.#table([], () => undefined).commands
  }

  /** Runs one line, prints why it failed if it does, and returns its exit status. @param stop - Ends it early. */
  async run(line: string, stop: AbortSignal): Promise<number> {
    const outer = this.#session
    const exitOnSignal = (): number | undefined => outer.exitOnSignal() ?? (stop.aborted ? INTERRUPTED : undefined)
    const again = this.#interactive && isPlain(line) ? line.trim() : null
    const signal = AbortSignal.any([outer.signal, stop])
    const session = { ...outer, signal, exitOnSignal, again, keepsInput: this.#interactive }
    try {
      const work = await this.#read(line)
      return work === null ? 0 : await work(session)
    } catch (error) {
      return tellFailure(error, outer.output, exitOnSignal())
    }
  }

  /**
   * Returns what a line asks for; `null` if that is nothing more.
   *
   * @throws {@link SftError} `ERR_USAGE` for a line that is no command, and whatever its command finds wrong with it.
   */
  async #read(line: string): Promise<Work | null> {
    const text = line.trim()
    if (text === '' || text.startsWith('#')) return null
    if (text.startsWith('!')) return runLocally(this.place, text.slice(1).trim(), this.#interactive)
    const asked = await this.#parse(splitWords(line))
    switch (asked?.type) {
      case undefined:
        return null
      case 'exit':
        this.#ended = true
        return null
      case 'help':
        return this.#help(asked.command)
      case 'work':
        return asked.needsPeer ? this.#connected(asked.work) : asked.work
    }
  }

  async #parse(words: readonly Word[]): Promise<Asked | null> {
    const asked: Asked[] = []
    const table = this.#table(words, (one) => void asked.push(one))
    const [name = '', ...more] = words.map(({ text }) => text)
    try {
      // Options behind a name that is no command would be complained about first.
      await table.parseAsync(isKnown(table, name) ? [name, ...more] : [name], { from: 'user' })
    } catch (error) {
      if (!(error instanceof CommanderError)) throw error
      if (error.exitCode !== 0) throw usageError(error, table, name, WORDS)
    }
    return asked[0] ?? null
  }

  #table(words: readonly Word[], take: (asked: Asked) => void): Command {
    const { output } = this.#session
    const flags = { json: output.json, input: this.#interactive && output.input }
    const args = new Arguments(this.place, words)
    return commandTable({
      place: this.place,
      args,
      flags,
      applySettings: this.#applySettings,
      take,
      print: (text) => output.line(text.trimEnd()),
    })
  }

  /** Has `work` done on a session that stands, as far as that is known. */
  #connected(work: Work): Work {
    return async (session) => {
      const { remote, output, signal } = session
      if (remote.lost) {
        const status = new LiveLines(output.progress)
        if (!output.json) status.show(['the connection was lost; connecting again'])
        try {
          await remote.restore({ signal })
        } finally {
          status.clear()
        }
        output.object('reconnected', {})
        output.talk('The connection was lost; connected again.')
      }
      return work(session)
    }
  }

  #help(name: string | undefined): Work {
    return async ({ output }) => {
      const table = this.#table([], () => undefined)
      if (name === undefined) for (const line of overview(table)) output.line(line)
      else {
        const command = table.commands.find((known) => known.name() === name || known.aliases().includes(name))
        if (!command) throw new SftError('ERR_USAGE', `there is no command "${name}"; see: help`)
        output.line(command.helpInformation().trimEnd())
      }
      return Promise.resolve(0)
    }
  }
}

function isKnown(table: Command, name: string): boolean {
  return table.commands.some((known) => known.name() === name || known.aliases().includes(name))
}

/** One line for each command, and what else there is. */
function overview(table: Command): string[] {
  const rows = table.commands.map((command) => [
    [[command.name(), ...command.aliases()].join(', '), argumentsOf(command)].filter(Boolean).join(' '),
    command.description(),
  ])
  rows.push(['!COMMAND', 'have the shell of this machine run a command'])
  const width = Math.max(...rows.map(([usage = '']) => usage.length))
  return rows.map(([usage = '', description = '']) => `${usage.padEnd(width)}  ${description}`)
}

function argumentsOf(command: CommandUnknownOpts): string {
  return command.registeredArguments
    .map((argument) => `${argument.name().toUpperCase()}${argument.variadic ? '...' : ''}`)
    .map((name, index) => (command.registeredArguments[index]?.required === true ? name : `[${name}]`))
    .join(' ')
}

/** Whether a line is safe to print as it is, so that it can be typed again. */
function isPlain(line: string): boolean {
  return escapeText(line.replaceAll('\\', '')) === line.replaceAll('\\', '')
}
