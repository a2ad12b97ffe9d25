import { chmodSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { addToHistory, HISTORY_LINES, readHistory } from '../../src/index.ts'
import { tempFolder } from '../support/tmp.ts'

test('lines are kept in order, for their owner only', async () => {
  const home = join(tempFolder(), 'home')
  expect(await readHistory(home)).toEqual([])
  await addToHistory(['ls', 'get ü🎉'], home)
  await addToHistory(['pwd'], home)
  expect(await readHistory(home)).toEqual(['ls', 'get ü🎉', 'pwd'])
  expect(statSync(join(home, 'history-shell')).mode & 0o777).toBe(0o600)
})

test('the oldest lines go when there are too many, and lines that are too long or hold controls never come', async () => {
  const home = join(tempFolder(), 'home')
  await addToHistory(
    Array.from({ length: HISTORY_LINES + 5 }, (_, index) => `${index}`),
    home,
  )
  await addToHistory(['x'.repeat(1_001), 'a\u001b[2Jb', 'two\nlines', '', 'last'], home)
  const lines = await readHistory(home)
  expect(lines).toHaveLength(HISTORY_LINES)
  expect([lines[0], lines.at(-1)]).toEqual(['6', 'last'])
  writeFileSync(join(home, 'history-shell'), 'ls\n\u001b]0;x\u0007\n\n')
  expect(await readHistory(home)).toEqual(['ls'])
})

test('a file that others may read, a link and one that is far too large are refused and left alone', async () => {
  const home = tempFolder()
  const path = join(home, 'history-shell')
  writeFileSync(path, 'ls\n', { mode: 0o600 })
  chmodSync(path, 0o644)
  await expect(addToHistory(['pwd'], home)).rejects.toMatchObject({ code: 'ERR_IDENTITY' })
  expect(readFileSync(path, 'utf8')).toBe('ls\n')
  chmodSync(path, 0o600)
  writeFileSync(path, Buffer.alloc(5_000_000))
  await expect(readHistory(home)).rejects.toMatchObject({ code: 'ERR_IDENTITY' })
  const other = tempFolder()
  symlinkSync(path, join(other, 'history-shell'))
  await expect(readHistory(other)).rejects.toMatchObject({ code: 'ERR_IDENTITY' })
})
