/**
 * What a share may let a peer do, one bit each in `Welcome.rights` (docs/protocol.md section 5), in the order of the bits.
 */
export const RIGHTS = ['list', 'get', 'put', 'overwrite', 'delete', 'rename', 'mkdir'] as const

export type Right = (typeof RIGHTS)[number]

/** Encodes a set of rights as the bits of `Welcome.rights`. */
export function encodeRights(rights: ReadonlySet<Right>): number {
  return RIGHTS.reduce((bits, right, index) => (rights.has(right) ? bits | (1 << index) : bits), 0)
}

/** Decodes the bits of `Welcome.rights`; bits this version does not know are ignored. */
export function decodeRights(bits: number): ReadonlySet<Right> {
  return new Set(RIGHTS.filter((_right, index) => (bits & (1 << index)) !== 0))
}

/** Tells whether `name` is a right. */
export function isRight(name: string): name is Right {
  return (RIGHTS as readonly string[]).includes(name)
}
