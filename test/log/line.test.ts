import { expect, test } from 'vitest'
import { formatLogLine, parseLogLine, type LogLine } from '../../src/log/line.ts'
import { hostileTexts } from '../support/hostile-texts.ts'

const LINE: LogLine = {
  time: '2026-11-23T21:42:00.123Z',
  event: 'served',
  share: '/home/ana/photos',
  peerId: '12D3KooWQjEsyyKS5mp3NkeZqqSKWAEWtKpPLMmQUQ1zzcRtYxqX',
  name: 'desktop',
  action: 'rename',
  path: 'a',
  to: 'b',
  bytes: 3,
  md5: '0123456789abcdef0123456789abcdef',
  ms: 12,
  result: 'ERR_NOT_FOUND',
}

test('every field comes back as it was', () => {
  for (const line of [
    LINE,
    { time: LINE.time, event: 'leftOut', share: '/', count: 3, failed: 1, why: 'limit' },
    { time: LINE.time, event: 'withdrawn', share: '/', path: 'x', rights: ['list', 'put'], result: 'ok' },
  ] as const) {
    expect(parseLogLine(formatLogLine(line))).toEqual(line)
  }
})

test('T01, T02 and T04: hostile paths, names and folders are ASCII in a line, and come back', () => {
  for (const text of hostileTexts(60)) {
    const line = { ...LINE, share: text, name: text, path: text, to: text }
    const formatted = formatLogLine(line)
    expect(formatted).toMatch(/^[\x20-\x7e]+$/)
    expect(parseLogLine(formatted)).toEqual(line)
  }
})

test('fields that are not known are left out', () => {
  expect(parseLogLine(JSON.stringify({ ...LINE, type: 'x', __proto__: null, constructor: 1, more: {} }))).toEqual(LINE)
})

test.each([
  ['', 'nothing'],
  ['{', 'half of it'],
  [formatLogLine(LINE).slice(0, -2), 'one that was cut off'],
  ['null', 'null'],
  ['3', 'a number'],
  ['[]', 'a list'],
  ['{}', 'an empty object'],
  [JSON.stringify({ ...LINE, time: 'yesterday' }), 'another time'],
  [JSON.stringify({ ...LINE, time: '2026-13-99T99:99' }), 'a time that no clock shows'],
  [JSON.stringify({ ...LINE, event: 'toString' }), 'another event'],
  [JSON.stringify({ ...LINE, path: 3 }), 'a path that is a number'],
  [JSON.stringify({ ...LINE, bytes: -1 }), 'fewer than no bytes'],
  [JSON.stringify({ ...LINE, bytes: 1e300 }), 'more bytes than can be counted'],
  [JSON.stringify({ ...LINE, md5: '\u001b' }), 'a digest that is none'],
  [JSON.stringify({ ...LINE, result: 'toString' }), 'a result that is none'],
  [JSON.stringify({ ...LINE, rights: ['all'] }), 'a right that is none'],
  [JSON.stringify({ ...LINE, path: 'ü' }), 'a character that no line holds'],
  [`\u001b[31m${formatLogLine(LINE)}`, 'something in front'],
])('%s is no line: %s', (text) => {
  expect(parseLogLine(text)).toBeNull()
})
