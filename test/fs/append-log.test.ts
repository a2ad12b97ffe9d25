import { spawn } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import type { SftError } from '../../src/errors.ts'
import { AppendLog, logFiles, OLD_LOGS } from '../../src/fs/append-log.ts'
import { withFileLock } from '../../src/fs/file-lock.ts'
import { loopDisk, loopDisksUsable } from '../support/loop-disk.ts'
import { tempFolder } from '../support/tmp.ts'

const CHILD = fileURLToPath(new URL('../support/log-child.ts', import.meta.url))

const disksUsable = loopDisksUsable()

/** A log in a new folder that is not there yet. */
function newLog(options: Partial<ConstructorParameters<typeof AppendLog>[1]> & { path?: string } = {}): {
  path: string
  log: AppendLog
  faults: SftError[]
} {
  const { path = join(tempFolder(), 'log', 'share.jsonl'), ...rest } = options
  const faults: SftError[] = []
  const log = new AppendLog(path, {
    lossLine: (count) => `lost ${count}`,
    onFault: (error) => faults.push(error),
    ...rest,
  })
  return { path, log, faults }
}

function linesOf(path: string): string[] {
  return readFileSync(path, 'utf8').split('\n').slice(0, -1)
}

/** Returns the lines of a log and its old ones, the oldest first. */
function allLines(path: string): string[] {
  return logFiles(path)
    .toReversed()
    .filter((file) => existsSync(file))
    .flatMap(linesOf)
}

function numbered(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `line ${index} ${'x'.repeat(80)}`)
}

test('lines are in the file in their order, which only its owner may read, in a folder that only its owner may enter', async () => {
  const { path, log, faults } = newLog()
  const lines = numbered(5_000)
  for (const line of lines) log.append(line)
  await log.close()
  expect(linesOf(path)).toEqual(lines)
  expect(faults).toEqual([])
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(statSync(dirname(path)).mode & 0o777).toBe(0o700)
})

test('lines come to the file by themselves, and nothing is made without any', async () => {
  const { path, log } = newLog()
  await log.close()
  expect(existsSync(dirname(path))).toBe(false)
  const other = newLog()
  other.log.append('one')
  await expect.poll(() => existsSync(other.path) && linesOf(other.path)).toEqual(['one'])
  other.log.append('two')
  await expect.poll(() => linesOf(other.path)).toEqual(['one', 'two'])
  await other.log.close()
})

test('a log that others could read is theirs no more', async () => {
  const { path, log } = newLog({ path: join(tempFolder(), 'log') })
  writeFileSync(path, 'before\n')
  chmodSync(path, 0o644)
  log.append('after')
  await log.close()
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(linesOf(path)).toEqual(['before', 'after'])
})

test('a file that is full becomes an old one, of which five are kept', async () => {
  const { path, log } = newLog({ maxBytes: 200_000 })
  const lines = numbered(30_000)
  for (const [index, line] of lines.entries()) {
    log.append(line)
    if (index % 10_000 === 0) await expect.poll(() => existsSync(path) && readFileSync(path, 'utf8')).toBeTruthy()
  }
  await log.close()
  expect(readdirSync(dirname(path)).toSorted()).toEqual(logFiles('share.jsonl').toSorted())
  for (const file of logFiles(path)) {
    expect(statSync(file).size).toBeLessThanOrEqual(200_000)
    expect(statSync(file).mode & 0o777).toBe(0o600)
  }
  const kept = allLines(path)
  expect(kept).toEqual(lines.slice(-kept.length))
  expect(kept.length).toBeGreaterThan(5_000)
})

test('a gap among the old ones is filled, so that none of them goes for nothing', async () => {
  const { path, log } = newLog({ maxBytes: 1_000, path: join(tempFolder(), 'log') })
  for (const index of [1, 2, 4, 5]) writeFileSync(`${path}.${index}`, `old ${index}\n`)
  writeFileSync(path, `${'x'.repeat(999)}\n`)
  log.append('new')
  await log.close()
  expect(linesOf(path)).toEqual(['new'])
  expect(linesOf(`${path}.1`)).toEqual(['x'.repeat(999)])
  for (const [now, before] of [
    [2, 1],
    [3, 2],
    [4, 4],
    [5, 5],
  ]) {
    expect(linesOf(`${path}.${now}`)).toEqual([`old ${before}`])
  }
})

test('two programs lose no line of one log and make old ones of it together', async () => {
  const path = join(tempFolder(), 'log', 'share.jsonl')
  const [writers, count, maxBytes] = [['a', 'b'], 3_000, 100_000]
  await Promise.all(
    writers.map(async (name) => {
      const args = [CHILD, path, name, String(count), String(maxBytes)]
      const child = spawn(process.execPath, args, { stdio: 'inherit' })
      expect(await new Promise((resolve) => child.on('exit', resolve))).toBe(0)
    }),
  )
  const lines = allLines(path)
  expect(existsSync(`${path}.1`)).toBe(true)
  expect(existsSync(`${path}.${OLD_LOGS}`)).toBe(false) // so that none may be missing
  for (const name of writers) {
    const own = lines.filter((line) => line.startsWith(`${name} `))
    expect(new Set(own.map((line) => Number(line.split(' ')[1])))).toEqual(new Set(Array(count).keys()))
    expect(own).toHaveLength(count)
  }
  expect(lines).toHaveLength(writers.length * count)
  // One batch of the other one may come between the look at the size and the write.
  for (const file of logFiles(path).filter((one) => existsSync(one))) {
    expect(statSync(file).size).toBeLessThan(maxBytes + 2 * 64 * 1024)
  }
})

