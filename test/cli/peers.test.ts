import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { formatPeerRights, formatSince } from '../../src/cli/commands/peers.ts'
import { loadIdentity, PeerStore, parseRemotePath, RIGHTS, type Right } from '../../src/index.ts'
import { BIN, objects, sft, type Finished, type RunOptions } from '../support/cli.ts'
import { tempFolder } from '../support/tmp.ts'

const SECRET = Buffer.alloc(32, 7).toString('base64url')
const MINUTE = 60_000

interface Home extends RunOptions {
  readonly path: string
  readonly ids: readonly string[]
}

/** A home that knows these machines: each with the columns behind its peer ID, for the secret `SECRET`. */
async function homeWith(peers: Record<string, string>): Promise<Home> {
  const home = join(tempFolder(), 'home')
  mkdirSync(home, { mode: 0o700 })
  const made = Object.entries(peers).map(async ([name, columns]) => {
    const { peerId } = await loadIdentity(join(home, '..', name))
    return { peerId, line: `${name} ${peerId} ${columns.replace('SECRET', SECRET)}\n` }
  })
  const lines = await Promise.all(made)
  const path = join(home, 'peers')
  writeFileSync(path, lines.map(({ line }) => line).join(''), { mode: 0o600 })
  return { home, path, ids: lines.map(({ peerId }) => peerId) }
}

/** Runs `sft peers` on a terminal of so many columns and returns its lines. */
function onTerminal({ home }: Home, columns: number): string[] {
  const command = `stty cols ${columns}; '${process.execPath}' '${BIN}' peers`
  const { stdout } = spawnSync('script', ['-qec', command, '/dev/null'], {
    encoding: 'utf8',
    env: { ...process.env, SFT_NO_DISCOVERY: '1', SFT_HOME: home },
  })
  return stdout.split('\r\n').slice(0, -1)
}

const hasTerminal = spawnSync('script', ['--version']).status === 0 && process.platform === 'linux'

/** What a command printed that went well. */
function talked({ exit, stdout, stderr }: Finished): string {
  expect({ exit, stdout }).toEqual({ exit: 0, stdout: '' })
  return stderr
}

function failed(result: Finished, exit: number): string {
  expect(result).toMatchObject({ exit, stdout: '', stderr: expect.stringMatching(/^sft: [^\n]+\n$/) })
  return result.stderr
}

const AGO = (minutes: number): string => new Date(Date.now() - minutes * MINUTE).toISOString()

test('without peers, the next step is named and nothing is made', async () => {
  const home = join(tempFolder(), 'home')
  expect(talked(await sft(['peers'], { home }))).toMatch(/^No peers yet\. .*sft pair\n$/)
  expect(await sft(['peers', '--json'], { home })).toMatchObject({ exit: 0, stdout: '', stderr: '' })
  expect(existsSync(home)).toBe(false)
})

test('peers are listed by name, one plain line each in a pipe', async () => {
  const home = await homeWith({
    zoë: `default SECRET`,
    ana10: `list,get SECRET blocked seen=${AGO(5.5)}`,
    ana9: `- SECRET seen=${AGO(0)} grant=put:inbox`,
  })
  const [zoe, ana10, ana9] = home.ids.map((peerId) => `…${peerId.slice(-8)}`)
  const { exit, stdout, stderr } = await sft(['peers'], home)
  expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' })
  expect(stdout.split('\n')).toEqual([
    `ana9   ${ana9}  none +put@inbox  just now   no answer`,
    `ana10  ${ana10}  list,get         5 min ago  blocked`,
    `zoë    ${zoe}  default          never      no answer`,
    '',
  ])
})

test('peers are listed as objects with all there is but the secret', async () => {
  const seen = '2026-01-31T12:00:00.250Z'
  const home = await homeWith({
    ana: `get,list SECRET seen=${seen} grant=put,mkdir:in%20box:%2Fsrv%2Fshare address=/ip4/127.0.0.1/tcp/1`,
    zoë: 'default SECRET blocked',
  })
  const { exit, stdout, stderr } = await sft(['peers', '--json'], home)
  expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' })
  expect(objects(stdout)).toEqual([
    {
      type: 'peer',
      name: 'ana',
      peerId: home.ids[0],
      rights: ['list', 'get'],
      grants: [{ share: '/srv/share', path: 'in box', rights: ['put', 'mkdir'] }],
      blocked: false,
      lastSeen: seen,
      addresses: ['/ip4/127.0.0.1/tcp/1'],
      reachable: false,
    },
    {
      type: 'peer',
      name: 'zoë',
      peerId: home.ids[1],
      rights: null,
      grants: [],
      blocked: true,
      lastSeen: null,
      addresses: [],
      reachable: null,
    },
  ])
  expect(stdout).toMatch(/^([\x20-\x7e]+\n)+$/)
  expect(stdout).not.toContain(SECRET.slice(0, 20))
})

