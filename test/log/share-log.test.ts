import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import {
  connect,
  grantRights,
  loadIdentity,
  PeerStore,
  removePeer,
  share,
  ShareLog,
  type LogLine,
  type Remote,
  type SftError,
  type Share,
  type ShareOptions,
} from '../../src/index.ts'
import { formatLogLine, parseLogLine } from '../../src/log/line.ts'
import { DONE, OTHER, STRANGERS } from '../../src/log/quota.ts'
import type { RemotePath } from '../../src/wire/path.ts'
import { md5Of } from '../support/cli.ts'
import { hostileTexts } from '../support/hostile-texts.ts'
import { noted, write } from '../support/jobs.ts'
import { loopDisk, loopDisksUsable } from '../support/loop-disk.ts'
import { acquaint, PATIENTLY } from '../support/pairing.ts'
import { shareFolder, tempFolder } from '../support/tmp.ts'

vi.setConfig({ testTimeout: 60_000 })

const disksUsable = loopDisksUsable()

interface Machine {
  readonly home: string
  readonly name: string
}

interface Logged {
  readonly root: string
  readonly owner: Machine
  readonly file: string
  readonly address: string
  readonly share: Share
  readonly log: ShareLog
  readonly faults: SftError[]
  /** Ends the share and returns its log. */
  readonly end: () => Promise<LogLine[]>
}

function newMachine(name: string): Machine {
  return { home: join(tempFolder(), 'home'), name }
}

/** A share on loopback with all rights for paired machines, and its log. */
async function loggedShare(
  owner: Machine,
  options: ShareOptions = {},
  file = join(owner.home, 'log', 'share.jsonl'),
): Promise<Logged> {
  const { root } = shareFolder()
  const faults: SftError[] = []
  const log = await ShareLog.open(root, { home: owner.home, file, onFault: (error) => faults.push(error) })
  const started = await share(root, {
    home: owner.home,
    rights: ['list', 'get', 'put', 'overwrite', 'delete', 'rename', 'mkdir'],
    listen: ['/ip4/127.0.0.1/tcp/0'],
    onRecord: log.record,
    ...options,
  })
  let ended: Promise<void> | undefined
  const close = async (): Promise<void> =>
    (ended ??= (async () => {
      await started.close()
      await log.close()
    })())
  onTestFinished(close)
  return {
    root,
    owner,
    file,
    address: started.addresses[0] ?? '',
    share: started,
    log,
    faults,
    end: async () => {
      await close()
      return linesOf(file)
    },
  }
}

function linesOf(file: string): LogLine[] {
  const text = readFileSync(file, 'utf8')
  expect(text).toMatch(/^[\x20-\x7e\n]*$/)
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => {
      const parsed = parseLogLine(line)
      if (!parsed) throw new Error(`no line of a log: ${line}`)
      return parsed
    })
}

function linesIfThere(file: string): LogLine[] {
  return existsSync(file) ? linesOf(file) : []
}

async function client(address: string, { home }: Machine): Promise<Remote> {
  const remote = await connect(address, { home })
  onTestFinished(async () => remote.close())
  return remote
}

/** What a line says but for when and how long. */
function gist(line: LogLine): Partial<LogLine> {
  return Object.fromEntries(Object.entries(line).filter(([field]) => !['time', 'share', 'ms'].includes(field)))
}

