import { mkdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import {
  finish,
  namesIn,
  objects,
  PARTS,
  PATIENTLY,
  sft,
  start,
  startShare,
  transfersUnderWay,
  twoMachines,
} from '../support/cli.ts'

/** Makes a file of holes that is far larger than what goes across in any of these tests. */
function endlessFile(folder: string): void {
  writeFileSync(join(folder, 'endless.bin'), '')
  truncateSync(join(folder, 'endless.bin'), 8_000_000_000)
}

/** Returns what lies in a folder, apart from what is kept of files that are not complete. */
function visibleIn(folder: string): string[] {
  return namesIn(folder).filter((name) => !name.split('/').includes(PARTS))
}

test('a share that is gone for good ends get and put with one line that says how to go on', async () => {
  const { sharer, client, root, local } = twoMachines()
  endlessFile(root)
  endlessFile(local)
  mkdirSync(join(local, "it's here"))
  const { address, child } = await startShare(root, ['-w', '--open'], sharer)
  const get = finish(start(['get', address, 'endless.bin', '-o', "it's here", '--retry-for', '5'], client))
  const put = finish(start(['put', address, 'endless.bin', '-o', 'stored.bin', '--json', '--retry-for', '5'], client))
  await Promise.all([transfersUnderWay(join(local, "it's here")), transfersUnderWay(root)])
  child.kill('SIGKILL')
  const [got, stored] = await Promise.all([get, put])
  expect(got).toMatchObject({ exit: 10, signal: null, stdout: '' })
  const [lost, end, ...more] = got.stderr
    .split('\n')
    .filter((line) => !line.startsWith('connection lost; reconnecting'))
  expect(lost).toMatch(/^Reconnecting, as .*…$/)
  expect(end).toMatch(/^sft: the connection was lost and could not be restored: /)
  expect(end).toContain(`; to continue: sft get ${address} endless.bin -o 'it'\\''s here' --retry-for 5`)
  expect(more).toEqual([''])
  expect(stored).toMatchObject({ exit: 10, stderr: expect.stringMatching(/^sft: the connection was lost[^\n]*\n$/) })
  const told = objects(stored.stdout).filter(({ type }) => type !== 'progress')
  expect(told[0]).toMatchObject({ type: 'reconnecting', attempt: 1 })
  expect(told.slice(-2)).toMatchObject([
    { type: 'error', code: 'ERR_CLOSED', exit: 10, message: expect.stringContaining('; to continue: sft put ') },
    { type: 'done', files: 0, failed: 0, exit: 10 },
  ])
  expect(visibleIn(local)).toEqual(['endless.bin', "it's here"])
})

test('a share that is killed and started again is gone on with, and says so', async () => {
  const { sharer, client, root, local } = twoMachines()
  writeFileSync(join(root, 'big.bin'), new Uint8Array(50_000_000).fill(7))
  const first = await startShare(root, ['--open'], sharer)
  const port = Number(/\/tcp\/(\d+)/.exec(first.address)?.[1])
  const get = finish(start(['get', first.address, 'big.bin', '--bwlimit', '10M'], client))
  await transfersUnderWay(local)
  first.child.kill('SIGKILL')
  await new Promise((resolve) => first.child.once('close', resolve))
  const again = start(['share', root, '--open', '--listen', `/ip4/127.0.0.1/tcp/${port}`], sharer)
  const { exit, stderr } = await get
  again.kill()
  expect(exit).toBe(0)
  expect(stderr).toMatch(/^Reconnecting, as .*…\nConnected again\.\nbig\.bin: 50 MB.*, verified\n$/)
  expect(readFileSync(join(local, 'big.bin')).equals(readFileSync(join(root, 'big.bin')))).toBe(true)
  expect(namesIn(local)).toEqual(['big.bin'])
}, 60_000)

test('K02: a client that is killed during a put leaves the share going, and nothing that is seen', async () => {
  const { sharer, client, root, local } = twoMachines()
  endlessFile(local)
  const { address, events } = await startShare(root, ['-w', '--open'], sharer)
  const put = start(['put', address, 'endless.bin'], client)
  await transfersUnderWay(root)
  put.kill('SIGKILL')
  await expect
    .poll(() => events, PATIENTLY)
    .toContainEqual(expect.objectContaining({ type: 'served', action: 'put', code: 'ERR_CLOSED' }))
  expect(visibleIn(root)).toEqual([])

  writeFileSync(join(local, 'small.txt'), 'still there')
  expect(await sft(['put', address, 'small.txt'], client)).toMatchObject({ exit: 0 })
  expect(readFileSync(join(root, 'small.txt'), 'utf8')).toBe('still there')
})

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const)('K11: %s ends a get with status %i and the command that goes on', async (signal, exit) => {
  const { sharer, client, root, local } = twoMachines()
  endlessFile(root)
  const { address, events } = await startShare(root, ['--open'], sharer)
  const get = start(['get', address, 'endless.bin'], client)
  const ending = finish(get)
  await transfersUnderWay(local)
  get.kill(signal)
  const stderr = `sft: interrupted; to continue: sft get ${address} endless.bin\n`
  expect(await ending).toEqual({ exit, signal: null, stdout: '', stderr })
  expect(visibleIn(local)).toEqual([])
  await expect.poll(() => events.map(({ type }) => type), PATIENTLY).toContain('closed')
  expect(await sft(['ls', address], client)).toMatchObject({ exit: 0, stdout: 'endless.bin\n' })
})

