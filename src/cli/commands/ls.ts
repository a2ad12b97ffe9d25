import type { Entry, Unlistable } from '../../index.ts'
import { remotePath, withRemote, type PeerOptions, type Session } from '../context.ts'
import { escapeBytes, escapeText } from '../escape.ts'
import { formatBytes, formatTime, formatTimestamp } from '../format.ts'
import { inReadingOrder } from '../order.ts'

export interface LsOptions extends PeerOptions {
  readonly recursive?: boolean
  readonly long?: boolean
}

const NOTES: Partial<Record<Entry['type'], string>> = {
  link: ' (link, not shared)',
  other: ' (not a file, not shared)',
}

/** `sft ls PEER [PATH]`: lists a folder of a share. */
export async function ls(peer: string, path: string | undefined, options: LsOptions): Promise<number> {
  return withRemote(peer, options, async (session) => {
    try {
      await list(session, path ?? '.', options)
      return 0
    } catch (error) {
      if (session.signal.aborted) throw error
      return session.output.failure(error, { context: { path: path ?? '.' } })
    }
  })
}

async function list({ remote, output, signal }: Session, path: string, options: LsOptions): Promise<void> {
  const folder = remotePath(path)
  const long = options.long === true || process.stdout.isTTY
  const entries = remote.list(folder, { recursive: options.recursive === true, signal })
  for await (const entry of inReadingOrder(entries)) {
    if (output.json) output.object('entry', describe(entry))
    else if (entry.type === 'unlistable') output.talk(`sft: ${escapeBytes(entry.name)}: its name cannot be shared`)
    else output.line(long ? longLine(entry, nameBelow(entry, folder)) : shortLine(entry, nameBelow(entry, folder)))
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
