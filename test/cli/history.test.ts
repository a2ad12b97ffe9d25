import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { loadIdentity, shortId } from '../../src/index.ts'
import { formatLogLine } from '../../src/log/line.ts'
import { finish, md5Of, objects, PATIENTLY, sft, startShare, startShareForPeople, twoMachines } from '../support/cli.ts'
import { hostileTexts } from '../support/hostile-texts.ts'
import { acquaint } from '../support/pairing.ts'
import { rawIn } from '../support/printing.ts'
import { tempFolder } from '../support/tmp.ts'

vi.setConfig({ testTimeout: 60_000 })

test('sft history shows who did what on a share of this machine', async () => {
  const { sharer, client, root } = twoMachines()
  await acquaint({ ...sharer, name: 'laptop' }, { ...client, name: 'desktop' })
  writeFileSync(join(root, 'beach.jpg'), 'sand')
  const share = await startShareForPeople(root, ['-w'], sharer)
  expect(await sft(['get', share.address, 'beach.jpg'], client)).toMatchObject({ exit: 0 })
  expect(await sft(['mv', share.address, 'beach.jpg', 'shore.jpg'], client)).toMatchObject({ exit: 0 })
  expect(await sft(['rm', share.address, 'none'], client)).toMatchObject({ exit: 4 })
  share.child.kill('SIGINT')
  expect((await finish(share.child)).exit).toBe(130)

  const all = await sft(['history'], sharer)
  expect(all).toMatchObject({ exit: 0, stderr: '' })
  const when = String.raw`^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  `
  const lines = all.stdout.split('\n').slice(0, -1)
  expect(lines.at(0)).toMatch(new RegExp(`${when}…\\w{8} +started +- +- +${root}$`))
  expect(lines.at(-1)).toMatch(new RegExp(`${when}- +stopped +- +- +${root}$`))
  expect(lines).toContainEqual(expect.stringMatching(new RegExp(`${when}desktop +get +4 B  ok  beach.jpg$`)))
  expect(lines).toContainEqual(
    expect.stringMatching(new RegExp(`${when}desktop +rename +-  ok  beach.jpg -> shore.jpg$`)),
  )
  expect(lines).toContainEqual(expect.stringMatching(new RegExp(`${when}desktop +delete +-  ERR_NOT_FOUND  none$`)))

  const failed = await sft(['history', '--failed', '--peer', 'desktop'], sharer)
  expect(failed.stdout.split('\n')).toEqual([expect.stringContaining('ERR_NOT_FOUND  none'), ''])
  expect((await sft(['history', '-n', '2'], sharer)).stdout).toBe(`${lines.slice(-2).join('\n')}\n`)
  expect((await sft(['history', '--since', '1h'], sharer)).stdout).toBe(all.stdout)
  const none = await sft(['history', '--since', '2099-01-01'], sharer)
  expect(none).toMatchObject({ exit: 0, stdout: '', stderr: 'Nothing in the log.\n' })

  const { peerId } = await loadIdentity(client.home)
  const json = objects((await sft(['history', '--json', '--peer', shortId(peerId)], sharer)).stdout)
  expect(json.every(({ type }) => type === 'history')).toBe(true)
  expect(json).toContainEqual({
    type: 'history',
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    event: 'served',
    share: root,
    peerId,
    name: 'desktop',
    action: 'get',
    path: 'beach.jpg',
    bytes: 4,
    md5: md5Of(Buffer.from('sand')),
    ms: expect.any(Number),
    result: 'ok',
  })
  expect(existsSync(join(client.home, 'log'))).toBe(false) // who asks keeps no log
})

