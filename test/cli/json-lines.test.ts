import { appendFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { loadIdentity, PeerStore } from '../../src/index.ts'
import {
  BIN,
  finish,
  objects,
  PATIENTLY,
  sft,
  start,
  startShare,
  twoMachines,
  type Finished,
  type RunOptions,
} from '../support/cli.ts'
import { cuttingProxy } from '../support/cutting-proxy.ts'
import { documentedLines, LINES } from '../support/json-lines.ts'
import { namespacesUsable, twoNamespaces } from '../support/namespaces.ts'
import { acquaint, WRONG_CODE } from '../support/pairing.ts'
import { tempFolder } from '../support/tmp.ts'

vi.setConfig({ testTimeout: 90_000 }) // many programs start, also on a busy machine

/** Every line of the schema that was printed in these tests. */
const seen = new Set<string>()

/** Returns the names of the lines that a command printed, all of which have to be documented. */
function linesOf(command: string, { exit, stdout, stderr }: Finished): string[] {
  const lines = documentedLines(command, stdout)
  for (const line of lines) seen.add(line)
  // What failed is on stderr in one line each, and nothing else is.
  const failures = objects(stdout).filter(({ type }) => type === 'error')
  expect(stderr.split('\n').slice(0, -1)).toEqual(failures.map(() => expect.stringMatching(/^sft: /)))
  if (exit === 0) expect(failures).toEqual([])
  return lines
}

/** Runs a command with `--json` that has to exit so; returns the names of its lines. */
async function run(command: string, args: readonly string[], options: RunOptions, exit = 0): Promise<string[]> {
  const finished = await sft([...command.split(' '), ...args, '--json'], options)
  expect({ command, args, exit: finished.exit, stderr: finished.stderr }).toMatchObject({ command, args, exit })
  return linesOf(command, finished)
}

test('commands on a share, done and failed', async () => {
  const { sharer, client, root, local } = twoMachines()
  for (const folder of ['folder/deep', 'empty']) mkdirSync(join(root, folder), { recursive: true })
  for (const name of ['a', 'folder/b', 'folder/deep/c']) writeFileSync(join(root, name), name)
  symlinkSync('nowhere', join(root, 'folder', 'link'))
  writeFileSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0x66, 0xff])]), '')
  writeFileSync(join(local, 'up'), 'up')
  const share = await startShare(root, ['-w', '--open'], sharer)
  const A = share.address

  expect(await run('id', [], client)).toEqual(['id'])
  expect(await run('id', ['more'], client, 2)).toEqual(['error'])
  expect(new Set(await run('ls', [A, '-r'], client))).toEqual(new Set(['entry', 'entry-unlistable']))
  expect(await run('ls', [A, 'nope'], client, 4)).toEqual(['error'])
  expect(await run('ls', ['bob'], client, 3)).toEqual(['error'])
  expect(await run('get', [A, 'folder', '--dry-run'], client)).toEqual(
    expect.arrayContaining(['planned', 'skipped', 'done']),
  )
  expect(await run('get', [A, 'folder', 'a'], client)).toEqual(
    expect.arrayContaining(['folder', 'file', 'skipped', 'done']),
  )
  expect(await run('get', [A, 'folder', 'a'], client)).toEqual(expect.arrayContaining(['skipped', 'done']))
  writeFileSync(join(local, 'a'), 'another')
  expect(await run('get', [A, 'a'], client, 8)).toEqual(['error', 'done'])
  expect(await run('get', [A, 'nope', 'folder'], client, 7)).toEqual(expect.arrayContaining(['error', 'done']))
  expect(await run('get', [A], client, 2)).toEqual(['error'])
  expect(await run('put', [A, 'up', '-o', 'new'], client)).toEqual(['file', 'done'])
  expect(await run('put', [A, 'nope'], client, 4)).toEqual(['error', 'done'])
  expect(await run('hash', [A, 'a', 'folder/b'], client)).toEqual(['digest', 'digest'])
  expect(await run('hash', [A, 'a', 'nope'], client, 7)).toEqual(['digest', 'error'])
  expect(await run('mkdir', [A, 'x/y', '-p'], client)).toEqual(['created'])
  expect(await run('mkdir', [A, 'x'], client, 8)).toEqual(['error'])
  expect(await run('mv', [A, 'a', 'x/a'], client)).toEqual(['renamed'])
  expect(await run('mv', [A, 'a', 'x/a'], client, 4)).toEqual(['error'])
  expect(await run('rm', [A, 'x/a'], client)).toEqual(['deleted'])
  expect(await run('rm', [A, 'x', 'new'], client, 7)).toEqual(['error', 'deleted'])
  expect(await run('share', [join(root, 'nope')], sharer, 4)).toEqual(['error'])

  await expect.poll(() => share.events.at(-1)?.['type'], PATIENTLY).toBe('closed')
  const lines = linesOf('share', { exit: null, signal: null, ...share.printed() })
  expect([...new Set(lines)].toSorted()).toEqual(['closed', 'opened', 'ready', 'served'])
})

