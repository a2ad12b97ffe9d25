import { execFileSync } from 'node:child_process'
import { createServer, type AddressInfo } from 'node:net'
import { appendFileSync, chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { blockPeer, loadIdentity, PeerStore, type Finding } from '../../src/index.ts'
import { BIN, finish, objects, sft, startShare, twoMachines, type Finished, type TwoMachines } from '../support/cli.ts'
import { namespacesUsable, twoNamespaces, type Namespace } from '../support/namespaces.ts'
import { tempFolder } from '../support/tmp.ts'

/** Two machines that are paired, as "ana", which shares, and "bob". */
interface Paired extends TwoMachines {
  readonly ana: PeerStore
  readonly bob: PeerStore
  readonly anaId: string
  readonly bobId: string
}

/** Pairs two new machines. @param secrets - The secrets that the two keep. */
async function pairedMachines(secrets: readonly [number, number] = [7, 7]): Promise<Paired> {
  const machines = twoMachines()
  const homes = [machines.sharer.home, machines.client.home] as const
  const [{ peerId: anaId }, { peerId: bobId }] = await Promise.all([loadIdentity(homes[0]), loadIdentity(homes[1])])
  const [ana, bob] = [new PeerStore(homes[0]), new PeerStore(homes[1])]
  await ana.keepPaired({ peerId: bobId, name: 'bob', secret: new Uint8Array(32).fill(secrets[0]) })
  await bob.keepPaired({ peerId: anaId, name: 'ana', secret: new Uint8Array(32).fill(secrets[1]) })
  return { ...machines, ana, bob, anaId, bobId }
}

interface Diagnosis {
  readonly exit: number | null
  /** `check status` of every finding, in order. */
  readonly course: string[]
  readonly findings: readonly Finding[]
  /** The first problem, `undefined` if there is none. */
  readonly problem: Finding | undefined
}

/** Reads what `sft doctor --json` found. */
function diagnosis({ exit, stdout, stderr }: Finished): Diagnosis {
  expect(stderr).toBe('')
  const findings = objects(stdout) as unknown as (Finding & { type: string })[]
  expect(new Set(findings.map(({ type }) => type))).toEqual(new Set(['check']))
  const course = findings.map(({ check, status }) => `${check} ${status}`)
  return { exit, course, findings, problem: findings.find(({ status }) => status === 'problem') }
}

async function doctor(machine: { home: string }, ...args: string[]): Promise<Diagnosis> {
  return diagnosis(await sft(['doctor', ...args, '--json'], machine))
}

/** The address of a share without its peer ID, as --addr takes it. */
function addr(address: string): string {
  return address.replace(/\/p2p\/.*/, '')
}

/** An address of loopback at which nothing listens. */
async function deadAddress(): Promise<string> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return `/ip4/127.0.0.1/tcp/${port}`
}

/** An address of loopback at which a program listens that is not sft, and closes at once. */
async function foreignAddress(): Promise<string> {
  const server = createServer((socket) => socket.destroy())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return `/ip4/127.0.0.1/tcp/${(server.address() as AddressInfo).port}`
}

const HERE = ['key ok', 'peers ok', 'network ok']

/** Up to the connection that stands, without discovery. */
const THERE = [...HERE, 'peer ok', 'heard skipped', 'addresses ok', 'address ok', 'identity ok']

test('between two machines that are paired all is well, and it says how fast and by which way', async () => {
  const { root, sharer, client, anaId } = await pairedMachines()
  const share = await startShare(root, [], sharer)
  const { exit, course, findings } = await doctor(client, 'ana', '--addr', addr(share.address))
  expect(course).toEqual([...THERE, 'admission ok', 'pairing ok', 'rights ok', 'roundTrip ok', 'speed ok', 'path ok'])
  expect(exit).toBe(0)
  expect(findings).toContainEqual(expect.objectContaining({ check: 'identity', peerId: anaId, name: 'ana' }))
  expect(findings).toContainEqual(expect.objectContaining({ check: 'rights', rights: ['list', 'get'] }))
  const path = { check: 'path', direct: true, interface: 'lo', scope: 'loopback' }
  expect(findings).toContainEqual(expect.objectContaining(path))
  const speed = findings.find(({ check }) => check === 'speed') as Extract<Finding, { check: 'speed' }>
  expect(speed.bytesPerSecond).toBeGreaterThan(0)
  expect(share.events.filter(({ type }) => type === 'served')).toEqual([]) // nothing of the folder was asked for
})

