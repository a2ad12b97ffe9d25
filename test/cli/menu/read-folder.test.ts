import { expect, test } from 'vitest'
import { MOST_HELD, readFolder } from '../../../src/cli/menu/read-folder.ts'
import type { Leaf } from '../../../src/cli/menu/tree.ts'

function leaf(number: number): Leaf {
  return { path: `${number}`, label: `${number}`, kind: 'file', notes: [] }
}

/** A folder that has no end, unless it is told to be short; whether its reading was ended. */
function folder(count = Infinity): { leaves: AsyncGenerator<Leaf>; ended: () => boolean } {
  let ended = false
  async function* leaves(): AsyncGenerator<Leaf> {
    try {
      for (let number = 0; number < count; number += 1) yield leaf(number)
    } finally {
      ended = true
    }
  }
  return { leaves: leaves(), ended: () => ended }
}

test('a folder without an end is read to what is held of it, and no further', async () => {
  const { leaves, ended } = folder()
  const told: [number, string][] = []
  await readFolder(leaves, (found, status) => told.push([found.length, status]))
  expect(told.at(-1)).toEqual([MOST_HELD, `the first ${MOST_HELD} of more`])
  expect(ended()).toBe(true)
})

test.each([
  [0, 'nothing in it'],
  [3, ''],
  [MOST_HELD, ''],
])('a folder of %i entries is told whole', async (count, status) => {
  const told: [number, string][] = []
  await readFolder(folder(count).leaves, (found, status) => told.push([found.length, status]))
  expect(told.at(-1)).toEqual([count, status])
})

test('what cannot be read is an error', async () => {
  const { promise, reject } = Promise.withResolvers<Leaf>()
  reject(new Error('gone'))
  async function* broken(): AsyncGenerator<Leaf> {
    yield leaf(0)
    yield await promise
  }
  await expect(readFolder(broken(), () => undefined)).rejects.toThrow('gone')
})
