import { mkdirSync, readFileSync, realpathSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { loadIdentity } from '../../src/index.ts'
import { RIGHTS } from '../../src/wire/rights.ts'
import { namesIn, objects, PATIENTLY, sft, startShare, twoMachines, type Finished } from '../support/cli.ts'
import { tempFolder } from '../support/tmp.ts'

const ID = '12D3KooWBmwkafWE2fqfzS96VoTZgpGp6aJsF4N3vCRcUaK5U6sU'
const OTHER_ID = '12D3KooWJWoaqZhDaoEFshF7Rh1bpY9ohihFhzcW6d69Lr2NASuq'
const SECRET = 'A'.repeat(43)

/** A home that knows bob, with these rights and options, and another peer. */
function homeWithBob(rights = 'default', options = ''): string {
  const home = join(tempFolder(), 'home')
  mkdirSync(home, { mode: 0o700 })
  const lines = [`bob ${ID} ${rights} ${SECRET} ${options}`.trimEnd(), `zoë ${OTHER_ID} list ${SECRET}`]
  writeFileSync(join(home, 'peers'), lines.map((line) => `${line}\n`).join(''), { mode: 0o600 })
  return home
}

async function grant(home: string, ...args: string[]): Promise<Finished> {
  return sft(['grant', ...args], { home })
}

/** The line of bob in the file, behind his peer ID and without the secret. */
function stored(home: string): string {
  const [line = ''] = readFileSync(join(home, 'peers'), 'utf8').split('\n')
  expect(line.startsWith(`bob ${ID} `)).toBe(true)
  return line.slice(`bob ${ID} `.length).replace(` ${SECRET}`, '')
}

describe('sft grant', () => {
  test('sets, adds to, and takes away what a peer may do, and says what it may do then', async () => {
    const home = homeWithBob()
    const share = realpathSync(tempFolder())
    const encoded = encodeURIComponent(share)
    const steps: [args: string[], line: string, file: string][] = [
      [['list,get'], 'bob may now: list, get (every share)', 'list,get'],
      [['put@inbox'], 'bob may now: list, get, put in inbox/ (every share)', 'list,get grant=put:inbox'],
      [
        ['mkdir,put@./inbox/deep/'],
        'bob may now: list, get, put, mkdir in inbox/deep/ (every share)',
        'list,get grant=put:inbox grant=put,mkdir:inbox%2Fdeep',
      ],
      [['none@inbox/deep'], 'bob may now: list, get, put in inbox/deep/ (every share)', 'list,get grant=put:inbox'],
      [
        ['delete@inbox', '--share', share],
        `bob may now: list, get, put, delete in inbox/ (${share})`,
        `list,get grant=put:inbox grant=delete:inbox:${encoded}`,
      ],
      [
        ['none', '--share', share],
        `bob may now: nothing (${share})`,
        `list,get grant=put:inbox grant=delete:inbox:${encoded} grant=-:.:${encoded}`,
      ],
      [
        ['default', '--share', share],
        `bob may now: list, get (${share})`,
        `list,get grant=put:inbox grant=delete:inbox:${encoded}`,
      ],
      [['default@inbox'], 'bob may now: list, get in inbox/ (every share)', `list,get grant=delete:inbox:${encoded}`],
      [['none'], 'bob may now: nothing (every share)', `- grant=delete:inbox:${encoded}`],
      [['all'], 'bob may now: everything (every share)', `all grant=delete:inbox:${encoded}`],
      [['default'], 'bob may now: what the share gives everybody (every share)', 'default'],
      [
        ['put@inbox'],
        'bob may now: what the share gives everybody, and put in inbox/ (every share)',
        'default grant=put:inbox',
      ],
      [['get@.'], 'bob may now: get (every share)', 'get grant=put:inbox'],
    ]
    for (const [args, line, file] of steps) {
      const { exit, stdout } = await grant(home, 'bob', ...args)
      expect({ exit, stdout }).toEqual({ exit: 0, stdout: `${line}\n` })
      expect(stored(home)).toBe(file)
    }
    expect(statSync(join(home, 'peers')).mode & 0o777).toBe(0o600)
  })

  test('shows what a peer may do, and changes nothing then', async () => {
    const share = realpathSync(tempFolder())
    const encoded = encodeURIComponent(share)
    const rules = `grant=put:inbox grant=all:.:${encoded} grant=get:a%20b:%2Felsewhere`
    const home = homeWithBob('list', rules)
    const before = readFileSync(join(home, 'peers'), 'utf8')
    expect(await grant(home, 'bob')).toMatchObject({
      exit: 0,
      stderr: '',
      stdout: [
        'bob may: list (every share)',
        'bob may: list, put in inbox/ (every share)',
        `bob may: everything (${share})`,
        'bob may: list, get in a b/ (/elsewhere)',
        '',
      ].join('\n'),
    })
    expect((await grant(home, 'bob', '--share', share)).stdout).toBe(
      `bob may: everything (${share})\nbob may: everything in inbox/ (${share})\n`,
    )
    expect((await grant(home, 'zoë')).stdout).toBe('zoë may: list (every share)\n')
    expect(readFileSync(join(home, 'peers'), 'utf8')).toBe(before)
  })

  test('prints one object with --json, in which nothing is secret', async () => {
    const share = realpathSync(tempFolder())
    const home = homeWithBob('list')
    const { exit, stdout, stderr } = await grant(home, 'bob', 'put,get@inbox', '--share', share, '--json')
    const told = {
      type: 'grant',
      name: 'bob',
      peerId: ID,
      rights: ['list'],
      grants: [{ share, path: 'inbox', rights: ['get', 'put'] }],
    }
    expect({ exit, stderr, told: objects(stdout) }).toEqual({ exit: 0, stderr: '', told: [told] })
    expect(objects((await grant(home, 'bob', '--json')).stdout)).toEqual([told])
    expect(objects((await grant(home, 'bob', 'default', '--json')).stdout)).toEqual([
      { ...told, rights: null, grants: [] },
    ])
    expect(stdout).not.toContain(SECRET)
  })

  test('says what a rule does not do', async () => {
    const share = realpathSync(tempFolder())
    const home = homeWithBob('list', `blocked grant=put:.:${encodeURIComponent(share)}`)
    const blocked = 'It is blocked and may do none of this until: sft peers unblock bob\n'
    expect((await grant(home, 'bob', 'get')).stderr).toBe(
      `but bob may: put (${share}), by a rule of its own\n${blocked}`,
    )
    expect((await grant(home, 'bob', 'none@inbox')).stderr).toBe(
      `In a folder rights can only be added: what is left comes from above it.\n${blocked}`,
    )
    expect((await grant(home, 'bob', 'put@inbox')).stderr).toBe(blocked)
  })

  test('knows a peer by name, by peer ID and by the end of that', async () => {
    const home = homeWithBob()
    for (const [index, peer] of ['bob', ID, ID.slice(-8), `…${ID.slice(-8)}`].entries()) {
      const right = RIGHTS[index] ?? ''
      expect((await grant(home, peer, right)).stdout).toBe(`bob may now: ${right} (every share)\n`)
    }
  })

  test('names a share by its real path, and by the one it had when it is gone', async () => {
    const share = realpathSync(tempFolder())
    const folder = join(share, 'photos')
    mkdirSync(folder)
    symlinkSync(folder, join(share, 'link'))
    const home = homeWithBob()
    const rule = `grant=put:inbox:${encodeURIComponent(folder)}`
    const relative = await sft(['grant', 'bob', 'put@inbox', '--share', './link'], { home, cwd: share })
    expect(relative).toMatchObject({ exit: 0, stderr: '' })
    expect(stored(home)).toBe(`default ${rule}`)
    rmSync(folder, { recursive: true })
    expect(await grant(home, 'bob', 'default@inbox', '--share', folder)).toMatchObject({ exit: 0, stderr: '' })
    expect(stored(home)).toBe('default')
  })

  test('escapes what a path or a folder is called', async () => {
    const parent = realpathSync(tempFolder())
    const share = join(parent, 'a\u202Eb')
    mkdirSync(share)
    const home = homeWithBob('list')
    const { stdout } = await grant(home, 'bob', 'put@in\u200Bbox', '--share', share)
    expect(stdout).toBe(`bob may now: list, put in in\\u{200b}box/ (${parent}/a\\u{202e}b)\n`)
    expect((await grant(home, 'bob')).stdout).toContain('in\\u{200b}box')
  })

  test('loses no rule when two are given at once', async () => {
    const home = homeWithBob('list')
    const paths = Array.from({ length: 8 }, (_, index) => `folder${index}`)
    const runs = await Promise.all(paths.map(async (path) => grant(home, 'bob', `put@${path}`)))
    expect(runs.map(({ exit }) => exit)).toEqual(paths.map(() => 0))
    for (const path of paths) expect(stored(home)).toContain(`grant=put:${path}`)
  })
})

test('a running share takes up what is granted, and what is taken away, at once', async () => {
  const { sharer, client, root, local } = twoMachines()
  const [ana, bob] = await Promise.all([sharer, client].map(async ({ home }) => loadIdentity(home)))
  writeFileSync(join(sharer.home, 'peers'), `bob ${bob?.peerId} default ${SECRET}\n`, { mode: 0o600 })
  writeFileSync(join(client.home, 'peers'), `ana ${ana?.peerId} default ${SECRET}\n`, { mode: 0o600 })
  mkdirSync(join(root, 'inbox'))
  for (const name of ['a.txt', 'b.txt', 'c.txt']) writeFileSync(join(local, name), name)
  const { address } = await startShare(root, [], sharer)
  const put = async (name: string, ...args: string[]): Promise<number | null> =>
    (await sft(['put', address, name, ...args], client)).exit
  expect(await put('a.txt', '-o', 'inbox/')).toBe(5)

  await grant(sharer.home, 'bob', 'put@inbox', '--share', root)
  await expect.poll(async () => put('a.txt', '-o', 'inbox/'), PATIENTLY).toBe(0)
  expect(await put('b.txt')).toBe(5)
  expect((await sft(['rm', address, 'inbox/a.txt'], client)).exit).toBe(5)
  expect((await sft(['ls', address, 'inbox'], client)).stdout).toContain('a.txt')

  await grant(sharer.home, 'bob', 'default')
  await expect.poll(async () => put('c.txt', '-o', 'inbox/'), PATIENTLY).toBe(5)
  expect(namesIn(root).filter((name) => name !== 'inbox/c.txt')).toEqual(['inbox', 'inbox/a.txt'])
})

describe('sft grant refuses', () => {
  test.each<[args: string[], exit: number, says: RegExp]>([
    [['ana', 'put'], 3, /no peer is called "ana".*sft peers/],
    [['ana'], 3, /no peer is called "ana".*sft peers/],
    [
      ['bob', 'puts'],
      2,
      /"puts" is not a right; there are list, get, put, overwrite, delete, rename, mkdir.*all, none, default/,
    ],
    [['bob', 'put,gets@inbox'], 2, /"gets" is not a right/],
    [['bob', 'PUT'], 2, /"PUT" is not a right/],
    [['bob', 'all,put'], 2, /"all" is not a right.*by themselves all/],
    [['bob', 'put,'], 2, /"" is not a right/],
    [['bob', ''], 2, /"" is not a right/],
    [['bob', '@inbox'], 2, /"" is not a right/],
    [['bob', '__proto__'], 2, /"__proto__" is not a right/],
    [['bob', 'inbox'], 2, /"inbox" is not a right.*put@inbox/],
    [['bob', 'put@'], 2, /no path behind the @/],
    [['bob', 'put@../inbox'], 2, /no "\.\."/],
    [['bob', 'put@/inbox'], 2, /write "inbox"/],
    [['bob', 'put@a\\b'], 2, /backslash/],
    [['bob', 'put@a\nb'], 2, /control character/],
    [['bob', 'put', '--share', '/no/such/folder'], 4, /no folder "\/no\/such\/folder"/],
    [['bob', 'put', '--share', '/dev/null'], 4, /no folder "\/dev\/null"/],
    [['bob', 'put', 'get'], 2, /too many arguments/],
    [[], 2, /missing required argument/],
  ])('%j', async (args, exit, says) => {
    const home = homeWithBob('list')
    const before = readFileSync(join(home, 'peers'), 'utf8')
    const result = await grant(home, ...args)
    expect(result).toMatchObject({ exit, stdout: '' })
    expect(result.stderr).toMatch(/^sft: [^\n]+\n$/)
    expect(result.stderr).toMatch(says)
    expect(readFileSync(join(home, 'peers'), 'utf8')).toBe(before)
  })

  test('more than 64 rules of one peer', async () => {
    const home = homeWithBob('list', Array.from({ length: 64 }, (_, at) => `grant=put:${at}`).join(' '))
    expect(await grant(home, 'bob', 'put@one-more')).toMatchObject({
      exit: 2,
      stderr: expect.stringContaining('64 grants'),
    })
    expect(await grant(home, 'bob', 'get@7')).toMatchObject({ exit: 0 })
  })

  test('a peers file that is malformed, naming the line', async () => {
    const home = homeWithBob('list', 'grant=put:..')
    expect(await grant(home, 'bob', 'put')).toMatchObject({ exit: 6, stderr: expect.stringContaining('line 1') })
  })
})
