import { expect, test } from 'vitest'
import { inReadingOrder } from '../../src/cli/order.ts'
import { parseRemotePath, type Entry } from '../../src/index.ts'

function entry(path: string): Entry {
  return { path: parseRemotePath(path), type: 'file', size: 0, mtime: 0n, executable: false }
}

async function* listing(paths: readonly string[]): AsyncGenerator<Entry> {
  for (const path of paths) yield await Promise.resolve(entry(path))
}

test('numbers count as numbers, case is secondary, and a folder comes right before what it holds', async () => {
  const paths = ['b/10', 'a10', 'b-c', 'B', 'a2', 'b', 'b/9', 'a 1', 'ä3']
  const sorted = await Array.fromAsync(inReadingOrder(listing(paths)))
  expect(sorted.map((entry) => ('path' in entry ? entry.path : ''))).toEqual([
    'a 1',
    'a2',
    'ä3',
    'a10',
    'b',
    'b/9',
    'b/10',
    'B',
    'b-c',
  ])
})

test('an endless listing is given out as it comes, with what was held before it', async () => {
  async function* endless(): AsyncGenerator<Entry> {
    for (let index = 0; ; index += 1) yield await Promise.resolve(entry(String(1_000_000 - index)))
  }
  const seen: string[] = []
  for await (const entry of inReadingOrder(endless())) {
    if ('path' in entry) seen.push(entry.path)
    if (seen.length === 10_002) break
  }
  expect(seen.slice(0, 2)).toEqual(['990001', '990002'])
  expect(seen.slice(-2)).toEqual(['990000', '989999'])
})