test('K11: after SIGINT the same command goes on where it was', async () => {
  const { sharer, client, root, local } = twoMachines()
  const content = Buffer.alloc(40_000_000, 'content')
  writeFileSync(join(root, 'big.bin'), content)
  const { address } = await startShare(root, ['--open'], sharer)
  const get = start(['get', address, 'big.bin', '--bwlimit', '8M', '--json'], client)
  const ending = finish(get)
  // What is less than a mebibyte is not worth keeping.
  const underWay = new Promise((resolve) => get.stdout?.on('data', (text) => /sent":\d{7}/.test(text) && resolve(text)))
  await underWay
  get.kill('SIGINT')
  expect(await ending).toMatchObject({ exit: 130 })
  const [part] = namesIn(join(local, PARTS))
  const kept = statSync(join(local, PARTS, part ?? '')).size
  expect(kept).toBeGreaterThan(1_000_000)
  const { exit, stdout } = await sft(['get', address, 'big.bin', '--json'], client)
  expect(exit).toBe(0)
  expect(objects(stdout)).toContainEqual(
    expect.objectContaining({ type: 'file', size: content.byteLength, sent: content.byteLength - kept }),
  )
  expect(readFileSync(join(local, 'big.bin')).equals(content)).toBe(true)
  expect(namesIn(local)).toEqual(['big.bin'])
})

test('SIGINT of one of several gets keeps what was complete', async () => {
  const { sharer, client, root, local } = twoMachines()
  endlessFile(root)
  writeFileSync(join(root, 'first.txt'), 'first')
  const { address } = await startShare(root, ['--open'], sharer)
  const get = start(['get', address, 'first.txt', 'endless.bin'], client)
  const ending = finish(get)
  await transfersUnderWay(local)
  await expect.poll(() => visibleIn(local), PATIENTLY).toEqual(['first.txt'])
  get.kill('SIGINT')
  const { exit, stderr } = await ending
  expect(exit).toBe(130)
  expect(stderr).toMatch(/^first\.txt: 5 B, verified\nsft: interrupted after 1 file; to continue: sft get [^\n]*\n$/)
  expect(visibleIn(local)).toEqual(['first.txt'])
})

test('SIGINT of a put leaves nothing on the share that is seen', async () => {
  const { sharer, client, root, local } = twoMachines()
  endlessFile(local)
  const { address } = await startShare(root, ['-w', '--open'], sharer)
  const put = start(['put', address, 'endless.bin'], client)
  const ending = finish(put)
  await transfersUnderWay(root)
  put.kill('SIGINT')
  expect(await ending).toMatchObject({ exit: 130, stdout: '' })
  expect(visibleIn(root)).toEqual([])
})

test('a second signal ends a command at once, while it waits for a connection', async () => {
  const { sharer, client, root, local } = twoMachines()
  endlessFile(root)
  const { address, child } = await startShare(root, ['--open'], sharer)
  const get = start(['get', address, 'endless.bin', '--json'], client)
  const ending = finish(get)
  await transfersUnderWay(local)
  child.kill('SIGSTOP') // it neither answers nor closes anything
  get.kill('SIGINT')
  get.kill('SIGTERM')
  const { exit } = await ending
  child.kill('SIGKILL')
  expect([130, 143]).toContain(exit)
})

test('SIGINT of a share ends it in order', async () => {
  const { sharer, client, root, local } = twoMachines()
  endlessFile(root)
  const { address, child, printed } = await startShare(root, ['--open'], sharer)
  const get = start(['get', address, 'endless.bin'], client)
  const ending = finish(get)
  await transfersUnderWay(local)
  const exit = new Promise((resolve) => child.on('exit', (code, signal) => resolve({ code, signal })))
  child.kill('SIGINT')
  expect(await exit).toEqual({ code: 130, signal: null })
  expect(printed().stderr).toBe('')
  get.kill('SIGINT') // it would wait for the share to come back
  expect(await ending).toMatchObject({ exit: 130, stderr: expect.stringContaining('to continue: sft get ') })
  expect(visibleIn(local)).toEqual([])
})
