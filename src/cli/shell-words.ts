/** A command line as a shell reads it, up to the cursor. */
export interface ShellLine {
  /** Its words without quotes; the last one is being typed, and may be empty. */
  readonly words: readonly string[]
  /** How the last word begins where the shell leaves that alone: it only replaces what stands behind. */
  readonly kept: string
  /** The quote that is open at the cursor; empty if none is. */
  readonly quote: Quote
}

export type Quote = '' | '"' | "'"

/** Between double quotes a backslash only stands for what follows in front of these. */
const ESCAPED_IN_QUOTES = '"\\$`\n'

/** What is between words, and no other space. */
const BETWEEN = /[ \t\r\n]/

/** Where bash takes up a new word at one of these, it is the beginning of that word. */
const PREFIXES = '@$'

/**
 * Takes a command line apart by the quotes and backslashes that POSIX shells and fish have. Nothing is expanded and nothing
 * run: what a shell would replace stays as it is written. Apart from shell/words.ts, which knows patterns and may find a
 * fault: here any line is one, and what counts is where bash begins to replace.
 *
 * @param breaks - The characters behind which bash takes up a new word to complete, if they are not quoted.
 */
export function parseShellLine(line: string, breaks = ''): ShellLine {
  const words: string[] = []
  let [word, kept, keptOutside, isWord] = ['', '', '', false]
  let quote: Quote = ''
  const letters = Array.from(line)
  for (let at = 0; at < letters.length; at += 1) {
    const letter = letters[at] ?? ''
    const next = letters[at + 1] ?? ''
    const isEscape = letter === '\\' && (quote === '' || (quote === '"' && ESCAPED_IN_QUOTES.includes(next)))
    if (quote === '' && BETWEEN.test(letter)) {
      if (isWord) words.push(word)
      ;[word, kept, isWord] = ['', '', false]
      continue
    }
    isWord = true
    if (isEscape) {
      word += next
      at += 1
    } else if (letter === quote) {
      quote = ''
      kept = keptOutside // what was quoted is replaced as a whole
    } else if (quote === '' && (letter === '"' || letter === "'")) {
      quote = letter
      ;[kept, keptOutside] = [word, kept]
    } else {
      if (quote === '' && breaks.includes(letter)) kept = PREFIXES.includes(letter) ? word : word + letter
      word += letter
    }
  }
  return { words: [...words, word], kept, quote }
}

/**
 * Writes text so that bash reads it as it is at a place where a quote is open, or none.
 *
 * @returns `null` for what cannot be written there: an exclamation mark between double quotes means the history.
 */
export function escapeForBash(text: string, quote: Quote): string | null {
  if (quote !== '') return quote === '"' && text.includes('!') ? null : escapeQuoted(text, quote)
  return text.replace(/[^\p{L}\p{M}\p{N}./_,+%-]/gu, '\\$&')
}

/** Writes text as it stands between quotes of one kind: in our own shell as in any other. */
export function escapeQuoted(text: string, quote: Exclude<Quote, ''>): string {
  return quote === '"' ? text.replace(/["\\$`]/g, '\\$&') : text.replaceAll("'", "'\\''")
}