test('lines of commands, and what the share says of all that', async () => {
  const { sharer, client, root, local } = twoMachines()
  mkdirSync(join(root, 'folder'))
  for (const name of ['a', 'folder/b']) writeFileSync(join(root, name), name)
  writeFileSync(join(local, 'up'), 'up')
  const { address, events } = await startShare(root, ['-w', '--open'], sharer)
  const script = join(local, 'script')
  const commands = [
    'cd folder',
    'pwd',
    'lpwd',
    'ls',
    'get b',
    'put ../up',
    'put up',
    'hash b',
    'mkdir c',
    'mv b c/b',
    'rm up',
  ]
  writeFileSync(
    script,
    [...commands.map((command) => (command === 'put ../up' ? `-${command}` : command)), 'rm none'].join('\n'),
  )
  const lines = await run('batch', [address, script], client, 4)
  expect(lines.filter((line) => line === 'command')).toHaveLength(12)
  expect(lines).toEqual(
    expect.arrayContaining([
      'pwd',
      'lpwd',
      'entry',
      'file',
      'digest',
      'created',
      'renamed',
      'deleted',
      'error',
      'stopped',
    ]),
  )
  await expect.poll(() => events.at(-1)?.['type'], PATIENTLY).toBe('closed')
  const history = async (): Promise<string[]> => run('history', [], sharer)
  await expect.poll(async () => (await history()).length, PATIENTLY).toBeGreaterThan(9)
  expect(new Set(await history())).toEqual(new Set(['history']))
  expect(await run('history', ['--since', 'never'], sharer, 2)).toEqual(['error'])

  expect(await run('service install', [root, '--print'], sharer)).toEqual(['unit'])
  expect(await run('service uninstall', [root], sharer, 4)).toEqual(['error'])

  // A folder is no file to append to.
  const unlogged = await startShare(root, ['--open', '--log', local], client)
  await expect.poll(() => unlogged.events.map(({ type }) => type), PATIENTLY).toContain('log')
  expect(documentedLines('share', unlogged.printed().stdout)).toContain('log')
  seen.add('log')
})

test('a job that is slow, cut off, gone on with and started over', async () => {
  const { sharer, client, root } = twoMachines()
  writeFileSync(join(root, 'big'), new Uint8Array(12_000_000).fill(1))
  const { address } = await startShare(root, ['--open'], sharer)
  const way = await cuttingProxy(address, 'reset', [2_000_000])
  const cut = await run('get', [way.address, 'big', '--bwlimit', '5M'], client)
  expect(cut).toEqual(expect.arrayContaining(['progress', 'reconnecting', 'reconnected', 'file', 'done']))
  expect(cut.at(-1)).toBe('done')

  const elsewhere = { ...client, cwd: tempFolder() }
  const get = start(['get', address, 'big', '--bwlimit', '5M', '--json'], elsewhere)
  const ending = finish(get)
  // What is less than a mebibyte is not worth keeping.
  await new Promise((resolve) =>
    get.stdout?.on('data', (text) => /"sent":(?:[2-9]|\d\d)\d{6}/.test(text) && resolve(text)),
  )
  get.kill('SIGINT')
  expect(linesOf('get', await ending).slice(-2)).toEqual(['error', 'done'])
  writeFileSync(join(root, 'big'), new Uint8Array(12_000_000).fill(2))
  expect(await run('get', [address, 'big'], elsewhere)).toEqual(expect.arrayContaining(['restarted', 'file', 'done']))
})

test('--no-progress leaves the progress out, and nothing else', async () => {
  const { sharer, client, root } = twoMachines()
  writeFileSync(join(root, 'big'), new Uint8Array(6_000_000))
  const { address } = await startShare(root, ['--open'], sharer)
  expect(await run('get', [address, 'big', '--bwlimit', '3M', '--no-progress'], client)).toEqual(['file', 'done'])
})

test('machines that pair, by the share and by the command for it', async () => {
  const { sharer, client, root } = twoMachines()
  const share = await startShare(root, [], sharer)
  expect(await run('ls', [share.address], client, 5)).toEqual(['error'])
  await expect.poll(() => share.events.map(({ type }) => type), PATIENTLY).toContain('code')
  const code = String(share.events.find(({ type }) => type === 'code')?.['code'])
  expect(await run('ls', [share.address], { ...client, env: { SFT_CODE: code } })).toEqual(['paired'])
  const peers = join(sharer.home, 'peers')
  const fit = readFileSync(peers)
  for (const change of [() => appendFileSync(peers, 'no peer\n'), () => writeFileSync(peers, fit)]) {
    const before = share.events.filter(({ type }) => type === 'peers').length
    change()
    await expect.poll(() => share.events.filter(({ type }) => type === 'peers').length, PATIENTLY).toBe(before + 1)
  }
  expect(new Set(linesOf('share', { exit: null, signal: null, stdout: share.printed().stdout, stderr: '' }))).toEqual(
    new Set(['ready', 'code', 'paired', 'opened', 'served', 'closed', 'peers']),
  )

  for (const [typed, exit, offers, types] of [
    [WRONG_CODE, 6, ['ready', 'code', 'codeEnded', 'error'], ['error']],
    [null, 0, ['ready', 'code', 'paired'], ['paired']],
  ] as const) {
    const offer = start(['pair', '--json', '--listen', '/ip4/127.0.0.1/tcp/0'], sharer)
    const ended = finish(offer)
    const shown = new Promise<Record<string, unknown>[]>((resolve) => {
      let text = ''
      offer.stdout?.on('data', (chunk: string) => {
        text += chunk
        if (text.includes('"type":"code"')) resolve(objects(text))
      })
    })
    const [{ addresses } = {}, code] = await shown
    const [address = ''] = addresses as string[]
    const args = [typed ?? String(code?.['code']), '--addr', address]
    expect(await run('pair', args, { home: join(tempFolder(), 'home') }, exit)).toEqual(types)
    expect(linesOf('pair', await ended)).toEqual(offers)
  }
})

