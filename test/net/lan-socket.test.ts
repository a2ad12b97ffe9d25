import { createSocket, type RemoteInfo } from 'node:dgram'
import * as fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import type { Advert } from '../../src/net/advert.ts'
import { LanSocket } from '../../src/net/lan-socket.ts'
import { advertBytes, dnsName, dnsPacket, ptr, record, SERVICE, somePeerId, txt } from '../support/dns-bytes.ts'

const ID = somePeerId()
const NAME = `0123456789abcdef.${SERVICE}`
const STRING = `dnsaddr=/ip4/10.77.0.2/tcp/7380/p2p/${ID}`

/** Makes a socket that is never bound, so that only what the test hands it comes in, as the system would. */
function unboundSocket(): { heard: Advert[]; receive: (bytes: Uint8Array, from?: Partial<RemoteInfo>) => void } {
  const socket = createSocket('udp4')
  const heard: Advert[] = []
  const lan = new LanSocket(
    {
      on: { name: 'eth0', address: '10.77.0.1', cidr: '10.77.0.1/24', family: 'IPv4', internal: false },
      instance: 'fedcba9876543210',
      announced: () => null,
      onAdvert: (advert) => heard.push(advert),
    },
    socket,
  )
  onTestFinished(async () => lan.close())
  const receive = (bytes: Uint8Array, from: Partial<RemoteInfo> = {}): void => {
    const info = { address: '10.77.0.2', family: 'IPv4', port: 5_353, size: bytes.length, ...from }
    socket.emit('message', Buffer.from(bytes), info)
  }
  return { heard, receive }
}

test('an advert from the same network is heard, in either part of a packet', () => {
  const { heard, receive } = unboundSocket()
  receive(advertBytes([STRING]))
  receive(dnsPacket({ answers: [txt(NAME, [STRING]), ptr(SERVICE, NAME)] }))
  expect(heard).toMatchObject([{ peerId: ID, source: '10.77.0.2' }, { peerId: ID }])
})

test('a packet from another network is passed over, whatever interface it came in by', () => {
  const { heard, receive } = unboundSocket()
  receive(advertBytes([`dnsaddr=/ip4/10.77.1.2/tcp/7380/p2p/${ID}`]), { address: '10.77.1.2' })
  receive(advertBytes([`dnsaddr=/ip4/8.8.8.8/tcp/7380/p2p/${ID}`]), { address: '8.8.8.8' })
  expect(heard).toEqual([])
})

test('a packet from another port than that of multicast DNS is passed over', () => {
  const { heard, receive } = unboundSocket()
  receive(advertBytes([STRING]), { port: 5_354 })
  expect(heard).toEqual([])
})

test('a query with an advert in it is no advert', () => {
  const { heard, receive } = unboundSocket()
  receive(dnsPacket({ response: false, answers: [ptr(SERVICE, NAME)], additionals: [txt(NAME, [STRING])] }))
  expect(heard).toEqual([])
})

test('a packet too large, or of too many records, never reaches the decoder', () => {
  const { heard, receive } = unboundSocket()
  const advert = [ptr(SERVICE, NAME), txt(NAME, [STRING])]
  const padding = txt('x', Array(6).fill('.'.repeat(250)))
  receive(dnsPacket({ answers: [...advert, ...Array<Buffer>(14).fill(txt('x', []))] }))
  expect(heard).toHaveLength(1)
  receive(dnsPacket({ answers: [...advert, ...Array<Buffer>(15).fill(txt('x', []))] }))
  receive(dnsPacket({ answers: [...advert, padding] }))
  expect(heard).toHaveLength(1)
})

const loop = Buffer.of(0xc0, 12)
test.each([
  ['a name that points at itself', record(loop, 12, 120, loop)],
  ['a name that points ahead', record(Buffer.of(0xc0, 200), 12, 120, loop)],
  ['a name that points out of the packet', record(Buffer.of(0xff, 0xff), 16, 120, loop)],
  ['a label of a reserved kind', record(Buffer.of(0x80, 1, 0), 16, 120, loop)],
  ['a name without an end', Buffer.alloc(300, '\u0001a')],
  [
    'a length of data that is not there',
    Buffer.concat([dnsName(SERVICE), Buffer.of(0, 12, 0, 1, 0, 0, 0, 9, 255, 255)]),
  ],
  ['strings that end after the data', record(dnsName(SERVICE), 16, 120, Buffer.of(255, 1))],
  ['an option record of nonsense', record(Buffer.of(0), 41, 120, Buffer.alloc(40, 255))],
  ['a bitmap of nonsense', record(Buffer.of(0), 47, 120, Buffer.alloc(40, 255))],
])('%s is survived', (_, bytes) => {
  const { heard, receive } = unboundSocket()
  receive(dnsPacket({ answers: [bytes, ptr(SERVICE, NAME)], additionals: [txt(NAME, [])] }))
  receive(advertBytes([STRING]))
  expect(heard).toHaveLength(1)
})

test('no bytes from the network throw, and the next advert is heard', () => {
  const { heard, receive } = unboundSocket()
  const genuine = advertBytes([STRING, 'pairing=1'])
  const change = fc.tuple(fc.nat(genuine.length - 1), fc.nat(255))
  const mutated = fc.array(change, { maxLength: 6 }).map((changes) => {
    const bytes = Buffer.from(genuine)
    for (const [index, value] of changes) bytes[index] = value
    return bytes
  })
  const cut = fc.nat(genuine.length).map((length) => genuine.subarray(0, length))
  const records = fc
    .array(
      fc.record({ type: fc.nat(70), data: fc.uint8Array({ maxLength: 60 }), name: fc.uint8Array({ maxLength: 12 }) }),
    )
    .map((all) => {
      const made = all.map(({ type, data, name }) => record(Buffer.from(name), type, 120, Buffer.from(data)))
      return dnsPacket({ answers: [ptr(SERVICE, NAME), ...made.slice(0, 8)], additionals: [txt(NAME, [STRING])] })
    })
  const random = fc.uint8Array({ maxLength: 600 }).map((bytes) => Buffer.concat([bytes, Buffer.from('_sft')]))
  fc.assert(
    fc.property(fc.oneof(mutated, cut, records, random), (bytes) => receive(bytes)),
    { numRuns: 5_000 },
  )
  heard.length = 0
  receive(genuine)
  expect(heard).toHaveLength(1)
})
