import { chmodSync, mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { loadIdentity } from '../../src/index.ts'
import {
  inBatches,
  LOOPBACK,
  namesIn,
  objects,
  sft,
  startShare,
  twoMachines,
  type Finished,
  type RunOptions,
  type TwoMachines,
} from '../support/cli.ts'
import { tempFolder } from '../support/tmp.ts'

/** A command line that cannot work: its exit status, and what its one line has to name, the next step among it. */
interface WrongUse {
  readonly args: readonly string[]
  readonly exit: number
  readonly says: readonly string[]
  readonly options?: RunOptions
}

/**
 * Runs every command line and returns what is wrong with how it failed: it has to say one line and nothing else. Every
 * second one is run with `--json` and has to print the same as one object too.
 */
async function faults(uses: readonly WrongUse[], usual: RunOptions): Promise<unknown[]> {
  const found = await inBatches([...uses.entries()], async ([index, { args, exit, says, options = usual }]) => {
    const json = index % 2 === 1
    const result = await sft(json ? args.toSpliced(1, 0, '--json') : args, options)
    const good =
      result.exit === exit &&
      /^sft: [^\n]+\n$/.test(result.stderr) &&
      says.every((part) => result.stderr.includes(part)) &&
      (json ? isSameFailure(result, exit) : result.stdout === '')
    return good ? [] : [{ args, exit, says, result }]
  })
  return found.flat()
}

/** Tells whether a command printed its failure as one object that says the same as its line. */
function isSameFailure({ stdout, stderr }: Finished, exit: number): boolean {
  const all = objects(stdout)
  const [failure, ...more] = all.at(-1)?.['type'] === 'done' && all.at(-1)?.['exit'] === exit ? all.slice(0, -1) : all
  return (
    failure?.['type'] === 'error' &&
    failure['exit'] === exit &&
    String(failure['code']).startsWith('ERR_') &&
    stderr.endsWith(`${String(failure['message']).replaceAll('\\', '\\\\')}\n`) &&
    more.length === 0
  )
}

/** Returns the peer ID of a machine that takes no part. */
async function strangersId(): Promise<string> {
  return (await loadIdentity(join(tempFolder(), 'home'))).peerId
}

test('command lines that are none', async () => {
  const options = { home: join(tempFolder(), 'home') }
  const uses: WrongUse[] = [
    { args: ['foo'], exit: 2, says: ['foo', 'sft --help'] },
    { args: ['gte', 'x'], exit: 2, says: ['gte', 'did you mean get'] },
    { args: ['--bla'], exit: 2, says: ['--bla', 'sft --help'] },
    { args: ['ls'], exit: 2, says: ['peer', 'sft ls --help'] },
    { args: ['get', '/ip4/127.0.0.1/tcp/1'], exit: 2, says: ['path', 'sft get --help'] },
    {
      args: ['get', 'peer', 'path', '--outptu', 'x'],
      exit: 2,
      says: ['--outptu', 'did you mean --output', 'get --help'],
    },
    { args: ['get', 'peer', '-x'], exit: 2, says: ["'-x'", 'a name that begins with - goes after --'] },
    { args: ['get', 'peer', 'path', '-o'], exit: 2, says: ['--output', 'sft get --help'] },
    { args: ['mv', 'peer', 'one'], exit: 2, says: ['new', 'sft mv --help'] },
    { args: ['id', 'more'], exit: 2, says: ['too many', 'more', 'sft id --help'] },
    { args: ['share'], exit: 2, says: ['dir', 'sft share --help'] },
    { args: ['peers', 'renam'], exit: 2, says: ["'renam'", 'did you mean rename?', 'sft peers --help'] },
    { args: ['peers', 'xyz', 'ana'], exit: 2, says: ["unknown command 'xyz'", 'sft peers --help'] },
    { args: ['get', 'x', 'a', '--on-conflict', 'merge'], exit: 2, says: ["'merge'", 'there are ask, skip', '--help'] },
    { args: ['get', 'x', 'a', '--on-conflict', 'ask'], exit: 2, says: ['without a terminal', 'choose skip'] },
    {
      args: ['get', 'x', 'a', '--on-conflict', 'skip', '--overwrite'],
      exit: 2,
      says: ['--on-conflict skip contradict'],
    },
    { args: ['get', 'x', 'a', '--bwlimit', 'fast'], exit: 2, says: ["'fast'", 'write it like 500k'] },
    { args: ['get', 'x', 'a', '--bwlimit', '0'], exit: 2, says: ["'0'", 'write it like 500k'] },
    { args: ['get', 'x', 'a', '-j', '0'], exit: 2, says: ["'0'", 'a number from 1'] },
    { args: ['get', 'x', 'a', 'b', '-o', '-'], exit: 2, says: ['only one file can go to stdout'] },
    { args: ['get', 'x', '*.txt', '-o', '-'], exit: 2, says: ['only one file can go to stdout'] },
    { args: ['put', 'x', '-'], exit: 2, says: ['needs a name', '-o NAME'] },
    { args: ['put', 'x', '-', '-o', 'folder/'], exit: 2, says: ['needs a name', '-o NAME'] },
    { args: ['put', 'x', '-', 'a', '-o', 'b'], exit: 2, says: ['stdin goes alone'] },
    { args: ['put', 'x', '-', '-o', 'b', '--dry-run'], exit: 2, says: ['--dry-run does not go with stdin'] },
    { args: ['put', 'x', '-', '-o', 'b', '--on-conflict', 'rename'], exit: 2, says: ['rename does not go with stdin'] },
  ]
  expect(await faults(uses, options)).toEqual([])
})

test('sft alone shows what there is, as talk', async () => {
  const { exit, stdout, stderr } = await sft([], { home: join(tempFolder(), 'home') })
  expect({ exit, stdout }).toEqual({ exit: 2, stdout: '' })
  expect(stderr).toMatch(/^Usage: sft/)
})

test('T10: peers that are none, or not the one', async () => {
  const { sharer, client, root } = twoMachines()
  const stranger = await strangersId()
  const [open, closed] = await Promise.all([
    startShare(root, ['--open'], sharer),
    startShare(root, ['--peer', stranger], sharer),
  ])
  const { peerId } = await loadIdentity(client.home)
  const unused = await unusedPort()
  const host = open.address.slice(0, open.address.indexOf('/p2p/'))
  const uses: WrongUse[] = [
    { args: ['ls', 'bob'], exit: 3, says: ['no peer is called "bob"', 'sft pair'] },
    { args: ['ls', '127.0.0.1:1'], exit: 2, says: ['"127.0.0.1:1" is not the name of a machine', '--addr'] },
    { args: ['ls', open.peerId], exit: 3, says: [open.peerId, 'no address of the peer is known', '--addr'] },
    { args: ['ls', host], exit: 2, says: [host, 'must end in /p2p/ and the peer ID'] },
    { args: ['ls', `${host}/p2p/xyz`], exit: 2, says: ['/p2p/xyz', 'must end in /p2p/ and the peer ID'] },
    { args: ['ls', `${open.address}/p2p-circuit`], exit: 2, says: ['must end in /p2p/'] },
    { args: ['ls', `/ip4/127.0.0.1/udp/1/p2p/${stranger}`], exit: 2, says: ['/udp/', 'it needs /ip4 or /ip6, /tcp'] },
    {
      args: ['ls', `/ip4/127.0.0.1/tcp/${unused}/p2p/${stranger}`],
      exit: 3,
      says: [`tcp/${unused}`, 'is "sft share" running there?'],
    },
    { args: ['ls', `${host}/p2p/${stranger}`], exit: 6, says: ['another machine answers', host, 'check the address'] },
    { args: ['ls', closed.address], exit: 5, says: ['does not let this machine in', `--peer ${peerId}`] },
    { args: ['ls', open.address], exit: 2, says: [open.address, 'set SFT_HOME'], options: sharer },
  ]
  expect(await faults(uses, client)).toEqual([])
})

test('T10: paths that are none, or taken, or not allowed', async () => {
  const machines = twoMachines()
  const { sharer, client, root, local } = machines
  fillFolders(machines)
  const [reading, writing, blind] = await Promise.all([
    startShare(root, ['--open'], sharer),
    startShare(root, ['--open', '-w'], sharer),
    startShare(root, ['--open', '--drop'], sharer),
  ])
  const [r, w, d] = [reading.address, writing.address, blind.address]
  const uses: WrongUse[] = [
    { args: ['get', r, 'nope'], exit: 4, says: ['nope', 'sft ls'] },
    { args: ['ls', r, 'nope'], exit: 4, says: ['nope', 'sft ls'] },
    { args: ['hash', r, 'nope'], exit: 4, says: ['nope', 'sft ls'] },
    { args: ['get', r, '*.pdf'], exit: 4, says: ['"*.pdf"', 'sft ls'] },
    { args: ['get', r, 'folder', '-o', '-'], exit: 1, says: ['folder: it is a folder'] },
    { args: ['get', r, 'a.txt'], exit: 8, says: ['"a.txt" is there already', '--on-conflict skip|', '--overwrite'] },
    { args: ['get', r, 'a.txt', '--on-conflict', 'fail'], exit: 8, says: ['"a.txt" is there', '--on-conflict skip|'] },
    { args: ['get', r, 'b.txt', '-o', 'into'], exit: 8, says: ['into/b.txt', 'is a folder'] },
    { args: ['get', r, 'b.txt', '-o', 'missing/'], exit: 4, says: ['"missing/"', 'create it first'] },
    { args: ['get', r, 'b.txt', '-o', 'missing/b.txt'], exit: 4, says: ['missing"', 'no such'] },
    { args: ['get', r, 'folder', '-o', 'missing/deep'], exit: 4, says: ['missing"', 'no such'] },
    { args: ['get', r, 'b.txt', '-o', 'a.txt/b.txt'], exit: 4, says: ['a.txt" is not a folder'] },
    { args: ['get', r, '/etc/passwd'], exit: 2, says: ['/etc/passwd', 'write "etc/passwd"'] },
    { args: ['get', r, '../a.txt'], exit: 2, says: ['../a.txt', 'no ".."', 'from the root of the share'] },
    { args: ['get', r, 'folder/../a.txt'], exit: 2, says: ['folder/../a.txt', 'no ".."'] },
    { args: ['get', r, 'folder\\a.txt'], exit: 2, says: ['contains a backslash'] },
    { args: ['put', r, 'a.txt', '-o', 'new.txt'], exit: 5, says: ['a.txt', 'does not allow it', '--allow'] },
    { args: ['rm', r, 'a.txt'], exit: 5, says: ['a.txt', 'does not allow it', '--allow'] },
    { args: ['mv', r, 'a.txt', 'c.txt'], exit: 5, says: ['a.txt -> c.txt', 'does not allow it'] },
    { args: ['mkdir', r, 'new'], exit: 5, says: ['new', 'does not allow it'] },
    { args: ['ls', d], exit: 5, says: ['does not allow it'] },
    { args: ['get', d, 'b.txt'], exit: 5, says: ['b.txt', 'does not allow it'] },
    { args: ['put', d, 'a.txt'], exit: 8, says: ['a.txt', '--on-conflict'] },
    { args: ['put', d, 'a.txt', '--overwrite'], exit: 5, says: ['a.txt', 'does not allow it'] },
    { args: ['put', w, 'nope'], exit: 4, says: ['"nope"', 'no such file'] },
    { args: ['put', w, 'a.txt'], exit: 8, says: ['a.txt', 'is there already', '--on-conflict', '--overwrite'] },
    { args: ['put', w, 'a.txt', '-o', 'missing/'], exit: 4, says: ['"missing"', 'sft mkdir'] },
    { args: ['put', w, 'a.txt', '-o', '/abs'], exit: 2, says: ['write "abs"'] },
    { args: ['rm', w, 'folder'], exit: 8, says: ['folder', 'not empty', 'delete what is in it first'] },
    { args: ['rm', w, '.'], exit: 2, says: ['root', 'name what is in it'] },
    { args: ['mv', w, 'nope', 'x'], exit: 4, says: ['nope -> x', 'sft ls'] },
    { args: ['mv', w, 'a.txt', 'folder'], exit: 8, says: ['a.txt -> folder', 'taken', 'whole new path'] },
    { args: ['mv', w, 'a.txt', 'b.txt'], exit: 8, says: ['a.txt -> b.txt', 'taken', '--overwrite'] },
    { args: ['mv', w, 'folder', 'folder/inside'], exit: 2, says: ['folder', 'into itself'] },
    { args: ['mv', w, '.', 'x'], exit: 2, says: ['root'] },
    { args: ['mkdir', w, 'folder'], exit: 8, says: ['folder', 'taken', '-p'] },
    { args: ['mkdir', w, 'x/y'], exit: 4, says: ['x/y', '-p'] },
    { args: ['mkdir', w, 'x'.repeat(256)], exit: 2, says: ['too long'] },
  ]
  const before = [namesIn(root), namesIn(local)]
  expect(await faults(uses, client)).toEqual([])
  expect([namesIn(root), namesIn(local)]).toEqual(before)
})

test('one path of several that fails makes it 7, and the others are done', async () => {
  const machines = twoMachines()
  const { sharer, client, root, local } = machines
  fillFolders(machines)
  const { address } = await startShare(root, ['--open'], sharer)
  const plain = await sft(['get', address, 'nope', 'b.txt', '-o', local], client)
  expect(plain).toMatchObject({ exit: 7, stdout: '' })
  expect(plain.stderr).toMatch(/^sft: nope: [^\n]*\n[^\n]*b\.txt: 5 B, verified\n1 file: 5 B, verified; 1 failed\n$/)
  expect(namesIn(local)).toContain('b.txt')
  const json = await sft(['hash', address, 'b.txt', 'nope', '--json'], client)
  expect(json.exit).toBe(7)
  expect(objects(json.stdout)).toMatchObject([
    { type: 'digest', path: 'b.txt' },
    { type: 'error', exit: 4, path: 'nope' },
  ])
})

test('shares that cannot be', async () => {
  const { sharer, root } = twoMachines()
  writeFileSync(join(root, 'file.txt'), '')
  await loadIdentity(sharer.home)
  const server = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await new Promise((resolve) => server.once('listening', resolve))
  const taken = `/ip4/127.0.0.1/tcp/${(server.address() as AddressInfo).port}`
  const uses: WrongUse[] = [
    { args: ['share', root, '--allow', 'get,fly'], exit: 2, says: ['"fly"', 'there are: list, get, put'] },
    { args: ['share', root, '--allow', ''], exit: 2, says: ['""', 'there are: list'] },
    { args: ['share', root, '-w', '--drop'], exit: 2, says: ['only one of --write, --allow and --drop'] },
    { args: ['share', root, '-w', '--allow', 'get'], exit: 2, says: ['only one of'] },
    { args: ['share', root, '--peer', 'bob'], exit: 3, says: ['no peer is called "bob"', 'sft peers'] },
    { args: ['share', root, '--peer', 'bob', '--open'], exit: 2, says: ['--open lets every peer in'] },
    { args: ['share', join(root, 'missing')], exit: 4, says: ['missing', 'no such'] },
    { args: ['share', join(root, 'file.txt')], exit: 4, says: ['file.txt', 'is not a folder'] },
    { args: ['share', sharer.home], exit: 2, says: [sharer.home, 'keys', 'share another folder'] },
    { args: ['share', join(sharer.home, '..')], exit: 2, says: [sharer.home, 'keys', 'share another folder'] },
    { args: ['share', root, '--listen', 'foo'], exit: 2, says: ['foo', 'write it like /ip4/'] },
    { args: ['share', root, '--listen', '/ip4/127.0.0.1/tcp/65536'], exit: 2, says: ['65536', 'up to 65535'] },
    { args: ['share', root, '--listen', '/ip4/192.0.2.1/tcp/0'], exit: 2, says: ['192.0.2.1', 'does not have'] },
    { args: ['share', root, '--listen', taken], exit: 2, says: [taken, 'is taken', '/tcp/0'] },
  ]
  const onLoopback = uses.map((use) =>
    use.args.includes('--listen') ? use : { ...use, args: [...use.args, ...LOOPBACK] },
  )
  expect(await faults(onLoopback, sharer)).toEqual([])
})

test('identity files that are unfit are refused, never replaced', async () => {
  const folder = tempFolder()
  const homes = await Promise.all(
    ['open', 'short', 'empty', 'link', 'folder'].map(async (name) => {
      const home = join(folder, name)
      if (name !== 'folder') await loadIdentity(name === 'link' ? join(folder, 'real') : home)
      return { home, key: join(home, 'identity.key') }
    }),
  )
  const [open, short, empty, link, directory] = homes
  if (!open || !short || !empty || !link || !directory) throw new Error('a home is missing')
  chmodSync(open.key, 0o644)
  truncateSync(short.key, 20)
  truncateSync(empty.key, 0)
  mkdirSync(link.home)
  symlinkSync(join(folder, 'real', 'identity.key'), link.key)
  mkdirSync(directory.key, { recursive: true })
  const before = namesIn(folder)
  const uses: WrongUse[] = [
    { args: ['id'], options: open, exit: 6, says: [open.key, 'can be read by others', 'chmod 600'] },
    { args: ['id'], options: short, exit: 6, says: [short.key, 'damaged', 'backup'] },
    { args: ['id'], options: empty, exit: 6, says: [empty.key, 'damaged', 'backup'] },
    { args: ['id'], options: link, exit: 6, says: [link.key, 'symbolic link', 'put the key itself there'] },
    { args: ['id'], options: directory, exit: 6, says: [directory.key, 'is not a file', 'remove it'] },
    { args: ['ls', `/ip4/127.0.0.1/tcp/1/p2p/${await strangersId()}`], options: open, exit: 6, says: ['chmod 600'] },
    { args: ['share', folder, ...LOOPBACK], options: short, exit: 6, says: ['damaged'] },
  ]
  expect(await faults(uses, open)).toEqual([])
  expect(namesIn(folder)).toEqual(before)
})

/** Puts the same two files into both folders, and beside them what can be in the way. */
function fillFolders({ root, local }: TwoMachines): void {
  writeFileSync(join(root, 'a.txt'), 'root')
  writeFileSync(join(root, 'b.txt'), 'hello')
  writeFileSync(join(local, 'a.txt'), 'local')
  mkdirSync(join(root, 'folder'))
  writeFileSync(join(root, 'folder', 'inner.txt'), '')
  symlinkSync('/etc/passwd', join(root, 'link'))
  mkdirSync(join(local, 'into', 'b.txt'), { recursive: true })
}

/** Returns a port at which nothing listens: one that was just let go of. */
async function unusedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
