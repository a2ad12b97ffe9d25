import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { MAX_DATA } from '../../src/wire/limits.ts'
import { md5Of, namesIn, sft, startShare, twoMachines } from '../support/cli.ts'

const SIZES = [0, 1, MAX_DATA - 1, MAX_DATA, MAX_DATA + 1, 20_000_000]

/** Names that shells, terminals and option parsers stumble over. */
const ODD_NAMES = [
  'with space.txt',
  '🎉 straße.txt',
  'new\nline.txt',
  '-rf',
  `it's "quoted".txt`,
  '--json',
  '$HOME',
  'ü',
]

test('S11: files of every size arrive as they are, and go back', async () => {
  const { sharer, client, root, local } = twoMachines()
  const names = SIZES.map((size) => `${size}.bin`)
  for (const size of SIZES) writeFileSync(join(root, `${size}.bin`), randomBytes(size))
  const { address } = await startShare(root, ['-w', '--open'], sharer)

  const listed = await sft(['ls', address], client)
  expect(listed).toEqual({ exit: 0, signal: null, stderr: '', stdout: names.map((name) => `${name}\n`).join('') })

  const got = await sft(['get', address, ...names], client)
  expect(got).toMatchObject({ exit: 0, stdout: '' })
  const lines = got.stderr.split('\n')
  for (const name of names) expect(lines).toContainEqual(expect.stringMatching(`^${name}: .*, verified$`))
  expect(lines.at(-2)).toMatch(/^6 files: 20\.2 MB.*, verified$/)
  expect(lines).toHaveLength(names.length + 2)
  expect(namesIn(local)).toEqual(names.toSorted())
  const digests = names.map((name) => md5Of(join(root, name)))
  expect(names.map((name) => md5Of(join(local, name)))).toEqual(digests)

  const hashed = await sft(['hash', address, ...names], client)
  expect(hashed).toMatchObject({ exit: 0, stderr: '' })
  expect(hashed.stdout).toBe(names.map((name, index) => `${digests[index]}  ${name}\n`).join(''))
  for (const folder of [root, local]) {
    expect(hashed.stdout).toBe(execFileSync('md5sum', names, { cwd: folder, encoding: 'utf8' }))
    const checked = execFileSync('md5sum', ['-c'], { cwd: folder, input: hashed.stdout, encoding: 'utf8' })
    expect(checked).toBe(names.map((name) => `${name}: OK\n`).join(''))
  }

  expect(await sft(['put', address, ...names, '-o', 'back'], client)).toMatchObject({ exit: 0, stdout: '' })
  expect(namesIn(join(root, 'back'))).toEqual(names.toSorted())
  expect(names.map((name) => md5Of(join(root, 'back', name)))).toEqual(digests)
})

test('mkdir, mv and rm do on the disk what they say', async () => {
  const { sharer, client, root, local } = twoMachines()
  writeFileSync(join(local, 'draft.txt'), 'words')
  const { address } = await startShare(root, ['-w', '--open'], sharer)
  const run = async (...args: string[]): Promise<string> => {
    const { exit, stdout, stderr } = await sft([args[0] ?? '', address, ...args.slice(1)], client)
    expect({ exit, stdout }).toEqual({ exit: 0, stdout: '' })
    return stderr
  }

  expect(await run('mkdir', 'one', 'two')).toBe('one: created\ntwo: created\n')
  await run('mkdir', '-p', 'a/b/c')
  await run('mkdir', '-p', 'a/b/c')
  expect(namesIn(root)).toEqual(['a', 'a/b', 'a/b/c', 'one', 'two'])

  expect(await run('put', 'draft.txt', '-o', 'a/b/')).toBe('a/b/draft.txt: 5 B, verified\n')
  await run('put', 'draft.txt', '-o', 'a/b/c') // a folder, also without the slash
  await run('put', 'draft.txt', '-o', 'a/other.txt')
  expect(await run('mv', 'a/b/draft.txt', 'final.txt')).toBe('a/b/draft.txt is now final.txt\n')
  await run('mv', 'a', 'one/moved')
  expect(readFileSync(join(root, 'final.txt'), 'utf8')).toBe('words')
  const moved = ['b', 'b/c', 'b/c/draft.txt', 'other.txt'].map((name) => `one/moved/${name}`)
  expect(namesIn(root)).toEqual(['final.txt', 'one', 'one/moved', ...moved, 'two'])

  writeFileSync(join(local, 'draft.txt'), 'other words')
  await run('put', '--overwrite', 'draft.txt', '-o', 'final.txt')
  await run('mv', '--overwrite', 'one/moved/other.txt', 'final.txt')
  expect(readFileSync(join(root, 'final.txt'), 'utf8')).toBe('words')

  expect(await run('rm', 'final.txt', 'two')).toBe('final.txt: deleted\ntwo: deleted\n')
  expect(namesIn(root)).toEqual(['one', 'one/moved', 'one/moved/b', 'one/moved/b/c', 'one/moved/b/c/draft.txt'])
})

