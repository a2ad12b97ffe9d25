import { history as readHistory, shortId, type LogLine } from '../../index.ts'
import { escapeText } from '../escape.ts'
import { formatBytes, formatDateTime } from '../format.ts'
import { Output, type Manner } from '../output.ts'
import { textWidth } from '../width.ts'

export interface HistoryCommandOptions extends Manner {
  readonly peer?: string
  readonly since?: Date
  readonly failed?: boolean
  readonly lines?: number
  readonly log?: string
  readonly json?: boolean
}

/** `sft history`: shows what the log of this machine's shares holds, the newest last. */
export async function history(options: HistoryCommandOptions): Promise<number> {
  const output = new Output(options.json === true, options)
  const { peer, since, failed = false, lines, log } = options
  try {
    const found = readHistory({
      failed,
      ...(peer !== undefined && { peer }),
      ...(since && { since }),
      ...(lines !== undefined && { last: lines }),
      ...(log !== undefined && { file: log }),
      onDamaged: (count) => {
        output.note(`sft: ${count} ${count === 1 ? 'line is' : 'lines are'} damaged or none of a log, and left out`)
      },
    })
    let count = 0
    for await (const line of found) {
      count += 1
      output.object('history', { ...line })
      output.line(describe(line))
      if (process.stdout.writableNeedDrain) await new Promise((resolve) => process.stdout.once('drain', resolve))
    }
    if (count === 0) output.talk('Nothing in the log.')
    return 0
  } catch (error) {
    return output.failure(error)
  }
}

/** Widths of the columns; what is longer moves the rest of its line. */
const [NAME, WHAT, SIZE, RESULT] = [12, 9, 8, 2]

/** Describes a line of the log: when, who, what, how many bytes, how it went, and where. */
function describe(line: LogLine): string {
  const { time, peerId, name, bytes, result = '-' } = line
  const who = name !== undefined ? escapeText(name) : peerId !== undefined ? escapeText(shortId(peerId)) : '-'
  const columns = [
    formatDateTime(new Date(time)),
    pad(who, NAME),
    pad(escapeText(line.action ?? WORDS[line.event] ?? line.event), WHAT),
    (bytes === undefined ? '-' : formatBytes(bytes)).padStart(SIZE),
    result.padEnd(RESULT),
    place(line),
  ]
  return columns.join('  ').trimEnd()
}

const WORDS: Partial<Record<LogLine['event'], string>> = { pairingFailed: 'pairing', leftOut: 'left out' }

function place({ event, share, path, to, rights = [], count = 0, failed = 0, why }: LogLine): string {
  switch (event) {
    case 'started':
    case 'stopped':
      return escapeText(share)
    case 'withdrawn':
      return path === undefined ? 'let in no more' : `${rights.join(', ')} at ${escapeText(path)}`
    case 'leftOut': {
      const more = `${count} more left out${failed > 0 ? `, ${failed} of them failed` : ''}`
      return why === 'disk' ? `${more}: the log could not be written` : more
    }
    default:
      return to === undefined ? escapeText(path ?? '') : `${escapeText(path ?? '')} -> ${escapeText(to)}`
  }
}

function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(width - textWidth(text), 0))
}
