import { readLogLines } from '../fs/log-lines.ts'
import { defaultLogFile } from '../home.ts'
import { PeerStore } from '../peers.ts'
import { findPeer } from '../trust/peers.ts'
import { parseLogLine, type LogLine } from './line.ts'

export interface HistoryOptions {
  /** The log to read, with its old ones; see {@link defaultLogFile}. */
  readonly file?: string
  /** Folder of this machine's state; see `defaultHome`. */
  readonly home?: string
  /** Only what this peer did: by the name it has now or had then, its peer ID, or at least 6 characters of the end of that. */
  readonly peer?: string
  /** Only what happened then or later. */
  readonly since?: Date
  /** Only what did not succeed. */
  readonly failed?: boolean
  /** Only the last so many. */
  readonly last?: number
  /** Called at the end if there were lines that are none of a log, or damaged. */
  readonly onDamaged?: (count: number) => void
}

/** Fewest characters of the end of a peer ID that stand for it. */
const MIN_ID_END = 6

/**
 * Yields what the log of this machine's shares holds, the oldest first. Memory is bounded, with `last` by that many lines.
 *
 * @throws {@link SftError} the code of a failure to read.
 */
export async function* history(options: HistoryOptions = {}): AsyncGenerator<LogLine, void, undefined> {
  const { last } = options
  if (last === undefined) {
    yield* matching(options)
    return
  }
  const kept: LogLine[] = []
  let next = 0
  for await (const line of matching(options)) {
    kept[next % last] = line
    next += 1
  }
  for (let index = Math.max(next - last, 0); index < next; index += 1) {
    const line = kept[index % last]
    if (line) yield line
  }
}

async function* matching(options: HistoryOptions): AsyncGenerator<LogLine, void, undefined> {
  const { file = defaultLogFile(options.home), peer, since, failed = false, onDamaged } = options
  const isOf = peer === undefined ? () => true : await peerFilter(peer, options.home)
  const from = since?.getTime() ?? -Infinity
  let damaged = 0
  for await (const text of readLogLines(file)) {
    const line = text === null ? null : parseLogLine(text)
    if (line === null) damaged += 1
    else if (Date.parse(line.time) >= from && isOf(line) && (!failed || tellsOfFailure(line))) yield line
  }
  if (damaged > 0) onDamaged?.(damaged)
}

/** Returns what tells whether a line is about a peer. One that is forgotten by now is still found as it was called then. */
async function peerFilter(text: string, home: string | undefined): Promise<(line: LogLine) => boolean> {
  const peers = await new PeerStore(home).read().catch(() => []) // a log can be read without
  const known = findPeer(peers, text)?.peerId
  const name = text.normalize('NFC')
  const end = text.replace(/^…/, '')
  return ({ peerId, name: then }) =>
    peerId !== undefined && (peerId === known || then === name || (end.length >= MIN_ID_END && peerId.endsWith(end)))
}

function tellsOfFailure({ result = 'ok', failed = 0, why }: LogLine): boolean {
  return result !== 'ok' || failed > 0 || why === 'disk'
}
