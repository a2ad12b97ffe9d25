import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { WINDOW } from '../../src/protocol/session.ts'
import { outcome } from '../support/aftermath.ts'
import { cuttingProxy, type CuttingProxy } from '../support/cutting-proxy.ts'
import { failures, jobMachines, namesBelow, only, write, writeRandom, type JobMachines } from '../support/jobs.ts'
import { connectedMachine } from '../support/machines.ts'
import { tempFolder } from '../support/tmp.ts'
import { unprivileged } from '../support/unprivileged.ts'

const MIB = 1024 * 1024

/** Mounts an empty disk of so many MiB until the test ends. */
function smallDisk(mebibytes: number): string {
  const disk = join(tempFolder(), 'disk')
  mkdirSync(disk)
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'none', disk])
  onTestFinished(() => void execFileSync('umount', ['-l', disk]))
  return disk
}

const mountable = spawnSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0

test.skipIf(!mountable)(
  'a disk that is too small for a file says how much is missing, before its first byte',
  async () => {
    const { root, get } = await jobMachines()
    const disk = smallDisk(2)
    writeRandom(join(root, 'large'), 20 * MIB)
    const ran = await get(['large'], {}, disk)
    expect(ran.summary).toMatchObject({ ended: true, sent: 0, error: { code: 'ERR_NO_SPACE' } })
    expect(ran.summary.error?.message).toMatch(/too few/)
    expect(namesBelow(disk)).toEqual([])
  },
)

test.skipIf(!mountable)(
  'a disk that fills up with small files ends the job, and each file there is whole',
  async () => {
    const { root, get } = await jobMachines()
    const disk = smallDisk(2)
    for (let index = 0; index < 600; index += 1) write(join(root, 'tree', `${index}`), new Uint8Array(8_192).fill(1))
    const ran = await get(['tree'], {}, disk)
    expect(ran.summary).toMatchObject({ ended: true, error: { code: 'ERR_NO_SPACE' } })
    expect(ran.summary.files).toBeGreaterThan(50)
    const left = namesBelow(disk).filter((name) => name.startsWith('tree/'))
    expect(left.length).toBeGreaterThanOrEqual(ran.summary.files)
    const { stdout } = spawnSync('find', [disk, '-type', 'f', '!', '-size', '8192c'], { encoding: 'utf8' })
    expect(stdout).toBe('')
  },
)

/** As {@link jobMachines}, for a client that goes on as a user whom permissions bind. */
async function bindableMachines(): Promise<JobMachines> {
  const home = join(tempFolder(), 'home')
  const machines = await jobMachines({}, undefined, { home })
  execFileSync('chown', ['-R', '65534:65534', join(home, '..')])
  return machines
}

test('what may not be read fails alone, here and there', async () => {
  const { root, local, get, put } = await bindableMachines()
  const outside = tempFolder()
  for (const base of [root, local]) {
    for (const name of ['open.txt', 'secret.txt', 'shut/inner.txt', 'free/inner.txt']) write(join(base, 'tree', name))
    chmodSync(join(base, 'tree', 'secret.txt'), 0o600)
    chmodSync(join(base, 'tree', 'shut'), 0o700)
  }
  mkdirSync(join(outside, 'down'))
  mkdirSync(join(root, 'up'))
  for (const path of [join(outside, 'down'), join(root, 'up')]) chownSync(path, 65_534, 65_534)
  await unprivileged([root, local, outside, join(root, '..')], async () => {
    const down = await get(['tree'], {}, join(outside, 'down'))
    expect(failures(down)).toEqual({ 'tree/secret.txt': 'ERR_READ_ONLY', 'tree/shut': 'ERR_READ_ONLY' })
    expect(down.summary).toMatchObject({ files: 2, failed: 2, ended: false })
    const up = await put(['tree'], {}, 'up')
    expect(failures(up)).toEqual({
      [join(local, 'tree/secret.txt')]: 'ERR_READ_ONLY',
      [join(local, 'tree/shut')]: 'ERR_READ_ONLY',
    })
    expect(up.summary).toMatchObject({ files: 2, failed: 2, ended: false })
  })
  for (const base of [join(outside, 'down'), join(root, 'up')])
    expect(namesBelow(base)).toEqual(['tree', 'tree/free', 'tree/free/inner.txt', 'tree/open.txt', 'tree/shut'])
})