test('people get one line for each check, and the next step below a problem', async () => {
  const { client, anaId } = await pairedMachines()
  const dead = await deadAddress()
  const { exit, stdout, stderr } = await sft(['doctor', 'ana', '--addr', dead], client)
  expect({ exit, stderr }).toEqual({ exit: 3, stderr: '' })
  const lines = stdout.split('\n')
  expect(lines[0]).toMatch(/^ok {2}the key in .* is readable by its owner only; this machine is …\w{8}$/)
  expect(lines.slice(1, 2)).toEqual(['ok  1 paired machine'])
  expect(lines[3]).toBe(`ok  "ana" (…${anaId.slice(-8)}) is paired; its rights here: what a share gives everybody`)
  expect(lines.slice(-4)).toEqual([
    `ok  addresses to try: ${dead} (given)`,
    `!!  nothing listens at ${dead}, though the machine answers`,
    '    is "sft share" running there, on this port, and not on loopback only?',
    '',
  ])
})

test('without a peer it looks at this machine, and needs no other', async () => {
  const { exit, course } = await doctor((await pairedMachines()).client)
  expect(course).toEqual([...HERE, expect.stringMatching(/^port (ok|warning)$/), 'machines skipped'])
  expect(exit).toBe(0)
})

describe('the cause is named:', () => {
  test('no share runs there', async () => {
    const { client } = await pairedMachines()
    const { exit, course, problem } = await doctor(client, 'ana', '--addr', await deadAddress())
    expect(course).toEqual([...THERE.slice(0, -2), 'address problem'])
    expect(problem).toMatchObject({
      code: 'ERR_UNREACHABLE',
      tcp: 'closed',
      advice: expect.stringContaining('sft share'),
    })
    expect(exit).toBe(3)
  })

  test('no address is known', async () => {
    const { client } = await pairedMachines()
    const { exit, problem } = await doctor(client, 'ana')
    expect({ exit, problem }).toMatchObject({ exit: 3, problem: { check: 'addresses', code: 'ERR_UNREACHABLE' } })
    expect(problem?.advice).toContain('--addr')
  })

  test('another program listens there', async () => {
    const { client } = await pairedMachines()
    const { exit, problem } = await doctor(client, 'ana', '--addr', await foreignAddress())
    expect({ exit, problem }).toMatchObject({ exit: 3, problem: { check: 'identity', peerId: null } })
    expect(problem?.found).toContain('is not sft, or closes at once')
  })

  test('another machine is at the last known address', async () => {
    const { root, client, bob, anaId } = await pairedMachines()
    const impostor = await startShare(root, ['--open'], { home: join(tempFolder(), 'home') })
    const secret = new Uint8Array(32).fill(7)
    await bob.keepPaired({ peerId: anaId, name: 'ana', secret, address: addr(impostor.address) })
    const stranger = await doctor(client, 'ana')
    expect(stranger.exit).toBe(6)
    expect(stranger.problem).toMatchObject({
      check: 'identity',
      code: 'ERR_IDENTITY',
      peerId: impostor.peerId,
      name: null,
    })
    await bob.keepPaired({ peerId: impostor.peerId, name: 'eve', secret })
    const { problem } = await doctor(client, 'ana')
    expect(problem).toMatchObject({ code: 'ERR_IDENTITY', peerId: impostor.peerId, name: 'eve' })
    expect(problem?.found).toContain(`"eve" (…${impostor.peerId.slice(-8)})`)
  })

  test('an address that is wrong is no problem beside one that is right', async () => {
    const { root, sharer, client } = await pairedMachines()
    const share = await startShare(root, [], sharer)
    const { peerId, ...other } = await startShare(root, ['--open'], { home: join(tempFolder(), 'home') })
    const all = [await deadAddress(), addr(other.address), addr(share.address)]
    const { exit, course, findings } = await doctor(client, 'ana', ...all.flatMap((one) => ['--addr', one]))
    expect(course.slice(5, 11)).toEqual([
      'addresses ok',
      'address warning',
      'address ok',
      'address ok',
      'identity warning',
      'identity ok',
    ])
    expect(findings).toContainEqual(expect.objectContaining({ check: 'identity', peerId }))
    expect(exit).toBe(0)
  })

  test.each([
    ['is not paired', async ({ bob }: Paired) => void (await bob.change(() => [])), false],
    ['was removed there', async () => {}, true],
  ])('this machine %s', async (_, change, paired) => {
    const machines = await pairedMachines()
    await machines.ana.change(() => [])
    await change(machines)
    const { address, peerId } = await startShare(machines.root, ['--no-pairing'], machines.sharer)
    const { exit, course, problem } = await doctor(machines.client, paired ? 'ana' : peerId, '--addr', addr(address))
    expect(course).toEqual([...HERE, `peer ${paired ? 'ok' : 'warning'}`, ...THERE.slice(4), 'admission problem'])
    expect({ exit, problem }).toMatchObject({ exit: 5, problem: { code: 'ERR_REFUSED' } })
    expect(problem?.found).toContain(paired ? 'removed or blocked there' : 'is not paired with it')
    expect(problem?.advice).toMatch(/"sft pair" there, "sft pair CODE" here/)
  })

  test('the pairing secrets differ', async () => {
    const { root, sharer, client } = await pairedMachines([7, 8])
    const { address } = await startShare(root, [], sharer)
    const { exit, course, problem } = await doctor(client, 'ana', '--addr', addr(address))
    expect(course).toEqual([...THERE, 'admission ok', 'pairing problem'])
    expect({ exit, problem }).toMatchObject({ exit: 6, problem: { code: 'ERR_DECRYPT', same: false } })
    expect(problem?.found).toContain('different pairing secrets')
  })

  test('this machine has forgotten the pairing', async () => {
    const { root, sharer, client, bob } = await pairedMachines()
    await bob.change(() => [])
    const { address } = await startShare(root, [], sharer)
    const { exit, problem } = await doctor(client, address)
    expect({ exit, problem }).toMatchObject({ exit: 6, problem: { check: 'pairing', code: 'ERR_DECRYPT' } })
    expect(problem?.found).toContain('this one has forgotten it')
  })

  test('the peer is blocked here', async () => {
    const { client, bob, anaId } = await pairedMachines()
    await bob.change((peers) => blockPeer(peers, anaId, true))
    const { exit, course, problem } = await doctor(client, 'ana')
    expect(course).toEqual([...HERE, 'peer problem'])
    expect({ exit, problem }).toMatchObject({ exit: 5, problem: { code: 'ERR_DENIED', name: 'ana', peerId: anaId } })
    expect(problem?.advice).toContain('sft peers unblock ana')
  })

  test('nobody has that name, and who answers at the address that was given', async () => {
    const { root, sharer, client, anaId } = await pairedMachines()
    const { address } = await startShare(root, [], sharer)
    const { exit, course, findings } = await doctor(client, 'cleo', '--addr', addr(address))
    expect(course).toEqual([...HERE, 'peer problem', 'address ok', 'identity ok'])
    expect(findings.at(-1)).toMatchObject({ peerId: anaId, name: 'ana' })
    expect(exit).toBe(3)
  })

  test('the peer is this machine', async () => {
    const { client, bobId } = await pairedMachines()
    const { exit, problem } = await doctor(client, bobId, '--addr', '127.0.0.1:1')
    expect({ exit, problem }).toMatchObject({ exit: 2, problem: { check: 'peer', code: 'ERR_USAGE' } })
  })

  test('the own peers file is malformed', async () => {
    const { client } = await pairedMachines()
    appendFileSync(join(client.home, 'peers'), 'eve\n')
    const { exit, course, problem } = await doctor(client, 'ana')
    expect(course).toEqual(['key ok', 'peers problem', 'network ok'])
    expect({ exit, problem }).toMatchObject({ exit: 6, problem: { code: 'ERR_IDENTITY' } })
    expect(problem?.found).toMatch(/peers: line \d+/)
  })

  test('others can read the key', async () => {
    const { client } = await pairedMachines()
    chmodSync(join(client.home, 'identity.key'), 0o644)
    const { exit, course, problem } = await doctor(client, 'ana')
    expect(course).toEqual(['key problem', 'peers ok', 'network ok'])
    expect({ exit, problem }).toMatchObject({ exit: 6, problem: { advice: expect.stringContaining('chmod 600') } })
  })

  test('--lan-only refuses the address, which is not tried', async () => {
    const { client } = await pairedMachines()
    const { exit, problem } = await doctor(client, 'ana', '--lan-only', '--addr', '203.0.113.1')
    expect({ exit, problem }).toMatchObject({ exit: 2, problem: { check: 'address', code: 'ERR_USAGE', tcp: null } })
    expect(problem?.advice).toContain('--lan-only')
  })

  test('the share allows nothing', async () => {
    const { root, sharer, client, ana, bobId } = await pairedMachines()
    await ana.change((peers) => peers.map((peer) => (peer.peerId === bobId ? { ...peer, rights: new Set() } : peer)))
    const { address } = await startShare(root, [], sharer)
    const { exit, course } = await doctor(client, 'ana', '--addr', addr(address))
    expect(course).toContain('rights warning')
    expect(exit).toBe(0)
  })
})

