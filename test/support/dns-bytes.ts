import { randomBytes } from 'node:crypto'
import { toString } from 'uint8arrays/to-string'

/** Writes DNS packets byte by byte, also those no honest machine sends. */

export const SERVICE = '_sft._udp.local'

const [PTR, TXT, IN] = [12, 16, 1]

export interface DnsBytes {
  readonly response?: boolean
  readonly questions?: readonly Buffer[]
  readonly answers?: readonly Buffer[]
  readonly additionals?: readonly Buffer[]
}

/** Returns a packet of these records. */
export function dnsPacket({ response = true, questions = [], answers = [], additionals = [] }: DnsBytes): Buffer {
  const header = [0, response ? 0x8400 : 0, questions.length, answers.length, 0, additionals.length].map(uint16)
  return Buffer.concat([...header, ...questions, ...answers, ...additionals])
}

export function dnsName(text: string): Buffer {
  const labels = text.split('.').map((label) => Buffer.from(`${String.fromCodePoint(label.length)}${label}`, 'latin1'))
  return Buffer.concat([...labels, Buffer.of(0)])
}

export function question(name = SERVICE, type = PTR): Buffer {
  return Buffer.concat([dnsName(name), uint16(type), uint16(IN)])
}

export function ptr(name: string, target: string, ttl = 120): Buffer {
  return record(dnsName(name), PTR, ttl, dnsName(target))
}

export function txt(name: string, strings: readonly string[], ttl = 120): Buffer {
  const data = strings.map((string) => Buffer.concat([Buffer.of(string.length), Buffer.from(string, 'latin1')]))
  return record(dnsName(name), TXT, ttl, Buffer.concat(data))
}

export function record(name: Buffer, type: number, ttl: number, data: Buffer): Buffer {
  return Buffer.concat([
    name,
    uint16(type),
    uint16(IN),
    uint16(ttl >>> 16),
    uint16(ttl & 0xffff),
    uint16(data.length),
    data,
  ])
}

/** Returns the advert that a machine with these strings sends. */
export function advertBytes(strings: readonly string[], ttl = 120, instance = '0123456789abcdef'): Buffer {
  const name = `${instance}.${SERVICE}`
  return dnsPacket({ answers: [ptr(SERVICE, name, ttl)], additionals: [txt(name, strings, ttl)] })
}

/** Returns a peer ID that nobody has the key of. */
export function somePeerId(): string {
  return toString(Buffer.concat([Buffer.from('002408011220', 'hex'), randomBytes(32)]), 'base58btc')
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16BE(value)
  return bytes
}
