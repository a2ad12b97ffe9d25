import { spawnSync } from 'node:child_process'
import { closeSync, openSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import {
  BIN,
  finish,
  namesIn,
  objects,
  PARTS,
  PATIENTLY,
  sft,
  start,
  startShare,
  startShareForPeople,
  twoMachines,
} from '../support/cli.ts'

/** Fills a folder so that its listing is more than any pipe holds. */
function manyFiles(folder: string): void {
  for (let index = 0; index < 2_000; index += 1) writeFileSync(join(folder, `${'x'.repeat(100)}${index}`), '')
}

test.each(['', '--json'])('ls %s ends quietly when its reader has enough', async (flag) => {
  const flags = flag === '' ? [] : [flag]
  const { sharer, client, root } = twoMachines()
  manyFiles(root)
  const { address, child } = await startShare(root, ['--open'], sharer)
  const ls = start(['ls', address, ...flags], client)
  const ending = finish(ls)
  ls.stdout?.once('data', () => ls.stdout?.destroy())
  expect(await ending).toMatchObject({ exit: 141, signal: null, stderr: '' })
  expect(child.exitCode).toBeNull()

  const script = `"$0" "$1" ls "$2" ${flag} | head -n 1`
  const env = { ...process.env, SFT_HOME: client.home }
  const piped = spawnSync('sh', ['-c', script, process.execPath, BIN, address], { encoding: 'utf8', env })
  expect(piped).toMatchObject({ status: 0, stderr: '', stdout: expect.stringMatching(/^[^\n]*x0[^\n]*\n$/) })
})

test('a get whose reader is gone leaves nothing but what is kept to go on', async () => {
  const { sharer, client, root, local } = twoMachines()
  writeFileSync(join(root, 'a'), '')
  writeFileSync(join(root, 'endless.bin'), '')
  truncateSync(join(root, 'endless.bin'), 8_000_000_000)
  const { address } = await startShare(root, ['--open'], sharer)
  const get = start(['get', address, '--json', 'a', 'nope', 'endless.bin'], client)
  const ending = finish(get)
  get.stdout?.destroy()
  expect(await ending).toMatchObject({ exit: 141, stderr: expect.not.stringContaining('to continue') })
  expect(namesIn(local).filter((name) => name !== 'a' && !name.startsWith(PARTS))).toEqual([])
})

test('output that cannot be written is not a success', async () => {
  const { sharer, client, root } = twoMachines()
  writeFileSync(join(root, 'a'), '')
  const { address } = await startShare(root, ['--open'], sharer)
  const full = openSync('/dev/full', 'w')
  const env = { ...process.env, SFT_HOME: client.home }
  const { status, stderr } = spawnSync(process.execPath, [BIN, 'ls', address], {
    env,
    encoding: 'utf8',
    stdio: ['ignore', full, 'pipe'],
  })
  closeSync(full)
  expect(status).toBe(11)
  expect(stderr).toMatch(/^sft: cannot write the output: ENOSPC[^\n]*\n$/)
})

test('T07: nothing but printable text goes where no terminal is', async () => {
  const { sharer, client, root, local } = twoMachines()
  writeFileSync(join(root, 'big.bin'), new Uint8Array(20_000_000))
  const share = await startShareForPeople(root, ['-w', '--open'], sharer)
  const env = { TERM: 'xterm-256color', FORCE_COLOR: '1' }
  const outputs = [
    await sft(['ls', share.address], { ...client, env }),
    await sft(['get', share.address, 'big.bin'], { ...client, env }),
    await sft(['put', share.address, 'big.bin', '-o', 'again.bin'], { ...client, env }),
    await sft(['hash', share.address, 'big.bin'], { ...client, env }),
    await sft(['get', share.address, 'big.bin'], { ...client, env }),
  ]
  writeFileSync(join(local, 'big.bin'), 'another')
  outputs.push(await sft(['get', share.address, 'big.bin'], { ...client, env }))
  expect(outputs.map(({ exit }) => exit)).toEqual([0, 0, 0, 0, 0, 8])
  share.child.kill('SIGINT')
  await expect.poll(() => share.printed().stderr, PATIENTLY).toContain('No longer shared.')
  for (const { stdout, stderr } of [...outputs, share.printed()]) expect(stdout + stderr).toMatch(/^[\x20-\x7e…\n]*$/)
  expect(outputs[1]?.stderr).toMatch(/^big\.bin: 20 MB[^\n]*, verified\n$/)
  expect(namesIn(local)).toEqual(['big.bin'])
})

test('a large listing arrives whole through a slow pipe, though the command ends at once', async () => {
  const { sharer, client, root } = twoMachines()
  manyFiles(root)
  const { address } = await startShare(root, ['--open'], sharer)
  const ls = start(['ls', address, '--json'], client)
  await new Promise((resolve) => ls.stdout?.once('readable', resolve)) // and nobody reads: the pipe fills up
  await new Promise((resolve) => setTimeout(resolve, 300))
  const { exit, stdout } = await finish(ls)
  expect(exit).toBe(0)
  expect(objects(stdout)).toHaveLength(2_000)
})
