import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Smaller files than this leave next to nothing outside the heap, in bytes. */
const SMALL = 64 * 1024

/** So many of them are a reason to expect more. */
const MANY = 128

/** A young generation that is large enough for them, in bytes. */
const ENOUGH = 4 * 1024 * 1024

/** How much the old generation may grow before it is collected, in percent of what is in use; V8 itself goes to 300. */
const GROWTH = 100

let small = 0
let collect: ((options: { type: 'minor' }) => void) | null = null

/**
 * Notes a file that went across. After many small ones the young generation of V8, which bin/sft.js keeps small for the
 * sake of large files, may grow to a few megabytes: hundreds of small files are under way at a time, and every collection
 * moves what belongs to them. V8 makes it smaller again while little happens, so that is not done only once.
 */
export function noteFile(size: number): void {
  if (size >= SMALL) return
  small += 1
  if (small === MANY) setFlagsFromString(`--heap-growing-percent=${GROWTH}`)
  if (small % MANY === 0 && youngGeneration() < ENOUGH) grow()
}

/** Lets one collection double the young generation, if it finds it too small; several would grow it without bound. */
function grow(): void {
  if (collect === null) {
    setFlagsFromString('--expose-gc')
    collect = runInNewContext('gc') as (options: { type: 'minor' }) => void
    setFlagsFromString('--no-expose-gc')
  }
  setFlagsFromString('--semi-space-growth-factor=2')
  collect({ type: 'minor' })
  setFlagsFromString('--semi-space-growth-factor=1')
}

function youngGeneration(): number {
  return getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')?.space_size ?? ENOUGH
}
