import { mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { finish, namesIn, PATIENTLY, sft, start, startShare, transfersUnderWay, twoMachines } from '../support/cli.ts'

/** Makes a file of holes that is far larger than what goes across in any of these tests. */
function endlessFile(folder: string): void {
  writeFileSync(join(folder, 'endless.bin'), '')
  truncateSync(join(folder, 'endless.bin'), 8_000_000_000)
}

test('a share that is killed ends a get with one line, and nothing is left', async () => {
  const { sharer, client, root, local } = twoMachines()
  endlessFile(root)
  const { address, child } = await startShare(root, ['--open'], sharer)
  const get = start(['get', address, 'endless.bin'], client)
  const ending = finish(get)
  await transfersUnderWay(local)
  child.kill('SIGKILL')
  expect(await ending).toEqual({
    exit: 10,
    signal: null,
    stdout: '',
    stderr: 'sft: endless.bin: the connection was lost; run the same command again when the peer is back\n',
  })
  expect(namesIn(local)).toEqual([])
})

test('a client that is killed during a put leaves nothing on the share, which goes on', async () => {
  const { sharer, client, root, local } = twoMachines()
  endlessFile(local)
  const { address, events } = await startShare(root, ['-w', '--open'], sharer)
  const put = start(['put', address, 'endless.bin'], client)
  await transfersUnderWay(root)
  put.kill('SIGKILL')
  await expect.poll(() => namesIn(root), PATIENTLY).toEqual([])
  await expect
    .poll(() => events, PATIENTLY)
    .toContainEqual(expect.objectContaining({ type: 'served', action: 'put', code: 'ERR_CLOSED' }))

  writeFileSync(join(local, 'small.txt'), 'still there')
  expect(await sft(['put', address, 'small.txt'], client)).toMatchObject({ exit: 0 })
  expect(readFileSync(join(root, 'small.txt'), 'utf8')).toBe('still there')
})

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const)('%s ends a get with status %i and leaves nothing', async (signal, exit) => {
  const { sharer, client, root, local } = twoMachines()
  endlessFile(root)
  const { address, events } = await startShare(root, ['--open'], sharer)
  const get = start(['get', address, 'endless.bin'], client)
  const ending = finish(get)
  await transfersUnderWay(local)
  get.kill(signal)
  const stderr = 'sft: interrupted; nothing incomplete was left behind\n'
  expect(await ending).toEqual({ exit, signal: null, stdout: '', stderr })
  expect(namesIn(local)).toEqual([])
  await expect.poll(() => events.map(({ type }) => type), PATIENTLY).toContain('closed')
  expect(await sft(['ls', address], client)).toMatchObject({ exit: 0, stdout: 'endless.bin\n' })
})

test('SIGINT of one of several gets keeps what was complete', async () => {
  const { sharer, client, root, local } = twoMachines()
  endlessFile(root)
  writeFileSync(join(root, 'first.txt'), 'first')
  const { address } = await startShare(root, ['--open'], sharer)
  const get = start(['get', address, 'first.txt', 'endless.bin', 'first.txt'], client)
  const ending = finish(get)
  await transfersUnderWay(local)
  get.kill('SIGINT')
  expect(await ending).toMatchObject({
    exit: 130,
    stderr: expect.stringMatching(/^first.txt: .*\nsft: interrupted.*\n$/),
  })
  expect(namesIn(local)).toEqual(['first.txt'])
})

test('SIGINT of a put leaves nothing on the share', async () => {
  const { sharer, client, root, local } = twoMachines()
  endlessFile(local)
  const { address } = await startShare(root, ['-w', '--open'], sharer)
  const put = start(['put', address, 'endless.bin'], client)
  const ending = finish(put)
  await transfersUnderWay(root)
  put.kill('SIGINT')
  expect(await ending).toMatchObject({ exit: 130, stdout: '' })
  await expect.poll(() => namesIn(root), PATIENTLY).toEqual([])
})

test('SIGINT of a share ends it in order, and those it serves', async () => {
  const { sharer, client, root, local } = twoMachines()
  endlessFile(local)
  endlessFile(root)
  const { address, child, printed } = await startShare(root, ['-w', '--open'], sharer)
  mkdirSync(join(local, 'into'))
  const get = finish(start(['get', address, 'endless.bin', '-o', 'into'], client))
  const put = finish(start(['put', address, 'endless.bin', '-o', 'stored.bin'], client))
  await Promise.all([transfersUnderWay(join(local, 'into')), transfersUnderWay(root)])
  const exit = new Promise((resolve) => child.on('exit', (code, signal) => resolve({ code, signal })))
  child.kill('SIGINT')
  expect(await exit).toEqual({ code: 130, signal: null })
  expect(printed().stderr).toBe('')
  const results = await Promise.all([get, put])
  expect(results.map(({ exit }) => exit)).toEqual([10, 10])
  for (const { stderr } of results)
    expect(stderr).toMatch(/^sft: endless.bin.*: the connection was lost; run .* again .*\n$/)
  expect(namesIn(join(local, 'into'))).toEqual([])
  expect(namesIn(root)).toEqual(['endless.bin'])
})