test('where nothing may be written, every file fails and says so', async () => {
  const { root, local, get, put } = await bindableMachines()
  for (const base of [root, local]) {
    for (const name of ['a.txt', 'b.txt']) write(join(base, 'tree', name))
    truncateSync(join(base, 'tree', 'b.txt'), 3 * MIB)
    mkdirSync(join(base, 'shut', 'tree'), { recursive: true })
  }
  await unprivileged([root, local, join(root, '..')], async () => {
    const down = await get(['tree'], {}, join(local, 'shut'))
    expect(failures(down)).toEqual({ 'tree/a.txt': 'ERR_READ_ONLY', 'tree/b.txt': 'ERR_READ_ONLY' })
    const up = await put(['tree'], {}, 'shut')
    expect(Object.values(failures(up))).toEqual(['ERR_READ_ONLY', 'ERR_READ_ONLY'])
  })
  expect([...namesBelow(join(root, 'shut')), ...namesBelow(join(local, 'shut'))]).toEqual(['tree', 'tree'])
})

test('without the right to replace, replacing fails and everything else goes across', async () => {
  const { root, local, put } = await jobMachines({ rights: ['list', 'get', 'put', 'mkdir'] })
  write(join(local, 'tree', 'a.txt'), 'new')
  write(join(local, 'tree', 'b.txt'), 'new')
  write(join(root, 'tree', 'a.txt'), 'older', 1e9)
  const ran = await put(['tree'], { onConflict: 'overwrite' })
  expect(failures(ran)).toEqual({ [join(local, 'tree/a.txt')]: 'ERR_DENIED' })
  expect(ran.summary).toMatchObject({ files: 1, failed: 1, ended: false })
})

test('without the right to make folders, what needs one fails', async () => {
  const { root, local, put } = await jobMachines({ rights: ['list', 'get', 'put'] })
  write(join(local, 'tree', 'a.txt'))
  write(join(local, 'b.txt'))
  const ran = await put(['tree', 'b.txt'])
  expect(failures(ran)).toEqual({ [join(local, 'tree')]: 'ERR_DENIED' })
  expect(ran.summary).toMatchObject({ files: 1, failed: 2, ended: false })
  expect(namesBelow(root)).toEqual(['b.txt'])
})

test('of an upload that is refused little more is sent than what was on the way', async () => {
  let proxy: CuttingProxy | undefined
  const { local, put, remote } = await jobMachines({ rights: ['list', 'get'] }, async (address) => {
    proxy = await cuttingProxy(address, 'reset', [])
    return proxy.address
  })
  writeRandom(join(local, 'large'), 200 * MIB)
  const ran = await put(['large'])
  expect(failures(ran)).toEqual({ [join(local, 'large')]: 'ERR_DENIED' })
  expect(ran.summary.sent).toBe(0) // it is asked first what is kept of a large file
  expect(await outcome(remote.put(join(local, 'large'), 'large'))).toBe('ERR_DENIED')
  expect(proxy?.passed()).toBeLessThan(WINDOW + MIB)
})

