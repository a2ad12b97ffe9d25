import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { describeJob, describePlan, describeTransfer, quote } from '../../src/cli/job-text.ts'
import type { JobSummary } from '../../src/index.ts'

const NOTHING: JobSummary = {
  files: 0,
  folders: 0,
  bytes: 0,
  sent: 0,
  skipped: 0,
  failed: 0,
  error: null,
  ended: false,
}

test('a shell reads a quoted command as it was typed, and a terminal finds nothing to act on in it', () => {
  const odd = [
    'plain',
    'a b',
    '$HOME',
    "it's",
    '`id`',
    '*',
    '!',
    '\\',
    '',
    '日本',
    'filler\u3164',
    '-o',
    '~',
    'a\nb',
    '\u001b[31m',
    '\u202e',
    "\t'\\",
  ]
  const line = odd.map(quote).join(' ')
  const read = execFileSync('bash', ['-c', `printf '%s\\0' ${line}`], { encoding: 'utf8' })
  expect(read.split('\0').slice(0, -1)).toEqual(odd)
  expect(line).not.toMatch(/[\p{Cc}\p{Cf}]|\u3164/u)
})

test('what went across is told with its speed only if it took a second, and with what was there before', () => {
  expect(describeTransfer(3_000, 3_000, 0.2)).toBe('3 kB, verified')
  expect(describeTransfer(30_000_000, 30_000_000, 10)).toBe('30 MB in 10 s, 3 MB/s, verified')
  expect(describeTransfer(30_000_000, 10_000_000, 10)).toBe('30 MB (20 MB were there) in 10 s, 1 MB/s, verified')
})

test('a job is told in numbers of what there is, and in words otherwise', () => {
  const counts = { bytes: 0, seconds: 0, skipped: new Map() }
  expect(describeJob({ ...counts, summary: NOTHING })).toBe('nothing new')
  const done = { ...NOTHING, files: 1, folders: 2, bytes: 5, sent: 5, failed: 3 }
  expect(describeJob({ ...counts, bytes: 5, summary: done })).toBe('1 file, 2 new folders: 5 B, verified; 3 failed')
  const skipped = new Map([
    ['link', 1],
    ['identical', 12],
  ] as const)
  expect(describeJob({ ...counts, skipped, summary: { ...NOTHING, skipped: 13 } })).toBe(
    'nothing new; 12 there already; 1 link left out',
  )
  expect(describePlan(new Map(), { summary: NOTHING, skipped })).toMatch(
    /^dry run, nothing was changed: nothing to do; /,
  )
  expect(
    describePlan(
      new Map([
        ['folder', 1],
        ['new', 2],
      ] as const),
      { summary: { ...NOTHING, failed: 1 }, skipped: new Map() },
    ),
  ).toBe('dry run, nothing was changed: 2 new files; 1 new folder; 1 would fail')
})
