import { describe, expect, test } from 'vitest'
import { somePeerId } from '../support/dns-bytes.ts'
import { PATIENTLY, Peer, startForger, three } from '../support/lan-machines.ts'
import { namespacesUsable, twoNamespaces } from '../support/namespaces.ts'

const reason = namespacesUsable()
const skipped = reason === null ? '' : ` (skipped: ${reason})`

describe.skipIf(reason !== null)(`on a network with a hostile machine${skipped}`, () => {
  test('a flood of questions gets an answer a second', async () => {
    const { a, b } = twoNamespaces()
    const [forge] = await Promise.all([startForger(b), Peer.start(a)])
    const { answers, seconds } = await forge({ from: b.ip, questions: 2_000 })
    expect(answers.length).toBeGreaterThan(0)
    expect(answers.length).toBeLessThanOrEqual(Math.ceil(seconds) + 1)
  })

  test('W09: a forger gets no machine dialled that is not its own, and hides none', async () => {
    const [a, b, c] = three()
    const [one, two, forge] = await Promise.all([Peer.start(a, { listens: true }), Peer.start(b), startForger(c)])
    await expect.poll(async () => one.list(), PATIENTLY).toHaveLength(1)
    const victim = somePeerId()
    await forge({ from: c.ip, strings: [`dnsaddr=/ip4/10.77.0.2/tcp/22/p2p/${victim}`] })
    await forge({ from: c.ip, strings: [`dnsaddr=/ip4/8.8.8.8/tcp/22/p2p/${victim}`] })
    await forge({ from: c.ip, strings: [`dnsaddr=${two.address}`], ttl: 0 }) // a goodbye in another's name
    await forge({ from: c.ip, strings: [`dnsaddr=/ip4/${c.ip}/tcp/1/p2p/${one.peerId}`] }) // our own name
    await forge({ from: c.ip, strings: [`dnsaddr=/ip4/${c.ip}/tcp/1/p2p/${victim}`] })
    await expect
      .poll(async () => one.list(), PATIENTLY)
      .toEqual([
        { peerId: victim, addresses: [`/ip4/${c.ip}/tcp/1/p2p/${victim}`], pairing: false },
        { peerId: two.peerId, addresses: [two.address], pairing: false },
      ])
  })

  test('W09: floods of adverts leave the list bounded, memory flat and the honest machine listed, and noise does no harm', async () => {
    const [a, b, c] = three()
    const [one, two, forge] = await Promise.all([Peer.start(a, { listens: true }), Peer.start(b), startForger(c)])
    await expect.poll(async () => one.list(), PATIENTLY).toHaveLength(1)
    await forge({ from: c.ip, noise: 2_000 })
    await forge({ from: c.ip, peers: 100 })
    const before = (await one.ask('memory', 'memory')) as number
    await one.ask(`find ${two.peerId}`)
    await forge({ from: c.ip, peers: 10_000 })
    await forge({ from: c.ip, ports: { of: two.peerId, count: 10_000 } })
    const list = await one.list()
    expect(list.filter(({ addresses }) => addresses.every((address) => address.includes(c.ip)))).toHaveLength(62) // of 64 entries two are in the name of the other
    expect(list.find(({ peerId }) => peerId === two.peerId)?.addresses).toContain(two.address)
    expect(((await one.ask('memory', 'memory')) as number) - before).toBeLessThan(8 * 2 ** 20)
    const found = one.events.filter(({ event }) => event === 'found').map(({ value }) => value)
    expect(found[0]).toBe(two.address)
    expect(found).toHaveLength(3) // and two of the forger
  })
})
