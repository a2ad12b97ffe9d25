import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { literalPattern, quoteWord, splitTyped, splitWords } from '../../../src/cli/shell/words.ts'

const texts = (line: string): string[] => splitWords(line).map(({ text }) => text)

test.each([
  ['', []],
  ['  \t ', []],
  ['get a.txt', ['get', 'a.txt']],
  ['  get   a.txt\t', ['get', 'a.txt']],
  [`get 'my file' "your file" our\\ file`, ['get', 'my file', 'your file', 'our file']],
  [`'it'\\''s' "it's" it\\'s`, ["it's", "it's", "it's"]],
  [`"a\\"b\\\\c\\d" 'a\\b'`, ['a"b\\c\\d', 'a\\b']],
  [`'' "" x''`, ['', '', 'x']],
  ['a"b c"d', ['ab cd']],
  ['$HOME "$HOME" ~', ['$HOME', '$HOME', '~']],
  ['ls # no comment here', ['ls', '#', 'no', 'comment', 'here']],
  ['日本語\\ 🎉 a\u00a0b', ['日本語 🎉', 'a\u00a0b']],
])('splits %j into %j', (line, words) => {
  expect(texts(line)).toEqual(words)
})

test.each([
  ["get 'my file", /quote ' is not closed/],
  ['get "my file', /quote " is not closed/],
  ['get a"b\\"', /quote " is not closed/],
  ['get a\\', /nothing behind the backslash/],
  ['get a\0b', /NUL/],
])('%j is told to be no line', (line, message) => {
  expect(() => splitWords(line)).toThrow(
    expect.objectContaining({ code: 'ERR_USAGE', message: expect.stringMatching(message) }),
  )
})

test.each([
  ['*.jpg', '*.jpg'],
  ["'*.jpg'", null],
  ['\\*.jpg', null],
  ["'*'*.jpg", '[*]*.jpg'],
  ['"a b"/?', 'a b/?'],
  ['\\[x]*', '[[]x]*'],
  ['{a,b}.txt', '{a,b}.txt'],
  ['"{a,b}".txt', null],
  ['a (1).txt', null],
  ['plain', null],
])('what of %j is not quoted makes a pattern: %j', (word, pattern) => {
  expect(splitWords(word)[0]?.pattern).toBe(pattern)
})

test('any text comes back from its quotes, and is no pattern', () => {
  const text = fc.string({
    unit: fc.constantFrom('a', ' ', "'", '"', '\\', '*', '[', '{', '#', '!', '\t', '\n', '$', '🎉'),
  })
  fc.assert(
    fc.property(text, fc.constantFrom('' as const, "'" as const, '"' as const), (one, quote) => {
      expect(splitWords(quoteWord(one, quote))).toEqual([{ text: one, pattern: null }])
    }),
    { numRuns: 2_000 },
  )
})

test('the word that is being typed is known with its quote', () => {
  expect(splitTyped('get ')).toEqual({
    before: [{ text: 'get', pattern: null }],
    word: { start: 4, text: '', quote: '' },
  })
  expect(splitTyped('get a\\ b')?.word).toEqual({ start: 4, text: 'a b', quote: '' })
  expect(splitTyped('get "a b')?.word).toEqual({ start: 4, text: 'a b', quote: '"' })
  expect(splitTyped("get 'a b'")?.word).toEqual({ start: 4, text: 'a b', quote: "'" })
  expect(splitTyped('get a\\')).toBeNull()
  expect(quoteWord('a b', '"', true)).toBe('"a b')
})

test('a literal pattern has no part that stands for another text', () => {
  expect(literalPattern('a[1] (2) {3} *?')).toBe('a[[]1] [(]2) [{]3} [*][?]')
})
