import { expect, test } from 'vitest'
import { copyBytes } from '../../src/wire/copy.ts'

test.each([
  ['shared', () => new Uint8Array(new SharedArrayBuffer(8))],
  ['other', () => new Uint8Array(8)],
])('bytes are copied from %s memory, also within a larger buffer, and nothing beside them', (_what, create) => {
  const source = create()
  source.set([9, 1, 2, 3, 9])
  const target = create().subarray(1)
  copyBytes(source.subarray(1, 4), target.subarray(1), 2)
  expect([...target]).toEqual([0, 0, 0, 1, 2, 3, 0])
})
