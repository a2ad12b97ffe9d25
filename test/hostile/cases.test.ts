import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** How many cases there are of each kind; their numbers begin at 1. */
const COUNTS = { P: 20, N: 14, F: 17, C: 22, R: 18, A: 15, K: 15, W: 11, S: 15, T: 11 }

const ALL = Object.entries(COUNTS).flatMap(([kind, count]) =>
  Array.from({ length: count }, (_, index) => `${kind}${`${index + 1}`.padStart(2, '0')}`),
)

/** The name of a test or of a group of them, where it begins with numbers of cases. */
const NAMED = /\(\s*(['"`])((?:[ACFKNPRSTW]\d\d(?:, | and | )?)+):? ?\S/g

/** One row of the table. */
interface Row {
  readonly id: string
  readonly files: readonly string[]
  readonly note: string
}

function rows(): Row[] {
  const lines = readFileSync(join(ROOT, 'docs/security-cases.md'), 'utf8').split('\n')
  return lines.flatMap((line) => {
    const [, id = '', what = '', files = '', note = ''] = line.split('|').map((cell) => cell.trim())
    if (!/^[A-Z]\d\d$/.test(id) || what === '') return []
    return [{ id, files: files === '' ? [] : files.split(', '), note }]
  })
}

/** Returns the cases that the tests of each file name, the file by its path below `test` without its ending. */
function named(): Map<string, Set<string>> {
  const folder = join(ROOT, 'test')
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.test.ts'))
  return new Map(
    files.map((name) => {
      const text = readFileSync(join(folder, name), 'utf8')
      const ids = [...text.matchAll(NAMED)].flatMap(([, , list = '']) => list.match(/[A-Z]\d\d/g) ?? [])
      return [name.slice(0, -'.test.ts'.length), new Set(ids)]
    }),
  )
}

test('the table holds each of the 158 hostile cases once', () => {
  expect(ALL).toHaveLength(158)
  expect(rows().map(({ id }) => id)).toEqual(ALL)
})

test('every case has a test that names it, in each file the table says, or a reason why not', () => {
  const tests = named()
  for (const { id, files, note } of rows()) {
    if (files.length === 0) expect([id, note]).toEqual([id, expect.stringMatching(/^not applicable: ./)])
    for (const file of files) expect([id, file, tests.get(file)?.has(id)]).toEqual([id, file, true])
  }
})

test('the table names every test of a case', () => {
  const listed = new Map(rows().map(({ id, files }) => [id, files]))
  for (const [file, ids] of named()) {
    for (const id of ids) expect([id, listed.get(id)]).toEqual([id, expect.arrayContaining([file])])
  }
})
