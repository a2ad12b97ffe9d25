import { setFlagsFromString } from 'node:v8'

/** Smaller files than this leave next to nothing outside the heap, in bytes. */
const SMALL = 64 * 1024

/** So many of them are a reason to expect more. */
const MANY = 128

let small = 0

/**
 * Notes a file that went across. After many small ones the young generation of V8, which bin/sft.js keeps small for the
 * sake of large files, may grow: hundreds of small files are under way at a time, and every collection moves what
 * belongs to them.
 */
export function noteFile(size: number): void {
  if (small === MANY || size >= SMALL) return
  small += 1
  if (small === MANY) setFlagsFromString('--semi-space-growth-factor=2')
}
