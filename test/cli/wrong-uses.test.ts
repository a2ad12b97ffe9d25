import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { loadIdentity } from '../../src/index.ts'
import { BIN, finish, LOOPBACK, sft, start, startShare, twoMachines, type Finished } from '../support/cli.ts'
import { loopDisk, loopDisksUsable } from '../support/loop-disk.ts'
import { namespacesUsable, twoNamespaces } from '../support/namespaces.ts'
import { acquaint, WRONG_CODE } from '../support/pairing.ts'
import { tempFolder } from '../support/tmp.ts'

vi.setConfig({ testTimeout: 60_000 }) // many programs start, also on a busy machine

/** What a command said that failed, with what differs each time replaced: `<A>` for the address of a share. */
function told({ exit, stdout, stderr }: Finished, words: Record<string, string> = {}): string {
  expect(stdout).toBe('')
  const text = Object.entries(words).reduce((one, [name, word]) => one.replaceAll(word, `<${name}>`), stderr)
  return `${exit}: ${text}`
}

/** Mistakes everybody makes once, as somebody new reads what comes of them: what is wrong, and what to do. */
describe('a wrong use is told with the next step:', () => {
  test('a command that is mistyped', async () => {
    const { client } = twoMachines()
    expect(told(await sft(['gte', 'ana', 'a'], client))).toBe(
      `2: sft: unknown command 'gte'; did you mean get? see: sft --help\n`,
    )
    expect(told(await sft(['get', 'ana', 'a', '--overwite'], client))).toBe(
      `2: sft: unknown option '--overwite'; did you mean --overwrite? see: sft get --help\n`,
    )
  })

  test('an argument that is missing', async () => {
    const { client } = twoMachines()
    expect(told(await sft(['get', 'ana'], client))).toBe(
      `2: sft: missing required argument 'path'; write: sft get PEER PATH...; see: sft get --help\n`,
    )
  })

  test('a peer that nobody is', async () => {
    const { client } = twoMachines()
    expect(told(await sft(['ls', 'anna'], client))).toBe(
      '3: sft: no peer is called "anna"; "sft peers" lists them, and to pair: "sft pair" there, "sft pair CODE" here\n',
    )
    expect(told(await sft(['ls', '192.168.1.7'], client))).toBe(
      '2: sft: "192.168.1.7" is not the name of a machine, a peer ID or a multiaddr; an IP address or host goes behind --addr, and here the name of the machine\n',
    )
  })

  test('a path that is not there', async () => {
    const { sharer, client, root } = twoMachines()
    const { address } = await startShare(root, ['--open'], sharer)
    expect(told(await sft(['get', address, 'beech.jpg'], client))).toBe(
      '4: sft: beech.jpg: no such entry in the share; "sft ls" shows what there is\n',
    )
    expect(told(await sft(['get', address, '/beach.jpg'], client))).toBe(
      '2: sft: /beach.jpg: paths start at the root of the share: write "beach.jpg"\n',
    )
  })

  test('a right that is not given', async () => {
    const { sharer, client, root, local } = twoMachines()
    writeFileSync(join(local, 'report.pdf'), 'report')
    const { address } = await startShare(root, ['--open'], sharer)
    expect(told(await sft(['put', address, 'report.pdf'], client))).toBe(
      '5: sft: report.pdf: the share does not allow it; there, "sft grant" gives more, or share with --allow or -w\n',
    )
    const { peerId } = await loadIdentity(client.home)
    const others = await startShare(root, ['--no-pairing'], sharer)
    expect(told(await sft(['ls', others.address], client), { ID: peerId })).toBe(
      '5: sft: the peer does not let this machine in; pair with it ("sft pair" there, "sft pair CODE" here), or share there with: --peer <ID>; no code is asked for without a terminal: it can be in SFT_CODE\n',
    )
  })

  test.skipIf(namespacesUsable() !== null)('no network', async () => {
    const { a, b } = twoNamespaces()
    const { sharer, client } = twoMachines()
    await acquaint(
      { home: sharer.home, name: 'ana' },
      { home: client.home, name: 'bob' },
      { one: `/ip4/${a.ip}/tcp/7380` },
    )
    const { peerId } = await loadIdentity(sharer.home)
    b.linkDown()
    const ls = b.spawn([process.execPath, BIN, 'ls', 'ana'], { SFT_HOME: client.home })
    expect(told(await finish(ls), { ANA: `/ip4/${a.ip}/tcp/7380/p2p/${peerId}` })).toBe(
      '3: sft: cannot reach "ana": no route to <ANA>, and it was not heard on this network; are both machines on the same network? "sft doctor ana" finds out more, --addr names its address\n',
    )
  })

  test('nobody at the address', async () => {
    const { sharer, client, root } = twoMachines()
    const { address, child } = await startShare(root, ['--open'], sharer)
    child.kill('SIGKILL')
    await new Promise((resolve) => child.once('close', resolve))
    expect(told(await sft(['ls', address], client), { A: address })).toBe(
      '3: sft: nothing listens at <A>; is "sft share" running there?\n',
    )
  })

  test.skipIf(!loopDisksUsable())('a full disk', async () => {
    const { sharer, client, root } = twoMachines()
    writeFileSync(join(root, 'film.mkv'), new Uint8Array(20_000_000))
    const { address } = await startShare(root, ['--open'], sharer)
    const { folder } = loopDisk(8)
    const full = told(await sft(['get', address, 'film.mkv', '-o', `${folder}/`], client))
    expect(full.replace(/ [\d.]+ MB/g, ' <N> MB')).toBe(
      '11: sft: the disk of this machine has <N> MB free, <N> MB too few; make room on it\n',
    )
  })

  test('a wrong code', async () => {
    const { sharer, client } = twoMachines()
    const offer = start(['pair', '--json', '--listen', '/ip4/127.0.0.1/tcp/0'], sharer)
    const ended = finish(offer)
    const ready = await new Promise<string>((resolve) => offer.stdout?.once('data', resolve))
    const [, address = ''] = /"addresses":\["([^"]+)"/.exec(ready) ?? []
    expect(told(await sft(['pair', WRONG_CODE, '--addr', address], client))).toBe(
      '6: sft: the codes differ, or somebody stands in between; try again with a new code: "sft pair" there shows one\n',
    )
    expect((await ended).stderr).toBe(
      'sft: a wrong code was typed, or somebody stands in between; run "sft pair" again\n',
    )
    expect(told(await sft(['pair', 'ocean-canyon'], client))).toBe(
      '2: sft: a code is 3 words, such as ocean-canyon-seven; type it as it is shown\n',
    )
  })

  test('a folder that is not there to share', async () => {
    const { sharer } = twoMachines()
    const cwd = tempFolder()
    writeFileSync(join(cwd, 'beach.jpg'), '')
    expect(told(await sft(['share', 'fotos', ...LOOPBACK], { ...sharer, cwd }))).toBe(
      '4: sft: cannot open the folder "fotos": no such file or folder; name a folder of this machine, as . for the one you are in\n',
    )
    expect(told(await sft(['share', 'beach.jpg', ...LOOPBACK], { ...sharer, cwd }))).toBe(
      '4: sft: "beach.jpg" is not a folder; name a folder of this machine, as . for the one you are in\n',
    )
  })

  test('a port in use', async () => {
    const { sharer, root } = twoMachines()
    const server = createServer().listen(0, '127.0.0.1')
    onTestFinished(() => void server.close())
    await new Promise((resolve) => server.once('listening', resolve))
    const address = `/ip4/127.0.0.1/tcp/${(server.address() as AddressInfo).port}`
    mkdirSync(join(root, 'photos'))
    const args = ['share', 'photos', '--listen', address, '--no-discovery']
    expect(told(await sft(args, { ...sharer, cwd: root }), { ADDRESS: address })).toBe(
      '2: sft: cannot listen on <ADDRESS>: the port is taken; choose another, or /tcp/0 for any that is free\n',
    )
  })
})
