import { expect, test } from 'vitest'
import { cutEnd, cutStart, textWidth } from '../../src/cli/width.ts'

test.each([
  ['', 0],
  ['abc', 3],
  ['e\u0301', 1],
  ['日本語', 6],
  ['한글', 4],
  ['ｆｕｌｌ', 8],
  ['🎉', 2],
  ['☀\uFE0F', 2], // shown as an emoji
  ['ä…→', 3],
])('%s takes %i columns', (text, columns) => {
  expect(textWidth(text)).toBe(columns)
})

test('what does not fit is cut where it tells least, and takes no more columns than there are', () => {
  expect(cutEnd('a name', 6)).toBe('a name')
  expect(cutEnd('a name', 5)).toBe('a na…')
  expect(cutStart('folder/name', 11)).toBe('folder/name')
  expect(cutStart('folder/name', 6)).toBe('…/name')
  expect(cutEnd('日本語', 5)).toBe('日本…')
  expect(cutEnd('日本語', 4)).toBe('日…')
  expect(cutStart('日本語', 4)).toBe('…語')
  expect(cutStart('e\u0301e\u0301', 1)).toBe('…')
  for (let columns = 0; columns < 12; columns += 1) {
    for (const text of ['日本a語🎉', 'e\u0301'.repeat(20), '☀\uFE0F☀\uFE0F☀\uFE0F', 'plain and long']) {
      expect(textWidth(cutEnd(text, columns))).toBeLessThanOrEqual(columns)
      expect(textWidth(cutStart(text, columns))).toBeLessThanOrEqual(columns)
    }
  }
})
