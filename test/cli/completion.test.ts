import { execFileSync, spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { PeerStore } from '../../src/index.ts'
import { BIN, finish, namesIn, sft, start, startShare, twoMachines, type RunOptions } from '../support/cli.ts'
import { acquaint } from '../support/pairing.ts'
import { tempFolder } from '../support/tmp.ts'

vi.setConfig({ testTimeout: 60_000 }) // many programs start, also on a busy machine

const COMMANDS =
  'id share pair ls get put rm mv mkdir hash shell batch peers grant history doctor service config completion'.split(
    ' ',
  )

/** What bash breaks words at unless told otherwise. */
const BREAKS = ' \t\n"\'@><=;|&(:'

/** A name that does something in every shell that does not quote it. */
const HOSTILE = 'zit\'s $(touch pwned) `touch pwned` "q" ; touch pwned & $HOME | <x> *'

/** Returns what a shell is told that the last of these words can be: the kind, then each without what it means. */
async function offered(options: RunOptions, ...words: string[]): Promise<string[]> {
  const { exit, stdout, stderr } = await sft(['__complete', 'zsh', ...words], options)
  expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' })
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t')[0] ?? '')
}

/** Makes two machines that are paired, of which the second knows the first as `ana-laptop`, at an address. */
async function pairedMachines(): Promise<ReturnType<typeof twoMachines> & { share: () => Promise<void> }> {
  const machines = twoMachines()
  const { sharer, client, root } = machines
  await acquaint({ ...sharer, name: 'ana-laptop' }, { ...client, name: 'bob' })
  const share = async (): Promise<void> => {
    const { address } = await startShare(root, [], sharer)
    const [host = ''] = address.split('/p2p/')
    const store = new PeerStore(client.home)
    await store.change((peers) => peers.map((peer) => ({ ...peer, addresses: [host] })))
  }
  return { ...machines, share }
}

/** Types lines into a real bash that completes sft, `⇥` for the Tab key, and returns what each would run sft with. */
async function typeIntoBash(lines: readonly string[], { home, cwd }: RunOptions): Promise<string[]> {
  const folder = tempFolder()
  writeFileSync(join(folder, 'sft'), `#!/bin/sh\nexec '${process.execPath}' '${BIN}' "$@"\n`)
  chmodSync(join(folder, 'sft'), 0o755)
  writeFileSync(join(folder, 'rc'), `eval "$(command sft completion bash)"\nsft() { printf 'ran[%s]' "$@"; echo; }\n`)
  const child = spawn('bash', ['--noprofile', '--rcfile', join(folder, 'rc'), '-i'], {
    cwd,
    env: {
      ...process.env,
      PATH: `${folder}${delimiter}${process.env['PATH'] ?? ''}`,
      SFT_HOME: home,
      SFT_NO_DISCOVERY: '1',
      INPUTRC: '/dev/null',
      LC_ALL: 'C.UTF-8',
      PS1: '',
    },
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  child.stdin.end(`${lines.map((line) => line.replaceAll('⇥', '\t')).join('\n')}\nexit\n`)
  const { stdout } = await finish(child)
  return stdout.split('\n').flatMap((line) => /^ran(\[.*)$/.exec(line)?.[1]?.replaceAll(']ran[', '][') ?? [])
}

describe('what a word can be', () => {
  const nobody = (): RunOptions => ({ home: join(tempFolder(), 'home') })

  test('a command, with what it does', async () => {
    expect(await offered(nobody(), '')).toEqual(['words', ...COMMANDS, 'help'])
    expect(await offered(nobody(), 'p')).toEqual(['words', 'pair', 'put', 'peers'])
    expect(await offered(nobody(), 'peers', '')).toEqual(['words', 'rename', 'remove', 'block', 'unblock'])
    expect(await offered(nobody(), 'help', 'do')).toEqual(['words', 'doctor'])
    expect(await offered(nobody(), 'nothing', '')).toEqual(['words'])
    const { stdout } = await sft(['__complete', 'zsh', 'ge'], nobody())
    expect(stdout).toBe('words\nget\tfetch files and folders\n')
  })

  test('an option of that command, but not one that stands there already', async () => {
    expect(await offered(nobody(), 'ls', 'ana', '--l')).toEqual(['words', '--long', '--lan-only'])
    expect(await offered(nobody(), 'up', '--dry')).toEqual(['words', '--dry-run'])
    expect(await offered(nobody(), 'get', '--ex')).toEqual(['words', '--exclude'])
    expect(await offered(nobody(), 'get', '--exclude', '*.tmp', '--ex')).toEqual(['words', '--exclude'])
    expect(await offered(nobody(), 'get', '--dry-run', '--dry')).toEqual(['words'])
    expect(await offered(nobody(), 'get', '--', '--dry')).toEqual(['words'])
    expect(await offered(nobody(), 'get', '--mux')).toEqual(['words'])
    expect(await offered(nobody(), '--v')).toEqual(['words', '--version'])
  })

  test('a value of an option', async () => {
    expect(await offered(nobody(), 'get', '--on-conflict', 's')).toEqual(['words', 'skip'])
    expect(await offered(nobody(), 'get', '--on-conflict=n')).toEqual(['words', '--on-conflict=newer'])
    expect(await offered(nobody(), 'completion', '')).toEqual(['words', 'bash', 'zsh', 'fish'])
    expect(await offered(nobody(), 'share', '--allow', 'list,g')).toEqual(['words', 'list,get'])
    expect(await offered(nobody(), 'grant', 'ana', 'n')).toEqual(['words', 'none'])
    expect(await offered(nobody(), 'get', '--bwlimit', '')).toEqual(['words'])
  })

  test('files and folders of this machine are left to the shell', async () => {
    expect(await offered(nobody(), 'put', 'ana', 'x')).toEqual(['files'])
    expect(await offered(nobody(), 'put', 'ana', 'x', 'y')).toEqual(['files'])
    expect(await offered(nobody(), 'get', 'ana', 'x', '-o', '')).toEqual(['files'])
    expect(await offered(nobody(), 'share', '')).toEqual(['folders'])
    expect(await offered(nobody(), '--config', '')).toEqual(['files'])
  })

  test('a machine that is paired', async () => {
    const { client } = await pairedMachines()
    expect(await offered(client, 'ls', '')).toEqual(['words', 'ana-laptop'])
    expect(await offered(client, 'share', '.', '--peer', 'a')).toEqual(['words', 'ana-laptop'])
    expect(await offered(client, 'peers', 'rename', '')).toEqual(['words', 'ana-laptop'])
    expect(await offered(client, 'peers', 'rename', 'ana-laptop', '')).toEqual(['words'])
    expect(await offered(client, 'ls', 'b')).toEqual(['words'])
  })

  test('a path of a share, whose hostile names are left out', async () => {
    const { client, root, share } = await pairedMachines()
    for (const folder of ['holidays/june', 'help']) mkdirSync(join(root, folder), { recursive: true })
    const files = ['holidays/beach.jpg', 'my file.txt', 'ümlaut', "it's $(touch x)", '-dash']
    const hostile = ['\u001b[31mred', 'two\nlines', 'tab\there', 'exe.\u202etxt']
    for (const name of [...files, ...hostile]) writeFileSync(join(root, name), '')
    await share()
    expect(await offered(client, 'get', 'ana-laptop', '')).toEqual(
      ['paths', './-dash', 'help/', 'holidays/', "it's $(touch x)", 'my file.txt', 'ümlaut'], // prettier-ignore
    )
    expect(await offered(client, 'get', 'ana-laptop', 'x', 'holidays/')).toEqual(
      ['paths', 'holidays/beach.jpg', 'holidays/june/'], // prettier-ignore
    )
    expect(await offered(client, 'ls', 'ana-laptop', 'ho')).toEqual(['paths', 'holidays/'])
    expect(await offered(client, 'put', 'ana-laptop', 'x', '-o', 'ho')).toEqual(['paths', 'holidays/'])
    expect(await offered(client, 'get', 'ana-laptop', 'none/')).toEqual(['words'])
    expect(await offered(client, 'get', 'ana-laptop', '../')).toEqual(['words'])
  })

  test('nothing, without a word, where nobody answers, nobody is known or a file is malformed', async () => {
    const { client } = await pairedMachines()
    expect(await offered(client, 'get', 'ana-laptop', '')).toEqual(['words']) // no address of it is known
    expect(await offered(client, 'get', 'stranger', '')).toEqual(['words'])
    writeFileSync(join(client.home, 'config.toml'), 'jbos = 1', { mode: 0o600 })
    expect(await offered(client, 'get', 'ana-laptop', '')).toEqual(['words'])
    writeFileSync(join(client.home, 'peers'), 'malformed', { mode: 0o600 })
    expect(await offered(client, 'ls', '')).toEqual(['words'])
    expect(await offered(client, 'get', 'ana-laptop', '')).toEqual(['words'])
  })

  test('nobody becomes a peer by pressing a key', async () => {
    const home = join(tempFolder(), 'home')
    const address = '/ip4/127.0.0.1/tcp/1/p2p/12D3KooWGRUaVpNBnLHhLmHcDHBNBuDXqcfgDGQwZDAYxoFLTQdj'
    for (const peer of ['ana', address]) expect(await offered({ home }, 'get', peer, '')).toEqual(['words'])
    expect(existsSync(home)).toBe(false)
  })

  test('bash is told what it puts in place of what', async () => {
    const ask = async (line: string): Promise<string[]> => {
      const { stdout } = await finish(start(['__complete', 'bash', BREAKS, line], nobody()))
      return stdout.trimEnd().split('\n')
    }
    expect(await ask('sft get --on-conflict=sk')).toEqual(['words', 'skip'])
    expect(await ask('sft get "--on-conflict=sk')).toEqual(['words', '--on-conflict=skip'])
    expect(await ask('sft put ana ')).toEqual(['files'])
    expect(await ask('sft get "ana')).toEqual(['words'])
  })
})

describe('the script of bash', () => {
  test('completes in a real bash, and every name is one argument', async () => {
    const { client, root, local, share } = await pairedMachines()
    mkdirSync(join(root, 'holidays'))
    const names = [HOSTILE, 'a@b=c d', 'my file.txt', 'holidays/beach & sun.jpg']
    for (const name of names) writeFileSync(join(root, name), '')
    mkdirSync(join(local, 'get'))
    writeFileSync(join(local, 'local file'), '')
    mkdirSync(join(local, 'folder'))
    await share()
    expect(
      await typeIntoBash(
        [
          'sft ge⇥x', // a word alone gets a space, though there is a folder of that name
          'sft gr⇥ana⇥put,mk⇥',
          'sft get --on-conflict=sk⇥x',
          'sft ls ana⇥ho⇥',
          'sft get ana⇥z⇥',
          'sft get ana⇥"z⇥',
          "sft get ana⇥'z⇥",
          'sft get ana⇥my\\ f⇥x',
          'sft get ana⇥a⇥',
          'sft get ana⇥a@⇥',
          'sft get ana⇥a@b=⇥',
          'sft get ana⇥hol⇥⇥x',
          'sft get ana⇥"hol⇥⇥x',
          "sft get ana⇥'my f⇥x",
          'sft put ana⇥loc⇥x',
          'sft share fo⇥',
        ],
        client,
      ),
    ).toEqual([
      '[get][x]',
      '[grant][ana-laptop][put,mkdir]',
      '[get][--on-conflict=skip][x]',
      '[ls][ana-laptop][holidays/]',
      ...Array.from({ length: 3 }, () => `[get][ana-laptop][${HOSTILE}]`),
      '[get][ana-laptop][my file.txt][x]',
      ...Array.from({ length: 3 }, () => '[get][ana-laptop][a@b=c d]'),
      ...Array.from({ length: 2 }, () => '[get][ana-laptop][holidays/beach & sun.jpg][x]'),
      '[get][ana-laptop][my file.txt][x]',
      '[put][ana-laptop][local file][x]',
      '[share][folder/]',
    ])
    expect(namesIn(local)).toEqual(['folder', 'get', 'local file']) // nothing was run
  })
})

test.each([
  ['bash', ['complete -F _sft sft', '__complete bash', '</dev/null', 'compopt -o nospace']],
  ['zsh', ['#compdef sft', '__complete zsh', '${(@Q)words[2,CURRENT-1]}', "compadd -S '' -a", 'compdef _sft sft']],
  ['fish', ["complete -c sft -f -a '(__sft_complete)'", '__complete fish', '__fish_complete_path']],
])('the script of %s is complete, and a shell that is there understands it', async (shell, parts) => {
  const { exit, stdout, stderr } = await sft(['completion', shell], { home: join(tempFolder(), 'home') })
  expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' })
  for (const part of parts) expect(stdout).toContain(part)
  expect(stdout).not.toMatch(/\beval (?!"\$\(sft)|undefined/) // what comes from elsewhere is never run
  const path = join(tempFolder(), 'script')
  writeFileSync(path, stdout)
  const isThere = (process.env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, shell)))
  if (isThere) execFileSync(shell, ['-n', path])
})

test('another shell is refused by the names of those there are', async () => {
  const { exit, stderr } = await sft(['completion', 'tcsh'], { home: join(tempFolder(), 'home') })
  expect({ exit, stderr }).toMatchObject({
    exit: 2,
    stderr: expect.stringContaining('there are bash, zsh, fish') as string,
  })
})
