import { readFileSync, writeFileSync } from 'node:fs'
import { createConnection, createServer, type AddressInfo, type Socket } from 'node:net'
import { once } from 'node:events'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { connect, ERRORS, loadIdentity, RIGHTS, SftError, type SftErrorCode } from '../../src/index.ts'
import { generateIdentity } from '../../src/net/identity.ts'
import { Node } from '../../src/net/node.ts'
import { PROTOCOL_ID } from '../../src/wire/limits.ts'
import { connectedMachine, sharingMachine } from '../support/machines.ts'
import { names } from '../support/snapshot.ts'
import { tempFolder } from '../support/tmp.ts'

/** A home with an identity in it, and its peer ID. */
async function newHome(): Promise<{ home: string; peerId: string }> {
  const home = join(tempFolder(), 'home')
  const { peerId } = await loadIdentity(home)
  return { home, peerId }
}

/** How a connection failed. */
interface Failure {
  readonly code: SftErrorCode
  readonly exit: number
  readonly message: string
}

/** Connects, which has to fail, and returns how. */
async function failure(address: string, home?: string): Promise<Failure> {
  try {
    await (await connect(address, { home: home ?? join(tempFolder(), 'home') })).close()
  } catch (error) {
    if (!(error instanceof SftError)) throw error
    expect(error.message).not.toContain('\n')
    return { code: error.code, exit: ERRORS[error.code].exit, message: error.message }
  }
  throw new Error('the connection was made')
}

