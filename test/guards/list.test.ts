import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { GUARDS } from './list.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

test('there are at least forty guards, none of them twice', () => {
  const entries = GUARDS.map(({ file, text, without = '' }) => `${file}\n${text}\n${without}`)
  expect(new Set(entries).size).toBe(entries.length)
  expect(entries.length).toBeGreaterThanOrEqual(40)
})

test.each(GUARDS)('the guard is in $file exactly once: $text', ({ file, text, without = '', tests }) => {
  expect(readFileSync(join(ROOT, 'src', file), 'utf8').split(text)).toHaveLength(2)
  expect(without).not.toContain(text)
  expect(tests.filter((name) => !existsSync(join(ROOT, 'test', `${name}.test.ts`)))).toEqual([])
})
