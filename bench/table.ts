/** Makes of the runs of one case what people compare: medians, how many times what sft took, and a table of them. */
import type { Cost, Run } from './runner.ts'

const MIB = 1024 * 1024

/** All runs of one contender in one case, by round; `undefined` where it sat a round out. */
export interface Row {
  readonly name: string
  readonly runs: readonly (Run | undefined)[]
  /** Why it took no part, or stopped. */
  readonly note: string
}

/** What a row comes to. */
export interface Summary {
  readonly name: string
  readonly note: string
  readonly runs: number
  /** Median; at least that if `atLeast`. */
  readonly seconds: number | null
  readonly atLeast: boolean
  /** How many times longer than sft in the same round: median, least and most. */
  readonly ratio: { readonly median: number; readonly least: number; readonly most: number } | null
  readonly near: Cost | null
  readonly far: Cost | null
  /** Largest part of the machine, 0 to 1, that programs took which have nothing to do with the bench. */
  readonly others: number | null
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  const [low = Number.NaN, high = low] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]]
  return (low + high) / 2
}

/** Compares each row with the first, round by round. */
export function summarize(rows: readonly Row[]): Summary[] {
  const [base] = rows
  return rows.map(({ name, runs, note }) => {
    const done = runs.filter((run) => run !== undefined)
    const finished = done.filter((run) => run.finished)
    const ratios = runs.flatMap((run, round) => {
      const other = base?.runs[round]
      return run && other?.finished ? [run.seconds / other.seconds] : []
    })
    const cost = (end: 'near' | 'far'): Cost | null =>
      finished.length === 0
        ? null
        : { cpu: median(finished.map((run) => run[end].cpu)), memory: median(finished.map((run) => run[end].memory)) }
    return {
      name,
      note,
      runs: done.length,
      seconds: done.length === 0 ? null : median(done.map(({ seconds }) => seconds)),
      atLeast: finished.length < done.length,
      ratio:
        ratios.length === 0 ? null : { median: median(ratios), least: Math.min(...ratios), most: Math.max(...ratios) },
      near: cost('near'),
      far: cost('far'),
      others: finished.length === 0 ? null : Math.max(...finished.map(({ others }) => others)),
    }
  })
}

/** @param bytes - Of all clients together; 0 for a case in which a rate means nothing. */
export function formatTable(title: string, bytes: number, summaries: readonly Summary[]): string {
  const header = [
    '',
    'seconds',
    'MB/s',
    'times sft',
    '(least-most)',
    'CPU s near + far',
    'per GiB',
    'MiB near + far',
    'others',
    'runs',
  ]
  const lines = summaries.map((summary) => {
    const { name, note, seconds, ratio, near, far, atLeast, others, runs } = summary
    if (seconds === null) return [name, `left out: ${note}`]
    const more = atLeast ? '>' : ''
    const cpu = near && far ? near.cpu + far.cpu : Number.NaN
    return [
      name,
      more + seconds.toFixed(2),
      bytes === 0 || atLeast ? '' : (bytes / seconds / 1e6).toFixed(0),
      ratio ? more + ratio.median.toFixed(2) : '',
      ratio ? `(${ratio.least.toFixed(2)}-${ratio.most.toFixed(2)})` : '',
      near && far ? `${near.cpu.toFixed(2)} + ${far.cpu.toFixed(2)}` : '',
      bytes === 0 || !near ? '' : (cpu / (bytes / 1024 / MIB)).toFixed(1),
      near && far ? `${(near.memory / MIB).toFixed(0)} + ${(far.memory / MIB).toFixed(0)}` : '',
      others === null ? '' : `${(others * 100).toFixed(0)} %`,
      `${runs}${note ? ` (${note})` : ''}`,
    ]
  })
  const full = [header, ...lines.filter((line) => line.length === header.length)]
  const widths = header.map((_, column) => Math.max(...full.map((line) => line[column]?.length ?? 0)))
  const names = Math.max(...lines.map(([name = '']) => name.length), 0)
  const text = (full.length === 1 ? lines : [header, ...lines]).map((line) =>
    line
      .map((cell, column) => {
        if (column === 0) return cell.padEnd(names)
        return line.length === header.length && column < header.length - 1 ? cell.padStart(widths[column] ?? 0) : cell
      })
      .join('  ')
      .trimEnd(),
  )
  return [title, ...text].join('\n')
}
