import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { BIN, namesIn, sft, startShare, twoMachines, type TwoMachines } from '../support/cli.ts'
import { tempFolder } from '../support/tmp.ts'
import { Terminal, terminalUsable } from '../support/terminal.ts'

vi.setConfig({ testTimeout: 60_000 }) // many programs start, also on a busy machine

/** What every code begins with that a terminal acts on. */
const ESCAPE = '\u001b'

interface Scene extends TwoMachines {
  /** Opens a terminal, where `$A` is a share that lets anybody in, and `$B` one that knows nobody. */
  readonly open: () => Promise<Terminal>
  readonly env: Record<string, string>
}

/** Two shares of a file that is another one here, and a large one. */
async function scene(): Promise<Scene> {
  const machines = twoMachines()
  const { sharer, client, root, local } = machines
  for (const [folder, time] of [
    [root, 1e9],
    [local, 2e9],
  ] as const) {
    writeFileSync(join(folder, 'a'), folder)
    utimesSync(join(folder, 'a'), time, time)
  }
  writeFileSync(join(root, 'big'), new Uint8Array(6_000_000))
  const closed = join(tempFolder(), 'closed')
  mkdirSync(closed)
  const [open, other] = await Promise.all([
    startShare(root, ['--open'], sharer),
    startShare(closed, [], { home: join(tempFolder(), 'home') }),
  ])
  const env = { SFT_HOME: client.home, SFT_NO_DISCOVERY: '1', A: open.address, B: other.address }
  return { ...machines, env, open: async () => Terminal.open({ cwd: local, env, columns: 200 }) }
}

/** Runs a command on a terminal where nobody types, and returns every byte it wrote there. */
function typescript(command: string, { client, env }: Scene, more: Record<string, string> = {}): string {
  const line = command.replace(/^sft/, `'${process.execPath}' '${BIN}'`)
  return spawnSync('script', ['-qec', line, '/dev/null'], {
    cwd: client.cwd,
    env: { ...process.env, ...env, ...more },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  }).stdout
}

describe.skipIf(terminalUsable() !== null)('at a terminal', () => {
  test('--no-input asks nothing, and says what would have been asked', async () => {
    const { local, open } = await scene()
    const terminal = await open()
    for (const [command, exit, says] of [
      ['sft get "$A" a --no-input', 8, 'is there already, and differs; choose with --on-conflict skip|'],
      ['sft get "$A" a --no-input --on-conflict ask', 2, 'nobody can be asked with --no-input; choose skip'],
      ['sft ls "$B" --no-input', 5, 'no code is asked for with --no-input: it can be in SFT_CODE'],
      ['sft ls nobody --no-input', 3, 'no code is asked for with --no-input: it can be in SFT_CODE'],
      ['sft pair - --no-input', 2, 'no code is asked for with --no-input; type it in place of the -, or set SFT_CODE'],
      ['sft pair - --json', 2, 'no code is asked for with --json; type it in place of the -'],
    ] as const) {
      await terminal.clear()
      const result = await terminal.run(command)
      expect({ command, ...result }).toMatchObject({ exit, screen: expect.stringContaining(says) })
      expect(result.screen).not.toContain('?\n')
    }
    expect(readFileSync(join(local, 'a'), 'utf8')).toBe(local)
  })

  test('--yes overwrites nothing unless told so, and asks no more', async () => {
    const { root, local, open } = await scene()
    const terminal = await open()
    const refused = await terminal.run('sft get "$A" a -y')
    expect(refused).toMatchObject({ exit: 8, screen: expect.stringContaining('choose with --on-conflict skip|') })
    const asked = await terminal.run('sft get "$A" a -y --on-conflict ask')
    expect(asked).toMatchObject({ exit: 2, screen: expect.stringContaining('nobody can be asked with --yes') })
    expect(await terminal.run('sft get "$A" a -y --on-conflict skip')).toMatchObject({ exit: 0 })
    expect(readFileSync(join(local, 'a'), 'utf8')).toBe(local)
    expect(await terminal.run('sft get "$A" a -y --on-conflict overwrite')).toMatchObject({ exit: 0 })
    expect(readFileSync(join(local, 'a'), 'utf8')).toBe(root)
  })

  test('--quiet still shows a question with what it is about', async () => {
    const { root, local, open } = await scene()
    const terminal = await open()
    await terminal.type('clear; sft get "$A" a -q')
    await terminal.waitForText(/^a is there already, and differs:\n {2}there .*\n {2}new .*\n\[o\]verwrite.*\?$/m)
    await terminal.type('o')
    expect(await terminal.exit()).toBe(0)
    expect((await terminal.screen()).split('\n').at(-2)).toMatch(/\? o$/) // and no word of what it did
    expect(readFileSync(join(local, 'a'), 'utf8')).toBe(root)
  })
})

