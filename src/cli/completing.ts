import type { Argument, CommandUnknownOpts, Option } from '@commander-js/extra-typings'
import { choosePeer, connect, PeerStore, RIGHTS, shortId, type Muxer } from '../index.ts'
import { remotePath } from './context.ts'
import { escapeText } from './escape.ts'
import { usualName } from './program.ts'
import { applySettings, isRepeated } from './settings.ts'

/** What a shell may put in place of the word that is being typed. */
export interface Offer {
  /** Files and folders of this machine the shell finds itself. */
  readonly kind: 'words' | 'paths' | 'files' | 'folders'
  readonly words: readonly OfferedWord[]
}

export interface OfferedWord {
  readonly word: string
  /** What it means, if that is worth saying. */
  readonly about?: string
}

/** How long another machine may take to list a folder, in milliseconds: somebody waits at the keyboard. */
const PATIENCE = 2_000

/** Most entries of a folder that are looked at. */
const MOST_ENTRIES = 2_000

/** What is typed where the help has these words for it. */
const KINDS: Partial<Record<string, 'peers' | 'remote' | 'rights' | 'files' | 'folders'>> = {
  peer: 'peers',
  path: 'remote',
  old: 'remote',
  new: 'remote',
  rights: 'rights',
  file: 'files',
  dest: 'files',
  dir: 'folders',
}

const NOTHING: Offer = { kind: 'words', words: [] }

/** A command line in front of the word that is being typed. */
interface Line {
  readonly command: CommandUnknownOpts
  /** What was typed behind the name of the command, options too. */
  readonly typed: readonly string[]
  readonly operands: readonly string[]
  /** The option that waits for its value. */
  readonly waiting: Option | undefined
  /** Whether no option can follow. */
  readonly ended: boolean
}

/**
 * Returns what can be in place of the last of `words`, which begin behind `sft`. Never asks, pairs or waits long: what
 * cannot be found out is left out.
 */
export async function offer(program: CommandUnknownOpts, words: readonly string[]): Promise<Offer> {
  const word = words.at(-1) ?? ''
  const line = readLine(program, words.slice(0, -1))
  const all = await offerAll(line, program, words.slice(0, -1), word)
  return { ...all, words: all.words.filter((one) => one.word.startsWith(word) && isPlain(one.word)) }
}

function readLine(program: CommandUnknownOpts, words: readonly string[]): Line {
  let command = program
  let typed: string[] = []
  let operands: string[] = []
  let waiting: Option | undefined
  let ended = false
  for (const word of words) {
    typed.push(word)
    if (waiting) {
      waiting = undefined
    } else if (!ended && word === '--') {
      ended = true
    } else if (!ended && word.startsWith('-') && word !== '-') {
      const option = [...command.options, ...program.options].find(({ short, long }) => word === short || word === long)
      waiting = option?.required === true ? option : undefined
    } else {
      const inner = operands.length === 0 ? findCommand(command, word) : undefined
      if (inner) [command, typed, operands] = [inner, [], []]
      else operands.push(word)
    }
  }
  return { command, typed, operands, waiting, ended }
}

function findCommand(command: CommandUnknownOpts, word: string): CommandUnknownOpts | undefined {
  const name = command.parent ? word : usualName(word)
  return command.commands.find((known) => known.name() === name || known.aliases().includes(name))
}

async function offerAll(
  line: Line,
  program: CommandUnknownOpts,
  words: readonly string[],
  word: string,
): Promise<Offer> {
  const { command, operands, waiting, ended } = line
  if (waiting) return offerValue(waiting, line, program, words, word)
  const [, flag, value] = /^(--[^=]+)=(.*)$/su.exec(ended ? '' : word) ?? []
  if (flag !== undefined && value !== undefined) {
    const option = command.options.find(({ long, required }) => long === flag && required)
    const { kind, words: values } = option ? await offerValue(option, line, program, words, value) : NOTHING
    return { kind, words: values.map((one) => ({ ...one, word: `${flag}=${one.word}` })) }
  }
  if (!ended && word.startsWith('-')) return { kind: 'words', words: offerOptions(command, line.typed) }
  if (command === program && operands.length > 0 && operands[0] !== 'help') return NOTHING
  if (operands.length === 0 || command === program) {
    const named = command.createHelp().visibleCommands(command)
    if (named.length > 0) return { kind: 'words', words: named.map(describeCommand) }
  }
  const { registeredArguments: all } = command
  const argument = all[operands.length] ?? (all.at(-1)?.variadic === true ? all.at(-1) : undefined)
  return argument ? offerValue(argument, line, program, words, word) : NOTHING
}

