import { offer } from '../completing.ts'
import { commandLine } from '../program.ts'
import { escapeForBash, parseShellLine, type ShellLine } from '../shell-words.ts'
import { exitWhenWritten } from '../termination.ts'

/** Longest description that is shown beside a word. */
const MOST_ABOUT = 60

/**
 * What the scripts of `sft completion` ask: `bash BREAKS LINE` with the line up to the cursor, `zsh WORD...` without quotes,
 * or `fish WORD...` with those of the last one. Prints what kind of word is wanted, and then on a line each what it can
 * be, with what that means behind a tab; for bash as it has to stand in the line, as bash itself leaves some signs unquoted.
 * Prints nothing else, whatever goes wrong.
 */
export async function complete([shell = '', ...rest]: readonly string[]): Promise<number> {
  try {
    const line = readLine(shell, rest)
    const offered = await offer(
      commandLine(() => undefined),
      line.words,
    )
    const lines = offered.words.flatMap(({ word, about }) => {
      const text = shell === 'bash' ? escapeForBash(word.slice(line.kept.length), line.quote) : word
      if (text === null) return []
      return about === undefined ? text : `${text}\t${firstOf(about)}`
    })
    process.stdout.write(`${[offered.kind, ...lines].join('\n')}\n`)
    return await exitWhenWritten(0)
  } catch {
    return 1
  }
}

function readLine(shell: string, rest: readonly string[]): ShellLine {
  if (shell === 'bash') {
    const line = parseShellLine(rest[1] ?? '', rest[0])
    return { ...line, words: line.words.slice(1) }
  }
  const last = shell === 'fish' ? parseShellLine(rest.at(-1) ?? '').words.at(-1) : rest.at(-1)
  return { words: [...rest.slice(0, -1), last ?? ''], kept: '', quote: '' }
}

/** Shortens a description to its first part. */
function firstOf(about: string): string {
  const [first = ''] = about.split(/[;:]/)
  return first.length <= MOST_ABOUT ? first : `${first.slice(0, first.lastIndexOf(' ', MOST_ABOUT))} ...`
}
