import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { createConnection } from 'node:net'
import { hostname, homedir, userInfo } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { loadIdentity, PeerStore } from '../../src/index.ts'
import { BIN, inBatches, sft, startShare, twoMachines, type Finished } from '../support/cli.ts'
import { sharingMachine } from '../support/machines.ts'
import { nodePair } from '../support/nodes.ts'
import { acquaint } from '../support/pairing.ts'
import { OPERATIONS, OWN, RawClient } from '../support/raw-client.ts'
import { tempFolder } from '../support/tmp.ts'

test('A14: no error tells whether anything is at a place outside', async () => {
  const pair = await nodePair()
  const { outside, root } = pair
  mkdirSync(join(outside, 'there'))
  for (const name of ['x', 'kept']) writeFileSync(join(outside, 'there', name), name)
  writeFileSync(join(root, OWN), 'own')
  symlinkSync('../there', join(root, 'full'))
  symlinkSync('../there/kept', join(root, 'file'))
  symlinkSync('../nowhere', join(root, 'dangling'))
  symlinkSync(join(outside, 'there'), join(root, 'absolute'))
  const raw = await RawClient.open(pair)
  for (const operation of OPERATIONS) {
    const answers = []
    for (const link of ['full', 'file', 'dangling', 'absolute']) {
      for (const name of ['x', 'y', 'x/y']) answers.push((await raw.ask(operation, `${link}/${name}`)).error)
    }
    // docs/protocol.md section 8: no such entry, or to make folders a name that is taken.
    expect([operation, ...new Set(answers)]).toEqual([operation, operation === 'mkdirAll' ? 7 : 6])
  }
})

test('A14: nothing that a client is told names a folder of the other machine', async () => {
  const { sharer, client, root } = twoMachines()
  mkdirSync(join(root, 'folder', 'inner'), { recursive: true })
  writeFileSync(join(root, 'file'), 'file')
  symlinkSync('/etc/passwd', join(root, 'link'))
  const { address } = await startShare(root, ['--open', '-w'], sharer)
  const lines = [
    ['get', address, 'nope', '--json'],
    ['get', address, 'link'],
    ['get', address, 'file/x', '-o', 'y'],
    ['rm', address, 'folder'],
    ['mv', address, 'file', 'folder/nope/x'],
    ['mkdir', address, 'file/x', '--json'],
    ['hash', address, 'folder', '--json'],
    ['ls', address, '-lr', '--json'],
    ['put', address, '/dev/null', '-o', 'folder/nope/'],
  ]
  const told = await inBatches(lines, async (args) => sft(args, client))
  for (const { stdout, stderr } of told) {
    for (const secret of [root, sharer.home, 'passwd']) expect(stdout + stderr).not.toContain(secret)
  }
  const fine = told.flatMap(({ exit }, index) => (exit === 0 ? [lines[index]?.[0]] : []))
  expect(fine).toEqual(['ls'])
})

/** What tells one person's machine from another's. */
function tellTales(): string[] {
  return [hostname(), userInfo().username, homedir()].filter((word) => word.length > 3)
}

test('T11: before Noise a share says nothing but which protocol it speaks', async () => {
  const machine = await sharingMachine({ peers: 'paired', pairing: true, name: 'the-name-of-the-laptop' })
  const port = Number(/\/tcp\/(\d+)/.exec(machine.address)?.[1])
  const said: Buffer[] = []
  const socket = createConnection(port, '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  socket.on('error', () => undefined)
  socket.on('data', (bytes) => said.push(bytes))
  socket.write('\x13/multistream/1.0.0\n\x07/noise\n\x03ls\n')
  await new Promise((resolve) => socket.once('close', resolve))
  const text = Buffer.concat(said).toString('latin1')
  expect(text).toContain('/multistream/1.0.0')
  for (const word of [...tellTales(), 'laptop', machine.root, machine.share.peerId]) expect(text).not.toContain(word)
})

/** Every way a secret may be written. */
function spellings(secret: Uint8Array): string[] {
  const bytes = Buffer.from(secret)
  return [
    bytes.toString('hex'),
    bytes.toString('base64').replace(/=+$/, ''),
    bytes.toString('base64url'),
    bytes.toString('latin1'),
  ]
}

test('T05: no key and no pairing secret is in anything that is printed, on either side', async () => {
  const { sharer, client, root, local } = twoMachines()
  await acquaint({ ...sharer, name: 'laptop' }, { ...client, name: 'desktop' })
  writeFileSync(join(root, 'file'), 'file')
  const share = await startShare(root, ['-w'], sharer)
  const printed: Finished[] = []
  const at = ['laptop', '--addr', share.address]
  const lines: readonly (readonly [string, typeof sharer, ...string[]])[] = [
    ['ls', client, ...at, '--json'],
    ['get', client, ...at, 'file', '--json'],
    ['get', client, ...at, 'nope'],
    ['put', client, ...at, 'file', '-o', 'again'],
    ['peers', client, '--json'],
    ['peers', sharer],
    ['grant', sharer, 'desktop', 'all', '--json'],
    ['id', client, '--json'],
    ['doctor', client, ...at, '--json'],
  ]
  printed.push(
    ...(await inBatches(lines, async ([command, { home }, ...args]) => sft([command, ...args], { home, cwd: local }))),
  )
  // Both of these are told in detail what is wrong, and that must not be the secret.
  const peers = join(client.home, 'peers')
  writeFileSync(peers, readFileSync(peers, 'utf8').replace(/ (default|all) /, ' $1x '))
  printed.push(await sft(['peers', '--json'], client), await sft(['ls', ...at], client))
  const secrets = await Promise.all(
    [sharer, client].map(async ({ home }) => (await loadIdentity(home)).privateKey.raw.subarray(0, 32)),
  )
  secrets.push(...(await new PeerStore(sharer.home).read()).map(({ secret }) => Buffer.from(secret)))
  expect(secrets).toHaveLength(3)
  const all = [...printed, share.printed()].map(({ stdout, stderr }) => stdout + stderr).join('\n')
  expect(all).toContain('laptop')
  for (const secret of secrets)
    for (const spelling of spellings(secret)) expect(all).not.toContain(spelling.slice(0, 40))
})

test('T05: a code that is typed at the prompt is in no command line and no environment', async () => {
  const home = join(tempFolder(), 'home')
  const child = spawn(process.execPath, [BIN, 'pair', '-', '--addr', '127.0.0.1:9', '--no-discovery'], {
    env: { ...process.env, SFT_HOME: home, SFT_NO_DISCOVERY: '1' },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  child.stdin.write('ocean-canyon-seven\n')
  const [cmdline, environ] = ['cmdline', 'environ'].map((name) => readFileSync(`/proc/${child.pid}/${name}`, 'utf8'))
  expect(cmdline).toContain('pair')
  for (const text of [cmdline, environ]) expect(text).not.toContain('canyon')
  let told = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (told += text))
  expect(await new Promise((resolve) => child.once('close', resolve))).toBe(3) // nobody is there
  expect(told).toMatch(/^sft: /)
  expect(told).not.toContain('canyon')
})
