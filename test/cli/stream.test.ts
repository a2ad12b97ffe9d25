import { spawn, spawnSync, type SpawnSyncReturns } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { loadSodium } from '../../src/crypto/load-sodium.ts'
import { generateIdentity } from '../../src/net/identity.ts'
import { Node } from '../../src/net/node.ts'
import { DEADLINES } from '../../src/protocol/types.ts'
import { PROTOCOL_ID } from '../../src/wire/limits.ts'
import { BIN, finish, md5Of, namesIn, objects, PARTS, PATIENTLY, sft, startShare, twoMachines } from '../support/cli.ts'
import { HostilePeer } from '../support/hostile-peer.ts'
import { firstRequest, md5, nextRequest } from '../support/hostile-provider.ts'
import { terminalUsable, Terminal } from '../support/terminal.ts'

interface Shell {
  readonly root: string
  readonly local: string
  readonly home: string
  readonly address: string
  /** Runs a script of bash in which `sft` is the program and `$A` the share. */
  readonly run: (script: string) => SpawnSyncReturns<string>
}

async function shell(): Promise<Shell> {
  const { sharer, client, root, local } = twoMachines()
  const { address } = await startShare(root, ['-w', '--open'], sharer)
  const env = { ...process.env, SFT_HOME: client.home, SFT_NO_DISCOVERY: '1', A: address, NODE: process.execPath, BIN }
  const run = (script: string): SpawnSyncReturns<string> =>
    spawnSync('bash', ['-o', 'pipefail', '-c', `sft() { "$NODE" "$BIN" "$@"; }\n${script}`], {
      cwd: local,
      env,
      encoding: 'utf8',
      timeout: 25_000,
    })
  return { root, local, home: client.home, address, run }
}

test('a folder goes through tar, up and down, as it is', async () => {
  const { root, local, run } = await shell()
  mkdirSync(join(local, 'tree/sub'), { recursive: true })
  writeFileSync(join(local, 'tree/a.bin'), randomBytes(3_000_000))
  writeFileSync(join(local, 'tree/sub/b'), 'b')
  const up = run('tar c tree | sft put $A - -o tree.tar')
  expect(up).toMatchObject({
    status: 0,
    stdout: '',
    stderr: expect.stringMatching(/^tree\.tar: 3.* MB.*, verified\n$/),
  })
  expect(namesIn(root)).toEqual(['tree.tar'])
  const down = run('mkdir back && sft get $A tree.tar -o - | tar x -C back && diff -r tree back/tree')
  expect(down).toMatchObject({
    status: 0,
    stdout: '',
    stderr: expect.stringMatching(/^tree\.tar: 3.* MB.*, verified\n$/),
  })
})

test('what comes on stdin is stored whole or not at all', async () => {
  const { root, local, address, home, run } = await shell()
  expect(run('sft put $A - -o empty </dev/null')).toMatchObject({ status: 0 })
  expect(readFileSync(join(root, 'empty'), 'utf8')).toBe('')
  expect(run('echo one | sft put $A - -o name')).toMatchObject({ status: 0 })
  const taken = run('echo two | sft put $A - -o name')
  expect(taken).toMatchObject({ status: 8, stdout: '' })
  expect(taken.stderr).toMatch(/^sft: name: [^\n]*; --overwrite replaces it\n$/)
  expect(readFileSync(join(root, 'name'), 'utf8')).toBe('one\n')
  const replaced = run('echo two | sft put $A - -o name --overwrite --json')
  expect(replaced).toMatchObject({ status: 0, stderr: '' })
  expect(objects(replaced.stdout)).toMatchObject([
    { type: 'file', path: '-', target: 'name', size: 4, md5: md5Of(Buffer.from('two\n')) },
    { type: 'done', files: 1, exit: 0 },
  ])
  expect(readFileSync(join(root, 'name'), 'utf8')).toBe('two\n')

  const env = { ...process.env, SFT_HOME: home, SFT_NO_DISCOVERY: '1' }
  const idle = spawn(process.execPath, [BIN, 'put', address, '-', '-o', 'name'], { cwd: local, env })
  onTestFinished(() => void idle.kill('SIGKILL'))
  expect(await finish(idle)).toMatchObject({ exit: 8, stderr: expect.stringMatching(/^sft: name: [^\n]*\n$/) })

  const put = spawn(process.execPath, [BIN, 'put', address, '-', '-o', 'late'], { cwd: local, env })
  onTestFinished(() => void put.kill('SIGKILL'))
  const ending = finish(put)
  put.stdin.on('error', () => undefined) // nobody reads the rest
  put.stdin.write(randomBytes(2_000_000))
  await expect.poll(() => namesIn(root).some((name) => name.startsWith(`${PARTS}/`)), PATIENTLY).toBe(true)
  put.kill('SIGINT')
  expect(await ending).toMatchObject({ exit: 130, stdout: '', stderr: 'sft: interrupted\n' })
  expect(namesIn(root).filter((name) => !name.startsWith(PARTS))).toEqual(['empty', 'name'])
})

