import { isGlob, SftError } from '../../index.ts'
import { escapeQuoted, type Quote } from '../shell-words.ts'

/** Quoting as in a POSIX shell: `'…'`, `"…"` and the backslash. There are no variables. */

/** One word of a line. */
export interface Word {
  /** What it says, without its quotes. */
  readonly text: string
  /** The pattern it is meant as: what was quoted stands for itself in it. `null` for a word that is none. */
  readonly pattern: string | null
}

/** The word that is being typed at the end of a line. */
export interface OpenWord {
  /** Where it starts in the line. */
  readonly start: number
  readonly text: string
  /** The quote that is open in it, or that all of it is in. */
  readonly quote: Quote
}

/**
 * Splits a line into words.
 *
 * @throws {@link SftError} `ERR_USAGE` for a quote that is not closed, or a backslash with nothing behind it.
 */
export function splitWords(line: string): Word[] {
  const { words, last, open, dangling } = scan(line)
  const rule = 'one that is part of a name needs a backslash in front of it'
  if (open !== '') throw new SftError('ERR_USAGE', `the quote ${open} is not closed; ${rule}`)
  if (dangling) throw new SftError('ERR_USAGE', `there is nothing behind the backslash at the end; ${rule}`)
  return last.started ? [...words, finished(last)] : words
}

/**
 * Splits what has been typed so far into the words before and the one that is being typed.
 *
 * @returns `null` where nothing can be completed: right behind a backslash.
 */
export function splitTyped(line: string): { before: Word[]; word: OpenWord } | null {
  const { words, last, open, dangling } = scan(line)
  if (dangling) return null
  const first = line[last.start]
  const quote = open !== '' || !last.started ? open : first === "'" || first === '"' ? first : ''
  return { before: words, word: { start: last.start, text: last.text, quote } }
}

/**
 * Quotes a word so that {@link splitWords} gives it back, in the way it was begun.
 *
 * @param more - Whether more is to be typed behind it, so that a quote stays open.
 */
export function quoteWord(text: string, quote: Quote = '', more = false): string {
  if (quote === '') return text === '' ? "''" : text.replace(SPECIAL, '\\$&')
  return `${quote}${escapeQuoted(text, quote)}${more ? '' : quote}`
}

/** Returns the pattern that only `text` itself matches. */
export function literalPattern(text: string): string {
  return Array.from(text, literal).join('')
}

// What ends a word, quotes, or is part of a pattern; what begins a comment or means something at the start of a line. For
// bash it takes more (shell-words.ts), as there any sign may mean something.
const SPECIAL = /[\s'"\\*?[\]{}()!#$`&;|<>~]/g

interface Part {
  readonly start: number
  text: string
  pattern: string
  /** Whether there is a word at all: an empty one has quotes. */
  started: boolean
  /** Whether something in it that may be part of a pattern was not quoted. */
  magic: boolean
}

interface Scanned {
  readonly words: Word[]
  readonly last: Part
  readonly open: Quote
  readonly dangling: boolean
}

function scan(line: string): Scanned {
  if (line.includes('\0')) throw new SftError('ERR_USAGE', 'the line holds a NUL byte, which no name has')
  const words: Word[] = []
  let [last, open]: [Part, Quote] = [emptyPart(0), '']
  for (let at = 0; at < line.length;) {
    const character = String.fromCodePoint(line.codePointAt(at) ?? 0)
    at += character.length
    const escapes = character === '\\' && (open === '' || (open === '"' && /^["\\$`]/.test(line.slice(at))))
    if (escapes && at === line.length) return { words, last, open, dangling: true }
    if (escapes) {
      const escaped = String.fromCodePoint(line.codePointAt(at) ?? 0)
      at += escaped.length
      add(last, escaped, literal(escaped))
    } else if (open !== '') {
      if (character === open) open = ''
      else add(last, character, literal(character))
    } else if (character === "'" || character === '"') {
      open = character
      add(last, '', '')
    } else if (BETWEEN.test(character)) {
      if (last.started) words.push(finished(last))
      last = emptyPart(at)
    } else {
      add(last, character, character)
      last.magic ||= MAGIC.test(character)
    }
  }
  return { words, last, open, dangling: false }
}

const BETWEEN = /[ \t\r\n]/
const MAGIC = /[*?[{(]/

function emptyPart(start: number): Part {
  return { start, text: '', pattern: '', started: false, magic: false }
}

function add(part: Part, text: string, pattern: string): void {
  part.text += text
  part.pattern += pattern
  part.started = true
}

/** A character that means nothing in a pattern. */
function literal(character: string): string {
  if (character === '\\') return '\\\\'
  return MAGIC.test(character) ? `[${character}]` : character
}

function finished({ text, pattern, magic }: Part): Word {
  return { text, pattern: magic && isGlob(pattern) ? pattern : null }
}
