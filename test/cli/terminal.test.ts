import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { textWidth } from '../../src/cli/width.ts'
import { BIN, namesIn, PARTS, startShare, twoMachines, type TwoMachines } from '../support/cli.ts'
import { Terminal, terminalUsable, type TerminalOptions } from '../support/terminal.ts'

const LONG = `${'ordner mit langem namen/'.repeat(4)}日本語の長い名前🎉.jpg`

interface Scene extends TwoMachines {
  readonly env: Record<string, string>
  readonly open: (options?: TerminalOptions) => Promise<Terminal>
}

/** A share that allows everything, and terminals of the other machine, where `$A` is its address. */
async function scene(): Promise<Scene> {
  const machines = twoMachines()
  const { sharer, client, root, local } = machines
  const { address } = await startShare(root, ['-w', '--open'], sharer)
  const env = { SFT_HOME: client.home, SFT_NO_DISCOVERY: '1', A: address }
  const open = async (options: TerminalOptions = {}): Promise<Terminal> =>
    Terminal.open({ cwd: local, ...options, env: { ...env, ...options.env } })
  return { ...machines, env, open }
}

/** Makes a folder with a file under a long name, and some smaller ones. */
function fill(root: string): void {
  mkdirSync(join(root, 'tree', LONG, '..'), { recursive: true })
  writeFileSync(join(root, 'tree', LONG), new Uint8Array(8_000_000))
  for (let index = 0; index < 20; index += 1) writeFileSync(join(root, 'tree', `${index}.txt`), `${index}`)
  writeFileSync(join(root, 'tree', 'other.bin'), new Uint8Array(6_000_000))
  symlinkSync('nowhere', join(root, 'tree', 'link'))
}

const PROGRESS = /^\d+%  [^\n]*\/s[^\n]*$/m

function widest(screen: string): number {
  return Math.max(...screen.split('\n').map(textWidth))
}