test('everything that a paired peer does is in the log, with who it was, what it was and how it went', async () => {
  const [owner, desktop] = [newMachine('laptop'), newMachine('desktop')]
  await acquaint(owner, desktop)
  const { peerId } = await loadIdentity(desktop.home)
  const logged = await loggedShare(owner)
  write(join(logged.root, 'a.txt'), 'words')
  const local = tempFolder()
  write(join(local, 'b.txt'), 'other words')
  const before = Date.now()

  const remote = await client(logged.address, desktop)
  await remote.get('a.txt', join(local, 'a.txt'))
  await remote.put(join(local, 'b.txt'), 'b.txt')
  await remote.mkdir('sub')
  await remote.rename('b.txt', 'sub/c.txt')
  await Array.fromAsync(remote.list('sub'))
  await remote.digest('a.txt')
  await remote.remove('a.txt')
  await remote.stat('sub') // a look, which is a part of other commands
  await expect(remote.get('a.txt', join(local, 'again'))).rejects.toThrow()
  await expect(remote.put(join(local, 'b.txt'), 'sub/c.txt')).rejects.toThrow()
  await remote.close()
  const lines = await logged.end()

  const who = { peerId, name: 'desktop' }
  const [words, other] = [md5Of(Buffer.from('words')), md5Of(Buffer.from('other words'))]
  expect(lines.map(gist)).toEqual([
    { event: 'started', peerId: logged.share.peerId, rights: expect.arrayContaining(['list', 'put']) },
    { event: 'opened', ...who },
    { event: 'served', ...who, action: 'get', path: 'a.txt', bytes: 5, md5: words, result: 'ok' },
    { event: 'served', ...who, action: 'put', path: 'b.txt', bytes: 11, md5: other, result: 'ok' },
    { event: 'served', ...who, action: 'mkdir', path: 'sub', result: 'ok' },
    { event: 'served', ...who, action: 'rename', path: 'b.txt', to: 'sub/c.txt', result: 'ok' },
    { event: 'served', ...who, action: 'list', path: 'sub', result: 'ok' },
    { event: 'served', ...who, action: 'digest', path: 'a.txt', result: 'ok' },
    { event: 'served', ...who, action: 'delete', path: 'a.txt', result: 'ok' },
    { event: 'served', ...who, action: 'get', path: 'a.txt', result: 'ERR_NOT_FOUND' },
    { event: 'served', ...who, action: 'put', path: 'sub/c.txt', result: 'ERR_EXISTS' },
    { event: 'closed', ...who, result: 'ok' },
    { event: 'stopped' },
  ])
  for (const { time, share: folder, event, ms } of lines) {
    expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    expect(Date.parse(time)).toBeGreaterThanOrEqual(before - 5_000)
    expect(folder).toBe(logged.root)
    expect(typeof ms).toBe(event === 'served' ? 'number' : 'undefined')
  }
  expect(statSync(logged.file).mode & 0o777).toBe(0o600)
  expect(statSync(join(owner.home, 'log')).mode & 0o777).toBe(0o700)
})

test('whoever is turned away is in the log, and what a peer loses', async () => {
  const [owner, desktop, stranger] = [newMachine('laptop'), newMachine('desktop'), newMachine('stranger')]
  await acquaint(owner, desktop)
  const [{ peerId }, unknown] = await Promise.all([loadIdentity(desktop.home), loadIdentity(stranger.home)])
  const logged = await loggedShare(owner)
  await expect(connect(logged.address, { home: stranger.home })).rejects.toMatchObject({ code: 'ERR_REFUSED' })
  const remote = await client(logged.address, desktop)
  const store = new PeerStore(owner.home)
  const recorded = async (event: string, count: number): Promise<void> => {
    const found = (): LogLine[] => linesIfThere(logged.file).filter((line) => line.event === event)
    await expect.poll(found, PATIENTLY).toHaveLength(count)
  }

  await store.change((peers) => grantRights(peers, 'desktop', new Set(['list', 'get'])))
  await recorded('withdrawn', 1)
  await store.change((peers) => grantRights(peers, 'desktop', new Set(['list', 'get', 'put']))) // no loss
  await store.change((peers) => removePeer(peers, 'desktop'))
  await recorded('withdrawn', 2)
  await recorded('closed', 1)
  await remote.close()
  await expect(connect(logged.address, { home: desktop.home })).rejects.toThrow()

  const lines = (await logged.end()).map(gist)
  const lost = ['put', 'overwrite', 'delete', 'rename', 'mkdir']
  expect(lines.filter(({ event }) => event === 'withdrawn')).toEqual([
    { event: 'withdrawn', peerId, name: 'desktop', path: '.', rights: lost },
    { event: 'withdrawn', peerId, name: 'desktop' },
  ])
  const refused = lines.filter(({ event }) => event === 'refused')
  expect(refused).toContainEqual({ event: 'refused', peerId: unknown.peerId, result: 'ERR_REFUSED' })
  expect(refused).toContainEqual({ event: 'refused', peerId, result: 'ERR_REFUSED' })
})

test('T05: pairings are in the log, and neither codes nor secrets nor keys', async () => {
  const [owner, desktop] = [newMachine('laptop'), newMachine('desktop')]
  const codes: string[] = []
  const shown = Promise.withResolvers<string>()
  const logged = await loggedShare(owner, {
    pairing: true,
    onEvent: (event) => {
      if (event.type !== 'code') return
      codes.push(event.code)
      shown.resolve(event.code)
    },
  })
  logged.share.showCode()
  vi.stubEnv('SFT_NAME', 'desktop')
  const remote = await connect(logged.address, {
    home: desktop.home,
    introduction: { askCode: async () => shown.promise },
  })
  await remote.close()
  const lines = await logged.end()
  vi.unstubAllEnvs()
  const { peerId } = await loadIdentity(desktop.home)
  expect(lines.map(gist)).toContainEqual({ event: 'paired', peerId, name: 'desktop', result: 'ok' })

  const text = readFileSync(logged.file, 'utf8')
  const [peer] = await new PeerStore(owner.home).read()
  const key = readFileSync(join(owner.home, 'identity.key'))
  const secret = Buffer.from(peer?.secret ?? [])
  expect(codes.length).toBeGreaterThan(0)
  expect(secret).toHaveLength(32)
  for (const code of codes) expect(text).not.toContain(code)
  for (const bytes of [secret, key]) {
    for (const form of ['hex', 'base64', 'base64url'] as const) expect(text).not.toContain(bytes.toString(form))
  }
})

