import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { RIGHTS } from '../../src/index.ts'
import { connectedMachine, sharingMachine } from '../support/machines.ts'
import { names } from '../support/snapshot.ts'
import { tempFolder } from '../support/tmp.ts'

const COUNT = 100

test.each(['native', 'wasm'] as const)(
  '100 small files at once each arrive and keep their digests (%s)',
  async (sodium) => {
    const machine = await sharingMachine({ rights: RIGHTS, sodium })
    const remote = await connectedMachine(machine.address, { sodium })
    const local = tempFolder()
    const indices = Array.from({ length: COUNT }, (_, index) => index)
    const content = (index: number): string => `content of file ${index}\n`.repeat(index % 7)
    for (const index of indices) writeFileSync(join(local, `${index}`), content(index))

    await Promise.all(indices.map(async (index) => remote.put(join(local, `${index}`), `d${index}`)))
    const digests = await Promise.all(indices.map(async (index) => remote.digest(`d${index}`)))
    await Promise.all(indices.map(async (index) => remote.get(`d${index}`, join(local, `d${index}`))))

    for (const index of indices) {
      expect(readFileSync(join(machine.root, `d${index}`), 'utf8')).toBe(content(index))
      expect(readFileSync(join(local, `d${index}`), 'utf8')).toBe(content(index))
      expect(Buffer.from(digests[index] ?? [])).toEqual(createHash('md5').update(content(index)).digest())
    }
  },
)

test('folders with the same parents are made at once', async () => {
  const machine = await sharingMachine({ rights: RIGHTS })
  const remote = await connectedMachine(machine.address)
  await Promise.all(
    Array.from({ length: COUNT }, async (_, index) => remote.mkdir(`a/b/c/${index % 9}`, { parents: true })),
  )
  expect(names(machine.root, 'a/b/c')).toHaveLength(9)
})

test('a folder 255 levels deep is made with all above it, and removed', async () => {
  const machine = await sharingMachine({ rights: RIGHTS })
  const remote = await connectedMachine(machine.address)
  const levels = Array.from({ length: 255 }, () => 'd')
  await remote.mkdir(levels.join('/'), { parents: true })
  await remote.remove(levels.join('/'))
  expect(await remote.stat(levels.slice(1).join('/'))).toMatchObject({ type: 'directory' })
})
