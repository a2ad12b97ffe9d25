import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { asksForUs, formatAdvert, isWorthDecoding, parseAdvert, SERVICE, type DnsPacket } from '../../src/net/advert.ts'
import { advertBytes, dnsPacket, question, somePeerId, txt } from '../support/dns-bytes.ts'

type Answer = DnsPacket['answers'][number]

const ID = somePeerId()
const IP = '192.168.1.7'
const ADDRESS = `/ip4/${IP}/tcp/7380/p2p/${ID}`
const NAME = `0123456789abcdef.${SERVICE}`

/** Returns an advert as it is when decoded, whose TXT record holds these strings. */
function decoded(strings: readonly string[], { target = NAME, ttl = 120, name = NAME } = {}): DnsPacket {
  const answers: Answer[] = [{ type: 'PTR', name: SERVICE, data: target, ttl }]
  const additionals: Answer[] = [{ type: 'TXT', name, data: strings.map((string) => Buffer.from(string)), ttl }]
  return { answers, additionals, questions: [] }
}

test('an advert is read as it was written', () => {
  const { answers, additionals = [] } = formatAdvert('0123456789abcdef', {
    addresses: [ADDRESS],
    pairing: true,
    ttl: 120,
  })
  const strings = (additionals[0] as { data: string[] }).data
  expect(strings).toEqual([`dnsaddr=${ADDRESS}`, 'pairing=1'])
  const packet = decoded(strings)
  expect(packet.answers).toEqual(answers)
  expect(parseAdvert(packet, IP)).toEqual({ peerId: ID, source: IP, addresses: [ADDRESS], pairing: true, ttl: 120 })
})

test('at most two addresses are announced, and taken', () => {
  const addresses = [1, 2, 3].map((port) => `/ip4/${IP}/tcp/${port}/p2p/${ID}`)
  const { additionals } = formatAdvert('x', { addresses, pairing: false, ttl: 120 })
  const strings = addresses.slice(0, 2).map((address) => `dnsaddr=${address}`)
  expect(additionals).toMatchObject([{ data: strings }])
  const parsed = parseAdvert(decoded(addresses.map((address) => `dnsaddr=${address}`)), IP)
  expect(parsed?.addresses).toEqual(addresses.slice(0, 2))
})

test('an address counts once', () => {
  expect(parseAdvert(decoded([`dnsaddr=${ADDRESS}`, `dnsaddr=${ADDRESS}`]), IP)?.addresses).toEqual([ADDRESS])
})

test('an address at another IP than the packet came from is passed over', () => {
  const other = `dnsaddr=/ip4/10.0.0.1/tcp/7380/p2p/${ID}`
  expect(parseAdvert(decoded([`dnsaddr=${ADDRESS}`, other]), IP)?.addresses).toEqual([ADDRESS])
  expect(parseAdvert(decoded([other]), IP)).toBeNull()
})

test.each([
  `dnsaddr=/ip4/${IP}/tcp/0/p2p/${ID}`,
  `dnsaddr=/ip4/${IP}/tcp/65536/p2p/${ID}`,
  `dnsaddr=/ip4/${IP}/tcp/07380/p2p/${ID}`,
  `dnsaddr=/ip4/${IP}/tcp/-1/p2p/${ID}`,
  `dnsaddr=/ip4/${IP}/udp/7380/p2p/${ID}`,
  `dnsaddr=/ip4/${IP}/tcp/7380`,
  `dnsaddr=/ip4/${IP}/tcp/7380/p2p/QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N`,
  `dnsaddr=/ip4/${IP}/tcp/7380/p2p/${ID.slice(0, -1)}`,
  `dnsaddr=/ip4/${IP}/tcp/7380/p2p/${ID}/p2p-circuit/p2p/${ID}`,
  `dnsaddr=/ip4/${IP}/tcp/7380/p2p/${ID}\n`,
  `dnsaddr=/ip6/::ffff:${IP}/tcp/7380/p2p/${ID}`,
  `dnsaddr=/dns4/${IP}/tcp/7380/p2p/${ID}`,
  `dnsaddr=/ip4/8.8.8.8/tcp/1/ip4/${IP}/tcp/7380/p2p/${ID}`,
  `DNSADDR=${ADDRESS}`,
  ` dnsaddr=${ADDRESS}`,
  ADDRESS,
  'pairing=1',
  '',
])('%j alone is no advert', (string) => {
  expect(parseAdvert(decoded([string]), IP)).toBeNull()
})

test('an advert of two peers is none', () => {
  expect(parseAdvert(decoded([`dnsaddr=${ADDRESS}`, `dnsaddr=/ip4/${IP}/tcp/1/p2p/${somePeerId()}`]), IP)).toBeNull()
})

