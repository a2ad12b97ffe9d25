import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  appendFileSync,
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  createPrivateFile,
  readPrivateFile,
  replacePrivateFile,
  sweepParts,
  watchPrivateFile,
} from '../../src/fs/private-file.ts'
import { names, openDescriptors } from '../support/snapshot.ts'
import { tempFolder } from '../support/tmp.ts'
import { unprivileged } from '../support/unprivileged.ts'

const SECRET = Buffer.from('secret')
const MODULE = new URL('../../src/fs/private-file.ts', import.meta.url).href

describe('a private file', () => {
  test.each(['022', '000', '077'])(
    'is created for its owner alone, in folders of the same kind, under umask %s',
    async (umask) => {
      const old = process.umask(Number.parseInt(umask, 8))
      onTestFinished(() => void process.umask(old))
      const outer = tempFolder()
      const path = join(outer, 'a/b/secret')
      expect(await createPrivateFile(path, SECRET)).toBe(true)
      expect(statSync(path).mode & 0o7777).toBe(0o600)
      expect(statSync(join(outer, 'a/b')).mode & 0o7777).toBe(0o700)
      expect(statSync(join(outer, 'a')).mode & 0o077).toBe(0)
      expect(names(outer, 'a/b')).toEqual(['secret'])
      expect(await readPrivateFile(path)).toEqual(SECRET)
    },
  )

  test('is created once, whoever comes second', async () => {
    const path = join(tempFolder(), 'home/secret')
    const contents = Array.from({ length: 20 }, (_, index) => `secret ${index}`)
    const created = await Promise.all(contents.map(async (content) => createPrivateFile(path, Buffer.from(content))))
    expect(created.filter(Boolean)).toHaveLength(1)
    expect(readFileSync(path, 'utf8')).toBe(contents[created.indexOf(true)])
    expect(names(path, '..')).toEqual(['secret'])
    expect(await createPrivateFile(path, SECRET)).toBe(false)
  })

  test.runIf(process.platform === 'linux')('is refused where a folder takes no other', async () => {
    for (const path of ['/proc/nope/secret', '/proc/nope/deeper/still/secret'])
      await expect(createPrivateFile(path, SECRET)).rejects.toMatchObject({ code: 'ERR_READ_ONLY' })
  })

  test('is nothing where there is none', async () => {
    expect(await readPrivateFile(join(tempFolder(), 'secret'))).toBeNull()
    expect(await readPrivateFile(join(tempFolder(), 'not/there/secret'))).toBeNull()
  })

  test.each(['640', '604', '660', '644', '610', '601', '777', '602'])('C21: is refused with mode %s', async (mode) => {
    const path = join(tempFolder(), 'secret')
    writeFileSync(path, SECRET)
    chmodSync(path, Number.parseInt(mode, 8))
    await expect(readPrivateFile(path)).rejects.toMatchObject({ code: 'ERR_IDENTITY' })
    await expect(readPrivateFile(path)).rejects.toThrow(/read by others.*chmod 600/)
  })

  test.each(['600', '400', '700'])('is read with mode %s', async (mode) => {
    const path = join(tempFolder(), 'secret')
    writeFileSync(path, SECRET)
    chmodSync(path, Number.parseInt(mode, 8))
    expect(await readPrivateFile(path)).toEqual(SECRET)
  })

  test('C21: is refused if it is a link, folder, pipe or too large, and leaves no descriptor open', async () => {
    const folder = tempFolder()
    writeFileSync(join(folder, 'file'), SECRET, { mode: 0o600 })
    symlinkSync('file', join(folder, 'link'))
    symlinkSync('nothing', join(folder, 'dangling'))
    mkdirSync(join(folder, 'folder'), { mode: 0o700 })
    execFileSync('mkfifo', ['-m', '600', join(folder, 'pipe')])
    writeFileSync(join(folder, 'large'), Buffer.alloc(65_537), { mode: 0o600 })
    const before = openDescriptors()
    for (const [name, text] of [
      ['link', /symbolic link/],
      ['dangling', /symbolic link/],
      ['folder', /not a file/],
      ['pipe', /not a file/],
      ['large', /too large/],
    ] as const) {
      await expect(readPrivateFile(join(folder, name))).rejects.toMatchObject({ code: 'ERR_IDENTITY' })
      await expect(readPrivateFile(join(folder, name))).rejects.toThrow(text)
    }
    expect(openDescriptors()).toBe(before)
  })

  test('is as large as whoever reads it allows', async () => {
    const path = join(tempFolder(), 'secret')
    writeFileSync(path, Buffer.alloc(100_000), { mode: 0o600 })
    expect(await readPrivateFile(path, 100_000)).toHaveLength(100_000)
    await expect(readPrivateFile(path, 99_999)).rejects.toThrow(/too large/)
  })

  test('is created complete or not at all', async () => {
    const outer = tempFolder()
    chmodSync(outer, 0o555)
    await unprivileged([], async () => {
      await expect(createPrivateFile(join(outer, 'secret'), SECRET)).rejects.toMatchObject({ code: 'ERR_READ_ONLY' })
      await expect(createPrivateFile(join(outer, 'home/secret'), SECRET)).rejects.toMatchObject({
        code: 'ERR_READ_ONLY',
      })
    })
    expect(names(outer)).toEqual([])
    chmodSync(outer, 0o700)
    writeFileSync(join(outer, 'file'), '')
    await expect(createPrivateFile(join(outer, 'file/secret'), SECRET)).rejects.toMatchObject({
      code: expect.stringMatching(/^ERR_/),
    })
    expect(names(outer)).toEqual(['file'])
  })

  test('does not replace what has its name, of whatever kind', async () => {
    const folder = tempFolder()
    symlinkSync('nothing', join(folder, 'link'))
    mkdirSync(join(folder, 'folder'))
    for (const name of ['link', 'folder']) expect(await createPrivateFile(join(folder, name), SECRET)).toBe(false)
    expect(names(folder)).toEqual(['folder', 'link'])
  })
})