test('a reader that has enough ends a stream quietly, and a full disk does not', async () => {
  const { root, local, run } = await shell()
  writeFileSync(join(root, 'endless.bin'), '')
  truncateSync(join(root, 'endless.bin'), 8_000_000_000)
  const enough = run('sft get $A endless.bin -o - | head -c 1000 | wc -c; echo "${PIPESTATUS[0]}"')
  expect(enough).toMatchObject({ status: 0, stderr: '' })
  expect(enough.stdout.trim().split(/\s+/)).toEqual(['1000', '141'])
  const full = run('sft get $A endless.bin -o - >/dev/full')
  expect(full).toMatchObject({ status: 11 })
  expect(full.stderr).toMatch(/^sft: cannot write the output: ENOSPC[^\n]*\n$/)
  expect(namesIn(local)).toEqual([])
})

test('what cannot be fetched leaves stdout empty', async () => {
  const { root, run } = await shell()
  mkdirSync(join(root, 'folder'))
  for (const [path, status, says] of [
    ['nope', 4, 'sft: nope: '],
    ['folder', 1, 'sft: folder: it is a folder'],
  ] as const) {
    const result = run(`sft get $A ${path} -o -`)
    expect(result).toMatchObject({ status, stdout: '' })
    expect(result.stderr).toContain(says)
    expect(result.stderr.split('\n')).toHaveLength(2)
  }
})

test('T10: a stream whose bytes are not those that the digest tells of ends with 6', async () => {
  const { client } = twoMachines()
  const sodium = await loadSodium()
  const node = await Node.start({ identity: await generateIdentity(), listen: ['/ip4/127.0.0.1/tcp/0'] })
  onTestFinished(async () => node.stop())
  await node.handle(PROTOCOL_ID, {
    admits: () => true,
    onStream: ({ stream, idBytes }) => {
      const init = { sodium, localId: node.idBytes, remoteId: idBytes, deadlines: DEADLINES }
      const serving = HostilePeer.open(stream, init, 'responder').then(async (peer) => {
        const file = { size: 3, mtime: 0n, executable: false }
        for (let request = await firstRequest(peer); ; request = await nextRequest(peer)) {
          const { id, action } = request
          if (action.type === 'get') {
            peer.send({ type: 'begin', id, file })
            peer.sendData(id, Buffer.from('abc'))
            peer.send({ type: 'end', id, error: 0, size: 3, md5: md5('abd') })
          } else {
            peer.send({ type: 'result', id, error: 6 })
          }
        }
      })
      serving.catch(() => undefined) // it ends with the client
    },
  })
  const { exit, stderr } = await sft(['get', node.addresses[0] ?? '', 'file', '-o', '-'], client)
  expect(exit).toBe(6)
  expect(stderr).toMatch(/^sft: file: [^\n]*\n$/)
})

test.skipIf(terminalUsable() !== null)('a terminal does not get the bytes of a file', async () => {
  const { root, address, home, local } = await shell()
  writeFileSync(join(root, 'a'), '\u001b]0;title\u0007')
  const terminal = await Terminal.open({ cwd: local, env: { SFT_HOME: home, SFT_NO_DISCOVERY: '1', A: address } })
  const { exit, screen } = await terminal.run('sft get $A a -o -')
  expect(exit).toBe(2)
  expect(screen).toContain('would garble the terminal; use a pipe')
  expect(existsSync(join(local, '-'))).toBe(false)
})

test('output that is full from the start is no success', async () => {
  const { root, address, home, local } = await shell()
  writeFileSync(join(root, 'a'), 'a')
  const full = openSync('/dev/full', 'w')
  const env = { ...process.env, SFT_HOME: home, SFT_NO_DISCOVERY: '1' }
  const args = [BIN, 'get', address, 'a', '-o', '-']
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: local, env, stdio: ['ignore', full, 'pipe'] })
  closeSync(full)
  expect(status).toBe(11)
  expect(stderr.toString()).toMatch(/^sft: cannot write the output: ENOSPC[^\n]*\n$/)
})
