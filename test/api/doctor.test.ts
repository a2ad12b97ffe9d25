import { existsSync } from 'node:fs'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { loadSodium } from '../../src/crypto/load-sodium.ts'
import { diagnose, type DiagnoseOptions } from '../../src/doctor/diagnose.ts'
import type { Finding } from '../../src/doctor/findings.ts'
import { loadIdentity } from '../../src/home.ts'
import { generateIdentity } from '../../src/net/identity.ts'
import { Node } from '../../src/net/node.ts'
import { DEADLINES } from '../../src/protocol/types.ts'
import { reachable } from '../../src/reach.ts'
import type { Peer } from '../../src/trust/peers.ts'
import { PROTOCOL_ID } from '../../src/wire/limits.ts'
import { HostilePeer } from '../support/hostile-peer.ts'
import { firstRequest, nextRequest, type Script } from '../support/hostile-provider.ts'
import { sharingMachine } from '../support/machines.ts'
import { tempFolder } from '../support/tmp.ts'

async function findings(options: DiagnoseOptions): Promise<Finding[]> {
  return Array.fromAsync(diagnose({ home: join(tempFolder(), 'home'), ...options }))
}

/** A share that has the right keys and follows a script; returns its address. */
async function hostileShare(script: Script): Promise<string> {
  const [sodium, identity] = await Promise.all([loadSodium(), generateIdentity()])
  const node = await Node.start({ identity, listen: ['/ip4/127.0.0.1/tcp/0'] })
  onTestFinished(async () => node.stop())
  await node.handle(PROTOCOL_ID, {
    admits: () => true,
    onStream: ({ stream, idBytes }) => {
      const init = { sodium, localId: node.idBytes, remoteId: idBytes, deadlines: DEADLINES }
      HostilePeer.open(stream, init, 'responder')
        .then(script)
        .catch(() => undefined)
    },
  })
  return node.addresses[0] ?? ''
}

function peer(peerId: string, addresses: readonly string[], blocked = false): Peer {
  const secret = new Uint8Array(32)
  return { name: peerId.slice(-8), peerId, rights: null, grants: [], secret, blocked, addresses, lastSeen: null }
}

/** A program on loopback that takes connections and never says anything. */
async function muteProgram(): Promise<string> {
  const sockets: Socket[] = []
  const server = createServer((socket) => sockets.push(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return `/ip4/127.0.0.1/tcp/${(server.address() as AddressInfo).port}`
}

describe('a diagnosis', () => {
  test('tells what it finds as it goes, and can be left', async () => {
    const going = diagnose({ home: join(tempFolder(), 'home'), peer: 'ana' })
    expect(await going.next()).toMatchObject({ done: false, value: { check: 'key', status: 'ok' } })
    expect(await going.next()).toMatchObject({ done: false, value: { check: 'peers', count: 0 } })
    expect(await going.return()).toMatchObject({ done: true })
  })

  test('ends by its signal, and is not begun on one that was aborted', async () => {
    const controller = new AbortController()
    const going = diagnose({
      home: join(tempFolder(), 'home'),
      peer: (await sharingMachine()).address,
      signal: controller.signal,
    })
    await going.next()
    controller.abort(new Error('enough'))
    const cancelled = { code: 'ERR_ABORTED', cause: { message: 'enough' } }
    await expect(Array.fromAsync(going)).rejects.toMatchObject(cancelled)
    const { signal } = controller
    await expect(Array.fromAsync(diagnose({ home: '/nowhere/home', signal }))).rejects.toMatchObject(cancelled)
  })

  test('refuses an address that is none before it looks at anything', async () => {
    const home = join(tempFolder(), 'home')
    await expect(findings({ home, peer: 'ana', addresses: ['a b'] })).rejects.toMatchObject({ code: 'ERR_USAGE' })
    expect(existsSync(home)).toBe(false)
  })

  test('says that an open share knows this machine by no secret', async () => {
    const { address, events } = await sharingMachine()
    const found = await findings({ peer: address })
    expect(found).toContainEqual(expect.objectContaining({ check: 'pairing', status: 'skipped', same: null }))
    expect(found.filter(({ status }) => status === 'problem')).toEqual([])
    await expect.poll(() => events.map(({ type }) => type)).toEqual(['opened', 'closed'])
    expect(events).not.toContainEqual(expect.objectContaining({ type: 'closed', error: expect.anything() }))
  })

  test('does not wait for a share that answers no request', async () => {
    const address = await hostileShare(async (hostile) => void (await firstRequest(hostile)))
    const found = await findings({ peer: address })
    for (const check of ['roundTrip', 'speed']) {
      expect(found).toContainEqual(expect.objectContaining({ check, status: 'problem', code: 'ERR_TIMEOUT' }))
    }
  })

  test('takes no bytes that were not asked for', async () => {
    const address = await hostileShare(async (hostile) => {
      const { id } = await firstRequest(hostile)
      hostile.sendData(id, new Uint8Array(1_000))
      await nextRequest(hostile)
    })
    const found = await findings({ peer: address })
    expect(found).toContainEqual(expect.objectContaining({ check: 'roundTrip', code: 'ERR_PROTOCOL' }))
  })
})

describe('who is reachable', () => {
  test('is found out for all at once, whatever the others do', async () => {
    const [{ share, address }, mute, gone] = await Promise.all([sharingMachine(), muteProgram(), generateIdentity()])
    const [silent, blocked, lost, odd] = await Promise.all([
      generateIdentity(),
      generateIdentity(),
      generateIdentity(),
      generateIdentity(),
    ])
    const peers = [
      peer(silent.peerId, [mute]),
      peer(share.peerId, [mute, address]),
      peer(gone.peerId, [address.replace(/\/p2p\/.*/, '')]), // where another one is
      peer(blocked.peerId, [address.replace(/\/p2p\/.*/, '')], true),
      peer(lost.peerId, []),
      peer(odd.peerId, [address]), // of another one, as somebody edited the file
    ]
    const found = await reachable(peers, { home: join(tempFolder(), 'home') })
    expect([...found]).toEqual([
      [silent.peerId, false],
      [share.peerId, true],
      [gone.peerId, false],
      [blocked.peerId, null],
      [lost.peerId, false],
      [odd.peerId, false],
    ])
  })

  test('is known at once when everybody has answered', async () => {
    const { share, address } = await sharingMachine()
    const home = join(tempFolder(), 'home')
    const never = 1_000_000 // longer than a test may take
    expect([...(await reachable([peer(share.peerId, [address])], { home, patience: never }))]).toEqual([
      [share.peerId, true],
    ])
  })

  test('needs no identity where nobody is asked', async () => {
    const home = join(tempFolder(), 'home')
    const { peerId } = await generateIdentity()
    expect([...(await reachable([peer(peerId, ['/ip4/127.0.0.1/tcp/1'], true)], { home }))]).toEqual([[peerId, null]])
    expect(existsSync(home)).toBe(false)
  })

  test('is not asked beyond private networks if that is not wanted', async () => {
    const home = join(tempFolder(), 'home')
    const { peerId } = await loadIdentity(join(tempFolder(), 'home'))
    const found = await reachable([peer(peerId, ['/ip4/203.0.113.1/tcp/1'])], {
      home,
      lanOnly: true,
      patience: 1_000_000,
    })
    expect(found.get(peerId)).toBe(false)
  })
})
