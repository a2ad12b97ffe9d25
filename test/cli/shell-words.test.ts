import { execFileSync } from 'node:child_process'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { quote } from '../../src/cli/job-text.ts'
import { escapeForBash, parseShellLine } from '../../src/cli/shell-words.ts'

/** What bash breaks words at unless told otherwise. */
const BREAKS = ' \t\n"\'@><=;|&(:'

test.each<[line: string, words: string[], kept: string, quote?: string]>([
  ['', [''], ''],
  ['sft', ['sft'], ''],
  ['sft ', ['sft', ''], ''],
  ['sft  ls ana', ['sft', 'ls', 'ana'], ''],
  [String.raw`sft get ana my\ fi`, ['sft', 'get', 'ana', 'my fi'], ''],
  ['sft get ana "my fi', ['sft', 'get', 'ana', 'my fi'], '', '"'],
  ["sft get ana 'it is\\", ['sft', 'get', 'ana', 'it is\\'], '', "'"],
  ['sft get ana "a" b', ['sft', 'get', 'ana', 'a', 'b'], ''],
  ['sft get ana "a b"c', ['sft', 'get', 'ana', 'a bc'], ''],
  ['sft get ana a="b c"d', ['sft', 'get', 'ana', 'a=b cd'], 'a='],
  ['sft get ana ""', ['sft', 'get', 'ana', ''], ''],
  ['sft get ana "" ', ['sft', 'get', 'ana', '', ''], ''],
  [String.raw`sft get ana "a\"b\x`, ['sft', 'get', 'ana', String.raw`a"b\x`], '', '"'],
  ['sft get --on-conflict=sk', ['sft', 'get', '--on-conflict=sk'], '--on-conflict='],
  ['sft get ana a:b=c', ['sft', 'get', 'ana', 'a:b=c'], 'a:b='],
  [String.raw`sft get ana a\:b`, ['sft', 'get', 'ana', 'a:b'], ''],
  ['sft get ana a@b', ['sft', 'get', 'ana', 'a@b'], 'a'],
  ['sft get ana "a:b', ['sft', 'get', 'ana', 'a:b'], '', '"'],
  ['sft get ana a"b c', ['sft', 'get', 'ana', 'ab c'], 'a', '"'],
  ['sft get ana $(touch x)`y`$HOME', ['sft', 'get', 'ana', '$(touch', 'x)`y`$HOME'], ''],
  ['sft get ana a\u00a0b', ['sft', 'get', 'ana', 'a\u00a0b'], ''],
  ['sft get ana \\', ['sft', 'get', 'ana', ''], ''],
])('%s', (line, words, kept, quote = '') => {
  expect(parseShellLine(line, BREAKS)).toEqual({ words, kept, quote })
})

/** Words of anything that can be shown. */
const printable = fc.string({ unit: 'grapheme' }).filter((text) => !/[\p{C}\p{Z}]/u.test(text.replaceAll(' ', '')))

/** Returns the arguments that bash makes of the end of a command line. */
function readByBash(line: string): string[] {
  const stdout = execFileSync('bash', ['-c', `printf '%s\\0' ${line}`], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  return stdout.split('\0').slice(0, -1)
}

test('words that are quoted for a shell are read as bash reads them', () => {
  for (const words of fc.sample(fc.array(printable, { minLength: 1, maxLength: 4 }), 20)) {
    const line = words.map(quote).join(' ')
    expect(parseShellLine(line).words).toEqual(words)
    expect(readByBash(line)).toEqual(words)
  }
})

test('text that is completed is one argument for bash and for this parser, whatever quote is open', () => {
  const hostile = [
    '$(touch x)',
    '`id`',
    '$HOME',
    "it's",
    '"',
    '\\',
    '~',
    '~root',
    '#x',
    '{a,b}',
    '$[x[\\`id\\`]]',
    '*',
    'ü',
  ]
  const words = [...hostile, ...fc.sample(printable, 50)].filter((word) => word !== '')
  for (const open of ['', '"', "'"] as const) {
    const texts = words.filter((word) => open !== '"' || !word.includes('!'))
    const lines = texts.map((word) => `${open}${escapeForBash(word, open) ?? ''}${open}`)
    expect(parseShellLine(lines.join(' ')).words).toEqual(texts)
    expect(readByBash(lines.join(' '))).toEqual(texts)
  }
  expect(escapeForBash('a!b', '"')).toBe(null)
  expect(escapeForBash('a!b', '')).toBe('a\\!b')
})
