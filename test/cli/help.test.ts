import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { expect, test } from 'vitest'
import packageJson from '../../package.json' with { type: 'json' }
import { BIN, sft } from '../support/cli.ts'
import { tempFolder } from '../support/tmp.ts'

const COMMANDS =
  'id share pair ls get put rm mv mkdir hash shell batch peers grant history doctor service config completion'.split(
    ' ',
  )

test.each([[], ...COMMANDS.map((command) => [command])])(
  '%s --help fits 80 columns and has an example',
  async (...args) => {
    const home = join(tempFolder(), 'home')
    const { exit, stdout, stderr } = await sft([...args, '--help'], { home })
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' })
    const lines = stdout.split('\n')
    expect(lines.filter((line) => line.length > 80)).toEqual([])
    expect(lines.at(lines.indexOf('Example:') + 1)).toMatch(new RegExp(`^ {2}sft ${args[0] ?? 'share'}\\b`))
    expect(existsSync(home)).toBe(false) // looking at the help makes nobody a peer
  },
)

test('the help names every command, and every command is tested here', async () => {
  const { stdout } = await sft(['--help'], { home: join(tempFolder(), 'home') })
  const named = [...stdout.matchAll(/^ {2}([a-z]+) /gm)].map(([, name]) => name)
  expect(named.filter((name) => name !== 'sft')).toEqual([...COMMANDS, 'help'])
})

test.each(['--version', '-V'])('%s prints the version alone', async (option) => {
  const result = await sft([option], { home: join(tempFolder(), 'home') })
  expect(result).toEqual({ exit: 0, signal: null, stdout: `${packageJson.version}\n`, stderr: '' })
})

test('a Node.js that is too old is told which one is needed, in one line', () => {
  // Any old one there is, and this one made to look like some: the first answers for the syntax, the others for the check.
  const runs = [
    ...oldNodes().map((node) => ({ node, args: [BIN] })),
    ...['18.20.4', '20.19.0', '22.17.1'].map((version) => ({
      node: process.execPath,
      args: [...posingAs(version), BIN],
    })),
  ]
  for (const { node, args } of runs) {
    const { status, stdout, stderr } = spawnSync(node, [...args, 'ls', 'x'], { encoding: 'utf8' })
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
    expect(stderr).toMatch(/^sft: needs Node\.js 22\.18 or newer, this is \d+\.\d+\.\d+\n$/)
  }
  const { status, stderr } = spawnSync(process.execPath, [...posingAs('22.18.0'), BIN, 'ls', '/x'], {
    encoding: 'utf8',
  })
  expect({ status, stderr }).toMatchObject({ status: 2, stderr: expect.stringContaining('not a multiaddr') })
})

/** Options with which this Node.js gives itself out as another one where a program takes its version apart. */
function posingAs(version: string): string[] {
  const script = `
    const split = String.prototype.split
    String.prototype.split = function (...args) {
      return split.apply(String(this) === process.versions.node ? '${version}' : this, args)
    }`
  return ['--import', `data:text/javascript,${encodeURIComponent(script)}`]
}

/** Returns every Node.js on this machine that is too old. */
function oldNodes(): string[] {
  const found = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'node'))
  return [...new Set(found)].filter((node) => {
    if (!existsSync(node)) return false
    const version = execFileSync(node, ['--version'], { encoding: 'utf8' })
    return Number(/^v(\d+)/.exec(version)?.[1]) < 22
  })
}