test('the records must be those of the service, and of one random name', () => {
  const strings = [`dnsaddr=${ADDRESS}`]
  expect(parseAdvert(decoded(strings, { name: `fedcba9876543210.${SERVICE}` }), IP)).toBeNull()
  for (const target of ['a-computer._sft._udp.local', '0123456789abcdef._other._udp.local', SERVICE, '']) {
    expect(parseAdvert(decoded(strings, { target, name: target }), IP)).toBeNull()
  }
  const { answers, ...rest } = decoded(strings)
  expect(
    parseAdvert({ ...rest, answers: answers.map((answer) => ({ ...answer, name: '_p2p._udp.local' })) }, IP),
  ).toBeNull()
  expect(parseAdvert({ ...rest, answers: [] }, IP)).toBeNull()
})

test('a TXT record of more strings than an advert has is passed over', () => {
  const padding = Array.from({ length: 16 }, () => '')
  expect(parseAdvert(decoded([`dnsaddr=${ADDRESS}`, ...padding.slice(1)]), IP)).not.toBeNull()
  expect(parseAdvert(decoded([`dnsaddr=${ADDRESS}`, ...padding]), IP)).toBeNull()
})

test('only the exact word says that a code is shown', () => {
  for (const string of ['pairing', 'pairing=0', 'pairing=11', 'PAIRING=1', 'pairing=1 ']) {
    expect(parseAdvert(decoded([`dnsaddr=${ADDRESS}`, string]), IP)?.pairing).toBe(false)
  }
})

test('F15: nothing holds for more than two minutes', () => {
  expect(parseAdvert(decoded([`dnsaddr=${ADDRESS}`], { ttl: 2 ** 32 - 1 }), IP)?.ttl).toBe(120)
  expect(parseAdvert(decoded([`dnsaddr=${ADDRESS}`], { ttl: 0 }), IP)?.ttl).toBe(0)
})

test('any strings parse to an advert at the IP they came from, or to none', () => {
  const piece = fc.constantFrom(
    'dnsaddr=',
    '/ip4/',
    IP,
    '8.8.8.8',
    '/tcp/',
    '7380',
    '/p2p/',
    ID,
    '/',
    '\0',
    'pairing=1',
  )
  const string = fc.oneof(
    fc.string(),
    fc.array(piece).map((pieces) => pieces.join('')),
    fc.constant(`dnsaddr=${ADDRESS}`),
  )
  fc.assert(
    fc.property(fc.array(string, { maxLength: 8 }), (strings) => {
      const advert = parseAdvert(decoded(strings), IP)
      for (const address of advert?.addresses ?? []) expect(address).toMatch(`/ip4/${IP}/tcp/`)
    }),
  )
})

test('only a question for the service is answered', () => {
  const asks = (questions: readonly object[]): boolean => asksForUs({ questions } as DnsPacket)
  expect(asks([{ name: SERVICE, type: 'PTR' }])).toBe(true)
  expect(
    asks([
      { name: 'other', type: 'A' },
      { name: SERVICE, type: 'ANY' },
    ]),
  ).toBe(true)
  expect(asks([{ name: SERVICE, type: 'A' }])).toBe(false)
  expect(asks([{ name: `x.${SERVICE}`, type: 'PTR' }])).toBe(false)
  expect(asks([])).toBe(false)
})

test('what cannot be about sft is not even decoded', () => {
  expect(isWorthDecoding(advertBytes([`dnsaddr=${ADDRESS}`]))).toBe(true)
  expect(isWorthDecoding(dnsPacket({ response: false, questions: [question()] }))).toBe(true)
  expect(isWorthDecoding(dnsPacket({ response: false, questions: [question('_http._tcp.local')] }))).toBe(false)
  expect(isWorthDecoding(Buffer.from('_sft'))).toBe(false)
})

test('a packet that claims more records than an advert has is not decoded, in whichever part it does', () => {
  for (const offset of [4, 6, 8, 10]) {
    const bytes = advertBytes([`dnsaddr=${ADDRESS}`])
    bytes.writeUInt16BE(17, offset)
    expect(isWorthDecoding(bytes)).toBe(false)
  }
})

test('a packet that does not fit into one frame is not decoded', () => {
  const of = (size: number): Buffer => Buffer.concat([dnsPacket({ additionals: [txt(NAME, [])] }), Buffer.alloc(size)])
  const rest = 1_472 - of(0).length
  expect(isWorthDecoding(of(rest))).toBe(true)
  expect(isWorthDecoding(of(rest + 1))).toBe(false)
})
