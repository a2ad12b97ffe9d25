import { generateCode } from '../crypto/code.ts'
import type { ShownCode } from './pairing.ts'

/** How long a code is good for, in milliseconds. */
export const CODE_LIFETIME = 180_000

/** Makes a new code that is good for one guess within three minutes, however many peers try. */
export function newCode(now: () => number = Date.now): ShownCode {
  const until = now() + CODE_LIFETIME
  let used = false
  return {
    text: generateCode(),
    get good() {
      return !used && now() < until
    },
    use() {
      const { good } = this
      used = true
      return good
    },
  }
}
