import { readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { JobEvent } from '../../src/index.ts'
import { Pace } from '../../src/jobs/pace.ts'
import { differences, failures, jobMachines, namesBelow, only, write, writeRandom } from '../support/jobs.ts'

test.each(['get', 'put'] as const)('with one at a time, no two files of a %s overlap', async (direction) => {
  const { root, local, get, put } = await jobMachines()
  const from = direction === 'get' ? root : local
  for (let index = 0; index < 20; index += 1) write(join(from, 'tree', `${index}`), new Uint8Array(index * 150_000))
  let [now, most, large] = [0, 0, 0]
  const onEvent = (event: JobEvent): void => {
    if (event.type === 'begin') {
      most = Math.max(most, (now += 1))
      if (event.size > 1_048_576) large += 1
    }
    if (event.type === 'file') now -= 1
  }
  const { summary } = await (direction === 'get' ? get : put)(['tree'], { parallel: 1, onEvent })
  expect(summary).toMatchObject({ files: 20, failed: 0 })
  expect([most, large]).toEqual([1, 13])
})

test.each(['get', 'put'] as const)('several large files of a %s go at a time, as many as said', async (direction) => {
  const { root, local, get, put } = await jobMachines()
  const from = direction === 'get' ? root : local
  for (let index = 0; index < 8; index += 1) write(join(from, 'tree', `${index}`), new Uint8Array(3_000_000))
  let [now, most] = [0, 0]
  const onEvent = ({ type }: JobEvent): void => {
    if (type === 'begin') most = Math.max(most, (now += 1))
    if (type === 'file') now -= 1
  }
  await (direction === 'get' ? get : put)(['tree'], { parallel: 3, onEvent })
  expect(most).toBe(3)
})

test.each(['get', 'put'] as const)('a %s keeps to its number of bytes a second', async (direction) => {
  const { root, local, get, put } = await jobMachines()
  const from = direction === 'get' ? root : local
  writeRandom(join(from, 'tree', 'large'), 6_000_000)
  for (let index = 0; index < 40; index += 1) writeRandom(join(from, 'tree', `${index}`), 50_000)
  const started = performance.now()
  const { summary } = await (direction === 'get' ? get : put)(['tree'], { bytesPerSecond: 4_000_000 })
  const seconds = (performance.now() - started) / 1000
  expect(summary).toMatchObject({ files: 41, failed: 0 })
  expect(seconds).toBeGreaterThan(1.8) // of 2; a busy machine only makes it slower
  expect(differences(root, local)).toEqual([])
})

test('whoever waits for its turn on a slow pace stops when it is told to', async () => {
  const stop = new AbortController()
  const pace = new Pace(1, stop.signal)
  await pace.take(1_000_000)
  const waiting = pace.take(1)
  stop.abort(new Error('enough'))
  await expect(waiting).rejects.toThrow('enough')
})

test.each(['get', 'put'] as const)(
  'a %s that is stopped keeps what there is of large files and nothing of small ones, and the session goes on',
  async (direction) => {
    const { root, local, remote, get, put } = await jobMachines()
    const [from, to] = direction === 'get' ? [root, local] : [local, root]
    const run = direction === 'get' ? get : put
    writeRandom(join(from, 'tree', 'large'), 40_000_000)
    for (let index = 0; index < 300; index += 1) write(join(from, 'tree', `${index}`), `${index}`)
    const stop = new AbortController()
    let sent = 0
    const stopped = await run(['tree'], {
      signal: stop.signal,
      onEvent: (event) => {
        if (event.type === 'progress' && event.path.endsWith('large') && (sent += event.bytes) > 20_000_000)
          stop.abort()
      },
    })
    expect(stopped.summary).toMatchObject({ ended: true, error: { code: 'ERR_ABORTED' } })
    expect(only(stopped, 'failed')).toEqual([])
    expect(namesBelow(join(to, 'tree'))).not.toContain('large')
    await expect.poll(() => partsOf(to)).toEqual([expect.stringMatching(/-free$/)])
    expect((await remote.rights()).size).toBeGreaterThan(0)

    const finished = await run(['tree'])
    expect(finished.summary).toMatchObject({ failed: 0, ended: false })
    const begin = only(finished, 'begin').find(({ path }) => path.endsWith('large'))
    expect(begin?.offset).toBeGreaterThan(10_000_000)
    expect(differences(root, local)).toEqual([])
    expect(partsOf(to)).toEqual([])
  },
)

test('a job that is stopped before it begins does nothing', async () => {
  const { root, local, get, put } = await jobMachines()
  for (const base of [root, local]) write(join(base, 'tree', 'a.txt'))
  const signal = AbortSignal.abort()
  for (const run of [get, put]) {
    const code = await run(['tree'], { signal }, 'nowhere').then(
      ({ summary }) => summary.error?.code,
      (error: { code?: string }) => error.code,
    )
    expect(code).toBe('ERR_ABORTED')
  }
  expect((await get(['tree'], {}, join(local, 'down'))).summary).toMatchObject({ files: 1 })
})

test('a job on a session that is stopped slowly by its pace ends at once', async () => {
  const { local, put } = await jobMachines()
  for (let index = 0; index < 300; index += 1) write(join(local, 'tree', `${index}`), new Uint8Array(10_000))
  const stop = new AbortController()
  const ran = put(['tree'], { signal: stop.signal, bytesPerSecond: 1_000 })
  await setImmediate()
  setTimeout(() => stop.abort(), 200)
  expect((await ran).summary).toMatchObject({ ended: true, error: { code: 'ERR_ABORTED' } })
})

test('two jobs on one session do not hinder each other', async () => {
  const { root, local, get, put } = await jobMachines()
  writeRandom(join(root, 'down', 'a'), 5_000_000)
  writeRandom(join(local, 'up', 'a'), 5_000_000)
  for (const tree of [join(root, 'down'), join(local, 'up')])
    for (let index = 0; index < 200; index += 1) write(join(tree, `${index}`))
  const ran = await Promise.all([get(['down']), put(['up'])])
  for (const one of ran) expect(one.summary).toMatchObject({ files: 201, failed: 0 })
  expect(differences(root, local)).toEqual([])
})

test('S06: a target that is removed while files go there fails those, and nothing else is touched', async () => {
  const { root, local, get } = await jobMachines()
  for (let index = 0; index < 200; index += 1) write(join(root, 'tree', `${index}`), new Uint8Array(5_000))
  write(join(local, 'other.txt'), 'other')
  let removed = false
  const ran = await get(['tree'], {
    parallel: 1,
    onEvent: ({ type }) => {
      if (type !== 'file' || removed) return
      removed = true
      rmSync(join(local, 'tree'), { recursive: true })
    },
  })
  expect(ran.summary.failed).toBeGreaterThan(150)
  expect(new Set(Object.values(failures(ran)))).toEqual(new Set(['ERR_NOT_FOUND']))
  expect(namesBelow(local).filter((name) => !name.startsWith('tree'))).toEqual(['other.txt'])
})

test('S04 and S15: a source that grows, shrinks or is replaced while it is sent never becomes a mixed file', async () => {
  const { root, local, get, put } = await jobMachines()
  const changes: Record<string, (path: string) => void> = {
    grown: (path) => writeFileSync(path, 'more', { flag: 'a' }),
    cut: (path) => truncateSync(path, 1_000_000),
    overwritten: (path) => writeFileSync(path, new Uint8Array(20_000_000).fill(2)),
  }
  for (const [name, change] of Object.entries(changes)) {
    for (const [from, to, run] of [
      [root, local, get],
      [local, root, put],
    ] as const) {
      writeFileSync(join(from, name), new Uint8Array(20_000_000).fill(1))
      let changed = false
      const ran = await run([name], {
        onEvent: ({ type }) => {
          if (type === 'progress' && !changed) change(join(from, name))
          if (type === 'progress') changed = true
        },
      })
      expect([name, ...Object.values(failures(ran))]).toEqual([name, 'ERR_CHANGED'])
      await expect.poll(() => readdirSync(to)).toEqual([])
      expect((await run([name])).summary).toMatchObject({ files: 1 })
      expect(statSync(join(to, name)).size).toBe(statSync(join(from, name)).size)
      expect(differences(join(from, name), join(to, name))).toEqual([])
      rmSync(join(from, name))
      rmSync(join(to, name))
    }
  }
})

function partsOf(folder: string): string[] {
  return namesBelow(folder)
    .filter((name) => name.startsWith('.sft-parts/'))
    .toSorted()
}
