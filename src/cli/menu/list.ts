import { createPrompt, isEnterKey, useEffect, useKeypress, useState, type KeypressEvent } from '@inquirer/core'
import { cutEnd, cutStart, textWidth } from '../width.ts'
import { matching, moved, pageLines, positionOf, type Move, type Row } from './list-view.ts'
import { show, suspendQuestion, type Answer } from './screen.ts'

/** What a list shows: it may change while a person looks at it. */
export interface Listing<T> {
  readonly rows: readonly Row<T>[]
  /** What there is to say of the whole, such as that it is still being read. */
  readonly status?: string
}

export interface ListQuestion<T> extends Listing<T> {
  /** What is asked, escaped; the last line takes what is searched for. */
  readonly title: string
  /** The ID of the row that the cursor begins on. */
  readonly at?: string
  /** The IDs of rows that are marked, which this changes. */
  readonly marks?: Set<string>
  /** The row that goes on with what is marked, once something is. */
  readonly marked?: (count: number) => Row<T>
  /** What the arrow to the left stands for. */
  readonly left?: T
  /** What Enter and Esc do, in a word or two. */
  readonly enter?: string
  readonly escape?: string
  /** Begins to tell of changes; returns how to end that. */
  readonly watch?: (onChange: (listing: Listing<T>) => void) => () => void
}

/** Lets a person choose a row, with the arrow keys or by typing a part of its name. */
export async function choose<T>(question: ListQuestion<T>, signal?: AbortSignal): Promise<Answer<T>> {
  // What the prompt gives back is a value of one of these rows, or the one for the left.
  return (await show(list, question as ListQuestion<unknown>, signal)) as Answer<T>
}

/** Asks whether to do what cannot be taken back; the answer is No unless a person chooses Yes. */
export async function confirm(
  title: string,
  answers: { yes: string; no: string },
  signal?: AbortSignal,
): Promise<boolean> {
  const answer = await choose(
    {
      title,
      rows: [
        { id: 'no', label: answers.no, value: false },
        { id: 'yes', label: answers.yes, value: true },
      ],
    },
    signal,
  )
  return 'chosen' in answer && answer.chosen
}

/** Most rows on a page, and the columns of a terminal that does not tell. */
const [MOST_ROWS, COLUMNS, LINES] = [16, 80, 24]

/** Lines that stay on a small screen for what was told before, such as why a command failed, unless few rows are left. */
const [TOLD, FEW_ROWS] = [4, 4]

/** Clears what is behind the cursor and below: a list that was there before the terminal was resized. */
const CLEAR_BELOW = '\u001b[J'

/** What the terminal sends for a key, which the types of the library leave out. */
interface Key extends KeypressEvent {
  readonly name: string
  readonly sequence?: string
  readonly meta?: boolean
}

const MOVES: Partial<Record<string, Move>> = {
  up: 'up',
  down: 'down',
  pageup: 'pageup',
  pagedown: 'pagedown',
  home: 'home',
  end: 'end',
}

const list = createPrompt<Answer<unknown>, ListQuestion<unknown>>((question, done) => {
  const { title, marks, marked, left, watch, enter = 'chooses', escape = 'goes back' } = question
  const [listing, setListing] = useState<Listing<unknown>>(question)
  const [query, setQuery] = useState('')
  const [at, setAt] = useState(question.at)
  const [, redraw] = useState(0)
  const above = title.split('\n').length
  const [columns, lines] = [(process.stdout.columns || COLUMNS) - 1, process.stdout.rows || LINES]
  const space = lines - above - 2
  const room = Math.max(Math.min(MOST_ROWS, space - TOLD), Math.min(FEW_ROWS, space), 1)
  const going = marks && marks.size > 0 && marked ? [marked(marks.size)] : []
  const rows = matching([...going, ...listing.rows], query)
  const position = positionOf(rows, at, query)
  const row = rows[position]

  useEffect(() => watch?.(setListing), [])
  useEffect((line) => {
    const onChange = (): void => redraw(performance.now())
    const onClose = (): void => done({ back: 'escape' }) // Ctrl-D, or a terminal that is gone
    process.stdout.on('resize', onChange)
    line.on('close', onClose)
    suspendQuestion(line, title, room + 1, onChange)
    return () => {
      process.stdout.off('resize', onChange)
      line.removeListener('close', onClose)
    }
  }, [])
  useKeypress((pressed, line) => {
    line.clearLine(0) // what is searched for is kept here, and only what can be shown
    const key: Key = pressed
    const move = MOVES[key.name]
    const takes = isEnterKey(key) || (key.name === 'right' && row?.opens === true)
    if (takes) {
      if (row && row.disabled !== true) done({ chosen: row.value })
    } else if (move) {
      setAt(rows[moved(position, move, rows.length, room)]?.id)
    } else if (key.name === 'space' && marks) {
      if (row?.markable !== true) return
      if (!marks.delete(row.id)) marks.add(row.id)
      setAt(row.id)
      redraw(performance.now())
    } else if (key.name === 'escape') {
      if (query === '') done({ back: 'escape' })
      setQuery('')
    } else if (key.name === 'backspace' && query !== '') {
      setQuery(Array.from(query).slice(0, -1).join(''))
      setAt(undefined)
    } else if ((key.name === 'left' || key.name === 'backspace') && left !== undefined) {
      done({ chosen: left })
    } else if (isPrintable(key)) {
      setQuery(query + (key.sequence ?? ''))
      setAt(undefined)
    }
  })

  const counted = rows.filter(({ pinned = false }) => !pinned).length
  const hints = [
    listing.status ?? (counted === 0 && query !== '' ? 'nothing matches' : ''),
    rows.length > room ? `${Math.max(position + 1 - (rows.length - counted), 0)}/${counted}` : '',
    marks ? 'Space marks' : '',
    `Enter ${enter}`,
    `Esc ${escape}`,
    'typing searches',
  ]
  const lastTitle = title.slice(title.lastIndexOf('\n') + 1)
  const sought = cutStart(query, Math.floor(columns / 2))
  const asked = [
    ...title.split('\n').slice(0, -1),
    `${cutStart(lastTitle, columns - textWidth(sought) - 2)} ${sought}`,
  ].map((text) => cutEnd(text, columns))
  const page = rows.length === 0 ? [] : pageLines(rows, { position, marks: marks ?? new Set(), columns, room })
  const hint = cutEnd(hints.filter(Boolean).join(', '), columns)
  return [`${asked.join('\n')}${CLEAR_BELOW}`, [...page, hint].join('\n')]
})

function isPrintable({ sequence = '', ctrl, meta = false }: Key): boolean {
  return !ctrl && !meta && /^[^\p{C}\p{Zl}\p{Zp}]$/u.test(sequence)
}
