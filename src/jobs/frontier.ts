import { SftError } from '../errors.ts'

/** What is remembered at a time: names of folders, each a few dozen bytes. */
const MOST = 4_000_000

/**
 * Folders that were found and not looked into yet: of each no more than its name, as there may be very many. The latest
 * come first, so that what waits grows with the depth of a tree and not with all of its width.
 */
export class Frontier<L> {
  readonly #levels: { readonly level: L; readonly names: string[] }[] = []
  readonly #most: number
  #waiting = 0

  /** @param most - Names that may wait at a time. */
  constructor(most = MOST) {
    this.#most = most
  }

  /**
   * Throws unless so many more names fit.
   *
   * @throws {@link SftError} `ERR_FILE`
   */
  expectRoom(names: number): void {
    if (this.#waiting + names <= this.#most) return
    throw new SftError('ERR_FILE', 'there are too many folders to remember; copy them in several parts')
  }

  /** Adds the folders of one level, to be taken in their order. */
  add(level: L, names: readonly string[]): void {
    if (names.length === 0) return
    this.expectRoom(names.length)
    this.#waiting += names.length
    this.#levels.push({ level, names: names.toReversed() })
  }

  take(): { level: L; name: string } | null {
    const last = this.#levels.at(-1)
    const name = last?.names.pop()
    if (!last || name === undefined) return null
    this.#waiting -= 1
    if (last.names.length === 0) this.#levels.pop()
    return { level: last.level, name }
  }

  clear(): void {
    this.#levels.length = 0
    this.#waiting = 0
  }
}
