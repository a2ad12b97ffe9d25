import { appendFileSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readLogLines } from '../../src/fs/log-lines.ts'
import { tempFolder } from '../support/tmp.ts'

async function read(path: string): Promise<(string | null)[]> {
  return Array.fromAsync(readLogLines(path))
}

test('the lines of old logs come first, the oldest before all others', async () => {
  const path = join(tempFolder(), 'log')
  writeFileSync(path, 'e\nf\n')
  writeFileSync(`${path}.1`, 'c\nd\n')
  writeFileSync(`${path}.3`, 'a\nb\n')
  writeFileSync(`${path}.6`, 'no log any more\n')
  expect(await read(path)).toEqual(['a', 'b', 'c', 'd', 'e', 'f'])
})

test('there is nothing where there is no log', async () => {
  expect(await read(join(tempFolder(), 'none', 'log'))).toEqual([])
})

test('empty lines are none, and the last one may have no end', async () => {
  const path = join(tempFolder(), 'log')
  writeFileSync(path, '\na\n\n\nb')
  expect(await read(path)).toEqual(['a', 'b'])
})

test('a line without end is passed over in bounded memory, and the next one is read', async () => {
  const path = join(tempFolder(), 'log')
  writeFileSync(path, 'a\n')
  for (let index = 0; index < 64; index += 1) appendFileSync(path, Buffer.alloc(1024 * 1024, 'x'))
  appendFileSync(path, '\nb\n')
  const before = process.memoryUsage().rss
  expect(await read(path)).toEqual(['a', null, 'b'])
  expect(process.memoryUsage().rss - before).toBeLessThan(48 * 1024 * 1024)
})

test('lines are whole wherever they lie in the file', async () => {
  const path = join(tempFolder(), 'log')
  const lines = Array.from({ length: 3_000 }, (_, index) => `${index} `.repeat((index * 7) % 60 || 1))
  writeFileSync(path, lines.map((line) => `${line}\n`).join(''))
  expect(await read(path)).toEqual(lines)
})

test('a log that becomes an old one while it is read is read once', async () => {
  const path = join(tempFolder(), 'log')
  writeFileSync(path, 'a\nb\n')
  const reading = readLogLines(path)
  expect((await reading.next()).value).toBe('a')
  renameSync(path, `${path}.1`)
  writeFileSync(path, 'c\n')
  expect(await Array.fromAsync(reading)).toEqual(['b'])
  expect(await read(path)).toEqual(['a', 'b', 'c'])
})

test('what is no file is refused', async () => {
  const path = join(tempFolder(), 'log')
  mkdirSync(path)
  await expect(read(path)).rejects.toMatchObject({ code: 'ERR_WRONG_TYPE' })
  symlinkSync('/dev/zero', `${path}-endless`)
  await expect(read(`${path}-endless`)).rejects.toMatchObject({ code: 'ERR_WRONG_TYPE' })
})
