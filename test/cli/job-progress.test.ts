import { expect, onTestFinished, test, vi } from 'vitest'
import { JobProgress } from '../../src/cli/job-progress.ts'
import { textWidth } from '../../src/cli/width.ts'
import { SftError, type JobEvent } from '../../src/index.ts'

/** A job after some seconds of what the test says happened. */
function progressAfter(seconds: number, ...events: readonly JobEvent[]): JobProgress {
  vi.useFakeTimers({ toFake: ['performance'] })
  onTestFinished(() => void vi.useRealTimers())
  const progress = new JobProgress()
  for (const event of events) progress.note(event)
  vi.advanceTimersByTime(seconds * 1000)
  return progress
}

function begin(path: string, size: number, offset = 0): JobEvent {
  return { type: 'begin', path, target: path, size, offset }
}

function arrived(path: string, bytes: number): JobEvent {
  return { type: 'progress', path, bytes }
}

function done(path: string, size: number): JobEvent {
  return { type: 'file', path, target: path, size, sent: size, md5: new Uint8Array(16) }
}

const PLAN: JobEvent = { type: 'plan', files: 17, bytes: 100_000_000, complete: true }

test('a line says how far it is, as much of that as there is room for', () => {
  const progress = progressAfter(2, PLAN, begin('a', 40_000_000), arrived('a', 20_000_000))
  expect(progress.describe(80)).toBe('20%  20 MB of 100 MB  10 MB/s  8 s left  0/17 files')
  expect(progress.describe(40)).toBe('20%  10 MB/s  8 s left  0/17 files')
  expect(progress.describe(30)).toBe('20%  10 MB/s  8 s left')
  expect(progress.describe(3)).toBe('20%')
  expect(progress.describe(1)).toBe('20%')
})

test('nothing is made up before all is known', () => {
  const found: JobEvent = { type: 'plan', files: 3, bytes: 9_000, complete: false }
  expect(progressAfter(1).describe(80)).toBe('0 files found so far')
  expect(progressAfter(1, found).describe(80)).toBe('3 files, 9 kB, found so far')
  expect(progressAfter(1, found, begin('a', 5_000), arrived('a', 1_000)).describe(80)).toBe('1 kB  1 kB/s  0/3+ files')
})

test('what was there before counts as done and not as speed, and what failed or starts over does not count', () => {
  const kept = progressAfter(1, PLAN, begin('a', 50_000_000, 40_000_000), arrived('a', 1_000_000))
  expect(kept.describe(80)).toBe('41%  41 MB of 100 MB  1 MB/s  59 s left  0/17 files')
  kept.note(begin('a', 50_000_000, 0))
  expect(kept.numbers).toMatchObject({ bytes: 0, sent: 1_000_000 })
  kept.note(arrived('a', 2_000_000))
  kept.note({ type: 'failed', path: 'a', target: 'a', error: new SftError('ERR_DIGEST', 'x') })
  expect(kept.numbers).toMatchObject({ files: 0, bytes: 0, totalFiles: 17, sent: 3_000_000 })
  for (const event of [begin('b', 9), arrived('b', 9), done('b', 9)]) kept.note(event)
  kept.note({ type: 'skipped', path: 'c', reason: 'identical', size: 7 })
  kept.note({ type: 'skipped', path: 'd', reason: 'link', size: 0 })
  expect(kept.numbers).toMatchObject({ files: 2, bytes: 16 })
  expect(kept.active(80)).toEqual([])
})

test('the speed is that of the last seconds', () => {
  const progress = progressAfter(10, PLAN, begin('a', 90_000_000), arrived('a', 50_000_000))
  expect(progress.describe(80)).toContain('5 MB/s')
  vi.advanceTimersByTime(5_000)
  expect(progress.describe(80)).toContain('0 B/s')
  expect(progress.describe(80)).not.toContain('left')
})

test('three files are shown, the largest first, and the end of a name that is too long', () => {
  const long = `${'folder/'.repeat(20)}日本語.jpg`
  const progress = progressAfter(1, begin('b', 200), begin(long, 300), begin('c', 100), begin('d', 0), arrived('b', 50))
  expect(progress.active(80).slice(1)).toEqual(['   25%  b', '    0%  c'])
  for (const columns of [80, 40, 39]) {
    const [first = ''] = progress.active(columns)
    expect(first).toMatch(/^ {4}0% {2}….*\/日本語\.jpg$/)
    expect(textWidth(first)).toBe(columns)
  }
})

test('a lost connection is shown until it is back', () => {
  const progress = progressAfter(0, PLAN, begin('a', 9))
  progress.note({ type: 'reconnecting', attempt: 3, wait: 4_000, error: new SftError('ERR_CLOSED', 'x') })
  expect(progress.describe(80)).toBe('connection lost; reconnecting in 4 s')
  vi.advanceTimersByTime(4_500)
  expect(progress.describe(80)).toBe('connection lost; reconnecting…')
  progress.note({ type: 'reconnected' })
  expect(progress.describe(80)).toContain('0/17 files')
})
