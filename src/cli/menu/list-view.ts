import { cutEnd, fill, textWidth } from '../width.ts'

/** One row of a list that a person chooses from. Its texts hold nothing that a terminal would act on. */
export interface Row<T> {
  readonly value: T
  /** Tells it from the others while the list changes. */
  readonly id: string
  readonly label: string
  /** What else there is to say of it, what matters most first: the rest is left out where there is no room. */
  readonly notes?: readonly string[]
  /** Stays above the others whatever is searched for. */
  readonly pinned?: boolean
  /** Whether it can be marked as one of several. */
  readonly markable?: boolean
  /** Whether there is more behind it, so that the arrow to the right enters it. */
  readonly opens?: boolean
  /** Whether it is only there to be seen. */
  readonly disabled?: boolean
}

/** How far a key moves the cursor: by so many rows, a page, or to an end. */
export type Move = 'up' | 'down' | 'pageup' | 'pagedown' | 'home' | 'end'

/** Fewest columns for the names before notes are left out. */
const MIN_LABEL = 12

/** Returns the rows that are left while a person searches: those with the text in them, and all that are pinned. */
export function matching<T>(rows: readonly Row<T>[], query: string): Row<T>[] {
  const wanted = query.toLowerCase()
  return rows
    .filter(({ label, pinned = false }) => pinned || label.toLowerCase().includes(wanted))
    .toSorted((a, b) => Number(b.pinned ?? false) - Number(a.pinned ?? false))
}

/**
 * Returns where the cursor is: on the row of that ID, else on the first that is not pinned, else on a pinned one that is
 * searched for, else on the first; -1 in an empty list.
 */
export function positionOf<T>(rows: readonly Row<T>[], id: string | undefined, query = ''): number {
  const wanted = query.toLowerCase()
  const choices = [
    rows.findIndex((row) => row.id === id),
    rows.findIndex(({ pinned = false }) => !pinned),
    rows.findIndex(({ label }) => label.toLowerCase().includes(wanted)),
    Math.min(rows.length - 1, 0),
  ]
  return choices.find((position) => position >= 0) ?? -1
}

/** Returns where a key takes the cursor in a list of `count` rows, of which `room` are seen. The arrows go round. */
export function moved(position: number, move: Move, count: number, room: number): number {
  if (count === 0) return -1
  const last = count - 1
  switch (move) {
    case 'up':
      return position <= 0 ? last : position - 1
    case 'down':
      return position >= last ? 0 : position + 1
    case 'pageup':
      return Math.max(position - room, 0)
    case 'pagedown':
      return Math.min(position + room, last)
    case 'home':
      return 0
    case 'end':
      return last
  }
}

/** Returns the first row of the page that shows the cursor, in the middle where the list allows it. */
export function pageStart(position: number, count: number, room: number): number {
  return Math.max(Math.min(position - Math.floor(room / 2), count - room), 0)
}

/** What is seen of a list. */
export interface Page {
  /** The row under the cursor. */
  readonly position: number
  /** The IDs of the rows that are marked. */
  readonly marks: ReadonlySet<string>
  readonly columns: number
  /** How many rows there is room for. */
  readonly room: number
}

/** Returns a page of a list as lines, none wider than the terminal. */
export function pageLines<T>(rows: readonly Row<T>[], { position, marks, columns, room }: Page): string[] {
  const start = pageStart(position, rows.length, room)
  const page = rows.slice(start, start + room)
  const marking = rows.some(({ markable = false }) => markable)
  const space = columns - (marking ? 6 : 2)
  const labels = Math.max(...page.map(({ label }) => textWidth(label)))
  const kept = notesThatFit(page, Math.min(labels, MIN_LABEL), space)
  const notes = page.map((row) => noteOf(row, kept))
  const noteRoom = Math.max(...notes.map(textWidth))
  const width = Math.max(Math.min(labels, noteRoom === 0 ? space : space - noteRoom - 2), 0)
  return page.map((row, index) => {
    const cursor = start + index === position ? '> ' : '  '
    const mark = !marking ? '' : row.markable !== true ? '    ' : marks.has(row.id) ? '[x] ' : '[ ] '
    return cutEnd(`${cursor}${mark}${fill(row.label, width)}  ${notes[index] ?? ''}`.trimEnd(), columns)
  })
}

/** Returns how many notes of each row there is room for beside names of at least `least` columns. */
function notesThatFit<T>(page: readonly Row<T>[], least: number, space: number): number {
  let kept = Math.max(...page.map(({ notes = [] }) => notes.length))
  while (kept > 0 && Math.max(...page.map((row) => textWidth(noteOf(row, kept)))) + 2 + least > space) kept -= 1
  return kept
}

function noteOf<T>({ notes = [] }: Row<T>, kept: number): string {
  return notes.slice(0, kept).join('  ')
}
