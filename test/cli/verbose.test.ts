import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { Output } from '../../src/cli/output.ts'
import { traceConnection, traceReconnecting } from '../../src/cli/trace.ts'
import { SftError } from '../../src/index.ts'
import type { RemotePath } from '../../src/wire/path.ts'
import { objects, PATIENTLY, sft, startShareForPeople, twoMachines } from '../support/cli.ts'
import { hostileTexts } from '../support/hostile-texts.ts'
import { printedBy, rawIn } from '../support/printing.ts'

vi.setConfig({ testTimeout: 60_000 })

/** Returns the lines of stderr that tell what goes on. */
function traced(stderr: string): string[] {
  return stderr.split('\n').filter((line) => line.startsWith('* '))
}

test('-v tells how the peer was reached and what was skipped; -vv also each request', async () => {
  const { sharer, client, root, local } = twoMachines()
  mkdirSync(join(root, 'tree'))
  for (const name of ['a', 'b']) writeFileSync(join(root, 'tree', name), name)
  const { address } = await startShareForPeople(root, ['--open'], sharer)

  const plain = await sft(['get', address, 'tree'], client)
  expect([plain.exit, traced(plain.stderr)]).toEqual([0, []])

  const dead = '127.0.0.1:1'
  const once = await sft(['get', address, 'tree', '-v', '--addr', dead], client)
  expect(once.exit).toBe(0)
  const lines = traced(once.stderr)
  expect(lines[0]).toBe(`* trying ${address}`)
  expect(lines).toContainEqual(expect.stringMatching(/^\* trying \/ip4\/127\.0\.0\.1\/tcp\/1\/p2p\/\w+$/))
  expect(lines).toContain(`* connected to ${address} (direct)`)
  expect(lines).toContain('* session opened without a pairing; rights: list, get')
  for (const name of ['a', 'b']) expect(lines).toContain(`* tree/${name}: there already`)
  expect(once.stderr).not.toContain(' ms')

  const twice = await sft(['get', address, 'tree', '-vv', '--overwrite'], client)
  expect(traced(twice.stderr)).toContainEqual(expect.stringMatching(/^\* list tree: \d+ ms$/))
  writeFileSync(join(local, 'tree', 'a'), 'other')
  const changed = await sft(['get', address, 'tree', '-vv', '--overwrite'], client)
  expect(traced(changed.stderr)).toContainEqual(expect.stringMatching(/^\* get tree\/a: \d+ ms$/))
  const gone = await sft(['rm', address, 'none', '--verbose', '--verbose'], client)
  expect(traced(gone.stderr)).toContainEqual(expect.stringMatching(/^\* delete none: ERR_DENIED, \d+ ms$/))
})

test('an address that does not answer is told with -v', async () => {
  const { client, sharer } = twoMachines()
  const { stdout: peerId } = await sft(['id'], sharer)
  const address = `/ip4/127.0.0.1/tcp/1/p2p/${peerId.trim()}`
  const { exit, stderr } = await sft(['ls', address, '-v'], client)
  expect(exit).toBe(3)
  expect(traced(stderr)).toEqual([
    `* trying ${address}`,
    expect.stringMatching(/^\* ERR_UNREACHABLE at \/ip4\/127\.0\.0\.1\/tcp\/1/),
  ])
})

test('with --json what is told with -v stays on stderr', async () => {
  const { sharer, client, root } = twoMachines()
  writeFileSync(join(root, 'a'), 'a')
  const { address } = await startShareForPeople(root, ['--open'], sharer)
  const { exit, stdout, stderr } = await sft(['ls', address, '--json', '-vv'], client)
  expect(exit).toBe(0)
  expect(objects(stdout).map(({ type }) => type)).toEqual(['entry'])
  expect(stderr.split('\n').slice(0, -1)).toEqual(traced(stderr))
  expect(traced(stderr)).toContainEqual(expect.stringMatching(/^\* list \.: \d+ ms$/))
})

test('sft share -v also prints sessions and looks, and -vv how long each request took', async () => {
  const { sharer, client, root } = twoMachines()
  writeFileSync(join(root, 'a'), 'a')
  const quiet = await startShareForPeople(root, ['--open'], sharer)
  const loud = await startShareForPeople(root, ['--open', '-v'], sharer)
  const louder = await startShareForPeople(root, ['--open', '-vv'], sharer)
  for (const { address } of [quiet, loud, louder]) {
    expect((await sft(['get', address, 'a', '-o', '-'], client)).stdout).toBe('a')
  }
  await expect.poll(() => quiet.printed().stderr, PATIENTLY).toMatch(/ {2}get a: 1 B, verified\n/)
  for (const { printed } of [loud, louder]) {
    await expect.poll(() => printed().stderr, PATIENTLY).toMatch(/ {2}session closed\n/)
    expect(printed().stderr).toMatch(/ {2}session opened\n/)
    expect(printed().stderr).toMatch(/ {2}stat a/)
  }
  expect(quiet.printed().stderr).not.toMatch(/session|stat| ms/)
  expect(loud.printed().stderr).not.toMatch(/ ms\)/)
  expect(louder.printed().stderr).toMatch(/ {2}get a: 1 B, verified \(\d+ ms\)\n/)
})

test('T01, T02, T03 and T04: what is told with -v is escaped', async () => {
  for (const text of hostileTexts(60)) {
    const error = new SftError('ERR_CLOSED', `it went wrong: ${text}`)
    const path = text as RemotePath
    for (const json of [false, true]) {
      const output = new Output(json, { verbose: 2 })
      const printed = await printedBy(async () => {
        traceConnection(output, { type: 'dialling', address: text })
        traceConnection(output, { type: 'dialFailed', address: text, error })
        traceConnection(output, { type: 'connected', address: text })
        traceConnection(output, { type: 'request', action: { type: 'stat', path }, milliseconds: 1, error })
        const rename = { type: 'rename', path, to: path, overwrite: false } as const
        traceConnection(output, { type: 'request', action: rename, milliseconds: 1 })
        output.trace(traceReconnecting({ type: 'reconnecting', attempt: 1, wait: 1, error }))
        return Promise.resolve()
      })
      expect(printed.split('\n')).toHaveLength(7)
      expect(rawIn(printed)).toBeNull()
    }
  }
})
