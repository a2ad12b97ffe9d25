import type multicastDns from 'multicast-dns'
import { isPeerId } from './identity.ts'

/** What a machine says of itself on one network. */
export interface Advert {
  readonly peerId: string
  /** The IP the packet came from, and the one in every address. */
  readonly source: string
  /** Multiaddrs, each ending in `/p2p/` and the peer ID. */
  readonly addresses: readonly string[]
  /** Whether the machine shows a pairing code. */
  readonly pairing: boolean
  /** For how many seconds this holds; 0 for a machine that is leaving. */
  readonly ttl: number
}

/** A decoded packet, in which every part is there. */
export type DnsPacket = {
  readonly [Part in 'questions' | 'answers' | 'additionals']: NonNullable<multicastDns.FullPacket[Part]>
}

/** The name every sft machine answers to; records are laid out as in the mDNS specification of libp2p. */
export const SERVICE = '_sft._udp.local'

/** How long an advert holds unless it says less, in seconds. */
export const ADVERT_TTL = 120

/** Most addresses of one peer at one IP. */
export const MAX_PER_SOURCE = 2

const MARK = Buffer.from('_sft')
const HEADER = 12
const MAX_PACKET = 1_472 // one Ethernet frame; an advert has some 500 bytes
const MAX_RECORDS = 16
const MAX_STRINGS = 16
const INSTANCE = /^[a-z\d]{16,63}\._sft\._udp\.local$/
const ADDRESS = /^dnsaddr=(\/ip4\/([\d.]{7,15})\/tcp\/([1-9]\d{0,4})\/p2p\/([1-9A-HJ-NP-Za-km-z]{1,64}))$/

/**
 * Tells whether a packet may be about sft, before anything is decoded: the decoder makes room for as many records as a
 * packet claims to have, and follows every pointer in it.
 */
export function isWorthDecoding(bytes: Buffer): boolean {
  if (bytes.length < HEADER || bytes.length > MAX_PACKET) return false
  const records = bytes.readUInt16BE(4) + bytes.readUInt16BE(6) + bytes.readUInt16BE(8) + bytes.readUInt16BE(10)
  return records <= MAX_RECORDS && bytes.includes(MARK)
}

/** Tells whether a query asks for the machines that run sft. */
export function asksForUs({ questions }: DnsPacket): boolean {
  return questions.some(({ name, type }) => name === SERVICE && (type === 'PTR' || (type as string) === 'ANY'))
}

/** Returns the packet that announces a machine, or with a `ttl` of 0 takes that back. */
export function formatAdvert(
  instance: string,
  { addresses, pairing, ttl }: Pick<Advert, 'addresses' | 'pairing' | 'ttl'>,
): multicastDns.ResponseOutgoingPacket {
  const strings = addresses.slice(0, MAX_PER_SOURCE).map((address) => `dnsaddr=${address}`)
  if (pairing) strings.push('pairing=1')
  const name = `${instance}.${SERVICE}`
  return {
    answers: [{ type: 'PTR', name: SERVICE, ttl, data: name }],
    additionals: [{ type: 'TXT', name, ttl, data: strings }],
  }
}

/**
 * Reads an advert. Of its addresses only those at the IP it came from count, so that no machine can send us to another.
 *
 * @param source - The IPv4 address the packet came from.
 * @returns `null` for whatever is not an advert of one peer.
 */
export function parseAdvert({ answers, additionals }: DnsPacket, source: string): Advert | null {
  const records = [...answers, ...additionals]
  const pointer = records.find((record) => record.type === 'PTR' && record.name === SERVICE)
  if (pointer?.type !== 'PTR' || !INSTANCE.test(pointer.data)) return null
  const text = records.find((record) => record.type === 'TXT' && record.name === pointer.data)
  if (text?.type !== 'TXT' || !Array.isArray(text.data) || text.data.length > MAX_STRINGS) return null
  const strings = text.data.map((string) => string.toString('latin1'))
  const found = strings.flatMap((string) => {
    const [, address = '', ip, port, peerId = ''] = ADDRESS.exec(string) ?? []
    return ip === source && Number(port) <= 65_535 ? [{ address, peerId }] : []
  })
  const peerId = found[0]?.peerId ?? ''
  if (found.some((other) => other.peerId !== peerId) || !isPeerId(peerId)) return null
  return {
    peerId,
    source,
    addresses: [...new Set(found.map(({ address }) => address))].slice(0, MAX_PER_SOURCE),
    pairing: strings.includes('pairing=1'),
    ttl: Math.min(pointer.ttl ?? 0, ADVERT_TTL),
  }
}
