import { SftError } from '../index.ts'

/** How much a pattern may match, and what shows that. */
export interface MatchLimits {
  readonly most?: number
  /** The command that shows what there is. */
  readonly lister?: string
}

/**
 * Passes on what a pattern matches, if that is something and not too much.
 *
 * @param text - The pattern as it was typed.
 * @throws {@link SftError} `ERR_NOT_FOUND` for nothing, `ERR_USAGE` for more than `most`.
 */
export async function* someOf<T>(
  matches: AsyncIterable<T>,
  text: string,
  { most = Infinity, lister = 'ls' }: MatchLimits = {},
): AsyncGenerator<T> {
  let count = 0
  for await (const match of matches) {
    count += 1
    if (count > most) throw new SftError('ERR_USAGE', `more than ${most} entries match "${text}"; write it narrower`)
    yield match
  }
  if (count > 0) return
  throw new SftError('ERR_NOT_FOUND', `nothing matches "${text}"; "sft ${lister}" shows what is there`, {
    step: lister,
  })
}