describe.skipIf(terminalUsable() !== null)('on a terminal', () => {
  test('progress is one line and the files under way, fits when the terminal is resized, and leaves nothing', async () => {
    const { root, open } = await scene()
    fill(root)
    const terminal = await open({ columns: 80, rows: 20 })
    // At the bottom, as after some use: what is near the top of an empty screen, tmux moves out of reach when it wraps.
    await terminal.type('clear; seq 40; sft get "$A" tree --bwlimit 2M')
    await terminal.waitForText(/^\d+% {2}\S+ MB of 14 MB {2}.* left {2}2\d\/22 files\n +\d+% {2}…[^\n]*🎉\.jpg$/m)
    for (const columns of [40, 30, 90, 40]) {
      await terminal.resize(columns, 20)
      await terminal.waitForText(
        columns === 90 ? / MB of 14 MB / : /^\d+% {2}\S+ \S+\/s {2}.*left.*\n +\d+% {2}…[^\n]*\.jpg$/m,
      )
      const screen = await terminal.screen()
      expect(screen.match(new RegExp(PROGRESS, 'gm'))).toHaveLength(1)
    }
    await terminal.resize(100, 20)
    expect(await terminal.exit(30_000)).toBe(0)
    const lines = (await terminal.screen()).split('\n')
    expect(lines.slice(lines.indexOf('40') + 1)).toEqual([
      'tree/link: left out, a symbolic link',
      expect.stringMatching(/^22 files, \d new folders: 14 MB in \d+ s, \S+ MB\/s, verified; 1 link left out$/),
      '[0]',
    ])
  })

  test('a terminal of 40 columns is not wrapped', async () => {
    const { root, open } = await scene()
    fill(root)
    const terminal = await open({ columns: 40, rows: 12 })
    await terminal.type('clear; sft get "$A" tree/other.bin tree --exclude link --bwlimit 3M', { enter: true })
    await terminal.waitForText(PROGRESS)
    expect(
      widest(
        (await terminal.screen())
          .split('\n')
          .filter((line) => line.includes('%  '))
          .join('\n'),
      ),
    ).toBeLessThan(40)
    expect(await terminal.exit(30_000)).toBe(0)
  })

  test('Ctrl-C says how to go on, that goes on, and the terminal is left clean', async () => {
    const { root, local, open } = await scene()
    writeFileSync(join(root, "it's $big"), new Uint8Array(20_000_000))
    const terminal = await open()
    await terminal.type(`sft get "$A" "it's \\$big" -o 'to here' --bwlimit 4M`)
    await terminal.waitForText(/^[3-9]\d%  /m)
    await terminal.press('C-c')
    expect(await terminal.exit()).toBe(130)
    const command = await terminal.waitForText(/^sft: interrupted; to continue: (sft get [^\n]*)$/m)
    expect(await terminal.screen()).not.toMatch(PROGRESS)
    expect(namesIn(local)).toContain(PARTS)
    const { exit, screen } = await terminal.run(command.replace('4M', '50M'))
    expect(exit).toBe(0)
    expect(screen).toMatch(/to here: 20 MB \(\S+ MB were there\)[^\n]*, verified/)
    expect(namesIn(local)).toEqual(['to here'])
  })

  test('Ctrl-C twice ends it too, without a trace', async () => {
    const { root, open } = await scene()
    writeFileSync(join(root, 'big.bin'), '')
    truncateSync(join(root, 'big.bin'), 8_000_000_000)
    const terminal = await open()
    await terminal.type('clear; sft get "$A" big.bin')
    await terminal.waitForText(PROGRESS)
    await terminal.press('C-c')
    await terminal.press('C-c')
    await terminal.waitForText(/\[130\]$/) // behind ^C, if it was over before the second one
    expect(await terminal.screen()).not.toMatch(PROGRESS)
  })

  test('Ctrl-Z takes the lines away, and fg goes on', async () => {
    const { root, local, open } = await scene()
    writeFileSync(join(root, 'big.bin'), new Uint8Array(12_000_000))
    const terminal = await open()
    await terminal.type('clear; sft get "$A" big.bin --bwlimit 3M')
    await terminal.waitForText(PROGRESS)
    await terminal.press('C-z')
    await terminal.waitForText('Stopped')
    expect(await terminal.screen()).not.toMatch(/MB\/s/)
    await terminal.type('clear; fg')
    await terminal.waitForText(PROGRESS)
    expect(await terminal.exit(30_000)).toBe(0)
    expect((await terminal.screen()).split('\n').slice(1)).toEqual([
      expect.stringMatching(/^big\.bin: 12 MB.*, verified$/),
      '[0]',
    ])
    expect(namesIn(local)).toEqual(['big.bin'])
  })

  test('a conflict is asked about, nothing is drawn meanwhile, and a capital answers for all', async () => {
    const { root, local, open } = await scene()
    for (const folder of [root, local]) {
      mkdirSync(join(folder, 'f'))
      for (const name of ['1', '2', '3', '4', '5']) writeFileSync(join(folder, 'f', name), `${folder} ${name}`)
    }
    for (const name of ['1', '2', '3', '4', '5']) utimesSync(join(local, 'f', name), 1e9, 1e9)
    writeFileSync(join(root, 'big.bin'), new Uint8Array(6_000_000))
    const terminal = await open({ columns: 80 })
    await terminal.type('clear; sft get "$A" f big.bin --bwlimit 4M')
    const question = /\[o\]verwrite, \[s\]kip or \[r\]ename \(a capital: for all\)\?/
    await terminal.waitForText(new RegExp(`${question.source}$`))
    const before = await terminal.screen()
    await new Promise((resolve) => setTimeout(resolve, 3_000)) // the big one arrives meanwhile
    expect(await terminal.screen()).toBe(before)
    await terminal.type('what?')
    await terminal.waitForText(new RegExp(`what\\?\\n${question.source}$`))
    await terminal.type('o')
    await terminal.waitForText(new RegExp(`\\? o\\n[^?]*${question.source}$`))
    await terminal.type('r')
    await terminal.waitForText(new RegExp(`\\? r\\n[^?]*${question.source}$`))
    await terminal.type('S')
    expect(await terminal.exit()).toBe(0)
    const screen = await terminal.screen()
    expect(screen.match(/is there already, and differs/g)).toHaveLength(3)
    expect(screen.match(/: left out, another one is there/g)).toHaveLength(3)
    expect(screen).toMatch(/^big\.bin: 6 MB, verified$/m)
    const contents = namesIn(join(local, 'f')).map((name) => readFileSync(join(local, 'f', name), 'utf8'))
    expect(contents.filter((content) => content.startsWith(root))).toHaveLength(2)
    expect(contents).toHaveLength(6) // one of them beside another
  })

  test('T06: a question shows a hostile name escaped, and no name takes anything off the screen', async () => {
    const { root, local, open } = await scene()
    const evil = 'x\u001b[2J\u001b[1;1H\rinnocent\nline\u202etxt'
    for (const folder of [root, local]) {
      mkdirSync(join(folder, 'f'))
      writeFileSync(join(folder, 'f', evil), folder)
    }
    utimesSync(join(local, 'f', evil), 1e9, 1e9)
    const terminal = await open({ columns: 150 })
    await terminal.type('clear; sft get "$A" f')
    await terminal.waitForText(/\(a capital: for all\)\?$/)
    const screen = await terminal.screen()
    expect(screen).toContain('f/x\\x1b[2J\\x1b[1;1H\\rinnocent\\nline\\u{202e}txt is there already, and differs')
    expect(screen).toMatch(/^[ -~\n…]*$/)
    await terminal.type('s')
    expect(await terminal.exit()).toBe(0)
    expect(readFileSync(join(local, 'f', evil), 'utf8')).toBe(local)
  })

  test('at the question Ctrl-C interrupts, and Ctrl-D fails what is asked about and all others', async () => {
    const { root, local, open } = await scene()
    for (const folder of [root, local]) {
      for (const name of ['1', '2']) writeFileSync(join(folder, name), `${folder} ${name}`)
    }
    writeFileSync(join(root, 'new'), 'new')
    for (const name of ['1', '2']) utimesSync(join(local, name), 1e9, 1e9)
    const terminal = await open({ columns: 130 })
    const undecided = (name: string): RegExp =>
      new RegExp(`^sft: "${name}" is there already, and differs; choose with --on-conflict skip\\|`, 'm')
    for (const [names, key, exit, says] of [
      ['1 2', 'C-c', 130, [/^sft: interrupted; to continue: sft get /m]],
      ['1 2', 'C-d', 8, [/^No answer: it is left alone/m, undecided('1'), undecided('2'), /^nothing new; 2 failed$/m]],
      ['new 1 2', 'C-d', 7, [undecided('1'), undecided('2'), /^1 file: 3 B, verified; 2 failed$/m]],
    ] as const) {
      await terminal.clear()
      await terminal.type(`sft get "$A" ${names}`)
      await terminal.waitForText('[r]ename (a capital: for all)?')
      await terminal.press(key)
      expect(await terminal.exit()).toBe(exit)
      for (const text of says) expect(await terminal.screen()).toMatch(text)
    }
    const { screen } = await terminal.run('sft get "$A" 1 2 --dry-run') // asks nothing
    expect(screen).toContain('dry run, nothing was changed: 2 to ask about')
    for (const name of ['1', '2']) expect(readFileSync(join(local, name), 'utf8')).toBe(`${local} ${name}`)
  })
})

