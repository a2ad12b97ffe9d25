import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import {
  finish,
  md5Of,
  objects,
  PATIENTLY,
  sft,
  start,
  startShare,
  twoMachines,
  type RunOptions,
} from '../support/cli.ts'

const HEX_MD5 = expect.stringMatching(/^[0-9a-f]{32}$/)
const TIMESTAMP = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)

/** Runs a command that has to succeed without a word on stderr; returns its objects. */
async function json(args: readonly string[], options: RunOptions): Promise<Record<string, unknown>[]> {
  const { exit, stdout, stderr } = await sft([...args, '--json'], options)
  expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' })
  expectCleanLines(stdout)
  return objects(stdout)
}

/** Each line is one object with a type, in printable ASCII. */
function expectCleanLines(stdout: string): void {
  expect(stdout).toMatch(/^([\x20-\x7e]+\n)+$/)
  for (const object of objects(stdout)) expect(object['type']).toMatch(/^[a-z]+(?:[A-Z][a-z]+)*$/)
}

test('every command prints documented objects, one per line, and nothing else', async () => {
  const { sharer, client, root, local } = twoMachines()
  mkdirSync(join(root, 'folder'))
  writeFileSync(join(root, 'ä.txt'), 'hello', { mode: 0o755 })
  symlinkSync('nowhere', join(root, 'link'))
  writeFileSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0x66, 0xff])]), '') // a name that is not UTF-8
  writeFileSync(join(local, 'up.bin'), 'upload')
  const served = await startShare(root, ['-w', '--open'], sharer)
  const { address, events, peerId } = served
  const md5 = md5Of(join(root, 'ä.txt'))

  expect(await json(['id'], client)).toEqual([{ type: 'id', peerId: expect.stringMatching(/^12D3KooW/) }])
  expect(await json(['ls', address], client)).toEqual([
    { type: 'entry', kind: 'file', path: 'ä.txt', size: 5, mtime: TIMESTAMP, executable: true },
    { type: 'entry', kind: 'directory', path: 'folder', size: 0, mtime: TIMESTAMP, executable: false },
    { type: 'entry', kind: 'link', path: 'link', size: 0, mtime: TIMESTAMP, executable: false },
    { type: 'entry', kind: 'unlistable', name: 'f\\xff' },
  ])
  expect(await json(['get', address, 'ä.txt'], client)).toEqual([
    { type: 'file', path: 'ä.txt', target: 'ä.txt', size: 5, sent: 5, md5 },
    { type: 'done', files: 1, folders: 0, bytes: 5, sent: 5, skipped: 0, failed: 0, exit: 0 },
  ])
  expect(await json(['put', address, 'up.bin', '-o', 'folder/'], client)).toEqual([
    { type: 'file', path: 'up.bin', target: 'folder/up.bin', size: 6, sent: 6, md5: HEX_MD5 },
    { type: 'done', files: 1, folders: 0, bytes: 6, sent: 6, skipped: 0, failed: 0, exit: 0 },
  ])
  expect(await json(['hash', address, 'ä.txt'], client)).toEqual([
    { type: 'digest', path: 'ä.txt', algorithm: 'md5', digest: md5 },
  ])
  expect(await json(['hash', address, 'ä.txt', '--sha256'], client)).toEqual([
    { type: 'digest', path: 'ä.txt', algorithm: 'sha256', digest: expect.stringMatching(/^[0-9a-f]{64}$/) },
  ])
  expect(await json(['mkdir', address, 'new', 'b/c', '-p'], client)).toEqual([
    { type: 'created', path: 'new' },
    { type: 'created', path: 'b/c' },
  ])
  expect(await json(['mv', address, 'ä.txt', 'new/c.txt'], client)).toEqual([
    { type: 'renamed', path: 'ä.txt', to: 'new/c.txt' },
  ])
  expect(await json(['rm', address, 'new/c.txt'], client)).toEqual([{ type: 'deleted', path: 'new/c.txt' }])

  const [ready] = events
  expect(ready).toEqual({
    type: 'ready',
    name: expect.any(String),
    peerId,
    addresses: [address],
    folder: root,
    rights: ['list', 'get', 'put', 'overwrite', 'delete', 'rename', 'mkdir'],
    peers: 'any',
  })
  // One for each command, and one more to look into folders while files come.
  await expect.poll(() => events.filter(({ type }) => type === 'closed').length, PATIENTLY).toBe(8)
  expect(events.slice(1).every(({ type }) => ['opened', 'served', 'closed'].includes(String(type)))).toBe(true)
  const time = TIMESTAMP
  const client1 = { time, peerId: expect.stringMatching(/^12D3KooW/) }
  for (const event of [
    { type: 'opened', ...client1 },
    { type: 'served', ...client1, action: 'list', path: '.' },
    { type: 'served', ...client1, action: 'get', path: 'ä.txt', size: 5, md5 },
    { type: 'served', ...client1, action: 'put', path: 'folder/up.bin', size: 6, md5: HEX_MD5 },
    { type: 'served', ...client1, action: 'digest', path: 'ä.txt' },
    { type: 'served', ...client1, action: 'mkdir', path: 'b/c' },
    { type: 'served', ...client1, action: 'rename', path: 'ä.txt', to: 'new/c.txt' },
    { type: 'served', ...client1, action: 'delete', path: 'new/c.txt' },
    { type: 'closed', ...client1 },
  ]) {
    expect(events).toContainEqual(event)
  }
  expect(served.printed().stderr).toBe('')
  expectCleanLines(served.printed().stdout)
})

test('what a peer may not do shows in the events of the share', async () => {
  const { sharer, client, root } = twoMachines()
  writeFileSync(join(root, 'x'), 'secret')
  const { address, events, printed } = await startShare(root, ['--open', '--allow', 'list'], sharer)
  const { exit, stdout } = await sft(['get', address, 'x', '--json'], client)
  expect(exit).toBe(5)
  expectCleanLines(stdout)
  expect(objects(stdout)).toMatchObject([
    { type: 'error', code: 'ERR_DENIED', exit: 5, path: 'x' },
    { type: 'done', files: 0, failed: 1, exit: 5 },
  ])
  await expect
    .poll(() => events, PATIENTLY)
    .toContainEqual(expect.objectContaining({ type: 'served', action: 'get', path: 'x', code: 'ERR_DENIED' }))
  expect(printed().stderr).toBe('')
})

test('a share that is interrupted says nothing on stderr', async () => {
  const { sharer, root } = twoMachines()
  const { child, printed } = await startShare(root, ['--open'], sharer)
  const ended = new Promise((resolve) => child.on('close', resolve))
  child.kill('SIGTERM')
  expect(await ended).toBe(143)
  expect(printed().stderr).toBe('')
})

test('an interrupted command is an error object with the status it exits with', async () => {
  const { sharer, client, root } = twoMachines()
  writeFileSync(join(root, 'a'), '')
  const { address, events } = await startShare(root, ['--open'], sharer)
  const paths = Array.from({ length: 10_000 }, () => 'a')
  const hash = start(['hash', address, ...paths, '--json'], client)
  const ending = finish(hash)
  await expect.poll(() => events.length, PATIENTLY).toBeGreaterThan(10)
  hash.kill('SIGTERM')
  const { exit, stdout } = await ending
  expect(exit).toBe(143)
  expectCleanLines(stdout)
  expect(objects(stdout).at(-1)).toMatchObject({ type: 'error', code: 'ERR_ABORTED', exit: 143 })
})