test.skipIf(!hasTerminal)('on a terminal there is a header, and every column begins where it does', async () => {
  const home = await homeWith({
    [`very-long-${'x'.repeat(54)}`]: `list,get,put,overwrite,delete SECRET seen=${AGO(60 * 24 * 12)} blocked`,
    日本語: 'default SECRET',
    NAME: 'default SECRET',
  })
  const lines = onTerminal(home, 80)
  expect(lines).toHaveLength(4)
  expect(lines[0]).toMatch(/^NAME +ID +RIGHTS +SEEN +STATE$/)
  const [header = ''] = lines
  expect(lines.find((line) => line.startsWith('NAME  ') && line !== header)).toMatch(
    /…\w{8} +default +never +no answer$/,
  )
  expect(lines.find((line) => line.startsWith('very-long-'))).toMatch(
    /^very-long-x+… +…\w{8} +list,.*12 days ago +blocked$/,
  )
  for (const line of lines.slice(1)) {
    const rights = header.indexOf('RIGHTS') - (line.startsWith('日本語') ? 3 : 0) // which are two columns wide each
    expect(line.slice(rights - 2, rights)).toBe('  ')
    expect(line.slice(rights)).toMatch(/^(default|list,)/)
  }
  expect(Math.max(...lines.map((line) => line.length))).toBe(80)

  const narrow = onTerminal(home, 40)
  expect(narrow[0]).toMatch(/^NAME +RIGHTS +SEEN +STATE$/)
  expect(narrow).toHaveLength(4)
  expect(Math.max(...narrow.map((line) => line.length))).toBeLessThanOrEqual(40)
  expect(narrow.find((line) => line.startsWith('very-'))).toMatch(/12 days ago +blocked$/)
})

test.skipIf(!hasTerminal)('on a terminal nothing is cut that fits', async () => {
  const home = await homeWith({ ana: 'default SECRET' })
  const row = `ana   …${home.ids[0]?.slice(-8)}  default  never  no answer`
  expect(onTerminal(home, 80)).toEqual([`NAME  ID${' '.repeat(9)}RIGHTS   SEEN   STATE`, row])
  expect(onTerminal(home, 42)).toEqual([`NAME  ID${' '.repeat(9)}RIGHTS   SEEN   STATE`, row])
})

test('a path of a grant is escaped when it is printed', async () => {
  const home = await homeWith({ ana: 'default SECRET' })
  const path = parseRemotePath('in\u202ebox')
  const store = new PeerStore(home.home)
  await store.change((peers) =>
    peers.map((peer) => ({ ...peer, grants: [{ share: null, path, rights: new Set<Right>(['put']) }] })),
  )
  expect((await sft(['peers'], home)).stdout).toContain('default +put@in\\u{202e}box ')
})

test('a peer gets another name, by which it is known from then on', async () => {
  const home = await homeWith({ ana: 'default SECRET', bob: 'default SECRET' })
  const peerId = home.ids[0] ?? ''
  expect(talked(await sft(['peers', 'rename', 'ana', 'zoë'], home))).toBe('ana is now called zoë\n')
  expect(readFileSync(home.path, 'utf8')).toMatch(new RegExp(`^zoë ${peerId} default`))
  const { stdout } = await sft(['peers', 'rename', peerId, 'ana', '--json'], home)
  expect(objects(stdout)).toEqual([{ type: 'peerRenamed', name: 'zoë', to: 'ana', peerId }])
  expect(failed(await sft(['peers', 'rename', 'ana', 'bob'], home), 8)).toContain('choose another name')
  expect(failed(await sft(['peers', 'rename', 'ana', 'a b'], home), 2)).toContain('letters, digits')
  expect(failed(await sft(['peers', 'rename', 'cleo', 'dan'], home), 3)).toContain('"cleo"; see: sft peers')
})

test('peers are removed by whatever names them, all or none', async () => {
  const home = await homeWith({ ana: 'default SECRET', bob: 'default SECRET', cleo: '- SECRET', dan: '- SECRET' })
  const [, bob = '', cleo = '', dan = ''] = home.ids
  const before = readFileSync(home.path, 'utf8')
  expect(failed(await sft(['peers', 'remove', 'ana', 'nobody'], home), 3)).toContain('"nobody"')
  expect(readFileSync(home.path, 'utf8')).toBe(before)
  const removed = await sft(['peers', 'remove', 'ana', bob, `…${cleo.slice(-8)}`, 'ana'], home)
  expect(talked(removed).split('\n')).toEqual([
    'removed ana: it has to pair again to connect',
    'removed bob: it has to pair again to connect',
    'removed cleo: it has to pair again to connect',
    '',
  ])
  const { stdout } = await sft(['peers', '--json', 'rm', dan.slice(-6)], home)
  expect(objects(stdout)).toEqual([{ type: 'removed', name: 'dan', peerId: dan }])
  expect(readFileSync(home.path, 'utf8')).toBe('')
})

