import { expect, test } from 'vitest'
import { matching, moved, pageLines, pageStart, positionOf, type Row } from '../../../src/cli/menu/list-view.ts'
import { textWidth } from '../../../src/cli/width.ts'

function row(id: string, more: Partial<Row<string>> = {}): Row<string> {
  return { id, label: id, value: id, ...more }
}

const ROWS = [row('../', { pinned: true }), row('Beach.jpg'), row('holidays/'), row('beach.txt')]

test('a search leaves what contains it, whatever the case, and the pinned rows', () => {
  const ids = (query: string): string[] => matching(ROWS, query).map(({ id }) => id)
  expect(ids('')).toEqual(['../', 'Beach.jpg', 'holidays/', 'beach.txt'])
  expect(ids('BEACH')).toEqual(['../', 'Beach.jpg', 'beach.txt'])
  expect(ids('nothing')).toEqual(['../'])
})

test('pinned rows stand above the others', () => {
  expect(matching([row('a'), row('b', { pinned: true })], '').map(({ id }) => id)).toEqual(['b', 'a'])
})

test('the cursor stays on its row while the list changes, and else begins below the pinned rows', () => {
  expect(positionOf(ROWS, 'beach.txt')).toBe(3)
  expect(positionOf([row('new'), ...ROWS], 'beach.txt')).toBe(4)
  expect(positionOf(ROWS, undefined)).toBe(1)
  expect(positionOf(ROWS, 'gone')).toBe(1)
  expect(positionOf(ROWS.slice(0, 1), undefined)).toBe(0)
  expect(positionOf([], undefined)).toBe(-1)
})

test('a search takes the cursor to what it finds, to a pinned row only where there is nothing else', () => {
  const rows = [row('../', { pinned: true }), row('Type a path', { pinned: true }), row('a path')]
  const found = (query: string): string | undefined => {
    const left = matching(rows, query)
    return left[positionOf(left, undefined, query)]?.id
  }
  expect([found('path'), found('TYPE'), found('nothing')]).toEqual(['a path', 'Type a path', '../'])
})

test('the arrows go round, pages and ends do not', () => {
  expect(moved(0, 'up', 30, 10)).toBe(29)
  expect(moved(29, 'down', 30, 10)).toBe(0)
  expect(moved(5, 'down', 30, 10)).toBe(6)
  expect(moved(5, 'pageup', 30, 10)).toBe(0)
  expect(moved(25, 'pagedown', 30, 10)).toBe(29)
  expect([moved(5, 'home', 30, 10), moved(5, 'end', 30, 10)]).toEqual([0, 29])
  expect(moved(-1, 'down', 0, 10)).toBe(-1)
})

test('every position is on its page, and no page is shorter than it could be', () => {
  for (const [count, room] of [
    [0, 5],
    [3, 5],
    [5, 5],
    [6, 5],
    [10_000, 16],
    [7, 1],
  ] as const) {
    for (let position = 0; position < count; position += Math.max(Math.floor(count / 50), 1)) {
      const start = pageStart(position, count, room)
      expect(start).toBeGreaterThanOrEqual(0)
      expect(start).toBeLessThanOrEqual(position)
      expect(position).toBeLessThan(start + room)
      expect(Math.min(start + room, count) - start).toBe(Math.min(room, count))
    }
  }
})

test('a page shows cursor, marks and notes in columns', () => {
  const rows = [
    row('up', { label: '../', pinned: true }),
    row('a', { label: 'holidays/', markable: true, notes: ['       -', '2026-06-01 10:00'] }),
    row('b', { label: 'beach.jpg', markable: true, notes: [' 3.41 MB', '2026-06-02 11:00'] }),
  ]
  expect(pageLines(rows, { position: 2, marks: new Set(['a']), columns: 60, room: 5 })).toEqual([
    '      ../',
    '  [x] holidays/         -  2026-06-01 10:00',
    '> [ ] beach.jpg   3.41 MB  2026-06-02 11:00',
  ])
})

test('where there is little room the notes go first, the last of them before the others, and names are cut', () => {
  const rows = [row('a', { label: 'a long name of a file.jpg', notes: [' 3.41 MB', '2026-06-02 11:00'] }), row('b')]
  const lines = (columns: number): string[] => pageLines(rows, { position: 0, marks: new Set(), columns, room: 5 })
  expect(lines(60)[0]).toBe('> a long name of a file.jpg   3.41 MB  2026-06-02 11:00')
  expect(lines(39)[0]).toBe('> a long name of a file.jpg   3.41 MB')
  expect(lines(30)[0]).toBe('> a long name of a …   3.41 MB')
  expect(lines(20)[0]).toBe('> a long name of a …')
})

test('no line is wider than the terminal, however narrow it is', () => {
  const wide = row('w', { label: '日本語の長い名前🎉'.repeat(9), notes: ['x'.repeat(50)], markable: true })
  for (let columns = 1; columns < 90; columns += 1) {
    for (const line of pageLines([wide, ...ROWS], { position: 0, marks: new Set(), columns, room: 9 })) {
      expect(textWidth(line)).toBeLessThanOrEqual(columns)
    }
  }
})

test('a page of a huge list has as many lines as there is room for', () => {
  const rows = Array.from({ length: 10_000 }, (_, index) => row(`${index}`))
  expect(pageLines(rows, { position: 5_000, marks: new Set(), columns: 80, room: 3 })).toEqual([
    '  4999',
    '> 5000',
    '  5001',
  ])
})