/** Offers values of an option or an argument. */
async function offerValue(
  of: Option | Argument,
  { command, typed, operands, waiting }: Line,
  program: CommandUnknownOpts,
  words: readonly string[],
  word: string,
): Promise<Offer> {
  if (of.argChoices) return { kind: 'words', words: of.argChoices.map((choice) => ({ word: choice })) }
  const name = 'flags' in of ? (/<([^>]+)>/.exec(of.flags)?.[1] ?? '') : of.name()
  const kind = KINDS[name]
  if (kind === 'files' || kind === 'folders') return { kind, words: [] }
  if (kind === 'peers') return { kind: 'words', words: await offerPeers() }
  if (kind === 'rights') return { kind: 'words', words: offerRights(word, command.name() === 'grant') }
  const [peer] = operands
  if (kind !== 'remote' || peer === undefined || command.parent !== program) return NOTHING // peers rename PEER NEW
  const foldersOnly = command.name() === 'ls' || command.name() === 'mkdir' || 'flags' in of
  try {
    const left = waiting ? -1 : undefined // which has no value yet
    program.parseOptions(words.slice(0, left))
    command.parseOptions(typed.slice(0, left))
    await applySettings(command)
    return { kind: 'paths', words: await offerPaths(peer, word, { foldersOnly, ...command.opts() }) }
  } catch {
    return NOTHING // nobody can be told of it while a line is typed
  }
}

function offerOptions(command: CommandUnknownOpts, typed: readonly string[]): OfferedWord[] {
  return command
    .createHelp()
    .visibleOptions(command)
    .filter((option) => isRepeated(option) || !typed.some((word) => word === option.long || word === option.short))
    .map(({ long, short, description }) => ({ word: long ?? short ?? '', about: description }))
}

function describeCommand(command: CommandUnknownOpts): OfferedWord {
  return { word: command.name(), about: command.description() }
}

async function offerPeers(): Promise<OfferedWord[]> {
  const peers = await new PeerStore().read().catch(() => [])
  return peers.map(({ name, peerId }) => ({ word: name, about: shortId(peerId) }))
}

/** Offers a further one of the rights that are typed with commas between them. */
function offerRights(word: string, isGrant: boolean): OfferedWord[] {
  const before = word.slice(0, word.lastIndexOf(',') + 1)
  const left = RIGHTS.filter((right) => !before.split(',').includes(right))
  return [...left, ...(isGrant && before === '' ? ['all', 'none', 'default'] : [])].map((right) => ({
    word: `${before}${right}`,
  }))
}

interface PathOptions {
  readonly foldersOnly: boolean
  readonly discovery?: boolean
  readonly lanOnly?: boolean
  readonly addr?: readonly string[]
  readonly muxer?: Muxer
}

/** Lists the folder of a share that a path is being typed in. Only a machine that is paired is asked. */
async function offerPaths(peer: string, word: string, options: PathOptions): Promise<OfferedWord[]> {
  choosePeer(await new PeerStore().read(), peer.split('/p2p/').at(-1) ?? '')
  const { foldersOnly, discovery = true, lanOnly = false, addr, muxer } = options
  const typed = word.slice(0, word.lastIndexOf('/') + 1)
  const signal = AbortSignal.timeout(PATIENCE)
  const to = { signal, discovery, lanOnly, ...(addr && { addresses: addr }), ...(muxer && { muxers: [muxer] }) }
  const remote = await connect(peer, to)
  const found: OfferedWord[] = []
  let seen = 0
  for await (const entry of remote.list(remotePath(typed), { signal })) {
    seen += 1
    if (seen > MOST_ENTRIES) break
    const isFolder = entry.type === 'directory'
    if (!isFolder && (foldersOnly || entry.type !== 'file')) continue
    const name = entry.path.slice(entry.path.lastIndexOf('/') + 1)
    found.push({ word: `${typed === '' && name.startsWith('-') ? './' : typed}${name}${isFolder ? '/' : ''}` })
  }
  void remote.close().catch(() => undefined) // the process ends before it could matter
  return found.toSorted((a, b) => (a.word < b.word ? -1 : 1))
}

/** Whether text can be shown and typed as it is: no character that a terminal acts on or that shows nothing. */
function isPlain(text: string): boolean {
  return escapeText(text.replaceAll('\\', '')) === text.replaceAll('\\', '')
}
