import type { FileVersion } from './job.ts'

const MILLISECOND = 1_000_000n
const SECOND = 1_000_000_000n

/** Tells whether a file counts as the same as another by its size and modification time. */
export function isSameVersion(one: FileVersion, other: FileVersion): boolean {
  return one.size === other.size && isSameTime(one.mtime, other.mtime)
}

/** Tells whether a file is newer than another, beyond what file systems round. */
export function isNewer(one: FileVersion, other: FileVersion): boolean {
  return one.mtime > other.mtime && !isSameTime(one.mtime, other.mtime)
}

/** Tells whether two times are one: some file systems keep whole seconds only, and Node sets no nanoseconds. */
function isSameTime(one: bigint, other: bigint): boolean {
  const apart = one > other ? one - other : other - one
  const whole = one % SECOND === 0n || other % SECOND === 0n
  return apart < (whole ? SECOND : MILLISECOND)
}

/** Returns the name for a file that is put beside one of its name: `a (1).txt`, `a (2).txt` and so on. */
export function numberedName(name: string, number: number): string {
  const dot = name.lastIndexOf('.')
  const end = dot > 0 ? dot : name.length
  return `${name.slice(0, end)} (${number})${name.slice(end)}`
}