test.each([
  [['--addr', '127.0.0.1'], 'name the peer too'],
  [['ana', '--addr', 'a b'], 'is not an address'],
  [['ana', 'bob'], 'sft doctor --help'],
])('a command line that is wrong is refused: %s', async (args, says) => {
  const { client } = await pairedMachines()
  const { exit, stdout, stderr } = await sft(['doctor', ...args], client)
  expect({ exit, stdout }).toEqual({ exit: 2, stdout: '' })
  expect(stderr).toMatch(/^sft: [^\n]+\n$/)
  expect(stderr).toContain(says)
})

describe('sft peers', () => {
  test('says at once who is here, and who does not answer', async () => {
    const { root, sharer, client, bob, anaId } = await pairedMachines()
    const { address } = await startShare(root, [], sharer)
    const { peerId: cleo } = await loadIdentity(join(tempFolder(), 'home'))
    const secret = new Uint8Array(32)
    await bob.keepPaired({ peerId: anaId, name: 'ana', secret, address: addr(address) })
    await bob.keepPaired({ peerId: cleo, name: 'cleo', secret, address: addr(address) }) // ana is there instead
    const { stdout } = await sft(['peers'], client)
    expect(stdout.split('\n')).toEqual([
      expect.stringMatching(/^ana .* here$/),
      expect.stringMatching(/^cleo .* no answer$/),
      '',
    ])
    await bob.change((peers) => blockPeer(peers, cleo, true))
    const listed = objects((await sft(['peers', '--json'], client)).stdout)
    expect(listed.map(({ name, reachable }) => [name, reachable])).toEqual([
      ['ana', true],
      ['cleo', null],
    ])
  })

  test('says that a machine is here that does not let this one in', async () => {
    const { root, sharer, client, ana, bob, anaId } = await pairedMachines()
    await ana.change(() => [])
    const { address } = await startShare(root, ['--no-pairing'], sharer)
    await bob.keepPaired({ peerId: anaId, name: 'ana', secret: new Uint8Array(32), address: addr(address) })
    expect((await sft(['peers'], client)).stdout).toMatch(/ here\n$/)
  })

  test('lists peers although the own key is unfit', async () => {
    const { client } = await pairedMachines()
    chmodSync(join(client.home, 'identity.key'), 0o644)
    const { exit, stdout } = await sft(['peers', '--json'], client)
    expect(exit).toBe(0)
    expect(objects(stdout)).toMatchObject([{ name: 'ana', reachable: null }])
  })
})