test('a file that another program made an old one meanwhile is not made one twice', async () => {
  const { path, log } = newLog({ maxBytes: 1_000, path: join(tempFolder(), 'log') })
  writeFileSync(path, `${'x'.repeat(999)}\n`)
  await withFileLock(`${path}.lock`, async () => {
    log.append('new')
    await expect.poll(() => readdirSync(dirname(path)).filter((name) => name.startsWith('log.lock.'))).toHaveLength(1)
    renameSync(path, `${path}.1`)
    writeFileSync(path, 'fresh\n')
  })
  await log.close()
  expect(linesOf(path)).toEqual(['fresh', 'new'])
  expect(linesOf(`${path}.1`)).toEqual(['x'.repeat(999)])
  expect(existsSync(`${path}.2`)).toBe(false)
})

test('a log that was moved or removed is begun anew', async () => {
  const { path, log } = newLog()
  log.append('one')
  await expect.poll(() => existsSync(path) && linesOf(path)).toEqual(['one'])
  renameSync(path, `${path}.away`)
  log.append('two')
  await expect.poll(() => existsSync(path) && linesOf(path)).toEqual(['two'])
  rmSync(dirname(path), { recursive: true })
  log.append('three')
  await log.close()
  expect(linesOf(path)).toEqual(['three'])
})

test('half a line that a killed program left behind spoils no other', async () => {
  const { path, log } = newLog({ path: join(tempFolder(), 'log') })
  writeFileSync(path, 'whole\nhal')
  log.append('next')
  await expect.poll(() => linesOf(path)).toEqual(['whole', 'hal', 'next'])
  appendFileSync(path, 'torn')
  log.append('last')
  await log.close()
  expect(linesOf(path)).toEqual(['whole', 'hal', 'next', 'torn', 'last'])
})

test.each([
  ['a link', 'share.jsonl', (path: string) => symlinkSync('/dev/null', path), 'ERR_NOT_FOUND'],
  ['a folder', 'share.jsonl', (path: string) => mkdirSync(path), 'ERR_WRONG_TYPE'],
  ['in what is no folder', 'log/share.jsonl', (path: string) => writeFileSync(dirname(path), ''), 'ERR_NOT_FOUND'],
] as const)('a log that is %s is told once, throws nothing and goes on later', async (_, name, spoil, code) => {
  const folder = tempFolder()
  const path = join(folder, name)
  spoil(path)
  const { log, faults } = newLog({ path, pause: 0 })
  log.append('one')
  await expect.poll(() => faults.map((error) => error.code)).toEqual([code])
  expect(faults[0]?.message).toContain('cannot write the log')
  log.append('two')
  await new Promise((resolve) => setTimeout(resolve, 300)) // long enough for another attempt
  for (const obstacle of readdirSync(folder)) rmSync(join(folder, obstacle), { recursive: true })
  await expect.poll(() => existsSync(path) && linesOf(path)).toEqual(['one', 'two'])
  await log.close()
  expect(faults).toHaveLength(1)
})

test.skipIf(process.geteuid?.() !== 0)('the log of another user is not written', async () => {
  const { path, log, faults } = newLog({ path: join(tempFolder(), 'log') })
  writeFileSync(path, '')
  chownSync(path, 65_534, 65_534)
  log.append('one')
  await log.close()
  expect(faults.map(({ code }) => code)).toEqual(['ERR_READ_ONLY'])
  expect(readFileSync(path, 'utf8')).toBe('')
})

test('what waits is bounded: lines beyond that are counted', async () => {
  const { path, log } = newLog({ maxBytes: 64 * 1024 * 1024 })
  const line = 'x'.repeat(1_023)
  for (let index = 0; index < 10_000; index += 1) log.append(line) // no turn of the event loop: nothing is written yet
  await log.close()
  const lines = linesOf(path)
  expect(lines.length).toBeLessThanOrEqual(4_097)
  expect(lines.at(-1)).toBe(`lost ${10_000 - (lines.length - 1)}`)
})

test.skipIf(!disksUsable)('a full disk is told once, and the log goes on when there is room', async () => {
  const { folder } = loopDisk(8)
  const { path, log, faults } = newLog({ path: join(folder, 'log', 'share.jsonl'), pause: 0 })
  log.append('first')
  await expect.poll(() => existsSync(path) && linesOf(path)).toEqual(['first'])
  const ballast = join(folder, 'ballast')
  const block = Buffer.alloc(64 * 1024)
  for (;;) {
    try {
      appendFileSync(ballast, block)
    } catch {
      break
    }
  }
  const lines = numbered(200)
  for (const line of lines) log.append(line)
  await expect.poll(() => faults.map(({ code }) => code)).toEqual(['ERR_NO_SPACE'])
  rmSync(ballast)
  const whole = (): string[] => linesOf(path).filter((line) => lines.includes(line))
  await expect.poll(whole, { timeout: 10_000 }).toEqual(lines)
  log.append('last')
  await log.close()
  const written = linesOf(path)
  expect([written[0], written.at(-1)]).toEqual(['first', 'last'])
  // What was written of one line when the disk was full is left, and the line comes again.
  const torn = written.slice(1, -1).filter((line) => !lines.includes(line))
  for (const half of torn) expect(lines.some((line) => line.startsWith(half))).toBe(true)
  expect(faults).toHaveLength(1)
})
