import type { Leaf } from './tree.ts'

/** Most entries of a folder that are held: enough for people, and a bound on the memory a peer can take. */
export const MOST_HELD = 10_000

/** How often it is told what was read so far, in milliseconds. */
const INTERVAL = 150

/** Reads a folder up to the most that is held, and tells what there is, now and then and at the end, and how it stands. */
export async function readFolder(
  folder: AsyncIterable<Leaf>,
  tell: (leaves: readonly Leaf[], status: string) => void,
): Promise<void> {
  const leaves: Leaf[] = []
  let next = performance.now() + INTERVAL
  for await (const leaf of folder) {
    if (leaves.length === MOST_HELD) {
      tell(leaves, `the first ${MOST_HELD} of more`)
      return // which ends the reading
    }
    leaves.push(leaf)
    if (performance.now() < next) continue
    tell(leaves, `reading, ${leaves.length} so far`)
    next = performance.now() + INTERVAL
  }
  tell(leaves, leaves.length === 0 ? 'nothing in it' : '')
}
