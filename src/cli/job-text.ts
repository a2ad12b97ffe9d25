import type { JobEvent, JobSummary, SkipReason } from '../index.ts'
import { formatBytes, formatDuration } from './format.ts'

/** What a dry run finds that would be done, or that a person would be asked. */
export type Planned = Extract<JobEvent, { type: 'planned' }>['action'] | 'ask'

/** Jobs of fewer seconds say nothing of their speed: it would be mostly that of getting started. */
const TELLING_SECONDS = 1

/** Why an entry is left out, in a line of its own. */
export const SKIPPED: Record<SkipReason, string> = {
  identical: 'there already',
  exists: 'left out, another one is there',
  older: 'left out, the one there is not older',
  link: 'left out, a symbolic link',
  special: 'left out, neither a file nor a folder',
  unlistable: 'left out, a name that cannot be sent',
}

/** What is counted of the entries that were left out, in the line at the end. */
const COUNTED: Record<SkipReason, (count: number) => string> = {
  identical: (count) => `${count} there already`,
  exists: (count) => `${count} left alone`,
  older: (count) => `${count} not newer`,
  link: (count) => `${count} ${count === 1 ? 'link' : 'links'} left out`,
  special: (count) => `${count} special ${count === 1 ? 'file' : 'files'} left out`,
  unlistable: (count) => `${count} left out for ${count === 1 ? 'its name' : 'their names'}`,
}

/** What a dry run says of an entry, in front of its name; all of the same width. */
export const PLANNED: Record<Planned, string> = {
  new: 'new    ',
  replace: 'replace',
  rename: 'rename ',
  folder: 'folder ',
  ask: 'ask    ',
}

/** What is counted of what a dry run found. */
const COUNTED_PLANS: Record<Planned, (count: number) => string> = {
  new: (count) => `${count} new ${count === 1 ? 'file' : 'files'}`,
  replace: (count) => `${count} to replace`,
  rename: (count) => `${count} under another name`,
  ask: (count) => `${count} to ask about`,
  folder: (count) => `${count} new ${count === 1 ? 'folder' : 'folders'}`,
}

/** Describes how much went across, how long that took if it took long, and that it is right. */
export function describeTransfer(size: number, sent: number, seconds: number): string {
  const resumed = sent < size ? ` (${formatBytes(size - sent)} were there)` : ''
  const pace = seconds < TELLING_SECONDS ? '' : ` in ${formatDuration(seconds)}, ${formatBytes(sent / seconds)}/s`
  return `${formatBytes(size)}${resumed}${pace}, verified`
}

/** What a line at the end is about. */
export interface Counts {
  readonly summary: JobSummary
  /** Bytes of the files that went across, the part that was there already among them. */
  readonly bytes: number
  readonly seconds: number
  readonly skipped: ReadonlyMap<SkipReason, number>
}

/** Describes a whole job. */
export function describeJob({ summary, bytes, seconds, skipped }: Counts): string {
  const { files, folders, sent, failed } = summary
  const made = folders === 0 ? '' : `${folders} new ${folders === 1 ? 'folder' : 'folders'}`
  const moved = files === 0 ? '' : `${files} ${files === 1 ? 'file' : 'files'}`
  const what = [moved, made].filter(Boolean).join(', ') || 'nothing new'
  const parts = [
    files === 0 ? what : `${what}: ${describeTransfer(bytes, sent, seconds)}`,
    ...describeCounts(COUNTED, skipped),
  ]
  if (failed > 0) parts.push(`${failed} failed`)
  return parts.join('; ')
}

/** Describes what a dry run would have done. */
export function describePlan(
  planned: ReadonlyMap<Planned, number>,
  { summary, skipped }: Pick<Counts, 'summary' | 'skipped'>,
): string {
  const parts = describeCounts(COUNTED_PLANS, planned)
  if (parts.length === 0) parts.push('nothing to do')
  parts.push(...describeCounts(COUNTED, skipped))
  if (summary.failed > 0) parts.push(`${summary.failed} would fail`)
  return `dry run, nothing was changed: ${parts.join('; ')}`
}

/** Describes counts in the order of their texts, those of nothing left out. */
function describeCounts<K extends string>(
  texts: Record<K, (count: number) => string>,
  counts: ReadonlyMap<K, number>,
): string[] {
  return (Object.keys(texts) as K[]).flatMap((key) => {
    const count = counts.get(key)
    return count === undefined ? [] : [texts[key](count)]
  })
}

/** What runs: the arguments of this process, unless they were made of a person's choices. */
let running: readonly string[] = process.argv.slice(2)

/** Notes the arguments that run from now on. */
export function noteCommandLine(argv: readonly string[]): void {
  running = argv
}

/** The command that runs, for a shell to run it again. */
export function commandLineAgain(): string {
  return formatCommandLine(running)
}

/** Formats arguments as the command line of a POSIX shell that runs them. */
export function formatCommandLine(argv: readonly string[]): string {
  return ['sft', ...argv].map(quote).join(' ')
}

/**
 * Quotes one argument for a POSIX shell; what a terminal could act on is written as an escape. As a whole, to be read and
 * copied: shell-words.ts goes on with what a person has begun to type.
 */
export function quote(argument: string): string {
  if (/^[\w./:@%+=,-]+$/.test(argument)) return argument
  if (!UNPRINTABLE.test(argument)) return `'${argument.replaceAll("'", "'\\''")}'`
  const escaped = Array.from(argument, (character) =>
    UNPRINTABLE.test(character) || /['\\]/.test(character) ? octal(character) : character,
  )
  return `$'${escaped.join('')}'`
}

function octal(character: string): string {
  return Array.from(new TextEncoder().encode(character), (byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('')
}

// As what is escaped elsewhere (escape.ts); arguments of a process hold no lone surrogates.
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]|(?![\uFE0E\uFE0F])\p{Default_Ignorable_Code_Point}/u
