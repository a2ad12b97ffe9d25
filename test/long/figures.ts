import { appendFileSync } from 'node:fs'

/** A line of the table that a long run prints. */
export interface Figure {
  readonly what: string
  readonly count: number
  readonly unit: string
  /** What must not happen, and how often it did. */
  readonly violations: number
  readonly note?: string
}

/** Adds a line to the table of the long run, if this is one. */
export function report(figure: Figure): void {
  const file = process.env['SFT_FIGURES']
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(figure)}\n`)
}
