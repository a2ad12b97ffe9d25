import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Remote } from '../../src/index.ts'
import { cuttingProxy } from '../support/cutting-proxy.ts'
import { connectedMachine, sharingMachine } from '../support/machines.ts'

async function matched(remote: Remote, pattern: string, below?: string): Promise<string[]> {
  const paths: string[] = []
  for await (const { path } of remote.match(pattern, below === undefined ? {} : { below })) paths.push(path)
  return paths.toSorted()
}

test('patterns are matched from a folder, which may be called like a pattern', async () => {
  const { address, root } = await sharingMachine()
  const remote = await connectedMachine(address)
  mkdirSync(join(root, '[a]/b'), { recursive: true })
  for (const name of ['x.txt', '[a]/x.txt', '[a]/.y.txt', '[a]/b/z.txt', '[a]/*']) writeFileSync(join(root, name), '')
  expect(await matched(remote, '*.txt')).toEqual(['x.txt'])
  expect(await matched(remote, '*.txt', '[a]')).toEqual(['[a]/.y.txt', '[a]/x.txt'])
  expect(await matched(remote, 'b/*', '[a]')).toEqual(['[a]/b/z.txt'])
  expect(await matched(remote, '**/*.txt', '[a]')).toEqual(['[a]/.y.txt', '[a]/b/z.txt', '[a]/x.txt'])
  expect(await matched(remote, '[*]', '[a]')).toEqual(['[a]/*'])
  expect(await matched(remote, 'nope*', '[a]')).toEqual([])
})

test('a session that is lost can be opened again, and one that stands is left alone', async () => {
  const { address, root } = await sharingMachine()
  writeFileSync(join(root, 'a'), 'a')
  writeFileSync(join(root, 'big'), new Uint8Array(3_000_000))
  const proxy = await cuttingProxy(address, 'reset', [1_000_000])
  const remote = await connectedMachine(proxy.address)
  await remote.restore()
  expect(proxy.cuts()).toBe(0)
  await expect(remote.getStream('big', () => Promise.resolve())).rejects.toMatchObject({ code: 'ERR_CLOSED' })
  expect(remote.lost).toBe(true)
  await expect(remote.stat('a')).rejects.toMatchObject({ code: 'ERR_CLOSED' })
  await remote.restore()
  expect(remote.lost).toBe(false)
  expect((await remote.stat('a')).size).toBe(1)
})