/** Returns a port of this machine on which nothing listens. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

describe('who gets in', () => {
  test('nobody, where a share names no peers', async () => {
    const machine = await sharingMachine({ peers: [] })
    const { home, peerId } = await newHome()
    const error = await failure(machine.address, home)
    expect(error).toMatchObject({ code: 'ERR_REFUSED', exit: 5 })
    expect(error.message).toContain(`--peer ${peerId}`)
    expect(machine.events).toEqual([])
  })

  test('R09 and R17: a peer that is named, and no other, which reaches nothing of the share', async () => {
    const [named, other] = await Promise.all([newHome(), newHome()])
    const machine = await sharingMachine({ peers: [named.peerId], rights: RIGHTS })
    writeFileSync(join(machine.root, 'a'), 'a')

    const error = await failure(machine.address, other.home)
    expect(error).toMatchObject({ code: 'ERR_REFUSED', exit: 5 })
    expect(error.message).toContain(`--peer ${other.peerId}`)
    expect(machine.events).toEqual([])

    const remote = await connectedMachine(machine.address, { home: named.home })
    expect(remote.peerId).toBe(machine.share.peerId)
    expect(await Array.fromAsync(remote.list())).toHaveLength(1)
    expect(await failure(machine.address, other.home)).toMatchObject({ code: 'ERR_REFUSED', exit: 5 })
    expect(await remote.stat('a')).toMatchObject({ size: 1 })
    expect(new Set(machine.events.map((event) => 'peerId' in event && event.peerId))).toEqual(new Set([named.peerId]))
  })

  test.each(['yamux', 'mplex'] as const)(
    'R09: a peer that is not admitted runs no handler of any protocol (%s)',
    async (muxer) => {
      const reached: string[] = []
      const asked: string[] = []
      const [own, stranger] = await Promise.all([generateIdentity(), generateIdentity()])
      const provider = await Node.start({
        identity: own,
        listen: ['/ip4/127.0.0.1/tcp/0'],
        muxers: [muxer],
      })
      const client = await Node.start({ identity: stranger, muxers: [muxer] })
      onTestFinished(async () => {
        await client.stop()
        await provider.stop()
      })
      const protocols = [PROTOCOL_ID, '/other/1.0.0']
      for (const protocol of protocols) {
        await provider.handle(protocol, {
          admits: (peerId) => {
            asked.push(peerId)
            return false
          },
          onStream: ({ peerId }) => void reached.push(peerId),
        })
      }
      for (const protocol of protocols) {
        // The dialer may have a stream for a moment, but it ends without a word.
        const [address = ''] = provider.addresses
        const words = client.dial(address, protocol).then(async ({ stream }) => Array.fromAsync(stream.source))
        const [outcome] = await Promise.allSettled([words])
        if (outcome.status === 'fulfilled') expect(outcome.value).toEqual([])
        else expect(outcome.reason).toBeInstanceOf(SftError)
      }
      expect(reached).toEqual([])
      expect(new Set(asked)).toEqual(new Set([stranger.peerId]))
    },
  )

  test('nobody where no protocol admits them', async () => {
    const provider = await Node.start({ identity: await generateIdentity(), listen: ['/ip4/127.0.0.1/tcp/0'] })
    onTestFinished(async () => provider.stop())
    let reached = 0
    await provider.handle(PROTOCOL_ID, { admits: () => false, onStream: () => (reached += 1) })
    expect(await failure(provider.addresses[0] ?? '')).toMatchObject({ code: 'ERR_REFUSED', exit: 5 })
    expect(reached).toBe(0)
  })

  test('A06: everyone where a share is open, each under the identity that was proved', async () => {
    const machine = await sharingMachine({ peers: 'any' })
    const homes = await Promise.all([newHome(), newHome()])
    for (const { home } of homes) await (await connect(machine.address, { home })).close()
    await expect.poll(() => machine.events.filter(({ type }) => type === 'closed').length).toBe(2)
    expect(machine.events.map((event) => `${event.type} ${'peerId' in event ? event.peerId : ''}`)).toEqual(
      homes.flatMap(({ peerId }) => [`opened ${peerId}`, `closed ${peerId}`]),
    )
  })

  test('a peer keeps its identity from one connection to the next', async () => {
    const { home, peerId } = await newHome()
    const machine = await sharingMachine({ peers: [peerId] })
    for (let round = 0; round < 3; round += 1) await (await connect(machine.address, { home })).close()
    expect(names(home)).toEqual(['identity.key'])
  })
})

describe('an address', () => {
  test('A07 and A08: of another identity than the one that answers is refused', async () => {
    const [machine, other] = await Promise.all([sharingMachine(), newHome()])
    const wrong = machine.address.replace(machine.share.peerId, other.peerId)
    const error = await failure(wrong)
    expect(error).toMatchObject({ code: 'ERR_IDENTITY', exit: 6 })
    expect(error.message).toMatch(/another machine answers.*check the address/)
    expect(machine.events).toEqual([])
  })

  test('at which nothing listens is unreachable', async () => {
    const { peerId } = await newHome()
    const error = await failure(`/ip4/127.0.0.1/tcp/${await freePort()}/p2p/${peerId}`)
    expect(error).toMatchObject({ code: 'ERR_UNREACHABLE', exit: 3 })
    expect(error.message).toContain('is "sft share" running there?')
  })

  test('at which something else listens is unreachable', async () => {
    const server = createServer((socket) => socket.end('220 mail.example ESMTP\r\n')).listen(0, '127.0.0.1')
    onTestFinished(() => void server.close())
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const { peerId } = await newHome()
    expect(await failure(`/ip4/127.0.0.1/tcp/${port}/p2p/${peerId}`)).toMatchObject({
      code: 'ERR_UNREACHABLE',
      exit: 3,
    })
  })

  test('A07: without a peer ID at its end is not dialled', async () => {
    const machine = await sharingMachine()
    const { peerId } = machine.share
    const plain = machine.address.slice(0, machine.address.indexOf('/p2p/'))
    for (const address of [plain, `${plain}/`, '/ip4/127.0.0.1/tcp/1', `/p2p/${peerId}/ip4/127.0.0.1/tcp/1`]) {
      expect(await failure(address)).toMatchObject({ code: 'ERR_USAGE', exit: 2 })
    }
    expect(machine.events).toEqual([])
  })

  test.each(['', 'localhost:4001', '127.0.0.1', '/ip4/999.0.0.1/tcp/1/p2p/x', '/ip4/127.0.0.1/tcp/1/p2p/x', '/tcp/1'])(
    'that is none is not dialled: %j',
    async (address) => {
      expect(await failure(address)).toMatchObject({ code: 'ERR_USAGE', exit: 2 })
    },
  )

  test('of a transport that sft does not speak is not dialled', async () => {
    const { peerId } = await newHome()
    expect(await failure(`/ip4/127.0.0.1/udp/1/p2p/${peerId}`)).toMatchObject({ code: 'ERR_USAGE', exit: 2 })
  })

  test('of this machine itself is not dialled', async () => {
    const { home } = await newHome()
    const machine = await sharingMachine({ home })
    expect(await failure(machine.address, home)).toMatchObject({ code: 'ERR_USAGE', exit: 2 })
  })
})

describe.each([
  ['yamux', 'yamux'],
  ['mplex', 'mplex'],
  ['both', 'mplex'],
  ['both', 'yamux'],
] as const)('a share that offers %s and a client that offers %s', (offered, asked) => {
  test('understand each other', async () => {
    const machine = await sharingMachine({ rights: RIGHTS, ...(offered !== 'both' && { muxers: [offered] }) })
    const remote = await connectedMachine(machine.address, { muxers: [asked] })
    const local = tempFolder()
    writeFileSync(join(local, 'a'), Buffer.alloc(300_000, 'abc'))
    await remote.put(join(local, 'a'), 'a')
    await remote.get('a', join(local, 'b'))
    expect(readFileSync(join(local, 'b'))).toEqual(readFileSync(join(local, 'a')))
  })
})

test('a share and a client with no muxer in common fail with a typed error', async () => {
  const machine = await sharingMachine({ muxers: ['yamux'] })
  const connected = connect(machine.address, { home: join(tempFolder(), 'home'), muxers: ['mplex'] })
  await expect(connected).rejects.toBeInstanceOf(SftError)
  expect(machine.events).toEqual([])
})

test('20 clients at once each get their own files', async () => {
  const machine = await sharingMachine({ rights: RIGHTS })
  const local = tempFolder()
  const work = Array.from({ length: 20 }, async (_, index) => {
    const remote = await connectedMachine(machine.address)
    writeFileSync(join(local, `${index}`), `from ${index}`.repeat(10_000))
    await remote.mkdir(`${index}`)
    await remote.put(join(local, `${index}`), `${index}/f`)
    await remote.get(`${index}/f`, join(local, `${index}.back`))
    expect(await Array.fromAsync(remote.list(`${index}`))).toHaveLength(1)
    expect(readFileSync(join(local, `${index}.back`), 'utf8')).toBe(`from ${index}`.repeat(10_000))
  })
  await Promise.all(work)
  expect(names(machine.root)).toHaveLength(20)
})

test('R01: fifty sockets a second that say nothing keep nobody out, not even at their address', async () => {
  const machine = await sharingMachine()
  const port = Number(/\/tcp\/(\d+)/.exec(machine.address)?.[1])
  const knock = async (): Promise<Socket> => {
    const socket = createConnection(port, '127.0.0.1').on('error', () => undefined)
    onTestFinished(() => void socket.destroy())
    await once(socket, 'connect')
    return socket
  }
  await Promise.all(Array.from({ length: 50 }, knock))
  // Without a second try, which a client would make.
  const first = await knock()
  first.write('\x13/multistream/1.0.0\n')
  const taken = once(first, 'data').then(() => true)
  expect(await Promise.race([taken, once(first, 'close').then(() => false)])).toBe(true)
  const remote = await connectedMachine(machine.address)
  expect(await Array.fromAsync(remote.list())).toEqual([])
})

test('whoever was too slow to be let in, and not turned away, tries again', async () => {
  const machine = await sharingMachine()
  const port = Number(/\/tcp\/(\d+)/.exec(machine.address)?.[1])
  const sockets: Socket[] = []
  let connections = 0
  const slowOnce = createServer((near) => {
    const far = createConnection(port, '127.0.0.1')
    connections += 1
    const isSlow = connections === 1
    let answered = 0
    sockets.push(near, far)
    for (const socket of [near, far]) socket.on('error', () => undefined)
    far.on('data', (bytes) => {
      answered += bytes.byteLength
      near.write(bytes)
    })
    // What proves the client comes too late for the share, which the client takes for reached by then.
    near.on('data', (bytes) => void (!isSlow || answered < 100 ? far.write(bytes) : null))
    far.on('close', () => near.destroy())
    near.on('close', () => far.destroy())
  }).listen(0, '127.0.0.1')
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    slowOnce.close()
  })
  await once(slowOnce, 'listening')
  const { port: slowPort } = slowOnce.address() as AddressInfo
  const remote = await connectedMachine(machine.address.replace(`/tcp/${port}/`, `/tcp/${slowPort}/`))
  expect(await Array.fromAsync(remote.list())).toEqual([])
  expect(connections).toBe(2)
})

test('a share that closes ends its sessions and is not reached any more', async () => {
  const machine = await sharingMachine()
  const remote = await connectedMachine(machine.address)
  await machine.share.close()
  await expect(remote.stat('.')).rejects.toMatchObject({ code: 'ERR_CLOSED' })
  expect(await failure(machine.address)).toMatchObject({ code: 'ERR_UNREACHABLE', exit: 3 })
})
