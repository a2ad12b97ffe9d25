import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { history, PeerStore, renamePeer, type HistoryOptions, type LogLine } from '../../src/index.ts'
import { formatLogLine } from '../../src/log/line.ts'
import { somePeerId } from '../support/dns-bytes.ts'
import { tempFolder } from '../support/tmp.ts'

const [BOB, ANA] = [somePeerId(), somePeerId()]

function line(minute: number, some: Partial<LogLine> = {}): LogLine {
  const time = new Date(Date.UTC(2026, 10, 1, 12, minute)).toISOString()
  return { time, event: 'served', share: '/s', peerId: BOB, name: 'bob', action: 'get', path: `${minute}`, ...some }
}

/** A machine whose log holds these lines, the last of them in the newest file. */
function logOf(...files: readonly (readonly (LogLine | string)[])[]): { home: string; file: string } {
  const home = join(tempFolder(), 'home')
  mkdirSync(join(home, 'log'), { recursive: true, mode: 0o700 })
  const file = join(home, 'log', 'share.jsonl')
  for (const [index, lines] of files.toReversed().entries()) {
    const text = lines.map((one) => `${typeof one === 'string' ? one : formatLogLine(one)}\n`).join('')
    writeFileSync(index === 0 ? file : `${file}.${index}`, text)
  }
  return { home, file }
}

async function read(home: string, options: HistoryOptions = {}): Promise<LogLine[]> {
  return Array.fromAsync(history({ home, ...options }))
}

test('the history goes through old logs to the newest line', async () => {
  const lines = [line(1), line(2), line(3), line(4), line(5)]
  const { home } = logOf(lines.slice(0, 2), lines.slice(2, 3), lines.slice(3))
  expect(await read(home)).toEqual(lines)
  for (const last of [1, 2, 4, 5, 6, 100]) expect(await read(home, { last })).toEqual(lines.slice(-last))
  expect(await read(join(tempFolder(), 'none'))).toEqual([])
})

test('only what happened since then', async () => {
  const { home } = logOf([line(1), line(2), line(3)])
  expect(await read(home, { since: new Date(line(2).time) })).toEqual([line(2), line(3)])
  expect(await read(home, { since: new Date(line(3).time), last: 5 })).toEqual([line(3)])
})

test('only what failed, what was left out with failures among it', async () => {
  const failed = [
    line(2, { result: 'ERR_NOT_FOUND' }),
    line(4, { event: 'leftOut', count: 9, failed: 1, why: 'limit' }),
    line(5, { event: 'leftOut', count: 9, why: 'disk' }),
  ]
  const fine = [line(1, { result: 'ok' }), line(3, { event: 'leftOut', count: 9, failed: 0, why: 'limit' })]
  const { home } = logOf([...fine, ...failed])
  expect(await read(home, { failed: true })).toEqual(failed)
})

test('a peer is found by its name then and now, its ID, and the end of that', async () => {
  const of = { peerId: ANA, name: 'ana' }
  const stranger: LogLine = { time: line(9).time, event: 'refused', share: '/s' }
  const { home } = logOf([line(1), line(2, of), line(3), stranger])
  const store = new PeerStore(home)
  await store.keepPaired({ peerId: ANA, name: 'ana', secret: new Uint8Array(32).fill(1) })
  await store.change((peers) => renamePeer(peers, 'ana', 'anna'))
  for (const peer of ['ana', 'anna', ANA, ANA.slice(-8), `…${ANA.slice(-8)}`]) {
    expect([peer, await read(home, { peer })]).toEqual([peer, [line(2, of)]])
  }
  expect(await read(home, { peer: 'bob' })).toEqual([line(1), line(3)]) // which is forgotten
  expect(await read(home, { peer: ANA.slice(-5) })).toEqual([])
  expect(await read(home, { peer: 'nobody' })).toEqual([])
  writeFileSync(join(home, 'peers'), 'this is no peer\n')
  expect(await read(home, { peer: 'bob' })).toEqual([line(1), line(3)])
})

test('lines that are none are counted and left out', async () => {
  let damaged = 0
  const onDamaged = (count: number): void => void (damaged = count)
  const cut = formatLogLine(line(2)).slice(0, 80)
  const { home } = logOf([line(1), cut, 'Nov 23 12:00 sshd: something else', 'x'.repeat(300_000)], ['{}', line(3)])
  expect(await read(home, { onDamaged })).toEqual([line(1), line(3)])
  expect(damaged).toBe(4)
})

test('memory stays bounded with a log of any length', async () => {
  const many = Array.from({ length: 20_000 }, (_, index) => line(index % 60, { path: 'x'.repeat(150) }))
  const { home } = logOf(many, many, many)
  expect(await read(home, { last: 3 })).toEqual(many.slice(-3))
  let count = 0
  for await (const _ of history({ home })) count += 1
  expect(count).toBe(60_000)
})