test('--no-log keeps none, and --log another one, which --log reads', async () => {
  const { sharer, client, root } = twoMachines()
  const silent = await startShare(root, ['--open', '--no-log'], sharer)
  expect(await sft(['ls', silent.address], client)).toMatchObject({ exit: 0 })
  silent.child.kill('SIGINT')
  await finish(silent.child)
  expect(existsSync(join(sharer.home, 'log'))).toBe(false)

  const file = join(tempFolder(), 'mine.jsonl')
  const other = await startShare(root, ['--open', '--log', file], sharer)
  expect(await sft(['ls', other.address], client)).toMatchObject({ exit: 0 })
  other.child.kill('SIGINT')
  await finish(other.child)
  expect(existsSync(join(sharer.home, 'log'))).toBe(false)
  const read = await sft(['history', '--log', file, '--json'], sharer)
  expect(objects(read.stdout)).toContainEqual(expect.objectContaining({ action: 'list', path: '.', result: 'ok' }))

  const inside = await sft(['share', root, '--log', join(root, 'log'), '--no-discovery'], sharer)
  expect(inside).toMatchObject({ exit: 2, stderr: expect.stringContaining('lies in the shared folder') })
})

test('a log that cannot be written is told in one line, and the share serves', async () => {
  const { sharer, client, root } = twoMachines()
  writeFileSync(join(root, 'a.txt'), 'words')
  const folder = tempFolder()
  const share = await startShareForPeople(root, ['--open', '--log', folder], sharer)
  expect(await sft(['get', share.address, 'a.txt'], client)).toMatchObject({ exit: 0 })
  await expect.poll(() => share.printed().stderr, PATIENTLY).toContain('cannot write the log')
  expect(await sft(['get', share.address, 'a.txt', '-o', 'b.txt'], client)).toMatchObject({ exit: 0 })
  expect(share.printed().stderr.split('cannot write the log')).toHaveLength(2)
})

test('damaged lines are left out, with one note', async () => {
  const { sharer } = twoMachines()
  const file = join(sharer.home, 'log', 'share.jsonl')
  mkdirSync(join(sharer.home, 'log'), { recursive: true, mode: 0o700 })
  const line = { time: '2026-11-01T12:00:00.000Z', event: 'opened', share: '/s', name: 'bob' } as const
  writeFileSync(file, `${formatLogLine(line)}\n`)
  appendFileSync(file, '\u001b[31m\n{"time":"2026\n')
  for (const flags of [[], ['--json'], ['--failed']]) {
    const { exit, stderr } = await sft(['history', ...flags], sharer)
    expect(exit).toBe(0)
    expect(stderr).toContain('sft: 2 lines are damaged or none of a log, and left out\n')
    expect(rawIn(stderr)).toBeNull()
  }
})

test('T01, T02 and T04: hostile texts in a log are shown escaped', async () => {
  const { sharer } = twoMachines()
  const file = join(sharer.home, 'log', 'share.jsonl')
  mkdirSync(join(sharer.home, 'log'), { recursive: true, mode: 0o700 })
  for (const text of hostileTexts(60)) {
    const line = { time: '2026-11-01T12:00:00.000Z', event: 'served', share: text, peerId: text } as const
    appendFileSync(file, `${formatLogLine({ ...line, action: text, path: text, to: text, name: text })}\n`)
    appendFileSync(file, `${formatLogLine({ ...line, event: 'started' })}\n`)
  }
  expect(rawIn(readFileSync(file, 'utf8'))).toBeNull()
  for (const flags of [[], ['--json']]) {
    const { stdout, stderr } = await sft(['history', ...flags], sharer)
    expect(stdout.split('\n')).toHaveLength(121)
    expect([rawIn(stdout), stderr]).toEqual([null, ''])
  }
})

test.each([
  ['--since', 'yesterday'],
  ['--since', '2h30'],
  ['--since', '2026-13-01'],
  ['--since', '2026-11-01 or so'],
  ['-n', '0'],
  ['-n', 'many'],
])('sft history %s %s is wrong usage', async (...flags) => {
  const { sharer } = twoMachines()
  expect(await sft(['history', ...flags], sharer)).toMatchObject({ exit: 2, stdout: '' })
})
