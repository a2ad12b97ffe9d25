import { readPrivateFile, replacePrivateFile } from './fs/private-file.ts'
import { defaultHome } from './home.ts'

/** Lines of a history that are kept, and characters of one; longer ones are not. */
export const HISTORY_LINES = 1_000
const MOST_CHARACTERS = 1_000

/** More than such a history can have. */
const MAX_BYTES = 4 * HISTORY_LINES * (MOST_CHARACTERS + 1)

/**
 * Returns the lines that were typed in the shells of this user, the latest last.
 *
 * @throws {@link SftError} `ERR_IDENTITY` if others may read or write the file, or the code of another failure.
 */
export async function readHistory(home: string = defaultHome()): Promise<string[]> {
  const stored = await readPrivateFile(pathOf(home), MAX_BYTES)
  return stored === null ? [] : kept(new TextDecoder().decode(stored).split('\n'))
}

/**
 * Adds lines to those, and forgets the oldest ones that are too many. Only the owner of the file may read it.
 *
 * @throws {@link SftError} as {@link readHistory}, and whatever keeps the file from being written.
 */
export async function addToHistory(lines: readonly string[], home: string = defaultHome()): Promise<void> {
  // What another shell added meanwhile stays.
  const all = kept([...(await readHistory(home)), ...lines])
  await replacePrivateFile(pathOf(home), new TextEncoder().encode(all.map((line) => `${line}\n`).join('')))
}

/** Lines that hold what a terminal could act on were never typed. */
function kept(lines: readonly string[]): string[] {
  return lines
    .filter((line) => line !== '' && line.length <= MOST_CHARACTERS && !/[\p{Cc}\p{Cs}]/u.test(line))
    .slice(-HISTORY_LINES)
}

function pathOf(home: string): string {
  return `${home}/history-shell`
}