/** Runs a command on a terminal of its own, and returns every byte it wrote there. */
function typescript(command: string, { client, env }: Scene, more: Record<string, string> = {}): string {
  const sft = `'${process.execPath}' '${BIN}'`
  const { stdout } = spawnSync('script', ['-qec', command.replace(/^sft/, sft), '/dev/null'], {
    cwd: client.cwd,
    env: { ...process.env, ...env, ...more },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  return stdout
}

describe.skipIf(spawnSync('script', ['--version']).status !== 0)('byte by byte', () => {
  test('the lines are drawn ten times a second at most, without colours, and taken away', async () => {
    const here = await scene()
    fill(here.root)
    const started = performance.now()
    const written = typescript('sft get "$A" tree --bwlimit 4M </dev/null', here)
    const seconds = (performance.now() - started) / 1000
    const drawn = written.split('\u001b[?7l').length - 1
    expect(drawn).toBeGreaterThan(5)
    expect(drawn).toBeLessThan(10 * seconds)
    const sequences = written.split('\u001b').slice(1)
    expect(sequences.filter((sequence) => !/^\[(?:[JKC]|\?7[lh]|\dA)/.test(sequence))).toEqual([])
    expect(sequences.at(-1)).toMatch(/^\[J\r22 files, /)
  })

  test('a terminal that can do nothing gets plain lines', async () => {
    const here = await scene()
    fill(here.root)
    const written = typescript('sft get "$A" tree --bwlimit 4M </dev/null', here, { TERM: 'dumb' })
    expect(written).not.toContain('\u001b')
    expect(written).toMatch(/22 files, .*, verified; 1 link left out\r\n$/)
  })
})