describe.skipIf(spawnSync('script', ['--version']).status !== 0)('byte by byte, at a terminal', () => {
  const command = 'sft get "$A" big --bwlimit 4M </dev/null'

  test.each(['--no-progress', '--quiet'])('%s draws nothing', async (flag) => {
    const here = await scene()
    const written = typescript(`${command} ${flag}`, here)
    expect(written).toMatch(flag === '--quiet' ? /^$/ : /^big: 6 MB in .*, verified\r\n$/)
    expect(written).not.toContain(ESCAPE)
    expect(namesIn(here.local)).toContain('big')
    for (const line of ['sft hash "$A" a', 'sft doctor']) {
      expect(typescript(line, here)).toContain(ESCAPE)
      expect(typescript(`${line} ${flag}`, here)).not.toContain(ESCAPE)
    }
  })

  test('with NO_COLOR and without, no colour is printed, and where TERM is dumb no escape code at all', async () => {
    const here = await scene()
    const colour = new RegExp(`${ESCAPE}\\[[\\d;:]*m`)
    const drawn = typescript(command, here)
    expect(drawn).toContain(`${ESCAPE}[`)
    expect(drawn).not.toMatch(colour)
    for (const line of [`${command} --overwrite`, 'sft ls "$A"', 'sft get --help', 'sft gte', 'sft get "$A" nope']) {
      expect(typescript(line, here, { NO_COLOR: '1' })).not.toMatch(colour)
      expect(typescript(line, here, { TERM: 'dumb' })).not.toContain(ESCAPE)
    }
  })
})

test('a pipe gets no escape code, whatever the environment says of colours', async () => {
  const { client, env } = await scene()
  const options = { ...client, env: { FORCE_COLOR: '3', CLICOLOR_FORCE: '1', TERM: 'xterm-256color' } }
  for (const args of [
    ['get', env['A'] ?? '', 'big', 'a', 'nope'],
    ['ls', env['A'] ?? '', '-l'],
    ['get', '--help'],
    ['gte'],
  ]) {
    const { stdout, stderr } = await sft(args, options)
    expect(stdout + stderr).not.toContain(ESCAPE)
  }
})

test('a code for pair can come from the environment, or through a pipe', async () => {
  const { client } = await scene()
  const wrong = await sft(['pair', '-'], { ...client, env: { SFT_CODE: 'not a code at all' } })
  expect(wrong).toMatchObject({ exit: 2, stdout: '', stderr: expect.stringMatching(/^sft: a code is 3 words/) })
  const args = [BIN, 'pair', '-', '--no-input']
  const env = { ...process.env, SFT_HOME: client.home, SFT_NO_DISCOVERY: '1' }
  const piped = spawnSync(process.execPath, args, { env, encoding: 'utf8', input: 'ocean canyon seven\n' })
  expect(piped).toMatchObject({ status: 4, stdout: '', stderr: expect.stringContaining('shows a code') })
  const empty = spawnSync(process.execPath, args, { env, encoding: 'utf8', input: '' })
  expect(empty).toMatchObject({ status: 2, stdout: '', stderr: 'sft: no code was typed; it can also be in SFT_CODE\n' })
})
