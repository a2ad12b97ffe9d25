import picomatch from 'picomatch'

/** Tells which entries of a tree a job is about. */
export class Filter {
  readonly #include: ((path: string) => boolean) | null
  readonly #exclude: (path: string) => boolean

  /**
   * @param include - Globs of which a file must match one; every file if there are none.
   * @param exclude - Globs of which no file may match one, and no folder above it. A glob without `/` is matched against
   * each name, one with `/` against the path below what the job was given.
   */
  constructor(include: readonly string[] = [], exclude: readonly string[] = []) {
    this.#include = include.length === 0 ? null : matcher(include)
    this.#exclude = matcher(exclude)
  }

  /** Whether a file at this path is wanted. */
  takes(path: string): boolean {
    return !this.#exclude(path) && (this.#include === null || this.#include(path))
  }

  /** Whether a folder at this path is looked into. */
  enters(path: string): boolean {
    return !this.#exclude(path)
  }

  /** Whether folders are made although nothing in them is wanted. */
  get keepsEmpty(): boolean {
    return this.#include === null
  }
}

/** Tells whether a path that a person typed is meant as a pattern. */
export function isGlob(path: string): boolean {
  // Parentheses alone are in many names: "a (1).txt".
  return picomatch.scan(path, { noparen: true }).isGlob || /[!?*+@]\(/.test(path)
}

/**
 * Returns what a pattern for whole paths begins with before its first wildcard, and the test for a path.
 *
 * @param dot - Whether a wildcard also stands for names that begin with a dot.
 */
export function parseGlob(pattern: string, dot = true): { base: string; matches: (path: string) => boolean } {
  const { base } = picomatch.scan(pattern)
  return { base: base === '' ? '.' : base, matches: picomatch(pattern, { dot }) }
}

/** Returns how many components the deepest path has that a pattern may match. */
export function globDepth(pattern: string): number {
  return /\*\*|[{(]/.test(pattern) ? Infinity : pattern.split('/').length
}

function matcher(globs: readonly string[]): (path: string) => boolean {
  const tests = globs.map((glob) => {
    const pattern = glob.replace(/^\.?\/+|\/+$/g, '')
    const test = picomatch(pattern, { dot: true })
    return pattern.includes('/') ? test : (path: string) => test(path.slice(path.lastIndexOf('/') + 1))
  })
  return (path) => tests.some((test) => test(path))
}