test('names of every kind survive each command', async () => {
  const { sharer, client, root, local } = twoMachines()
  for (const name of ODD_NAMES) writeFileSync(join(root, name), `content of ${name}`)
  const { address } = await startShare(root, ['-w', '--open'], sharer)

  expect(await sft(['get', address, '--', ...ODD_NAMES], client)).toMatchObject({ exit: 0, stdout: '' })
  expect(namesIn(local)).toEqual(ODD_NAMES.toSorted())
  for (const name of ODD_NAMES) expect(readFileSync(join(local, name), 'utf8')).toBe(`content of ${name}`)

  const hashed = await sft(['hash', address, '--', ...ODD_NAMES], client)
  expect(hashed.stdout).toBe(execFileSync('md5sum', ['--', ...ODD_NAMES], { cwd: root, encoding: 'utf8' }))
  execFileSync('md5sum', ['--check', '--strict'], { cwd: local, input: hashed.stdout })

  expect(await sft(['rm', address, '--', ...ODD_NAMES], client)).toMatchObject({ exit: 0, stdout: '' })
  expect(namesIn(root)).toEqual([])
  expect(await sft(['put', address, '--', ...ODD_NAMES], client)).toMatchObject({ exit: 0, stdout: '' })
  expect(namesIn(root)).toEqual(ODD_NAMES.toSorted())
  expect(await sft(['mkdir', address, '--', '-folder'], client)).toMatchObject({ exit: 0 })
  expect(await sft(['mv', address, '--', '-rf', '-folder/new\nname'], client)).toMatchObject({ exit: 0 })
  expect(readFileSync(join(root, '-folder', 'new\nname'), 'utf8')).toBe('content of -rf')
})

test('-o names a folder or the file; without it files go where the command runs', async () => {
  const { sharer, client, root, local } = twoMachines()
  mkdirSync(join(root, 'deep'))
  mkdirSync(join(local, 'into'))
  writeFileSync(join(root, 'deep/a.txt'), 'a')
  const { address } = await startShare(root, ['--open'], sharer)
  for (const output of [[], ['-o', 'into'], ['-o', 'named.txt'], ['-o', join(local, 'absolute.txt')]]) {
    expect(await sft(['get', address, './deep/a.txt', ...output], client)).toMatchObject({ exit: 0, stdout: '' })
  }
  expect(namesIn(local)).toEqual(['a.txt', 'absolute.txt', 'into', 'into/a.txt', 'named.txt'])

  rmSync(join(local, 'a.txt'))
  writeFileSync(join(local, 'named.txt'), 'mine')
  expect(await sft(['get', address, 'deep/a.txt', '-o', 'named.txt', '--overwrite'], client)).toMatchObject({ exit: 0 })
  expect(readFileSync(join(local, 'named.txt'), 'utf8')).toBe('a')
  expect(existsSync(join(local, 'a.txt'))).toBe(false)
})

test('ls shows a folder in reading order, and with -r all below it', async () => {
  const { sharer, client, root } = twoMachines()
  mkdirSync(join(root, 'b/c'), { recursive: true })
  for (const name of ['file10', 'file2', 'File1', 'b/x', 'b/c/y', 'b-other', 'Ärger'])
    writeFileSync(join(root, name), '')
  const { address } = await startShare(root, ['--open'], sharer)
  const lines = async (...args: string[]): Promise<string[]> => {
    const { exit, stdout, stderr } = await sft(['ls', address, ...args], client)
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' })
    return stdout.split('\n').slice(0, -1)
  }
  expect(await lines()).toEqual(['Ärger', 'b/', 'b-other', 'File1', 'file2', 'file10'])
  expect(await lines('-r', 'b/')).toEqual(['c/', 'c/y', 'x'])
  expect(await lines('b/c')).toEqual(['y'])
  expect(await lines('-l', 'b/c')).toEqual([expect.stringMatching(/^ {5}0 B {2}\d{4}-\d\d-\d\d \d\d:\d\d {2}y$/)])
})
