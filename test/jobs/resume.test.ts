import {
  closeSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  truncateSync,
  utimesSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { SftError } from '../../src/errors.ts'
import type { ShareOptions } from '../../src/index.ts'
import { Link } from '../../src/jobs/link.ts'
import type { ProtocolClient } from '../../src/protocol/client.ts'
import { DEADLINES } from '../../src/protocol/types.ts'
import { MAX_WINDOW } from '../../src/wire/limits.ts'
import { cuttingProxy, type Break, type CuttingProxy } from '../support/cutting-proxy.ts'
import {
  differences,
  failures,
  jobMachines,
  namesBelow,
  only,
  write,
  writeRandom,
  type JobMachines,
  type Ran,
} from '../support/jobs.ts'

const MIB = 1024 * 1024

/** The most that a cut may cost: what was on the way, and what was written and not counted. */
const LOST = MAX_WINDOW + 65_536

const QUICK = { ...DEADLINES, stall: 1_000, handshake: 1_000 }

async function cutMachines(
  how: Break,
  after: readonly number[],
  options: ShareOptions = {},
): Promise<JobMachines & { proxy: CuttingProxy }> {
  const { promise, resolve } = Promise.withResolvers<CuttingProxy>()
  const deadlines = how === 'silence' ? { deadlines: QUICK } : {}
  const machines = await jobMachines(
    { ...deadlines, ...options },
    async (address) => {
      const proxy = await cuttingProxy(address, how, after)
      resolve(proxy)
      return proxy.address
    },
    deadlines,
  )
  return { ...machines, proxy: await promise }
}

/** How a connection breaks in which job. */
const BREAKS: readonly (readonly ['get' | 'put', Break])[] = [
  ['get', 'reset'],
  ['get', 'end'],
  ['put', 'reset'],
  ['put', 'end'],
  ['get', 'silence'],
  ['put', 'silence'],
]

test.each(BREAKS)(
  'W01, W02 and W08: a %s of a large file and a tree gets over connections that break: %s',
  async (direction, how) => {
    const megabytes = how === 'silence' ? [20, 5] : [0.01, 3, 7, 12, 1, 9, 20, 0.5]
    const machines = await cutMachines(
      how,
      megabytes.map((count) => count * MIB),
    )
    const { root, local, proxy } = machines
    const from = direction === 'get' ? root : local
    const size = 40 * MIB
    writeRandom(join(from, 'tree', 'large'), size)
    for (let index = 0; index < 200; index += 1) writeRandom(join(from, 'tree', `${index % 7}`, `${index}`), 5_000)
    const ran = await machines[direction](['tree'])
    expect(ran.summary).toMatchObject({ failed: 0, ended: false, error: null })
    // A share that has yet to notice the silence keeps what the session before had of a file until then.
    await expect.poll(() => differences(root, local), { timeout: 10_000 }).toEqual([])
    expect(proxy.cuts()).toBeGreaterThanOrEqual(how === 'silence' ? 2 : 4)
    expect(only(ran, 'reconnected').length).toBeGreaterThanOrEqual(how === 'silence' ? 1 : 3)
    expect(proxy.passed()).toBeLessThan(size + 2 * MIB + proxy.cuts() * LOST)
    expect(only(ran, 'restarted')).toEqual([])
  },
  60_000,
)

test.each(['fail', 'rename'] as const)(
  'a put into a share that may not be looked at gets over connections that break, with conflicts set to %s',
  async (onConflict) => {
    const cuts = [0.4 * MIB, 0.8 * MIB, 1.2 * MIB]
    const { root, local, put, proxy } = await cutMachines('reset', cuts, { rights: ['put', 'mkdir'] })
    for (let index = 0; index < 600; index += 1) writeRandom(join(local, 'tree', `${index % 7}`, `${index}`), 5_000)
    for (const name of ['one', 'two']) writeRandom(join(local, 'tree', name), 300_000)
    const ran = await put(['tree'], { onConflict })
    expect(failures(ran)).toEqual({})
    expect(ran.summary).toMatchObject({ files: 602, failed: 0, ended: false })
    expect(proxy.cuts()).toBe(3)
    expect(differences(root, local)).toEqual([])
  },
)

test('a listing that is cut off is taken up again, and tells each entry once', async () => {
  const { root, local, get } = await cutMachines('reset', [60_000, 300_000, 400_000, 500_000])
  for (let index = 0; index < 10_000; index += 1) write(join(root, 'tree', `${index}, a name of some length`), '')
  const ran = await get(['tree'], { dryRun: true }, join(local, 'down'))
  expect(only(ran, 'planned').length).toBe(10_001)
  expect(ran.summary).toMatchObject({ ended: false, failed: 0 })
})

/** Stops a job of a large file about in its middle, and returns it. */
async function stopMidway(machines: JobMachines, direction: 'get' | 'put', at = 20 * MIB): Promise<Ran> {
  const stop = new AbortController()
  let sent = 0
  const onEvent: NonNullable<Parameters<JobMachines['get']>[1]>['onEvent'] = (event) => {
    if (event.type === 'progress' && (sent += event.bytes) > at) stop.abort()
  }
  const ran = await machines[direction](['large'], { signal: stop.signal, onEvent })
  expect(ran.summary).toMatchObject({ ended: true })
  const to = direction === 'get' ? machines.local : machines.root
  await expect.poll(() => parts(to), { timeout: 5_000 }).toEqual([expect.stringMatching(/-free$/)])
  return ran
}

test('a get goes on where it was also without the right to look at the file', async () => {
  const machines = await jobMachines({ rights: ['get'] })
  const { root, local, get } = machines
  writeRandom(join(root, 'large'), 40 * MIB)
  const planned = await get(['large'], { dryRun: true })
  expect(only(planned, 'plan').at(-1)).toMatchObject({ files: 1, bytes: 40 * MIB })
  await stopMidway(machines, 'get')
  const ran = await get(['large'])
  expect(ran.summary).toMatchObject({ files: 1, failed: 0 })
  expect(only(ran, 'begin').map(({ size, offset }) => [size, offset > 10 * MIB])).toEqual([[40 * MIB, true]])
  expect(differences(root, local)).toEqual([])
  expect((await get(['large'])).summary).toMatchObject({ files: 0, skipped: 1 })
})

/** What happens to a source between two attempts. */
const CHANGES: Record<string, (path: string) => void> = {
  'written anew with the same size': (path) => void writeRandom(path, 40 * MIB),
  'replaced by another file': (path) => {
    writeRandom(`${path}.new`, 30 * MIB)
    renameSync(`${path}.new`, path)
  },
  'cut short': (path) => truncateSync(path, 10 * MIB),
  'made longer': (path) => truncateSync(path, 50 * MIB),
  touched: (path) => utimesSync(path, 1e9, 1e9),
}

test.each(
  (['get', 'put'] as const).flatMap((direction) => Object.keys(CHANGES).map((name) => [direction, name] as const)),
)('a %s of a file that was %s since the last time starts over', async (direction, name) => {
  const machines = await jobMachines()
  const [from, to] = direction === 'get' ? [machines.root, machines.local] : [machines.local, machines.root]
  writeRandom(join(from, 'large'), 40 * MIB)
  await stopMidway(machines, direction)
  CHANGES[name]?.(join(from, 'large'))
  const ran = await machines[direction](['large'])
  expect(ran.summary).toMatchObject({ files: 1, failed: 0 })
  expect(only(ran, 'restarted').map(({ reason }) => reason)).toEqual(['changed'])
  expect(only(ran, 'begin').map(({ offset }) => offset)).toEqual([0])
  expect(differences(from, to)).toEqual([])
  expect(readdirSync(to)).toEqual(['large'])
})

test.each(['get', 'put'] as const)(
  'a %s goes on where the last one was, and sends no more than it has to',
  async (direction) => {
    const machines = await jobMachines()
    const [from, to] = direction === 'get' ? [machines.root, machines.local] : [machines.local, machines.root]
    writeRandom(join(from, 'large'), 40 * MIB)
    let sent = (await stopMidway(machines, direction, 10 * MIB)).summary.sent
    sent += (await stopMidway(machines, direction, 10 * MIB)).summary.sent
    const ran = await machines[direction](['large'])
    expect(ran.summary).toMatchObject({ files: 1, failed: 0 })
    expect(only(ran, 'restarted')).toEqual([])
    expect(sent + ran.summary.sent).toBeLessThanOrEqual(40 * MIB + 2 * LOST)
    expect(differences(from, to)).toEqual([])
    expect(readdirSync(to)).toEqual(['large'])
  },
)

test.each(['get', 'put'] as const)(
  'K04 and C20: what a %s kept and was damaged since is found out, and starts over by itself',
  async (direction) => {
    const machines = await jobMachines()
    const [from, to] = direction === 'get' ? [machines.root, machines.local] : [machines.local, machines.root]
    writeRandom(join(from, 'large'), 40 * MIB)
    await stopMidway(machines, direction)
    const part = join(to, '.sft-parts', parts(to)[0] ?? '')
    const byte = readFileSync(part)[1_000_000] ?? 0
    const descriptor = openSync(part, 'r+')
    writeSync(descriptor, Uint8Array.of(byte ^ 1), 0, 1, 1_000_000)
    closeSync(descriptor)
    const ran = await machines[direction](['large'])
    expect(ran.summary).toMatchObject({ files: 1, failed: 0 })
    expect(only(ran, 'restarted').map(({ reason }) => reason)).toEqual(['damaged'])
    expect(differences(from, to)).toEqual([])
    expect(readdirSync(to)).toEqual(['large'])
  },
)

test.each(['get', 'put'] as const)(
  'a source that changes while a %s goes on after what was kept fails, and nothing mixed appears',
  async (direction) => {
    const machines = await jobMachines()
    const [from, to] = direction === 'get' ? [machines.root, machines.local] : [machines.local, machines.root]
    writeRandom(join(from, 'large'), 60 * MIB)
    await stopMidway(machines, direction)
    let changed = false
    const ran = await machines[direction](['large'], {
      onEvent: ({ type }) => {
        if (type !== 'progress' || changed) return
        changed = true
        writeRandom(join(from, 'large'), 60 * MIB)
      },
    })
    // It is begun again once, and that may be soon enough or not.
    if (ran.summary.files === 0) expect(Object.values(failures(ran))).toEqual(['ERR_CHANGED'])
    else expect(differences(from, to)).toEqual([])
    expect(only(ran, 'restarted').map(({ reason }) => reason)).toEqual(['changed'])
    expect((await machines[direction](['large'], { onConflict: 'overwrite' })).summary).toMatchObject({ failed: 0 })
    expect(differences(from, to)).toEqual([])
  },
)

test('two that fetch the same file at once after a cut both get it', async () => {
  const machines = await jobMachines()
  const { root, local, get } = machines
  writeRandom(join(root, 'large'), 40 * MIB)
  await stopMidway(machines, 'get')
  const [one, other] = await Promise.all([get(['large']), get(['large'])])
  expect(one.summary.failed + other.summary.failed).toBeLessThanOrEqual(1)
  expect(differences(root, local)).toEqual([])
  await expect.poll(() => namesBelow(local)).toEqual(['large'])
})

test('what was kept for one machine is not continued with the bytes of another one', async () => {
  const machines = await jobMachines()
  const other = await jobMachines()
  const bytes = writeRandom(join(machines.root, 'large'), 40 * MIB)
  write(join(other.root, 'large'), bytes)
  const { mtimeMs } = statSync(join(machines.root, 'large'))
  utimesSync(join(other.root, 'large'), mtimeMs / 1000, mtimeMs / 1000)
  await stopMidway(machines, 'get')
  const ran = await other.get(['large'], {}, machines.local)
  expect(only(ran, 'begin').map(({ offset }) => offset)).toEqual([0])
  expect(only(await machines.get(['large'], { onConflict: 'overwrite', checksum: true }), 'skipped').length).toBe(1)
})

/** A session that was lost, as far as a link sees. */
const LOST_SESSION = { ended: true } as ProtocolClient

test('a link gives up when nothing gets done for long, however often it connects', async () => {
  let opened = 0
  const open = async (): Promise<ProtocolClient> => {
    opened += 1
    return Promise.resolve(LOST_SESSION)
  }
  const link = new Link(LOST_SESSION, { open, patience: 1_000 })
  const lost = async (): Promise<never> => Promise.reject(new SftError('ERR_CLOSED', 'the connection was lost'))
  await expect(link.use(lost)).rejects.toMatchObject({ code: 'ERR_CLOSED', message: /could not be restored/ })
  expect(opened).toBeGreaterThan(1)
  expect(opened).toBeLessThan(5)
})

test('another session is opened in the end where the first attempts break, though the session there is stands', async () => {
  const standing = { ended: false } as ProtocolClient
  const failures = ['ERR_CLOSED', 'ERR_REFUSED', 'ERR_TIMEOUT'] as const
  let opened = 0
  const open = async (): Promise<ProtocolClient> => {
    const code = failures[opened]
    opened += 1
    return code ? Promise.reject(new SftError(code, 'not now')) : Promise.resolve(standing)
  }
  const another = await new Link(standing, { open }).another()
  expect(await another.session).toBe(standing)
  expect(opened).toBe(4)
})

test('a link gives up soon on a peer that does not let this machine in any more', async () => {
  let opened = 0
  const open = async (): Promise<never> => {
    opened += 1
    return Promise.reject(new SftError('ERR_REFUSED', 'go away'))
  }
  const link = new Link(LOST_SESSION, { open })
  const lost = async (): Promise<never> => Promise.reject(new SftError('ERR_CLOSED', 'the connection was lost'))
  await expect(link.use(lost)).rejects.toMatchObject({ code: 'ERR_REFUSED' })
  expect(opened).toBe(3)
})

test('a job whose peer is gone for good ends with that, and what arrived is kept', async () => {
  const { root, local, share, remote } = await jobMachines()
  writeRandom(join(root, 'large'), 40 * MIB)
  const stop = new AbortController()
  const events: string[] = []
  const summary = await remote.getAll(['large'], local, {
    signal: stop.signal,
    onEvent: ({ type }) => {
      events.push(type)
      if (type === 'progress' && events.filter((one) => one === 'progress').length === 50) void share.close()
      if (type === 'reconnecting' && events.filter((one) => one === 'reconnecting').length === 3) stop.abort()
    },
  })
  expect(summary).toMatchObject({ ended: true, files: 0 })
  expect(parts(local)).toEqual([expect.stringMatching(/-free$/)])
})

function parts(folder: string): string[] {
  return namesBelow(folder).flatMap((name) => (name.startsWith('.sft-parts/') ? [name.slice(11)] : []))
}