test('T01, T02 and T04: hostile names of files never get into the log as they are', async () => {
  const [owner, desktop] = [newMachine('laptop'), newMachine('desktop')]
  await acquaint(owner, desktop)
  const logged = await loggedShare(owner)
  const names = hostileTexts(40).filter((name) => !/[\\/]/.test(name))
  for (const name of names) writeFileSync(join(logged.root, name), name)
  const remote = await client(logged.address, desktop)
  const done: string[] = []
  for (const [index, name] of names.entries()) {
    await remote.get(name, join(tempFolder(), String(index))).then(
      () => done.push(name),
      () => undefined,
    )
  }
  await remote.close()
  const lines = await logged.end() // which expects nothing but ASCII
  expect(done.length).toBeGreaterThan(20)
  expect(lines.filter(({ action }) => action === 'get').map(({ path }) => path)).toEqual(expect.arrayContaining(done))
})

test('all 3,000 files of a job are in the log', async () => {
  const [owner, desktop] = [newMachine('laptop'), newMachine('desktop')]
  await acquaint(owner, desktop)
  const logged = await loggedShare(owner)
  for (let index = 0; index < 3_000; index += 1)
    write(join(logged.root, 'tree', `${index % 30}`, `${index}`), `${index}`)
  const remote = await client(logged.address, desktop)
  const { summary } = await noted({}, async (job) => remote.getAll(['tree'], tempFolder(), job))
  expect(summary).toMatchObject({ files: 3_000, failed: 0 })
  await remote.close()
  const lines = await logged.end()
  const got = lines.filter(({ action, result }) => action === 'get' && result === 'ok')
  expect(new Set(got.map(({ path }) => path)).size).toBe(3_000)
  expect(lines.filter(({ event }) => event === 'leftOut')).toEqual([])
})

test('R17: a peer whose requests fail without end takes up its own quota only, and the rest are counted', async () => {
  const [owner, desktop, tablet] = [newMachine('laptop'), newMachine('desktop'), newMachine('tablet')]
  await acquaint(owner, desktop)
  await acquaint(owner, tablet)
  const logged = await loggedShare(owner)
  write(join(logged.root, 'a.txt'), 'words')
  const [hostile, honest] = [await client(logged.address, desktop), await client(logged.address, tablet)]
  const path = `${'x'.repeat(200)}/`.repeat(15)
  const asked = 1_500
  await Promise.all(
    Array.from({ length: asked }, async (_, index) => expect(hostile.remove(`${path}${index}`)).rejects.toThrow()),
  )
  await honest.get('a.txt', join(tempFolder(), 'a.txt'))
  await expect(honest.remove('none')).rejects.toThrow()
  await Promise.all([hostile.close(), honest.close()])
  const lines = await logged.end()
  const failed = lines.filter(({ action, path: at }) => action === 'delete' && at !== 'none')
  const leftOut = lines.find(({ event }) => event === 'leftOut')
  expect(leftOut).toMatchObject({ name: 'desktop', why: 'limit', failed: asked - failed.length })
  const bytes = lines
    .filter(({ name }) => name === 'desktop')
    .reduce((sum, line) => sum + formatLogLine(line).length, 0)
  expect(bytes).toBeLessThan(OTHER.burst + 20_000)
  expect(lines).toContainEqual(expect.objectContaining({ name: 'tablet', action: 'get', result: 'ok' }))
  expect(lines).toContainEqual(expect.objectContaining({ name: 'tablet', path: 'none', result: 'ERR_NOT_FOUND' }))
})

test('R17: strangers have one quota, however many they are, and so have all that nobody knows by name', async () => {
  const file = join(tempFolder(), 'log')
  const { root } = shareFolder()
  const log = await ShareLog.open(root, { file, home: join(tempFolder(), 'home') })
  for (let index = 0; index < 100_000; index += 1) {
    const peerId = `12D3KooW${String(index).padStart(44, '0')}`
    log.record({ type: 'refused', peerId }, null)
    if (index % 10 === 0) log.record({ type: 'opened', peerId }, null)
    if (index % 100 === 0) log.record({ type: 'opened', peerId: 'known' }, 'bob')
  }
  await log.close()
  const lines = linesOf(file)
  const bytesOf = (some: LogLine[]): number => some.reduce((sum, line) => sum + formatLogLine(line).length, 0)
  const [refused, opened, known] = [
    lines.filter(({ event }) => event === 'refused'),
    lines.filter(({ event, name }) => event === 'opened' && name === undefined),
    lines.filter(({ name, event }) => name === 'bob' && event === 'opened'),
  ]
  expect(bytesOf(refused)).toBeLessThan(STRANGERS.burst + 1_000)
  expect(bytesOf(opened)).toBeLessThan(OTHER.burst + 1_000)
  expect(known).toHaveLength(1_000)
  const leftOut = lines.filter(({ event }) => event === 'leftOut').map(({ count }) => count)
  expect(new Set(leftOut)).toEqual(new Set([100_000 - refused.length, 10_000 - opened.length]))
})

