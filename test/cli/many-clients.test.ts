import { randomBytes } from 'node:crypto'
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import {
  finish,
  md5Of,
  namesIn,
  PARTS,
  PATIENTLY,
  sft,
  start,
  startShare,
  transfersUnderWay,
  twoMachines,
} from '../support/cli.ts'

const SIZE = 3_000_000

test('20 clients fetch at the same time, and each gets its own file', async () => {
  const { sharer, client, root, local } = twoMachines()
  const names = Array.from({ length: 20 }, (_, index) => `${index}.bin`)
  for (const name of names) writeFileSync(join(root, name), randomBytes(SIZE))
  const { address, events } = await startShare(root, ['--open'], sharer)

  const results = await Promise.all(names.map(async (name) => sft(['get', address, name], client)))
  expect(results.map(({ exit }) => exit)).toEqual(names.map(() => 0))
  expect(results.map(({ stderr }) => stderr)).toEqual(names.map((name) => expect.stringContaining(`${name}: 3 MB`)))
  const digests = names.map((name) => md5Of(join(root, name)))
  expect(names.map((name) => md5Of(join(local, name)))).toEqual(digests)
  expect(namesIn(local)).toEqual(names.toSorted())

  const served = events.filter(({ type }) => type === 'served')
  expect(new Map(served.map(({ path, md5 }) => [path, md5]))).toEqual(
    new Map(names.map((name, index) => [name, digests[index]])),
  )
  // All were started on a machine that had no identity yet: they agree on one.
  expect(new Set(served.map(({ peerId }) => peerId)).size).toBe(1)
})

test('clients that are killed take nobody with them', async () => {
  const { sharer, client, root, local } = twoMachines()
  const names = Array.from({ length: 15 }, (_, index) => `${index}.bin`)
  for (const name of names) writeFileSync(join(root, name), randomBytes(SIZE))
  writeFileSync(join(root, 'endless.bin'), '')
  truncateSync(join(root, 'endless.bin'), 8_000_000_000) // holes, and far more than goes across in this test
  const { address, child, events } = await startShare(root, ['--open'], sharer)

  const victims = Array.from({ length: 5 }, (_, index) =>
    start(['get', address, 'endless.bin', '-o', `victims/${index}`], client),
  )
  mkdirSync(join(local, 'victims'))
  const others = names.map(async (name) => sft(['get', address, name], client))
  await transfersUnderWay(join(local, 'victims'), victims.length)
  const endings = victims.map(async (victim) => finish(victim))
  for (const victim of victims) victim.kill('SIGKILL')

  expect((await Promise.all(endings)).map(({ signal }) => signal)).toEqual(victims.map(() => 'SIGKILL'))
  expect((await Promise.all(others)).map(({ exit }) => exit)).toEqual(names.map(() => 0))
  expect(names.map((name) => md5Of(join(local, name)))).toEqual(names.map((name) => md5Of(join(root, name))))
  expect(namesIn(join(local, 'victims')).filter((name) => !name.startsWith(PARTS))).toEqual([])

  await expect
    .poll(() => events.filter(({ code }) => code === 'ERR_CLOSED' || code === 'ERR_ABORTED').length, PATIENTLY)
    .toBeGreaterThanOrEqual(10)
  expect(child.exitCode).toBeNull()
  expect(await sft(['get', address, '0.bin', '-o', 'again.bin'], client)).toMatchObject({ exit: 0 })
})
