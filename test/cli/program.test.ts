import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { PeerStore } from '../../src/index.ts'
import { inBatches, sft } from '../support/cli.ts'
import { acquaint } from '../support/pairing.ts'
import { tempFolder } from '../support/tmp.ts'

test.each([
  ['up', 'put'],
  ['tx', 'put'],
  ['down', 'get'],
  ['rx', 'get'],
  ['del', 'rm'],
  ['rename', 'mv'],
])('%s means %s, which the help does not say', async (other, usual) => {
  const home = join(tempFolder(), 'home')
  const [asked, expected, wrong, all] = await inBatches(
    [[other, '--help'], [usual, '--help'], ['--config', 'none', other], ['--help']],
    async (args) => sft(args, { home }),
  )
  expect(asked).toEqual(expected)
  expect(asked?.stdout).toContain(`Usage: sft ${usual} `)
  expect(wrong).toMatchObject({ exit: 2, stderr: expect.stringContaining(`sft ${usual} --help`) as string })
  expect(all?.stdout).not.toMatch(new RegExp(`^ {2}${other}\\b|\\|${other}\\b`, 'm'))
})

test('a folder in place of a command is asked to be shared, and nothing is', async () => {
  const cwd = tempFolder()
  mkdirSync(join(cwd, 'my photos'))
  mkdirSync(join(cwd, 'ls2'))
  writeFileSync(join(cwd, 'file'), '')
  const home = join(cwd, 'home')
  const says = async (...args: string[]): Promise<string> => {
    const { exit, stdout, stderr } = await sft(args, { home, cwd })
    expect({ exit, stdout }).toEqual({ exit: 2, stdout: '' })
    return stderr
  }
  expect(await says('./my photos')).toBe(
    `sft: unknown command './my photos'; did you mean "sft share './my photos'"?\n`,
  )
  expect(await says('ls2', '-w')).toContain('did you mean "sft share ls2"?')
  expect(await says('./file')).toContain('see: sft --help')
  expect(await says('./none')).toContain('see: sft --help')
})

test('a name that no peer has is answered with the one that may be meant', async () => {
  const folder = tempFolder()
  const [here, ana] = ['here', 'ana-laptop'].map((name) => ({ home: join(folder, name), name }))
  if (!here || !ana) throw new Error('two machines')
  await acquaint(here, ana)
  expect((await new PeerStore(here.home).read()).map(({ name }) => name)).toEqual(['ana-laptop'])
  const uses = [
    ['ls', 'ana-laptpo'],
    ['get', 'ana-laptpo', 'x'],
    ['peers', 'block', 'ana-laptpo'],
    ['grant', 'ana-laptpo'],
    ['share', folder, '--peer', 'ana-laptpo'],
    ['doctor', 'ana-laptpo'],
  ]
  const results = await inBatches(uses, async (args) => sft(args, { home: here.home, cwd: folder }))
  for (const [index, { exit, stdout, stderr }] of results.entries()) {
    expect({ args: uses[index], exit, said: stdout + stderr }).toMatchObject({
      exit: 3,
      said: expect.stringContaining('did you mean "ana-laptop"?') as string,
    })
  }
  const far = await sft(['ls', 'zzz'], { home: here.home })
  expect(far.stderr).not.toContain('did you mean')
})