test('a peer is blocked and let in again, with the rights it had', async () => {
  const home = await homeWith({ ana: 'list,put SECRET' })
  const [peerId = ''] = home.ids
  const before = readFileSync(home.path, 'utf8')
  expect(talked(await sft(['peers', 'block', 'ana'], home))).toBe('ana is blocked: it cannot connect\n')
  expect(readFileSync(home.path, 'utf8')).toBe(before.replace('\n', ' blocked\n'))
  expect(talked(await sft(['peers', 'block', 'ana'], home))).toBe('ana was blocked already: it cannot connect\n')
  expect(talked(await sft(['peers', 'unblock', 'ana'], home))).toMatch(/^ana is not blocked any more: it may connect/)
  expect(readFileSync(home.path, 'utf8')).toBe(before)
  expect(talked(await sft(['peers', 'unblock', 'ana'], home))).toBe('ana was not blocked\n')
  for (const [command, type] of [
    ['block', 'blocked'],
    ['unblock', 'unblocked'],
  ] as const) {
    const { stdout } = await sft(['peers', command, 'ana', '--json'], home)
    expect(objects(stdout)).toEqual([{ type, name: 'ana', peerId }])
  }
})

test('a command that cannot work says so in one line, and how it goes on', async () => {
  const home = await homeWith({ ana: 'default SECRET' })
  for (const [args, exit, says] of [
    [['peers', 'foo'], 2, 'sft peers --help'],
    [['peers', 'rename', 'ana'], 2, "missing required argument 'new'"],
    [['peers', 'remove'], 2, "missing required argument 'peer'"],
    [['peers', 'block', 'ana', 'bob'], 2, 'too many'],
    [['peers', 'block', '\u001b[31m'], 3, '\\x1b[31m'],
    [['peers', 'block', home.ids[0]?.slice(-5) ?? ''], 3, 'sft peers'],
  ] as const) {
    expect(failed(await sft(args, home), exit)).toContain(says)
  }
})

test('a file that cannot be trusted is named, with the line, and nothing is listed or changed', async () => {
  const home = await homeWith({ ana: 'default SECRET', bob: 'default SECRET' })
  const good = readFileSync(home.path, 'utf8')
  const bad = `${good}${SECRET}\n`
  writeFileSync(home.path, bad)
  for (const args of [['peers'], ['peers', 'block', 'ana'], ['peers', 'remove', 'ana']]) {
    const line = failed(await sft(args, home), 6)
    expect(line).toContain(`${home.path}: line 3`)
    expect(line).not.toContain(SECRET)
  }
  expect(readFileSync(home.path, 'utf8')).toBe(bad)
  const { stdout } = await sft(['peers', '--json'], home)
  expect(objects(stdout)).toEqual([
    { type: 'error', code: 'ERR_IDENTITY', exit: 6, message: expect.stringContaining('line 3') },
  ])
  writeFileSync(home.path, good)
  chmodSync(home.path, 0o644)
  expect(failed(await sft(['peers'], home), 6)).toContain(`chmod 600 "${home.path}"`)
})

test('many commands at once are all done', async () => {
  const names = ['ana', 'bob', 'cleo', 'dan', 'eve', 'fay']
  const home = await homeWith(Object.fromEntries(names.map((name) => [name, 'default SECRET'])))
  const commands = names.map((name, index) => (index % 2 === 0 ? ['block', name] : ['rename', name, `${name}-2`]))
  const results = await Promise.all(commands.map(async (command) => sft(['peers', ...command], home)))
  expect(results.map(({ exit }) => exit)).toEqual(names.map(() => 0))
  const peers = await new PeerStore(home.home).read()
  expect(peers.map(({ name, blocked }) => `${name} ${blocked}`)).toEqual([
    'ana true',
    'bob-2 false',
    'cleo true',
    'dan-2 false',
    'eve true',
    'fay-2 false',
  ])
})

test.each([
  [0, 'just now'],
  [-0.5, 'just now'],
  [0.99, 'just now'],
  [1, '1 min ago'],
  [59.9, '59 min ago'],
  [60, '1 h ago'],
  [60 * 24 - 0.1, '23 h ago'],
  [60 * 24, '1 day ago'],
  [60 * 24 * 2, '2 days ago'],
  [60 * 24 * 30.9, '30 days ago'],
  [60 * 24 * 31, '2025-12-31'],
  [-2, '2026-01-31'],
])('what was seen %d minutes ago was seen %s', (minutes, text) => {
  const now = new Date('2026-01-31T12:00:00Z')
  expect(formatSince(new Date(now.getTime() - minutes * MINUTE), now)).toBe(text)
})

test('rights are said in a few words', () => {
  const all = new Set(RIGHTS)
  const grant = { share: null, path: parseRemotePath('inbox'), rights: new Set<Right>(['put']) }
  expect(formatPeerRights({ rights: null, grants: [] })).toBe('default')
  expect(formatPeerRights({ rights: all, grants: [] })).toBe('all')
  expect(formatPeerRights({ rights: new Set(), grants: [{ ...grant, rights: all }] })).toBe('none +all@inbox')
  expect(formatPeerRights({ rights: null, grants: [grant, grant] })).toBe('default +2 places')
})
