import { mkdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { namesIn, PARTS, startShare, twoMachines, type ShareProcess, type TwoMachines } from '../../support/cli.ts'
import { RAW_TEXT } from '../../support/hostile-texts.ts'
import { Terminal, terminalUsable, type TerminalOptions } from '../../support/terminal.ts'

interface Scene extends TwoMachines {
  readonly share: ShareProcess
  readonly open: (options?: TerminalOptions) => Promise<Terminal>
}

const PROMPT = /(?:^|\n)\S+:\/\S*>$/

/** A share that allows everything, and terminals of the other machine with a shell that is connected to it. */
async function scene(): Promise<Scene> {
  const machines = twoMachines()
  const { sharer, client, root, local } = machines
  const share = await startShare(root, ['-w', '--open'], sharer)
  const env = { SFT_HOME: client.home, SFT_NO_DISCOVERY: '1', A: share.address }
  const open = async (options: TerminalOptions = {}): Promise<Terminal> => {
    const terminal = await Terminal.open({ cwd: local, ...options, env })
    await terminal.type('clear; sft shell "$A"')
    await terminal.waitForText(PROMPT)
    return terminal
  }
  return { ...machines, share, open }
}

/** Types a line in a shell, and waits until the prompt is back. */
async function run(terminal: Terminal, line: string, path = '/'): Promise<string> {
  await terminal.type(line)
  await terminal.waitForText(
    new RegExp(`> ${line.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')}\\n(?:.*\\n)*\\S+:${path}>$`),
  )
  return terminal.screen()
}

describe.skipIf(terminalUsable() !== null)('on a terminal', () => {
  test('a path is completed with Tab, and the shell goes on after an error', async () => {
    const { root, local, open } = await scene()
    mkdirSync(join(root, 'holidays'))
    for (const name of ['my beach.jpg', 'my boat.jpg', 'notes.txt']) writeFileSync(join(root, 'holidays', name), name)
    const terminal = await open()
    await terminal.type('cd ho', { enter: false })
    await terminal.press('Tab')
    await terminal.waitForText('> cd holidays/')
    await terminal.press('Enter')
    await terminal.waitForText(/:\/holidays>$/)
    await terminal.type('get my', { enter: false })
    await terminal.press('Tab')
    await terminal.waitForText(/> get my\\ b$/)
    await terminal.press('Tab')
    await terminal.press('Tab')
    await terminal.waitForText(/my beach\.jpg +my boat\.jpg\n/)
    await terminal.type('ea', { enter: false })
    await terminal.press('Tab')
    await terminal.waitForText(/> get my\\ beach\.jpg$/)
    await terminal.press('Enter')
    await terminal.waitForText(/^my beach\.jpg: 12 B, verified$/m)
    expect(readFileSync(join(local, 'my beach.jpg'), 'utf8')).toBe('my beach.jpg')
    expect(await run(terminal, 'gte nope', '/holidays')).toContain(
      "sft: unknown command 'gte'; did you mean get? see: help",
    )
    expect(await run(terminal, 'get nope', '/holidays')).toMatch(/^sft: [^\n]*nope/m)
    await terminal.type('exit')
    expect(await terminal.exit()).toBe(0)
  })

  test('Ctrl-C stops a transfer and leads back to the prompt, and the same line goes on', async () => {
    const { root, local, open } = await scene()
    writeFileSync(join(root, 'big.bin'), new Uint8Array(20_000_000))
    const terminal = await open()
    await terminal.type('get big.bin --bwlimit 4M')
    await terminal.waitForText(/^[3-9]\d%  /m)
    await terminal.press('C-c')
    await terminal.waitForText(/^sft: interrupted; to continue: get big\.bin --bwlimit 4M\n\S+:\/>$/m)
    expect(namesIn(local)).toContain(PARTS)
    const screen = await run(terminal, 'get big.bin')
    expect(screen).toMatch(/big\.bin: 20 MB \(\S+ MB were there\)[^\n]*, verified/)
    expect(namesIn(local)).toEqual(['big.bin'])
    await terminal.press('C-d')
    expect(await terminal.exit()).toBe(0)
  })

  test('at the prompt Ctrl-C clears the line, and on an empty one it says how to leave', async () => {
    const { open } = await scene()
    const terminal = await open()
    await terminal.type('rm everything', { enter: false })
    await terminal.press('C-c')
    await terminal.waitForText(/> rm everything\^C\n\S+:\/>$/)
    await terminal.press('C-c')
    await terminal.press('C-c')
    await terminal.waitForText(/^"exit" or Ctrl-D ends the shell\.\n\S+:\/>$/m)
    expect(await run(terminal, 'pwd')).toMatch(/^\/$/m)
    await terminal.type('quit')
    expect(await terminal.exit()).toBe(0)
  })

  test('a conflict is asked about, and Ctrl-D there does not end the shell', async () => {
    const { root, local, open } = await scene()
    for (const name of ['a', 'b']) {
      writeFileSync(join(root, name), 'theirs')
      writeFileSync(join(local, name), 'mine')
    }
    const terminal = await open()
    await terminal.type('get a')
    await terminal.waitForText(/\(a capital: for all\)\?$/)
    await terminal.press('C-d')
    await terminal.waitForText(/^sft: "a" is there already, and differs[^\n]*\n\S+:\/>$/m)
    await terminal.type('get b')
    await terminal.waitForText(/\(a capital: for all\)\?$/)
    await terminal.press('C-c')
    await terminal.waitForText(/^sft: interrupted[^\n]*\n\S+:\/>$/m)
    await terminal.type('get b')
    await terminal.waitForText(/get b\n(?:.*\n)*[^\n]*\(a capital: for all\)\?$/)
    await terminal.type('o')
    await terminal.waitForText(/^b: 6 B, verified\n\S+:\/>$/m)
    expect([readFileSync(join(local, 'a'), 'utf8'), readFileSync(join(local, 'b'), 'utf8')]).toEqual(['mine', 'theirs'])
  })

  test('Ctrl-Z at the prompt or at a question leads back to the system, and fg to where it was', async () => {
    const { root, local, open } = await scene()
    writeFileSync(join(root, 'a'), 'theirs')
    writeFileSync(join(local, 'a'), 'mine')
    const terminal = await open()
    await terminal.type('pw', { enter: false })
    await terminal.press('C-z')
    await terminal.waitForText(/Stopped .*\n\[\d+\]$/)
    await terminal.type('fg')
    await terminal.waitForText(/fg\n.*\n\S+:\/> pw$/)
    await terminal.type('d')
    await terminal.waitForText(/> pwd\n\/\n\S+:\/>$/)
    await terminal.type('get a')
    await terminal.waitForText(/\(a capital: for all\)\?$/)
    await terminal.press('C-z')
    await terminal.waitForText(/Stopped .*\n\[\d+\]$/)
    await terminal.type('fg')
    await terminal.waitForText(/fg\n.*\n[^\n]*\(a capital: for all\)\?$/)
    await terminal.type('o')
    await terminal.waitForText(/^a: 6 B, verified\n\S+:\/>$/m)
  })

  test('local commands have the terminal, and lines that are pasted run one after the other', async () => {
    const { open, local } = await scene()
    const terminal = await open()
    await terminal.type('!read -p "name? " x; echo "it is $x"')
    await terminal.waitForText(/name\?$/)
    await terminal.type('bob')
    await terminal.waitForText(/^it is bob\n\S+:\/>$/m)
    await terminal.type('mkdir a\ncd a\npwd\nlpwd\nhelp mkd', { enter: false }) // in one piece, or not
    await terminal.waitForText(new RegExp(`\\n/a\\n(?:.*\\n)*${local}\\n\\S+:/a> help mkd$`))
    await terminal.press('Tab')
    await terminal.press('Enter')
    await terminal.waitForText('accept those that exist')
  })

  test('what is typed ahead is not mixed with what a line prints', async () => {
    const { open } = await scene()
    const terminal = await open()
    await terminal.type('!echo one\npwd --nope', { enter: false })
    await terminal.waitForText(/one\n\S+:\/> pwd --nope$/)
    expect(await terminal.screen()).not.toContain('nopeone')
  })

  test('lines are kept for the next shell, for their owner only, and not those behind a space', async () => {
    const { client, open } = await scene()
    const terminal = await open()
    await run(terminal, 'lpwd')
    await run(terminal, ' pwd')
    await terminal.type('exit')
    expect(await terminal.exit()).toBe(0)
    const history = join(client.home, 'history-shell')
    expect(readFileSync(history, 'utf8')).toBe('lpwd\nexit\n')
    expect(statSync(history).mode & 0o777).toBe(0o600)
    await terminal.type('clear; sft shell "$A"')
    await terminal.waitForText(PROMPT)
    await terminal.press('Up')
    await terminal.press('Up')
    await terminal.waitForText(/> lpwd$/)
  })

  test('keys that come in one piece with Tab, while a folder is looked at, take nothing but the completion', async () => {
    const { root, open } = await scene()
    mkdirSync(join(root, 'many'))
    for (let index = 0; index < 3_000; index += 1) writeFileSync(join(root, 'many', `n${index}`), '')
    const terminal = await open()
    for (const [keys, shown] of [
      ['ls many/\t\t\u0003', /> ls many\/\^C\n\S+:\/>$/],
      ['pwd many/\t\r', /> pwd many\/\nsft: [^\n]*too many[^\n]*\n\S+:\/>$/],
      ['ls many/\t\t', /> ls many\/n$/],
      ['\u0015ls many/\t\u0015\u0004', /\n\[0\]$/],
    ] as const) {
      await terminal.type(keys, { enter: false })
      await terminal.waitForText(shown)
    }
  })

  test('T01, T02 and T04: hostile names reach the terminal neither by Tab nor by ls', async () => {
    const { root, open } = await scene()
    const hostile = ['xa\u001b[2J\u001b[1;1H', 'xb\u202etxt', 'xc\nforged', 'xd\u009b31m', 'xe\u200b', 'xf\r']
    for (const name of [...hostile, 'xg plain', 'xh']) writeFileSync(join(root, name), '')
    const terminal = await open({ columns: 150 })
    await terminal.type('get x', { enter: false })
    await terminal.press('Tab')
    await terminal.press('Tab')
    const shown = await terminal.waitForText(/> get x\n([^>]*)\n+\S+:\/> get x$/)
    expect(shown.trim().split(/ {2,}/)).toEqual(['xg plain', 'xh'])
    await terminal.press('C-c')
    await terminal.type('ls')
    await terminal.waitForText(/xh\n\S+:\/>$/)
    const screen = await terminal.screen()
    expect(screen.replaceAll('\n', '')).not.toMatch(RAW_TEXT)
    expect(screen).toContain('xa\\x1b[2J\\x1b[1;1H')
    expect(screen).not.toMatch(/^forged/m)
  })

  test('a share that is gone ends commands and not the shell, which connects again when it is back', async () => {
    const { root, sharer, share, open } = await scene()
    writeFileSync(join(root, 'big.bin'), '')
    truncateSync(join(root, 'big.bin'), 8_000_000_000)
    const terminal = await open()
    await terminal.type('get big.bin --retry-for 0')
    await terminal.waitForText(/^\d+%  /m)
    share.child.kill('SIGKILL')
    await terminal.waitForText(/^sft: [^\n]*to continue: get big\.bin --retry-for 0\n\S+:\/>$/m)
    await terminal.type('ls')
    await terminal.waitForText(/> ls\nsft: [^\n]*\n\S+:\/>$/)
    const port = /\/tcp\/(\d+)\//.exec(share.address)?.[1] ?? ''
    await startShare(root, ['--open', '--listen', `/ip4/127.0.0.1/tcp/${port}`], sharer) // under the same key
    await terminal.type('ls')
    await terminal.waitForText(/^The connection was lost; connected again\.\n[^\n]*big\.bin\n\S+:\/>$/m)
  })

  test('a signal ends the shell, and the terminal is as it was', async () => {
    const { open } = await scene()
    const terminal = await open()
    await terminal.type('!kill -TERM $PPID')
    expect(await terminal.exit()).toBe(143)
    expect((await terminal.run('stty -a')).screen).toMatch(/ icanon .* echo /s)
  })
})
