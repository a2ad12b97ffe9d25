/** Most changes of a letter by which a word may differ from what was meant. */
const MOST_CHANGES = 3

/** How much of the longer of two words has to be the same. */
const LEAST_ALIKE = 0.4

/**
 * Returns which of several words was probably meant by one that is mistyped, or `null` if none is close. A letter that
 * is missing, added, wrong or swapped with its neighbour counts as one change, and upper and lower case as none.
 */
export function closest(word: string, candidates: Iterable<string>): string | null {
  let best: string | null = null
  let fewest = MOST_CHANGES + 1
  for (const candidate of candidates) {
    const [typed, meant] = [letters(word), letters(candidate)]
    const length = Math.max(typed.length, meant.length)
    if (Math.abs(typed.length - meant.length) > MOST_CHANGES) continue
    const changes = countChanges(typed, meant)
    if (changes < fewest && length - changes > length * LEAST_ALIKE) [best, fewest] = [candidate, changes]
  }
  return best
}

/** Returns the part of a message that asks whether a word was meant, with the one before and the space behind it. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  const meant = closest(word, candidates)
  return meant === null ? '; ' : `; did you mean "${meant}"? `
}

function letters(word: string): string[] {
  return Array.from(word.toLowerCase())
}

/** Counts the changes by dynamic programming, row by row (optimal string alignment). */
function countChanges(from: readonly string[], to: readonly string[]): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (const [row, letter] of from.entries()) {
    const current = [row + 1]
    for (const [column, other] of to.entries()) {
      const replaced = at(last, column) + Number(letter !== other)
      const isSwap = letter === to[column - 1] && other === from[row - 1]
      const swapped = isSwap ? at(beforeLast, column - 1) + 1 : Infinity
      current.push(Math.min(at(last, column + 1) + 1, at(current, column) + 1, replaced, swapped))
    }
    beforeLast = last
    last = current
  }
  return at(last, to.length)
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Infinity
}
