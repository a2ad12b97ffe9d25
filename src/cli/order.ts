import type { Entry, Unlistable } from '../index.ts'

/** Most entries that are held to be sorted: enough for people, and a bound on the memory a peer can take. */
const MOST_SORTED = 10_000

/**
 * Yields a listing sorted as people read it: `file2` before `file10`, and a folder right before what it holds. One that is
 * too long for anybody to read comes as it arrives from there on.
 */
export async function* inReadingOrder(listing: AsyncIterable<Entry | Unlistable>): AsyncGenerator<Entry | Unlistable> {
  let held: (Entry | Unlistable)[] | undefined = []
  for await (const entry of listing) {
    if (!held) {
      yield entry
    } else if (held.push(entry) === MOST_SORTED) {
      yield* sorted(held)
      held = undefined
    }
  }
  if (held) yield* sorted(held)
}

// Always the same language, so that a script gets the same order on every machine.
const collator = new Intl.Collator('en', { numeric: true })

function sorted(entries: readonly (Entry | Unlistable)[]): (Entry | Unlistable)[] {
  return entries
    .map((entry) => ({ entry, key: entry.type === 'unlistable' ? undefined : entry.path.split('/') }))
    .toSorted((a, b) => compare(a.key, b.key))
    .map(({ entry }) => entry)
}

/** Compares two paths component by component; what has none comes last. */
function compare(a: readonly string[] | undefined, b: readonly string[] | undefined): number {
  if (!a || !b) return Number(!a) - Number(!b)
  for (let depth = 0; depth < Math.min(a.length, b.length); depth += 1) {
    const [one, other] = [a[depth] ?? '', b[depth] ?? '']
    // Names the language does not tell apart still have an order.
    const difference = one === other ? 0 : collator.compare(one, other) || (one < other ? -1 : 1)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}