test('a place that is none is an error at once', async () => {
  const { root, local, get, put } = await jobMachines()
  for (const base of [root, local]) {
    write(join(base, 'a.txt'))
    write(join(base, 'tree', 'b.txt'))
  }
  const codeOf = async (job: Promise<unknown>): Promise<unknown> =>
    job.then(
      () => null,
      (error: { code?: string }) => error.code,
    )
  expect(await codeOf(get(['a.txt'], {}, join(local, 'missing', 'a.txt')))).toBe('ERR_NOT_FOUND')
  expect(await codeOf(get(['a.txt'], {}, `${join(local, 'missing')}/`))).toBe('ERR_NOT_FOUND')
  expect(await codeOf(get(['tree'], {}, join(local, 'missing', 'deeper')))).toBe('ERR_NOT_FOUND')
  expect(await codeOf(get(['tree', 'a.txt'], {}, join(local, 'a.txt')))).toBe('ERR_EXISTS')
  expect(await codeOf(put(['a.txt'], {}, 'missing/'))).toBe('ERR_NOT_FOUND')
  expect(await codeOf(put(['tree'], {}, 'missing/deeper'))).toBe('ERR_NOT_FOUND')
  expect(await codeOf(put(['tree'], {}, '../escape'))).toBe('ERR_PATH')
  expect(await codeOf(put(['tree', 'a.txt'], {}, 'a.txt'))).toBe('ERR_EXISTS')
  expect(namesBelow(root)).toEqual(['a.txt', 'tree', 'tree/b.txt'])
})

test('an error about the destination names it', async () => {
  const { root, local, get, put } = await jobMachines()
  for (const base of [root, local]) {
    write(join(base, 'taken.txt'))
    write(join(base, 'tree', 'b.txt'))
  }
  const saying = async (job: Promise<unknown>): Promise<unknown> => job.catch((error: unknown) => error)
  const taken = join(local, 'taken.txt')
  for (const sources of [['tree'], ['tree', 'taken.txt']]) {
    expect(await saying(put(sources, {}, 'taken.txt'))).toMatchObject({
      code: 'ERR_EXISTS',
      message: '"taken.txt" is there and no folder; choose another destination',
    })
    for (const dryRun of [false, true]) {
      expect(await saying(get(sources, { dryRun }, taken))).toMatchObject({
        code: 'ERR_EXISTS',
        message: `"${taken}" is there and no folder; choose another destination`,
      })
    }
  }
  const { put: putWithout } = await jobMachines({ rights: ['list', 'put'] })
  expect(await saying(putWithout([join(local, 'tree')], {}, 'new'))).toMatchObject({
    code: 'ERR_DENIED',
    message: expect.stringContaining('"new"'),
  })
})

test('small transfers of other machines end while a large one goes on', async () => {
  const { root, address, remote } = await jobMachines()
  writeFileSync(join(root, 'endless'), '')
  truncateSync(join(root, 'endless'), 20_000 * MIB)
  const sources = Array.from({ length: 10 }, (_, index) => writeRandom(join(root, `${index}`), 5 * MIB))
  const stop = new AbortController()
  const { promise: going, resolve: begin } = Promise.withResolvers<void>()
  const endless = remote.getStream('endless', async () => Promise.resolve(begin()), { signal: stop.signal })
  let ended = false
  endless.then(
    () => (ended = true),
    () => (ended = true),
  )
  await going
  const others = await Promise.all(sources.map(async () => connectedMachine(address)))
  const folders = sources.map(() => tempFolder())
  const summaries = await Promise.all(
    others.map(async (other, index) => other.getAll([`${index}`], folders[index] ?? '')),
  )
  expect(ended).toBe(false)
  for (const summary of summaries) expect(summary).toMatchObject({ files: 1, failed: 0 })
  stop.abort()
  await expect(endless).rejects.toMatchObject({ code: 'ERR_ABORTED' })
}, 60_000)

test('totals are told as they are found, and completely in the end', async () => {
  const { root, get } = await jobMachines()
  for (let index = 0; index < 100; index += 1) write(join(root, 'tree', `${index % 3}`, `${index}`), 'x'.repeat(index))
  const ran = await get(['tree'])
  const plans = only(ran, 'plan')
  expect(plans.at(-1)).toEqual({ type: 'plan', files: 100, bytes: 4_950, complete: true })
  expect(plans.filter(({ complete }) => complete).length).toBe(1)
  expect(ran.summary).toMatchObject({ files: 100, bytes: 4_950, sent: 4_950, folders: 4 })
})
