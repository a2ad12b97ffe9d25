import { SECRETSTREAM, type Sodium } from '../../src/crypto/sodium.ts'

/** A libsodium whose sending streams carry whatever tag the test says, in place of the one that is due. */
export interface ForgedTags {
  readonly sodium: Sodium
  /** The tag of the records to come; `null` for the right one. */
  tag: number | null
}

/** Wraps libsodium for a peer that knows the keys and breaks the rules. */
export function forgedTags(sodium: Sodium): ForgedTags {
  const forged: ForgedTags = {
    tag: null,
    sodium: {
      ...sodium,
      pushStream(key, header) {
        const stream = sodium.pushStream(key, header)
        return {
          header: stream.header,
          push: (sealed, plaintext, tag) => stream.push(sealed, plaintext, forged.tag ?? tag),
        }
      },
    },
  }
  return forged
}

export const TAG = {
  message: SECRETSTREAM.tagMessage,
  push: 1,
  rekey: SECRETSTREAM.tagRekey,
  final: SECRETSTREAM.tagFinal,
}
