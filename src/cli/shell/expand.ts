import { isGlob, matchLocal, SftError, type Entry, type SftErrorCode } from '../../index.ts'
import type { Session } from '../context.ts'
import { someOf } from '../matches.ts'
import type { Place } from './place.ts'
import type { Word } from './words.ts'

/** Most entries that a pattern may stand for where each is named to a command; `get` takes any number. */
const MOST_MATCHES = 10_000

/** The arguments of one command, told apart into names and patterns as they were typed. */
export class Arguments {
  readonly #place: Place
  readonly #patterns = new Map<string, string>()

  /** @param words - The whole command. */
  constructor(place: Place, words: readonly Word[]) {
    this.#place = place
    for (const { text, pattern } of words) if (pattern !== null) this.#patterns.set(text, pattern)
    // What was typed both ways stands for itself: so nothing is meant that was quoted.
    for (const { text, pattern } of words) if (pattern === null) this.#patterns.delete(text)
  }

  /** The pattern that an argument is meant as; `null` for a name. */
  patternOf(text: string): string | null {
    return this.#patterns.get(text) ?? null
  }

  /**
   * Yields what an argument matches, if it is a pattern and not the name of something that is there.
   *
   * @param most - Entries that may match.
   * @returns `null` for a name.
   */
  async matches(text: string, session: Session, most = Infinity): Promise<AsyncGenerator<Entry> | null> {
    const pattern = this.patternOf(text)
    if (pattern === null || (await isThere(this.#place, text, session))) return null
    const { below, pattern: inner } = this.#place.remotePattern(pattern)
    return someOf(session.remote.match(inner, { below, signal: session.signal }), text, { most })
  }

  /**
   * Returns the paths of the share that arguments name, and what patterns among them match.
   *
   * @throws {@link SftError} `ERR_NOT_FOUND` for a pattern that nothing matches, `ERR_USAGE` for one that too much does.
   */
  async remotePaths(texts: readonly string[], session: Session): Promise<string[]> {
    const found = new Set<string>()
    for (const text of texts) {
      const matches = await this.matches(text, session, MOST_MATCHES)
      if (matches === null) found.add(this.#place.remotePath(text))
      else for await (const { path } of matches) found.add(path)
    }
    return [...found]
  }

  /**
   * Returns what `get` is to fetch: paths, and patterns as they are where they can be said from the root.
   *
   * @throws {@link SftError} as {@link remotePaths}, or `ERR_NOT_FOUND` for a name that is not there and looks like a pattern.
   */
  async remoteSources(texts: readonly string[], session: Session): Promise<string[]> {
    const sources: string[] = []
    for (const text of texts) {
      const pattern = this.patternOf(text)
      const fromRoot = pattern === null ? null : this.#place.patternFromRoot(this.#place.remotePattern(pattern))
      if (fromRoot !== null) {
        sources.push(fromRoot)
        continue
      }
      const paths = await this.remotePaths([text], session)
      // A name that is there is taken as that by a job; another one that looks like a pattern would be taken for one.
      if (pattern === null && isGlob(paths[0] ?? '') && !(await isThere(this.#place, text, session))) {
        throw new SftError('ERR_NOT_FOUND', `there is no "${text}"; "sft ls" shows what is there`, { step: 'ls' })
      }
      sources.push(...paths)
    }
    return sources
  }

  /** Returns the files of this machine that arguments name, and what patterns among them match. */
  async localPaths(texts: readonly string[]): Promise<string[]> {
    const found: string[] = []
    for (const text of texts) {
      const pattern = this.patternOf(text)
      if (pattern === null) {
        found.push(this.#place.localPath(text))
        continue
      }
      const paths: string[] = []
      const matches = someOf(matchLocal(this.#place.local, pattern), text, { lister: 'lls' })
      for await (const path of matches) paths.push(path)
      found.push(...paths.toSorted().map((path) => this.#place.localPath(path)))
    }
    return found
  }
}

/** A file may be called as a pattern is written. */
async function isThere(place: Place, text: string, { remote, signal }: Session): Promise<boolean> {
  try {
    await remote.stat(place.remotePath(text), { signal })
    return true
  } catch (error) {
    if (error instanceof SftError && NO_NAME.has(error.code)) return false
    throw error
  }
}

const NO_NAME: ReadonlySet<SftErrorCode> = new Set(['ERR_NOT_FOUND', 'ERR_PATH', 'ERR_DENIED'])
