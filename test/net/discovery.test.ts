import { describe, expect, test } from 'vitest'
import type { Heard } from '../../src/net/discovery.ts'
import { dnsPacket, ptr, SERVICE, txt } from '../support/dns-bytes.ts'
import { Machine, PATIENTLY, Peer, startForger } from '../support/lan-machines.ts'
import { namespacesUsable, twoNamespaces } from '../support/namespaces.ts'

/** Takes the port without sharing it, until stdin ends. */
const TAKE_PORT = `
  const say = (event) => console.log(JSON.stringify({ event }))
  const socket = require('node:dgram').createSocket('udp4').bind(5353, () => say('taken'))
  process.stdin.resume().on('end', () => socket.close(() => say('freed')))
`

const reason = namespacesUsable()
const skipped = reason === null ? '' : ` (skipped: ${reason})`

describe.skipIf(reason !== null)(`on a network without a way out${skipped}`, () => {
  test('two machines hear each other, pairing comes and goes, and a goodbye takes a machine off the list', async () => {
    const { a, b } = twoNamespaces()
    const [one, two] = await Promise.all([Peer.start(a), Peer.start(b)])
    await expect
      .poll(async () => one.list(), PATIENTLY)
      .toEqual([{ peerId: two.peerId, addresses: [two.address], pairing: false }])
    await expect
      .poll(async () => two.list(), PATIENTLY)
      .toEqual([{ peerId: one.peerId, addresses: [one.address], pairing: false }])
    await two.ask('pairing on')
    await expect.poll(async () => one.list(), PATIENTLY).toMatchObject([{ pairing: true }])
    await two.ask('pairing off')
    await expect.poll(async () => one.list(), PATIENTLY).toMatchObject([{ pairing: false }])
    const told = one.events.filter(({ event }) => event === 'heard').map(({ value }) => (value as Heard).pairing)
    expect(told).toEqual([false, true, false])
    expect(await one.ask('problems', 'problems')).toEqual([])
    await two.ask('stop', 'stopped')
    await expect.poll(async () => one.list(), PATIENTLY).toEqual([])
  })

  test('a search yields what is known, then what comes, and a machine that only listens announces nothing', async () => {
    const { a, b } = twoNamespaces()
    const one = await Peer.start(a, { listens: true })
    const two = await Peer.start(b)
    const before = one.events.length
    await one.ask(`find ${two.peerId}`)
    expect(await one.next('found', before)).toBe(two.address)
    const again = one.events.length
    await one.ask(`find ${two.peerId}`)
    expect(await one.next('found', again)).toBe(two.address)
    expect(await two.list()).toEqual([])
    const end = one.events.length
    await one.ask('stop')
    await one.next('search over', end)
    await one.next('stopped', end)
  })

  test('T11: what goes over the network is the peer ID, the address of that interface, and a random name', async () => {
    const { a, b } = twoNamespaces()
    const forge = await startForger(b)
    const peer = await Peer.start(a, {
      others: ['/ip4/127.0.0.1/tcp/7380', '/ip4/192.168.9.9/tcp/7380', '/ip6/::1/tcp/1'],
    })
    const { answers } = await forge({ from: b.ip, questions: 1 })
    const bytes = Buffer.from(answers[0] ?? '', 'base64')
    const [instance = ''] = /[\da-f]{32}/.exec(bytes.toString('latin1')) ?? []
    const name = `${instance}.${SERVICE}`
    const expected = { answers: [ptr(SERVICE, name)], additionals: [txt(name, [`dnsaddr=${peer.address}`])] }
    expect(bytes.toString('latin1')).toBe(dnsPacket(expected).toString('latin1'))
  })

  test('a process is not kept alive by its discovery', async () => {
    const { a } = twoNamespaces()
    const peer = await Peer.start(a)
    await peer.ask('leave')
    await expect.poll(() => peer.child.exitCode, PATIENTLY).toBe(0)
  })

  test('where multicast is dropped nothing is heard, and nothing fails', async () => {
    const { a, b } = twoNamespaces()
    a.dropMulticast()
    const [one, two] = await Promise.all([Peer.start(a), Peer.start(b)])
    await expect.poll(async () => two.list(), PATIENTLY).toHaveLength(1) // its announcement still gets out
    expect(await one.list()).toEqual([])
    expect(await one.ask('problems', 'problems')).toEqual([])
  })

  test('where another program has the port to itself that is told, and tried again', async () => {
    const { a, b } = twoNamespaces()
    const taker = new Machine(a.spawn([process.execPath, '-e', TAKE_PORT]))
    await taker.next('taken')
    const [one, two] = await Promise.all([Peer.start(a), Peer.start(b)])
    expect(await one.ask('problems', 'problems')).toEqual(['eth0: cannot use port 5353 (EADDRINUSE)'])
    taker.child.stdin?.end()
    await taker.next('freed')
    await one.ask('query')
    await expect.poll(async () => one.list(), PATIENTLY).toMatchObject([{ peerId: two.peerId }])
    expect(await one.ask('problems', 'problems')).toEqual([])
  })

  test('a machine without a network says so, and goes on', async () => {
    const { a } = twoNamespaces()
    a.linkDown()
    const one = await Peer.start(a)
    expect(await one.ask('problems', 'problems')).toEqual(['no interface with an IPv4 network is up'])
  })

  test('a cable that is pulled and put back is survived', async () => {
    const { a, b } = twoNamespaces()
    const [one, two] = await Promise.all([Peer.start(a), Peer.start(b)])
    await expect.poll(async () => one.list(), PATIENTLY).toHaveLength(1)
    b.linkDown()
    await two.ask('query')
    await two.ask('pairing on') // nobody hears it
    expect(await two.ask('problems', 'problems')).toEqual(['no interface with an IPv4 network is up'])
    b.linkUp()
    await expect
      .poll(async () => {
        await two.ask('query')
        return one.list()
      }, PATIENTLY)
      .toMatchObject([{ pairing: true }])
    expect(await two.ask('problems', 'problems')).toEqual([])
  })
})
