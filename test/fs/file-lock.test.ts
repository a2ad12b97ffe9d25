import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { withFileLock } from '../../src/fs/file-lock.ts'
import { names } from '../support/snapshot.ts'
import { tempFolder } from '../support/tmp.ts'
import { unprivileged } from '../support/unprivileged.ts'

const MODULE = new URL('../../src/fs/file-lock.ts', import.meta.url).href
const UUID = '00000000-0000-4000-8000-000000000000'

/** Runs a script as another program, with `withFileLock` and the lock's path as `lock`. */
function program(lock: string, script: string): ChildProcess {
  const whole = `
    import { readFileSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs'
    const { withFileLock } = await import(${JSON.stringify(MODULE)})
    const lock = process.argv[1]
    ${script}`
  const child = spawn(process.execPath, ['--input-type=module', '-e', whole, lock], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

/** Starts a program that holds the lock until it is killed. */
async function holder(lock: string): Promise<ChildProcess> {
  const child = program(
    lock,
    `await withFileLock(lock, () => new Promise(() => {
    process.stdout.write('held')
    setInterval(() => undefined, 1_000)
  }))`,
  )
  if (child.stdout) await once(child.stdout, 'data')
  return child
}

async function kill(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}

/** Gives the file in a lock another age, in seconds; negative is ahead of the clock. */
function age(lock: string, seconds: number): void {
  const time = Date.now() / 1_000 - seconds
  for (const name of readdirSync(lock)) utimesSync(join(lock, name), time, time)
}

/** Counts in a file, one at a time; what is inside at the same time as another fails. */
const COUNT = `
  for (let round = 0; round < 25; round += 1) {
    await withFileLock(lock, async () => {
      writeFileSync(lock + '-inside', '', { flag: 'wx' })
      const count = Number(readFileSync(lock + '-count', 'utf8'))
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 2))
      writeFileSync(lock + '-count', String(count + 1))
      unlinkSync(lock + '-inside')
      LEAVE
    })
  }`

/** Leaves a lock every other time as a killed program does, so that all who wait take it over at once. */
const LEAVE = `if (round % 2 === 0) {
  const left = lock + '/' + crypto.randomUUID()
  writeFileSync(left, '')
  utimesSync(left, 0, 0)
}`

describe('a lock', () => {
  test.each<[string, ((lock: string) => void) | null, string?]>([
    ['that is free', null],
    ['that programs leave again and again as if they were killed', null, LEAVE],
    [
      'that a killed program left',
      (lock) => {
        mkdirSync(lock)
        writeFileSync(join(lock, UUID), '')
        age(lock, 60)
      },
    ],
    ['that a program left when it was killed half-way out', (lock) => mkdirSync(lock)],
  ])(
    '%s is held by one of eight programs at a time, and nothing they write is lost',
    async (_what, leave, then = '') => {
      const folder = tempFolder()
      const lock = join(folder, 'lock')
      leave?.(lock)
      writeFileSync(`${lock}-count`, '0')
      const programs = Array.from({ length: 8 }, () => program(lock, COUNT.replace('LEAVE', then)))
      const exits = await Promise.all(programs.map(async (child) => (await once(child, 'exit')) as unknown[]))
      expect(exits).toEqual(Array.from({ length: 8 }, () => [0, null]))
      expect(readFileSync(`${lock}-count`, 'utf8')).toBe('200')
      await withFileLock(lock, async () => undefined)
      expect(names(folder)).toEqual(['lock-count'])
    },
  )

  test('counts its age from when it was taken, however long that was waited for', async () => {
    const folder = tempFolder()
    const lock = join(folder, 'lock')
    let waiting: Promise<number> | undefined
    await withFileLock(lock, async () => {
      waiting = withFileLock(lock, async () => statSync(join(lock, readdirSync(lock)[0] ?? '')).mtimeMs)
      await expect.poll(() => names(folder)).toHaveLength(2)
      const [, aside = ''] = names(folder)
      await expect.poll(() => names(folder, aside)).toHaveLength(1)
      age(join(folder, aside), 60)
    })
    expect(Date.now() - ((await waiting) ?? 0)).toBeLessThan(9_000)
  })

  test('is held by one of many calls of one program at a time', async () => {
    const lock = join(tempFolder(), 'home/lock')
    let [inside, most, done] = [0, 0, 0]
    await Promise.all(
      Array.from({ length: 50 }, async () =>
        withFileLock(lock, async () => {
          most = Math.max(most, (inside += 1))
          await new Promise((resolve) => setTimeout(resolve, 1))
          inside -= 1
          done += 1
        }),
      ),
    )
    expect({ most, done }).toEqual({ most: 1, done: 50 })
  })

  test('is for its owner alone, as its folder is, and gone when the work is done or has failed', async () => {
    const folder = join(tempFolder(), 'home')
    const lock = join(folder, 'lock')
    const old = process.umask(0)
    onTestFinished(() => void process.umask(old))
    const modes = await withFileLock(lock, async () =>
      [folder, lock, join(lock, readdirSync(lock)[0] ?? '')].map((path) => statSync(path).mode & 0o777),
    )
    expect(modes).toEqual([0o700, 0o700, 0o600])
    expect(names(folder)).toEqual([])
    const failing = withFileLock(lock, () => Promise.reject(new Error('the work failed')))
    await expect(failing).rejects.toThrow('the work failed')
    expect(names(folder)).toEqual([])
  })

  test('K13: is waited for, and passed on when the program that holds it is killed', async () => {
    const lock = join(tempFolder(), 'lock')
    const child = await holder(lock)
    let got = false
    const waiting = withFileLock(lock, async () => (got = true))
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(got).toBe(false)
    await kill(child)
    age(lock, 11)
    await waiting
    expect(got).toBe(true)
    expect(existsSync(lock)).toBe(false)
  })

  test.each([-3_600, 3_600])(
    'K14: left at a time %d seconds ago by the clock of today is taken over',
    async (seconds) => {
      const lock = join(tempFolder(), 'lock')
      await kill(await holder(lock))
      age(lock, seconds)
      expect(await withFileLock(lock, async () => 'done')).toBe('done')
    },
  )

  test('is not taken from a program that lives, nor with anything else in it; after ten seconds the error says what to do', async () => {
    const folder = tempFolder()
    const [lock, odd] = [join(folder, 'lock'), join(folder, 'odd')]
    const child = await holder(lock)
    const held = readdirSync(lock)
    mkdirSync(odd)
    writeFileSync(join(odd, 'notes.txt'), 'kept')
    age(odd, 60)
    const waits = [lock, odd].map(async (path) => {
      const waiting = withFileLock(path, async () => 'done')
      await expect(waiting).rejects.toMatchObject({ code: 'ERR_BUSY', message: expect.stringContaining(path) })
      await expect(waiting).rejects.toThrow(/try again, or remove it/)
    })
    await Promise.all(waits)
    expect(readdirSync(lock)).toEqual(held)
    expect(Date.now() - statSync(join(lock, held[0] ?? '')).mtimeMs).toBeLessThan(9_000) // it gives signs of life
    expect(names(odd)).toEqual(['notes.txt'])
    expect(names(folder)).toEqual(['lock', 'odd'])
    await kill(child)
  })

  test('that another program took over meanwhile is not held any more, and stays the other’s', async () => {
    const lock = join(tempFolder(), 'lock')
    await withFileLock(lock, async (expectHeld) => {
      await expectHeld()
      age(lock, 11)
      await withFileLock(lock, async (expectOther) => {
        await expectOther()
        await expect(expectHeld()).rejects.toMatchObject({ code: 'ERR_BUSY' })
      })
    })
    const child = await withFileLock(lock, async () => {
      age(lock, 11)
      return holder(lock)
    })
    expect(readdirSync(lock)).toHaveLength(1)
    await kill(child)
  })

  test('is never looked for behind a link, and holds nothing but locks', async () => {
    const folder = tempFolder()
    const [lock, target] = [join(folder, 'lock'), join(folder, 'target')]
    mkdirSync(target)
    writeFileSync(join(target, UUID), 'kept')
    age(target, 60)
    symlinkSync(target, lock)
    await expect(withFileLock(lock, async () => 'done')).rejects.toMatchObject({ code: 'ERR_WRONG_TYPE' })
    unlinkSync(lock)
    writeFileSync(lock, '')
    await expect(withFileLock(lock, async () => 'done')).rejects.toThrow(/no folder; remove it/)
    expect(names(folder)).toEqual(['lock', 'target'])
    expect(names(target)).toEqual([UUID])
  })

  test('is not made where nothing can be written', async () => {
    const folder = tempFolder()
    chmodSync(folder, 0o555)
    await unprivileged([], async () => {
      const failing = withFileLock(join(folder, 'lock'), async () => 'done')
      await expect(failing).rejects.toMatchObject({ code: 'ERR_READ_ONLY' })
    })
    expect(names(folder)).toEqual([])
  })

  test('clears away what programs left that were killed while they waited, and nothing else', async () => {
    const folder = tempFolder()
    const lock = join(folder, 'lock')
    const [old, young, other, link] = [0, 1, 2, 3].map((digit) => `${UUID.slice(0, -1)}${digit}`)
    for (const name of [`lock.${old}`, `lock.${young}`, `deck.${other}`, 'lock.d']) {
      mkdirSync(join(folder, name))
      writeFileSync(join(folder, name, name.slice(name.indexOf('.') + 1)), '')
      if (!name.includes(String(young))) utimesSync(join(folder, name), 0, 0)
    }
    symlinkSync(join(folder, 'lock.d'), join(folder, `lock.${link}`))
    lutimesSync(join(folder, `lock.${link}`), 0, 0)
    writeFileSync(join(folder, 'lock.d', String(link)), 'kept')
    utimesSync(join(folder, 'lock.d'), 0, 0)
    await withFileLock(lock, async () => undefined)
    expect(names(folder)).toEqual([`deck.${other}`, `lock.${young}`, `lock.${link}`, 'lock.d'])
    expect(names(folder, 'lock.d')).toEqual([link, 'd'])
  })
})
