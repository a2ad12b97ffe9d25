import type { CommandUnknownOpts as Command, Option } from '@commander-js/extra-typings'
import type { Entry, RemotePath, Unlistable } from '../../index.ts'
import { escapeText } from '../escape.ts'
import type { Place } from './place.ts'
import { quoteWord, splitTyped, type OpenWord, type Word } from './words.ts'

/** What the Tab key brings: text in place of what stands from `start` on, names to choose from, or nothing. */
export type Completion =
  | { readonly type: 'insert'; readonly start: number; readonly text: string }
  /** Safe to print. */
  | { readonly type: 'show'; readonly names: readonly string[] }
  | null

/** What completing has to know. */
export interface CompletionInit {
  readonly commands: readonly Command[]
  readonly place: Place
  readonly listRemote: (folder: RemotePath, signal: AbortSignal) => AsyncIterable<Entry | Unlistable>
  readonly listLocal: (folder: string) => AsyncIterable<Entry | Unlistable>
  /** Ends the search. */
  readonly signal: AbortSignal
}

/** Most entries of a folder that are looked at, names that are shown, and milliseconds that anybody waits for them. */
const MOST_ENTRIES = 50_000
const MOST_SHOWN = 100
const PATIENCE = 2_000

/** Where a word comes from. */
type Kind = 'remote' | 'remote folder' | 'local' | 'local folder' | 'command' | null

/** What the arguments of each command are; of any other, nothing that is known. */
const ARGUMENTS: Partial<Record<string, Kind>> = {
  ls: 'remote',
  cd: 'remote folder',
  get: 'remote',
  put: 'local',
  rm: 'remote',
  mv: 'remote',
  mkdir: 'remote folder',
  hash: 'remote',
  lcd: 'local folder',
  lls: 'local folder',
  help: 'command',
}

/** What `-o` names. */
const DESTINATIONS: Partial<Record<string, Kind>> = { get: 'local', put: 'remote folder' }

/** Completes what is typed up to the cursor. Never throws: where nothing is known there is nothing to offer. */
export async function complete(typed: string, init: CompletionInit): Promise<Completion> {
  try {
    const split = splitTyped(typed)
    if (split === null || /^\s*[!#]/.test(typed)) return null
    const { before, word } = split
    const [first, ...more] = before
    if (!first) return offer(word, commandNames(init.commands))
    const command = init.commands.find((known) => known.name() === first.text || known.aliases().includes(first.text))
    return command ? await completeArgument(command, more, word, init) : null
  } catch {
    return null
  }
}

async function completeArgument(
  command: Command,
  before: readonly Word[],
  word: OpenWord,
  init: CompletionInit,
): Promise<Completion> {
  const noMoreOptions = before.some(({ text }) => text === '--')
  const options = command.options.filter(({ hidden }) => !hidden)
  const last = noMoreOptions ? undefined : before.at(-1)?.text
  const open = options.find((option) => last && option.required && [option.long, option.short].includes(last))
  if (open) return completeValue(open, command.name(), word, init)
  if (!noMoreOptions && word.text.startsWith('-')) {
    return offer(
      word,
      options.map(({ long, short }) => long ?? short ?? ''),
    )
  }
  return completeKind(ARGUMENTS[command.name()] ?? null, word, init)
}

async function completeValue(
  option: Option,
  command: string,
  word: OpenWord,
  init: CompletionInit,
): Promise<Completion> {
  if (option.long === '--output') return completeKind(DESTINATIONS[command] ?? null, word, init)
  return option.argChoices ? offer(word, option.argChoices) : null
}

async function completeKind(kind: Kind, word: OpenWord, init: CompletionInit): Promise<Completion> {
  if (kind === null) return null
  if (kind === 'command') return offer(word, commandNames(init.commands))
  const slash = word.text.lastIndexOf('/') + 1
  const [folder, prefix] = [word.text.slice(0, slash), word.text.slice(slash)]
  const foldersOnly = kind.endsWith('folder')
  const late = AbortSignal.any([AbortSignal.timeout(PATIENCE), init.signal])
  const entries = kind.startsWith('remote')
    ? init.listRemote(init.place.remotePath(folder === '' ? '.' : folder), late)
    : init.listLocal(init.place.localPath(folder === '' ? '.' : folder))
  const found = await namesIn(entries, { prefix, foldersOnly, late })
  if (found === null) return { type: 'show', names: ['(too many entries to complete)'] }
  return offerNames(found, folder, prefix, word)
}

/** What some names of a folder begin with, and a few of them. */
interface Found {
  readonly count: number
  readonly common: string
  readonly some: readonly string[]
  readonly onlyIsFolder: boolean
}

/** Looks for the names in a folder that can be completed; `null` if it holds too many to look at. */
async function namesIn(
  entries: AsyncIterable<Entry | Unlistable>,
  { prefix, foldersOnly, late }: { prefix: string; foldersOnly: boolean; late: AbortSignal },
): Promise<Found | null> {
  let [seen, count, common, onlyIsFolder] = [0, 0, '', false]
  const some: string[] = []
  for await (const entry of entries) {
    seen += 1
    if (seen > MOST_ENTRIES || late.aborted) return null
    if (entry.type === 'unlistable' || (foldersOnly && entry.type !== 'directory')) continue
    const name = entry.path.slice(entry.path.lastIndexOf('/') + 1)
    // What a terminal could act on is not even offered: it could not be shown, and what is inserted is printed.
    if (!name.startsWith(prefix) || escapeText(name) !== name) continue
    common = count === 0 ? name : inCommon(common, name)
    count += 1
    onlyIsFolder = entry.type === 'directory'
    if (some.length < MOST_SHOWN) some.push(onlyIsFolder ? `${name}/` : name)
  }
  return { count, common, some, onlyIsFolder }
}

function offerNames(
  { count, common, some, onlyIsFolder }: Found,
  folder: string,
  prefix: string,
  word: OpenWord,
): Completion {
  if (count === 0) return null
  const isWhole = count === 1
  if (!isWhole && common === prefix) {
    return { type: 'show', names: count > some.length ? [`(${count} names; type more of one)`] : some.toSorted() }
  }
  // A name that begins with - would be read as an option.
  const text = `${folder === '' && common.startsWith('-') ? './' : ''}${folder}${common}${isWhole && onlyIsFolder ? '/' : ''}`
  return insertion(word, text, isWhole && !onlyIsFolder)
}

/** Completes a word that is one of a few. */
function offer(word: OpenWord, all: readonly string[]): Completion {
  const fitting = all.filter((one) => one.startsWith(word.text)).toSorted()
  const [first] = fitting
  if (first === undefined) return null
  const common = fitting.reduce(inCommon)
  if (fitting.length > 1 && common === word.text) return { type: 'show', names: fitting }
  return insertion(word, common, fitting.length === 1)
}

function insertion({ start, quote }: OpenWord, text: string, isWhole: boolean): Completion {
  return { type: 'insert', start, text: `${quoteWord(text, quote, !isWhole)}${isWhole ? ' ' : ''}` }
}

function commandNames(commands: readonly Command[]): string[] {
  return commands.flatMap((command) => [command.name(), ...command.aliases()])
}

/** Returns what two names begin with, in whole characters. */
function inCommon(one: string, other: string): string {
  let length = 0
  for (const character of one) {
    if (!other.startsWith(character, length)) break
    length += character.length
  }
  return one.slice(0, length)
}
