import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'

/** Smaller files than this leave next to nothing outside the heap, in bytes. */
const SMALL = 64 * 1024

/** So many of them are a reason to expect more. */
const MANY = 128

/** How often it is looked whether the young generation is large enough, in files, and what is enough, in bytes. */
const LOOK_EVERY = 16
const ENOUGH = 4 * 1024 * 1024

let small = 0
let growing = false

/**
 * Notes a file that went across. After many small ones the young generation of V8, which bin/sft.js keeps small for the
 * sake of large files, may grow to a few megabytes: hundreds of small files are under way at a time, and every collection
 * moves what belongs to them.
 */
export function noteFile(size: number): void {
  if (size >= SMALL || (small > MANY && !growing)) return
  small += 1
  if (small === MANY) grow(true)
  else if (growing && small % LOOK_EVERY === 0 && youngGeneration() >= ENOUGH) grow(false)
}

function grow(may: boolean): void {
  growing = may
  setFlagsFromString(`--semi-space-growth-factor=${may ? 2 : 1}`)
}

function youngGeneration(): number {
  return getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')?.space_size ?? ENOUGH
}
