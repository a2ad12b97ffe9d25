import { wordlist } from '@scure/bip39/wordlists/english.js'
import { SftError } from '../errors.ts'

const WORDS = 3

/** First letters that tell every word of the list from every other. */
const TELLING = 4

/**
 * Returns a new code for pairing: three words of the 2,048 of BIP 39, 33 bits, to be read aloud and typed.
 */
export function generateCode(): string {
  const indexes = crypto.getRandomValues(new Uint16Array(WORDS))
  return Array.from(indexes, (index) => wordlist[index % wordlist.length]).join('-') // 2,048 divides 65,536: no bias
}

/**
 * Reads a code as people type it: any case, spaces or hyphens between the words, and the first four letters of a word
 * are enough.
 *
 * @throws {@link SftError} `ERR_USAGE` if it is not three words of the list.
 */
export function parseCode(text: string): string {
  const typed = text
    .trim()
    .toLowerCase()
    .split(/[\s-]+/)
  if (typed.length !== WORDS)
    throw new SftError('ERR_USAGE', `a code is ${WORDS} words, such as ${EXAMPLE}; type it as it is shown`)
  const words = typed.map((word) => {
    const found = wordlist.find((known) => known === word || (word.length >= TELLING && known.startsWith(word)))
    if (found === undefined)
      throw new SftError('ERR_USAGE', `"${word}" is not a word of a code; type it as it is shown`)
    return found
  })
  return words.join('-')
}

const EXAMPLE = 'ocean-canyon-seven'
