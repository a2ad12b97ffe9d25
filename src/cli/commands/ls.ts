import { isGlob, SftError, type Entry, type RemotePath, type Unlistable } from '../../index.ts'
import { remotePath, type Session, type Work } from '../context.ts'
import { escapeBytes, escapeText } from '../escape.ts'
import { formatBytes, formatTime, formatTimestamp } from '../format.ts'
import { inReadingOrder } from '../order.ts'
import { someOf } from '../matches.ts'
import type { Output } from '../output.ts'

export interface LsOptions {
  readonly recursive?: boolean
  readonly long?: boolean
}

const NOTES: Partial<Record<Entry['type'], string>> = {
  link: ' (link, not shared)',
  other: ' (not a file, not shared)',
}

/** `sft ls PEER [PATH]`: lists a folder of a share, or what a pattern matches. */
export function ls(path: string | undefined, options: LsOptions): Work {
  return async (session) => {
    try {
      await listNamed(session, path ?? '.', options)
      return 0
    } catch (error) {
      if (session.signal.aborted) throw error
      return session.output.failure(error, { context: { path: path ?? '.' } })
    }
  }
}

/** A folder may be called as a pattern is written. */
async function listNamed(session: Session, text: string, options: LsOptions): Promise<void> {
  const path = remotePath(text)
  try {
    await listFolder(session, path, options)
  } catch (error) {
    const isMissing = error instanceof SftError && (error.code === 'ERR_NOT_FOUND' || error.code === 'ERR_PATH')
    if (!isMissing || !isGlob(path)) throw error
    const matches = session.remote.match(path, { signal: session.signal })
    await listMatches(session, someOf(matches, text), options, (entry) => entry.path)
  }
}

/** Prints what is in a folder of the share. */
export async function listFolder(
  { remote, output, signal }: Session,
  folder: RemotePath,
  options: LsOptions,
): Promise<void> {
  const entries = remote.list(folder, { recursive: options.recursive === true, signal })
  await printEntries(output, entries, options, (entry) => nameBelow(entry, folder))
}

/** Prints what a pattern matches, and all that is below it if the listing is recursive. */
export async function listMatches(
  { remote, output, signal }: Session,
  matches: AsyncIterable<Entry>,
  options: LsOptions,
  nameOf: (entry: Entry) => string,
): Promise<void> {
  async function* withInner(): AsyncGenerator<Entry | Unlistable> {
    for await (const entry of matches) {
      yield entry
      if (entry.type === 'directory') yield* remote.list(entry.path, { recursive: true, signal })
    }
  }
  await printEntries(output, options.recursive === true ? withInner() : matches, options, nameOf)
}

/** Prints entries in the order people read them, each under the name that `nameOf` gives it. */
export async function printEntries(
  output: Output,
  entries: AsyncIterable<Entry | Unlistable>,
  options: LsOptions,
  nameOf: (entry: Entry) => string,
): Promise<void> {
  const long = options.long === true || process.stdout.isTTY
  for await (const entry of inReadingOrder(entries)) {
    if (output.json) output.object('entry', describe(entry))
    else if (entry.type === 'unlistable') output.talk(`sft: ${escapeBytes(entry.name)}: its name cannot be shared`)
    else output.line(long ? longLine(entry, nameOf(entry)) : shortLine(entry, nameOf(entry)))
  }
}

/** Returns the path of an entry from the folder that is listed. */
function nameBelow(entry: Entry, folder: string): string {
  return folder === '.' ? entry.path : entry.path.slice(folder.length + 1)
}

function shortLine(entry: Entry, name: string): string {
  return `${escapeText(name)}${entry.type === 'directory' ? '/' : ''}`
}

function longLine(entry: Entry, name: string): string {
  const size = entry.type === 'file' ? formatBytes(entry.size) : '-'
  return `${size.padStart(8)}  ${formatTime(entry.mtime)}  ${shortLine(entry, name)}${NOTES[entry.type] ?? ''}`
}

function describe(entry: Entry | Unlistable): Record<string, unknown> {
  if (entry.type === 'unlistable') return { kind: 'unlistable', name: escapeBytes(entry.name) }
  const { path, type, size, mtime, executable } = entry
  return { kind: type, path, size, mtime: formatTimestamp(mtime), executable }
}