const reason = namespacesUsable()
const skipped = reason === null ? '' : ` (skipped: ${reason})`

describe.skipIf(reason !== null)(`on a network without a way out${skipped}`, () => {
  /** Runs `sft doctor --json` on a machine, with discovery unless that is switched off. */
  async function doctorOn(on: Namespace, { home }: { home: string }, ...args: string[]): Promise<Diagnosis> {
    const child = on.spawn([process.execPath, BIN, 'doctor', ...args, '--json'], { SFT_HOME: home })
    return diagnosis(await finish(child))
  }

  async function shareOn(on: Namespace, { home }: { home: string }, root: string, ...flags: string[]): Promise<void> {
    mkdirSync(root, { recursive: true })
    const child = on.spawn([process.execPath, BIN, 'share', root, '--json', ...flags], { SFT_HOME: home })
    await new Promise((resolve) => child.stdout?.once('data', resolve))
  }

  test('a machine that shares is heard by its name and reached', async () => {
    const { a, b } = twoNamespaces()
    const { root, sharer, client, anaId } = await pairedMachines()
    await shareOn(a, sharer, root)
    const [reached, around] = await Promise.all([doctorOn(b, client, 'ana'), doctorOn(b, client)])
    expect(reached.course.slice(3, 6)).toEqual(['peer ok', 'heard ok', 'addresses ok'])
    const path = { check: 'path', status: 'ok', interface: 'eth0', scope: 'private' }
    expect(reached.findings.at(-1)).toMatchObject(path)
    expect(reached.exit).toBe(0)
    expect(around.course).toEqual([...HERE, 'port ok', 'multicast ok', 'machines ok'])
    expect(around.findings.at(-1)).toMatchObject({ machines: [{ peerId: anaId, name: 'ana', pairing: false }] })
    const { problem, findings } = await doctorOn(a, sharer)
    expect(problem).toBeUndefined()
    expect(findings).toContainEqual(expect.objectContaining({ check: 'port', taken: true, peerId: anaId }))
  })

  test('where multicast is dropped the name is found at its last address only, and it says so', async () => {
    const { a, b } = twoNamespaces()
    const { root, sharer, client } = await pairedMachines()
    b.dropMulticast()
    await shareOn(a, sharer, root)
    const unknown = await doctorOn(b, client, 'ana')
    expect(unknown.problem).toMatchObject({ check: 'addresses', code: 'ERR_UNREACHABLE' })
    const { exit, findings } = await doctorOn(b, client, 'ana', '--addr', a.ip)
    expect(exit).toBe(0)
    const heard = findings.find(({ check }) => check === 'heard')
    expect(heard).toMatchObject({ status: 'warning', advice: expect.stringContaining('UDP port 5353') })
    expect(heard?.found).toContain('though an address answers')
  })

  test('a link that is down is told apart from a machine that is off', async () => {
    const { a, b } = twoNamespaces()
    const { client } = await pairedMachines()
    const off = await doctorOn(b, client, 'ana', '--no-discovery', '--addr', '10.77.0.9')
    expect(off).toMatchObject({
      exit: 3,
      problem: { check: 'address', tcp: 'silent', advice: expect.stringContaining('is the machine on') },
    })
    expect(off.course).toContain('network ok')
    b.linkDown()
    const down = await doctorOn(b, client, 'ana', '--no-discovery', '--addr', a.ip)
    expect(down).toMatchObject({ exit: 3, problem: { check: 'address', tcp: 'unroutable' } })
    expect(down.problem?.advice).toContain('is the cable in')
    expect(down.course).toContain('network warning')
    const alone = await doctorOn(b, client)
    expect(alone).toMatchObject({ exit: 3, problem: { check: 'network', code: 'ERR_UNREACHABLE' } })
  })

  test('a firewall that drops TCP is told from a machine that is off, since the machine is heard', async () => {
    const { a, b } = twoNamespaces()
    const { root, sharer, client } = await pairedMachines()
    // What it sends to the other machine alone gets lost; what it says to all does not.
    const neighbour = ['neigh', 'replace', b.ip, 'lladdr', '02:00:00:00:00:99', 'dev', 'eth0', 'nud', 'permanent']
    execFileSync('ip', ['-n', a.name, ...neighbour])
    await shareOn(a, sharer, root)
    const { exit, course, problem } = await doctorOn(b, client, 'ana')
    expect(course.slice(4)).toEqual(['heard ok', 'addresses ok', 'address problem'])
    expect({ exit, problem }).toMatchObject({ exit: 3, problem: { from: 'heard', tcp: 'silent' } })
    expect(problem?.advice).toMatch(/^it is heard, so the machine is on: open TCP port 7380 in its firewall$/)
  })

  test('sft peers finds a machine whose address is not known', async () => {
    const { a, b } = twoNamespaces()
    const { root, sharer, client } = await pairedMachines()
    const peers = async (): Promise<string> => {
      return (await finish(b.spawn([process.execPath, BIN, 'peers'], { SFT_HOME: client.home }))).stdout
    }
    expect(await peers()).toMatch(/^ana .* no answer\n$/)
    await shareOn(a, sharer, root)
    expect(await peers()).toMatch(/^ana .* here\n$/)
  })

  test('a share on loopback only is found out on its own machine', async () => {
    const { a, b } = twoNamespaces()
    const { root, sharer, client } = await pairedMachines()
    await shareOn(a, sharer, root, '--listen', '/ip4/127.0.0.1/tcp/7380')
    const there = await doctorOn(a, sharer, '--no-discovery')
    expect(there).toMatchObject({ exit: 3, problem: { check: 'port', code: 'ERR_UNREACHABLE' } })
    expect(there.problem?.found).toContain('loopback only')
    const here = await doctorOn(b, client, 'ana', '--no-discovery', '--addr', a.ip)
    expect(here).toMatchObject({ exit: 3, problem: { check: 'address', tcp: 'closed' } })
    expect(here.problem?.advice).toContain('loopback only')
  })
})
