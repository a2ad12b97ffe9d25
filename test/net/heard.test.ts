import { expect, test } from 'vitest'
import type { Advert } from '../../src/net/advert.ts'
import { HeardList } from '../../src/net/heard.ts'

function advert(peerId: string, source: string, port = 7_380, rest: Partial<Advert> = {}): Advert {
  const addresses = [`/ip4/${source}/tcp/${port}/p2p/${peerId}`]
  return { peerId, source, addresses, pairing: false, ttl: 120, ...rest }
}

test('a peer that was heard is listed, the newest first', () => {
  const list = new HeardList()
  list.add(advert('A', '10.0.0.1'))
  list.add(advert('B', '10.0.0.2', 1, { pairing: true }))
  expect(list.list()).toEqual([
    { peerId: 'B', addresses: ['/ip4/10.0.0.2/tcp/1/p2p/B'], pairing: true },
    { peerId: 'A', addresses: ['/ip4/10.0.0.1/tcp/7380/p2p/A'], pairing: false },
  ])
  list.add(advert('A', '10.0.0.1'))
  expect(list.list().map(({ peerId }) => peerId)).toEqual(['A', 'B'])
})

test('only news is told: a new peer, another address, another pairing state', () => {
  const list = new HeardList()
  const first = advert('A', '10.0.0.1')
  expect(list.add(first)).toEqual({ peerId: 'A', addresses: first.addresses, pairing: false })
  expect(list.add(first)).toBeNull()
  expect(list.add({ ...first, pairing: true })).toMatchObject({ pairing: true })
  expect(list.add(advert('A', '10.0.0.9'))).toMatchObject({ addresses: [first.addresses[0], expect.any(String)] })
  expect(list.add(first)).toMatchObject({ pairing: false })
  expect(list.add(advert('A', '10.0.0.9'))).toBeNull() // the order alone is no news
})

test('addresses are listed the newest first, and before them those that show a code', () => {
  const list = new HeardList()
  list.add(advert('A', '10.0.0.1', 1, { pairing: true }))
  list.add(advert('A', '10.0.0.2', 2))
  list.add(advert('A', '10.0.0.3', 3))
  expect(list.of('A')?.addresses).toEqual([1, 3, 2].map((n) => `/ip4/10.0.0.${n}/tcp/${n}/p2p/A`))
})

test('what was heard ends after its time, and at most after two minutes', () => {
  let now = 0
  const list = new HeardList(() => now)
  list.add(advert('A', '10.0.0.1'))
  list.add(advert('B', '10.0.0.2', 1, { ttl: 5 }))
  now = 4_999
  expect(list.list()).toHaveLength(2)
  now = 5_000
  expect(list.list().map(({ peerId }) => peerId)).toEqual(['A'])
  now = 60_000
  list.add(advert('A', '10.0.0.1'))
  now = 179_999
  expect(list.of('A')).not.toBeNull()
  now = 180_000
  expect(list.of('A')).toBeNull()
  expect(list.add(advert('A', '10.0.0.1'))).not.toBeNull() // news again
})

test('a goodbye takes back what it names, and nothing a machine at another IP said', () => {
  const list = new HeardList()
  list.add(advert('A', '10.0.0.1'))
  list.add(advert('A', '10.0.0.1', 7_381))
  list.add(advert('A', '10.0.0.2'))
  list.add(advert('A', '10.0.0.1', 7_380, { ttl: 0 }))
  expect(list.of('A')?.addresses).toEqual(['/ip4/10.0.0.2/tcp/7380/p2p/A', '/ip4/10.0.0.1/tcp/7381/p2p/A'])
  list.add(advert('A', '10.0.0.1', 7_381, { ttl: 0 }))
  expect(list.add(advert('A', '10.0.0.2', 7_380, { ttl: 0 }))).toBeNull()
  expect(list.list()).toEqual([])
})

test('of one peer at one IP the newest two addresses are kept, and four in all', () => {
  const list = new HeardList()
  for (let port = 1; port <= 10_000; port++) list.add(advert('A', '10.0.0.1', port))
  expect(list.of('A')?.addresses).toEqual([10_000, 9_999].map((port) => `/ip4/10.0.0.1/tcp/${port}/p2p/A`))
  for (let host = 2; host <= 200; host++) list.add(advert('A', `10.0.0.${host}`))
  expect(list.of('A')?.addresses).toEqual([200, 199, 198, 197].map((host) => `/ip4/10.0.0.${host}/tcp/7380/p2p/A`))
})

test('one IP that claims to be 10,000 peers has 64 of them, the newest', () => {
  const list = new HeardList()
  list.add(advert('honest', '10.0.0.2'))
  for (let index = 1; index <= 10_000; index++) list.add(advert(`P${index}`, '10.0.0.1'))
  const ids = list.list().map(({ peerId }) => peerId)
  expect(ids).toEqual([...Array.from({ length: 64 }, (_, index) => `P${10_000 - index}`), 'honest'])
})

test('a full list drops from the IP that fills most of it, so that a quiet machine stays', () => {
  const list = new HeardList()
  list.add(advert('honest', '10.0.0.2'))
  for (let index = 1; index <= 10_000; index++) list.add(advert(`P${index}`, `10.0.1.${index % 100}`))
  const ids = list.list().map(({ peerId }) => peerId)
  expect(ids).toHaveLength(256)
  expect(ids).toContain('honest')
})