test('R17: even what succeeds has its quota, by bytes and not by lines, and what is beyond it is added up', async () => {
  const file = join(tempFolder(), 'log')
  const { root } = shareFolder()
  const log = await ShareLog.open(root, { file, home: join(tempFolder(), 'home') })
  const path = '\u0001'.repeat(250) as RemotePath
  const action = { type: 'get', path, offset: 0, length: null } as const
  const transferred = { size: 10, md5: new Uint8Array(16) }
  for (let index = 0; index < 8_000; index += 1) {
    log.record({ type: 'served', peerId: 'p', action, transferred, milliseconds: 1 }, 'bob')
    if (index % 1_000 === 0) await new Promise((resolve) => setTimeout(resolve, 150)) // as much as waits at once
  }
  await log.close()
  const files = readdirSync(join(file, '..')).filter((name) => name.startsWith('log'))
  const lines = files.flatMap((name) => linesOf(join(file, '..', name)))
  const served = lines.filter(({ event }) => event === 'served')
  expect(served.reduce((sum, line) => sum + formatLogLine(line).length, 0)).toBeLessThan(DONE.burst + 10_000)
  const leftOut = lines.find(({ event }) => event === 'leftOut')
  expect(leftOut).toMatchObject({ name: 'bob', why: 'limit', failed: 0 })
  expect(leftOut?.count).toBe(8_000 - served.length)
  expect(leftOut?.bytes).toBe(10 * (8_000 - served.length))
})

test.skipIf(!disksUsable)('a disk that is full for the log stops no transfer, and is told once', async () => {
  const [owner, desktop] = [newMachine('laptop'), newMachine('desktop')]
  await acquaint(owner, desktop)
  const { folder } = loopDisk(8)
  const ballast = join(folder, 'ballast')
  const logged = await loggedShare(owner, {}, join(folder, 'share.jsonl'))
  await expect.poll(() => existsSync(logged.file) && linesOf(logged.file).length).toBe(1)
  fill(ballast)
  for (let index = 0; index < 500; index += 1) write(join(logged.root, 'tree', `${index}`), `${index}`)
  const remote = await client(logged.address, desktop)
  const { summary } = await noted({}, async (job) => remote.getAll(['tree'], tempFolder(), job))
  expect(summary).toMatchObject({ files: 500, failed: 0 })
  await expect.poll(() => logged.faults.map(({ code }) => code)).toEqual(['ERR_NO_SPACE'])
  rmSync(ballast)
  await remote.close()
  await logged.end()
  expect(logged.faults).toHaveLength(1)
})

function fill(path: string): void {
  const block = Buffer.alloc(4_096)
  for (;;) {
    try {
      writeFileSync(path, block, { flag: 'a' })
    } catch {
      return
    }
  }
}

test('a log that cannot be written stops no transfer', async () => {
  const [owner, desktop] = [newMachine('laptop'), newMachine('desktop')]
  await acquaint(owner, desktop)
  const file = join(tempFolder(), 'log')
  mkdirSync(file)
  const logged = await loggedShare(owner, {}, file)
  write(join(logged.root, 'a.txt'), 'words')
  const remote = await client(logged.address, desktop)
  const [local] = [tempFolder()]
  await remote.get('a.txt', join(local, 'a.txt'))
  expect(readFileSync(join(local, 'a.txt'), 'utf8')).toBe('words')
  await expect.poll(() => logged.faults.map(({ code }) => code)).toEqual(['ERR_WRONG_TYPE'])
})

test('a log is not kept where peers could read it', async () => {
  const { root, outside } = shareFolder()
  const home = join(tempFolder(), 'home')
  mkdirSync(join(root, 'logs'))
  symlinkSync(root, join(outside, 'other-way'))
  for (const file of ['log', 'logs/new/share.jsonl', '../other-way/logs/log']) {
    await expect(ShareLog.open(root, { home, file: join(root, file) })).rejects.toMatchObject({ code: 'ERR_USAGE' })
  }
  const log = await ShareLog.open(root, { home, file: join(outside, 'log') })
  await log.close()
})