describe('replacing a private file', () => {
  test('leaves the new one for its owner alone, and nothing else', async () => {
    const folder = join(tempFolder(), 'home')
    const path = join(folder, 'secret')
    await replacePrivateFile(path, Buffer.from('old'))
    expect(statSync(folder).mode & 0o7777).toBe(0o700)
    chmodSync(path, 0o644)
    await replacePrivateFile(path, SECRET)
    expect(await readPrivateFile(path)).toEqual(SECRET)
    expect(statSync(path).mode & 0o7777).toBe(0o600)
    expect(names(folder)).toEqual(['secret'])
  })

  test('writes to nothing that was there, by whatever other name', async () => {
    const folder = tempFolder()
    const path = join(folder, 'secret')
    writeFileSync(join(folder, 'other'), 'other')
    for (const put of [symlinkSync, linkSync]) {
      rmSync(path, { force: true })
      put(join(folder, 'other'), path)
      await replacePrivateFile(path, SECRET)
      expect(readFileSync(join(folder, 'other'), 'utf8')).toBe('other')
      expect(lstatSync(path).isFile()).toBe(true)
      expect(await readPrivateFile(path)).toEqual(SECRET)
    }
  })

  test('that fails leaves the old one, no part of the new one, and no descriptor open', async () => {
    const folder = tempFolder()
    mkdirSync(join(folder, 'folder'))
    const before = openDescriptors()
    await expect(replacePrivateFile(join(folder, 'folder'), SECRET)).rejects.toMatchObject({ code: 'ERR_WRONG_TYPE' })
    expect(openDescriptors()).toBe(before)
    expect(names(folder)).toEqual(['folder'])
    writeFileSync(join(folder, 'secret'), 'old', { mode: 0o600 })
    await expect(replacePrivateFile(join(folder, 'secret/secret'), SECRET)).rejects.toMatchObject({
      code: expect.stringMatching(/^ERR_/),
    })
    chmodSync(folder, 0o555)
    await unprivileged([], async () => {
      await expect(replacePrivateFile(join(folder, 'secret'), SECRET)).rejects.toMatchObject({ code: 'ERR_READ_ONLY' })
    })
    expect(names(folder)).toEqual(['folder', 'secret'])
    expect(readFileSync(join(folder, 'secret'), 'utf8')).toBe('old')
  })

  test('by many at once leaves one of theirs', async () => {
    const folder = tempFolder()
    const contents = Array.from({ length: 20 }, (_, index) => `secret ${index}`)
    await Promise.all(contents.map(async (text) => replacePrivateFile(join(folder, 'secret'), Buffer.from(text))))
    expect(contents).toContain(readFileSync(join(folder, 'secret'), 'utf8'))
    expect(names(folder)).toEqual(['secret'])
  })

  test('K10: is seen and survives a kill as the old one or the new one, complete', async () => {
    const path = join(tempFolder(), 'secret')
    const contents = [Buffer.alloc(60_000, 'a'), Buffer.alloc(30_000, 'b')]
    const expectOne = (content: Uint8Array | null): void => {
      expect(contents.some((one) => content !== null && one.equals(content))).toBe(true)
    }
    const script = `
      const { replacePrivateFile } = await import(${JSON.stringify(MODULE)})
      const contents = [Buffer.alloc(60_000, 'a'), Buffer.alloc(30_000, 'b')]
      const parent = process.ppid
      for (let round = 0; process.ppid === parent; round += 1) {
        await replacePrivateFile(process.argv[1], contents[round % 2])
        if (round === 0) process.stdout.write('replacing')
      }`
    for (let round = 0; round < 20; round += 1) {
      const child = spawn(process.execPath, ['--input-type=module', '-e', script, path], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      onTestFinished(() => void child.kill('SIGKILL'))
      const exited = once(child, 'exit')
      await once(child.stdout, 'data')
      const end = performance.now() + Math.random() * 30
      for (let reads = 0; reads < 3 || performance.now() < end; reads += 1) {
        expectOne(await readPrivateFile(path))
      }
      child.kill('SIGKILL')
      expect(await exited).toEqual([null, 'SIGKILL'])
      expectOne(await readPrivateFile(path))
    }
  })
})

describe('sweeping what killed programs were about to put in place', () => {
  const PART = '.00000000-0000-4000-8000-00000000000a.part'

  test('removes it after a minute, and not before', async () => {
    const folder = tempFolder()
    for (const age of [50, 70]) {
      writeFileSync(join(folder, PART), SECRET)
      utimesSync(join(folder, PART), Date.now() / 1_000 - age, Date.now() / 1_000 - age)
      await sweepParts(folder)
      expect(names(folder)).toEqual(age < 60 ? [PART] : [])
    }
  })

  test('removes what a real kill leaves', async () => {
    const folder = tempFolder()
    const script = `
      const { replacePrivateFile } = await import(${JSON.stringify(MODULE)})
      process.stdout.write('replacing')
      for (;;) await replacePrivateFile(process.argv[1], Buffer.alloc(4_000_000))`
    for (let round = 0; round < 20 && names(folder).filter((name) => name.endsWith('.part')).length === 0; round += 1) {
      const child = spawn(process.execPath, ['--input-type=module', '-e', script, join(folder, 'secret')], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      onTestFinished(() => void child.kill('SIGKILL'))
      await once(child.stdout, 'data')
      await sleep(20 + Math.random() * 30)
      const exited = once(child, 'exit')
      child.kill('SIGKILL')
      await exited
    }
    const parts = names(folder).filter((name) => name !== 'secret')
    expect(parts).toHaveLength(1)
    for (const part of parts) utimesSync(join(folder, part), 0, 0)
    await sweepParts(folder)
    expect(names(folder).filter((name) => name !== 'secret')).toEqual([])
  })

  test('keeps all else, and what a link leads to', async () => {
    const folder = tempFolder()
    const kept = ['secret', 'identity.key', `${PART}.old`, `a${PART}`, PART.slice(1), PART.replace('a', 'A'), '.x.part']
    for (const name of kept) writeFileSync(join(folder, name), SECRET)
    const [link, inner] = [PART.replace('a', 'b'), PART.replace('a', 'c')].map((name) => join(folder, name))
    symlinkSync('secret', String(link))
    mkdirSync(String(inner))
    for (const name of names(folder)) lutimesSync(join(folder, name), 0, 0)
    const before = names(folder)
    await sweepParts(folder)
    expect(names(folder)).toEqual(before)
  })

  test('fails for nothing', async () => {
    const folder = tempFolder()
    await sweepParts(join(folder, 'not-there'))
    writeFileSync(join(folder, PART), SECRET)
    utimesSync(join(folder, PART), 0, 0)
    chmodSync(folder, 0o555)
    await unprivileged([], async () => sweepParts(folder))
    expect(names(folder)).toEqual([PART])
  })
})

describe('watching a private file', () => {
  /** Longer than any change takes to be seen, so that what is not seen by then is not. */
  const SETTLED_MS = 300

  /** Watches a file until the end of the test; counts what is seen. */
  function watching(path: string): { calls: () => number; stop: () => void } {
    let calls = 0
    const stop = watchPrivateFile(path, () => (calls += 1))
    onTestFinished(stop)
    return { calls: () => calls, stop }
  }

  test.each<[string, (path: string) => void | Promise<void>]>([
    ['replaced', async (path) => replacePrivateFile(path, Buffer.from('new'))],
    ['edited in place', (path) => writeFileSync(path, 'new')],
    ['appended to', (path) => appendFileSync(path, 'new')],
    ['removed', (path) => rmSync(path)],
    ['moved away', (path) => renameSync(path, `${path}.old`)],
    [
      'replaced as editors do',
      (path) => {
        renameSync(path, `${path}~`)
        writeFileSync(path, 'new', { mode: 0o600 })
      },
    ],
  ])('sees it %s, each time', async (_how, change) => {
    const path = join(tempFolder(), 'secret')
    const { calls } = watching(path)
    for (let round = 0; round < 3; round += 1) {
      await createPrivateFile(path, SECRET)
      await sleep(SETTLED_MS)
      const before = calls()
      await change(path)
      await expect.poll(calls, { timeout: 1_000, interval: 5 }).toBeGreaterThan(before)
    }
  })

  test('sees a file that was not there, once, and what it holds', async () => {
    const path = join(tempFolder(), 'secret')
    const seen: string[] = []
    onTestFinished(watchPrivateFile(path, () => void seen.push(readFileSync(path, 'utf8'))))
    await createPrivateFile(path, SECRET)
    await sleep(SETTLED_MS)
    expect(seen).toEqual(['secret'])
  })

  test('sees it by a path from here, too', async () => {
    const folder = tempFolder()
    const old = process.cwd()
    onTestFinished(() => process.chdir(old))
    process.chdir(folder)
    const { calls } = watching('secret')
    writeFileSync('secret', SECRET)
    await expect.poll(calls, { timeout: 1_000 }).toBeGreaterThan(0)
  })

  test('sees many changes as few, the last one among them, however long they go on', async () => {
    const path = join(tempFolder(), 'secret')
    let last = ''
    let calls = 0
    const stop = watchPrivateFile(path, () => {
      calls += 1
      last = readFileSync(path, 'utf8')
    })
    onTestFinished(stop)
    const start = performance.now()
    let rounds = 0
    for (; performance.now() - start < 500; rounds += 1) {
      writeFileSync(path, String(rounds))
      await sleep(2)
    }
    expect(calls).toBeGreaterThan(2)
    expect(calls).toBeLessThan(20)
    await expect.poll(() => last, { timeout: 1_000 }).toBe(String(rounds - 1))
  })

  test('does not see other files', async () => {
    const folder = tempFolder()
    const { calls } = watching(join(folder, 'secret'))
    await createPrivateFile(join(folder, 'other'), SECRET)
    await replacePrivateFile(join(folder, 'secret.old'), SECRET)
    await sleep(SETTLED_MS)
    expect(calls()).toBe(0)
  })

  test.each<[string, (folder: string) => void]>([
    ['removed', (folder) => rmSync(folder, { recursive: true })],
    ['moved away', (folder) => renameSync(folder, `${folder}.old`)],
  ])('sees the folder %s', async (_how, change) => {
    const folder = join(tempFolder(), 'home')
    const path = join(folder, 'secret')
    await createPrivateFile(path, SECRET)
    const seen: boolean[] = []
    onTestFinished(watchPrivateFile(path, (folderToo) => void seen.push(folderToo)))
    await replacePrivateFile(path, SECRET)
    await expect.poll(() => seen, { timeout: 1_000 }).toContain(false)
    expect(seen).not.toContain(true)
    change(folder)
    await expect.poll(() => seen, { timeout: 1_000 }).toContain(true)
    expect(existsSync(path)).toBe(false)
  })

  test('ends when it is stopped, also between a change and its call, and leaves no descriptor open', async () => {
    const path = join(tempFolder(), 'secret')
    watchPrivateFile(path, () => undefined)() // the first watch opens what all of a process share
    const before = openDescriptors()
    const { calls, stop } = watching(path)
    writeFileSync(path, SECRET)
    await sleep(10)
    stop()
    stop()
    writeFileSync(path, 'new')
    await sleep(SETTLED_MS)
    expect(calls()).toBe(0)
    expect(openDescriptors()).toBe(before)
  })

  test('needs the folder', () => {
    expect(() => watchPrivateFile(join(tempFolder(), 'home/secret'), () => undefined)).toThrow(
      expect.objectContaining({ code: 'ERR_NOT_FOUND' }),
    )
  })

  test('does not keep the process alive, not even with a change to tell of', () => {
    const path = join(tempFolder(), 'secret')
    const script = `
      import { writeFileSync } from 'node:fs'
      import { setTimeout as sleep } from 'node:timers/promises'
      const { watchPrivateFile } = await import(${JSON.stringify(MODULE)})
      watchPrivateFile(process.argv[1], () => undefined)
      writeFileSync(process.argv[1], '')
      await sleep(5)
      process.stdout.write(String(process.getActiveResourcesInfo().includes('Timeout')))`
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script, path], {
      encoding: 'utf8',
      timeout: 10_000,
    })
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: 'false', stderr: '' })
  })
})