test('what is known of peers, and what is found out about them', async () => {
  const { sharer, client, root } = twoMachines()
  const [ana, bob] = [
    { home: sharer.home, name: 'ana' },
    { home: client.home, name: 'bob' },
  ]
  const { address } = await startShare(root, [], sharer)
  await acquaint(ana, bob, { one: address.replace(/\/p2p\/.*/, '') })
  expect(await run('peers', [], client)).toEqual(['peer'])
  expect(await run('peers', ['what'], client, 2)).toEqual(['error'])
  expect(await run('grant', ['ana', 'list,get'], client)).toEqual(['grant'])
  expect(await run('grant', ['ana', 'put@inbox', '--share', root], client)).toEqual(['grant'])
  expect(await run('grant', ['cleo', 'list'], client, 3)).toEqual(['error'])
  expect(await run('peers', [], client)).toEqual(['peer'])
  const checks = ['check-key', 'check-peers', 'check-network']
  expect(await run('doctor', ['ana'], client)).toEqual([
    ...checks,
    'check-peer',
    'check-heard',
    'check-addresses',
    'check-address',
    'check-identity',
    'check-admission',
    'check-pairing',
    'check-rights',
    'check-roundTrip',
    'check-speed',
    'check-path',
  ])
  expect(await run('doctor', ['cleo'], client, 3)).toEqual([...checks, 'check-peer', 'check-machines'])
  expect(await run('doctor', ['--addr', '127.0.0.1'], client, 2)).toEqual(['error'])
  expect(await run('peers block', ['ana'], client)).toEqual(['blocked'])
  expect(await run('ls', ['ana'], client, 5)).toEqual(['error'])
  expect(await run('peers unblock', ['ana'], client)).toEqual(['unblocked'])
  expect(await run('peers rename', ['ana', 'zoe'], client)).toEqual(['peerRenamed'])
  expect(await run('peers remove', ['zoe'], client)).toEqual(['removed'])
  expect(await run('peers remove', ['zoe'], client, 3)).toEqual(['error'])
  const { peerId } = await loadIdentity(sharer.home)
  const store = new PeerStore(client.home)
  await store.keepPaired({ peerId, name: 'ana', secret: new Uint8Array(32) })
  expect(await run('doctor', ['ana', '--addr', address], client, 6)).toContain('check-pairing')
})

test('settings, and what a shell reads', async () => {
  const machine = { home: join(tempFolder(), 'home') }
  expect(await run('config', ['--init'], machine)).toEqual(['configWritten'])
  expect(await run('config', ['--init'], machine, 8)).toEqual(['error'])
  const env = { SFT_EXCLUDE: '*.tmp', SFT_LAN_ONLY: '1', SFT_BWLIMIT: '1M' }
  expect(new Set(await run('config', [], { ...machine, env }))).toEqual(new Set(['config', 'setting']))
  for (const shell of ['bash', 'zsh', 'fish']) expect(await run('completion', [shell], machine)).toEqual(['completion'])
  expect(await run('completion', ['csh'], machine, 2)).toEqual(['error'])
})

const missing = namespacesUsable()

describe.skipIf(missing !== null)(`on a network${missing === null ? '' : ` (skipped: ${missing})`}`, () => {
  test('the doctor, who listens there', async () => {
    const { a, b } = twoNamespaces()
    const { sharer, client, root } = twoMachines()
    const share = a.spawn([process.execPath, BIN, 'share', root, '--json', '--open'], { SFT_HOME: sharer.home })
    await new Promise((resolve) => share.stdout?.once('data', resolve))
    const doctor = b.spawn([process.execPath, BIN, 'doctor', '--json'], { SFT_HOME: client.home })
    const lines = linesOf('doctor', await finish(doctor))
    expect(lines.slice(3)).toEqual(['check-port', 'check-multicast', 'check-machines'])
  })

  test('every line of the schema was printed by a test above', () => {
    // For a pairing with the right code to fail, one side has to die in between (test/pairing/killed.test.ts), and for
    // these of services a systemd has to run.
    const unseen = ['pairingFailed', 'installed', 'uninstalled', 'service']
    expect([...LINES.keys()].filter((line) => !seen.has(line))).toEqual(unseen)
  })
})
