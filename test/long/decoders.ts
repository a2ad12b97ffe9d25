import { createSocket } from 'node:dgram'
import { readFileSync } from 'node:fs'
import { escapeBytes, escapeText } from '../../src/cli/escape.ts'
import { cutEnd, cutStart, textWidth } from '../../src/cli/width.ts'
import { parseCode } from '../../src/crypto/code.ts'
import { loadSodium } from '../../src/crypto/load-sodium.ts'
import { Opener, Sealer } from '../../src/crypto/secretstream.ts'
import { SftError, type SftErrorCode } from '../../src/errors.ts'
import { parsePartName } from '../../src/fs/part-name.ts'
import { parseOwner } from '../../src/fs/owner.ts'
import { ipOf, isPrivateAddress } from '../../src/net/address.ts'
import { isPeerId } from '../../src/net/identity.ts'
import { LanSocket } from '../../src/net/lan-socket.ts'
import { FrameLimit } from '../../src/net/muxers.ts'
import { formatPeers, parsePeers } from '../../src/trust/peers-file.ts'
import { encodeFrame, FrameDecoder } from '../../src/wire/frame.ts'
import { decodeHello } from '../../src/wire/hello.ts'
import { defaultMachineName, machineNameFault } from '../../src/wire/machine-name.ts'
import { decodeMessage } from '../../src/wire/message.ts'
import { decodePage } from '../../src/wire/page.ts'
import * as pairing from '../../src/wire/pairing.ts'
import { decodePath, encodePath } from '../../src/wire/path.ts'
import { advertBytes, ptr, dnsPacket, txt, SERVICE } from '../support/dns-bytes.ts'

/** Something that reads bytes nobody vouches for. */
export interface Decoder {
  readonly name: string
  /** Bytes that it takes, or nearly; what is tried is made of them. */
  readonly samples: readonly Buffer[]
  /** Most bytes that reach it. */
  readonly most: number
  /** How many of 1,000 inputs are for it. */
  readonly share: number
  /** The codes it may throw. */
  readonly throws: readonly SftErrorCode[]
  /** Reads some bytes; throws an error without a code where it does not keep what it promises. */
  readonly read: (bytes: Buffer) => void
}

/** What a terminal acts on, or shows as something else than it is. */
export const RAW =
  // eslint-disable-next-line no-control-regex
  /[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\u{e0000}-\u{e007f}\ud800-\udfff]/u

/** Every decoder of sft that can run by itself, with samples from the test vectors. */
export async function allDecoders(): Promise<{ decoders: Decoder[]; close: () => Promise<void> }> {
  const multicast = multicastDecoder()
  const decoders = [
    ...wireDecoders(),
    ...pairingDecoders(),
    ...textDecoders(),
    await recordDecoder(),
    multicast.decoder,
  ]
  return { decoders, close: multicast.close }
}

/** Tries one input. Returns how the decoder broke its word, or `null`. */
export function escapeOf({ read, throws }: Decoder, bytes: Buffer): string | null {
  try {
    read(bytes)
    return null
  } catch (error) {
    if (error instanceof SftError && throws.includes(error.code)) return null
    return error instanceof Error ? (error.stack ?? error.message) : String(error)
  }
}

/** Everything under `bytes` in a file of test vectors, or in one part of it. */
function vectors(file: string, part?: string): Buffer[] {
  const whole = readFileSync(new URL(`../vectors/${file}.json`, import.meta.url), 'utf8')
  const text = part === undefined ? whole : JSON.stringify((JSON.parse(whole) as Record<string, unknown>)[part])
  return [...text.matchAll(/"bytes": ?"([0-9a-f]*)"/g)].map(([, hex = '']) => Buffer.from(hex, 'hex'))
}

function wireDecoders(): Decoder[] {
  const throws = ['ERR_PROTOCOL'] as const
  const paths = vectors('paths')
  const messages = vectors('messages')
  return [
    { name: 'hello', samples: vectors('hello'), most: 300, share: 60, throws, read: decodeHello },
    { name: 'message', samples: messages, most: 16_384, share: 330, throws, read: decodeMessage },
    {
      name: 'page of a listing',
      samples: vectors('messages', 'pages'),
      most: 65_470,
      share: 160,
      throws,
      read: (bytes) => {
        for (const entry of decodePage(bytes)) if (entry.type !== 'unlistable') expectPath(entry.path)
      },
    },
    {
      name: 'path',
      samples: [...paths, Buffer.from('a/b/c'), Buffer.from('.')],
      most: 5_000,
      share: 120,
      throws: ['ERR_PATH'],
      read: (bytes) => {
        const path = decodePath(bytes)
        expectPath(path)
        if (!bytes.equals(encodePath(path))) throw new Error('a path has a second spelling')
      },
    },
    {
      name: 'frames',
      samples: [...messages, ...vectors('hello')]
        .filter(({ length }) => length > 0)
        .map((one) => Buffer.from(encodeFrame(one))),
      most: 2_000,
      share: 60,
      throws,
      read: readFrames,
    },
    {
      name: 'frames of yamux',
      samples: [Buffer.from('000000010000000100000002aabb000100000000000100040000', 'hex')],
      most: 400,
      share: 40,
      throws,
      read: (bytes) => {
        const limit = new FrameLimit()
        for (let at = 0; at < bytes.byteLength; at += 7) limit.check(bytes.subarray(at, at + 7))
      },
    },
  ]
}

/** Says by itself what a path is (docs/protocol.md section 7). */
function expectPath(path: string): void {
  if (path === '.') return
  const bytes = Buffer.byteLength(path)
  const components = path.split('/')
  const isFit = (name: string): boolean =>
    name !== '' && name !== '.' && name !== '..' && Buffer.byteLength(name) <= 255 && !/[\\\0]|^[a-z]:/i.test(name)
  if (bytes > 4_096 || components.length > 255 || !components.every(isFit) || !path.isWellFormed()) {
    throw new Error('a path was taken that is none')
  }
}

/** What comes out is what went in, however it is cut, and no more is kept than came. */
function readFrames(bytes: Buffer): void {
  const decoder = new FrameDecoder()
  let taken = 0
  for (let at = 0; at < bytes.byteLength; at += 11) {
    decoder.push(bytes.subarray(at, at + 11))
    for (let payload = decoder.next(1, 1_000); payload !== null; payload = decoder.next(1, 1_000)) {
      if (!bytes.subarray(taken + 2, taken + 2 + payload.byteLength).equals(payload)) throw new Error('other bytes')
      taken += 2 + payload.byteLength
    }
    if (taken + decoder.pending !== Math.min(at + 11, bytes.byteLength)) throw new Error('bytes were lost')
  }
}

function pairingDecoders(): Decoder[] {
  const [tag, name] = [Buffer.alloc(64, 7), 'ana-laptop']
  const cases: [string, (bytes: Uint8Array) => unknown, Uint8Array[]][] = [
    ['hello', pairing.decodePairHello, [pairing.encodePairHello(Buffer.alloc(16, 7))]],
    ['share', pairing.decodePairShare, [pairing.encodePairShare(Buffer.alloc(32, 7))]],
    ['proof', pairing.decodePairProof, [pairing.encodePairProof(tag)]],
    [
      'verdict',
      (bytes) => expectName(pairing.decodePairVerdict(bytes)),
      [pairing.encodePairVerdict({ error: 0, tag, name }), pairing.encodePairVerdict({ error: 4 })],
    ],
    ['done', (bytes) => expectName(pairing.decodePairDone(bytes)), [pairing.encodePairDone({ error: 0, name })]],
  ]
  return cases.map(([what, read, samples]) => ({
    name: `${what} of pairing`,
    samples: samples.map((bytes) => Buffer.from(bytes)),
    most: pairing.MAX_PAIR_MESSAGE,
    share: 15,
    throws: ['ERR_PROTOCOL'],
    read,
  }))
}

function expectName(said: { readonly error: number; readonly name?: string }): void {
  const { error, name = '' } = said
  if (error === 0 && (name === '' || RAW.test(name) || name.length > 128)) {
    throw new Error('a name was taken that is none')
  }
}

function textDecoders(): Decoder[] {
  const id = '12D3KooWEiKUJwDsgLjoDZ8RPRPa1SP7eGWpGSMhW9yCtztJxjpN'
  const secret = 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'
  const line = `ana ${id} list,get ${secret} blocked seen=2026-01-31T12:00:00Z grant=put:in%20box address=/ip4/1.2.3.4/tcp/1`
  const texts = [line, `# a\n${line}\nbob ${id} - ${secret}\r\n`, `ana ${id} default ${secret}`]
  const words = ['ocean-canyon-seven', 'OCEA cany seve', 'abandon ability able']
  const names = ['ana-laptop', 'host.example.org', 'Zo\u00eb', '\u202eabc', 'e\u0301', '日本語']
  const terminal = [...names, '\u001b[31mred', 'a\\b', 'exe.\u202etxt', `o${'\u0301'.repeat(12)}`, '\u{e0041}\ud800']
  const addresses = [
    `/ip4/10.0.0.1/tcp/7380/p2p/${id}`,
    '/ip6zone/eth0/ip6/fe80::1/tcp/1',
    '/dns4/a/tcp/1',
    '1.2.3.4',
    id,
  ]
  const part = `${'0'.repeat(32)}-${'a'.repeat(32)}`
  const text = (
    name: string,
    share: number,
    samples: readonly string[],
    throws: readonly SftErrorCode[],
    read: (text: string) => void,
  ): Decoder => {
    const decode = (bytes: Buffer): void => read(bytes.toString(bytes.byteLength % 5 === 0 ? 'utf16le' : 'utf8'))
    return { name, share, throws, most: 2_000, samples: samples.map((one) => Buffer.from(one)), read: decode }
  }
  return [
    text('peers file', 25, texts, ['ERR_IDENTITY'], (file) => {
      const peers = parsePeers(file)
      const saved = formatPeers(peers, file)
      if (JSON.stringify(parsePeers(saved).map(plain)) !== JSON.stringify(peers.map(plain)))
        throw new Error('not the same')
    }),
    text('typed code', 20, words, ['ERR_USAGE'], (typed) => {
      if (!/^[a-z]+-[a-z]+-[a-z]+$/.test(parseCode(typed))) throw new Error('a code was taken that is none')
    }),
    text('name of a machine', 20, names, [], (name) => {
      if (machineNameFault(name) === null && RAW.test(name)) throw new Error('a name was taken that is none')
      if (machineNameFault(defaultMachineName(name)) !== null) throw new Error('a name was made that is none')
    }),
    text('address', 10, addresses, [], (address) => {
      if (isPrivateAddress(address) && ipOf(address) === null && !/^[\d.:a-f%]/i.test(address))
        throw new Error('private')
      if (isPeerId(address) && !/^12D3KooW\w{44}$/.test(address)) throw new Error('a peer ID was taken that is none')
    }),
    text('name of a part', 10, [`${part}-free`, `${part}-1.2.3`], [], (name) => {
      const known = parsePartName(name)
      if (known) parseOwner(known.owner)
    }),
    text('text for a terminal', 40, terminal, [], (shown) => expectSafe(escapeText(shown))),
    {
      name: 'bytes for a terminal',
      samples: terminal.map((one) => Buffer.from(one)),
      most: 500,
      share: 20,
      throws: [],
      read: (bytes) => expectSafe(escapeBytes(bytes)),
    },
  ]
}

function plain({ rights, grants, secret, ...peer }: ReturnType<typeof parsePeers>[number]): unknown {
  const flat = grants.map((grant) => ({ ...grant, rights: [...grant.rights] }))
  return { ...peer, rights: rights && [...rights], grants: flat, secret: [...secret] }
}

function expectSafe(escaped: string): void {
  if (RAW.test(escaped)) throw new Error('a terminal would act on it')
  for (const columns of [1, 9, 79]) {
    for (const cut of [cutEnd(escaped, columns), cutStart(escaped, columns)]) {
      if (RAW.test(cut) || textWidth(cut) > columns) throw new Error('it is not cut as it should be')
    }
  }
}

async function recordDecoder(): Promise<Decoder> {
  const sodium = await loadSodium()
  const key = new Uint8Array(32).fill(7)
  const header = new Uint8Array(24).fill(9)
  const honest = [1, 20, 300].map((length) => {
    const record = Buffer.alloc(length + 17)
    new Sealer(sodium, key, header).seal(record, Buffer.alloc(length, 5))
    return record
  })
  return {
    name: 'sealed record',
    samples: honest,
    most: 400,
    share: 20,
    throws: ['ERR_DECRYPT'],
    read: (bytes) => {
      const opened = Buffer.from(new Opener(sodium, key, header).open(Buffer.from(bytes)))
      if (!honest.some((record) => record.equals(bytes)) || opened.some((byte) => byte !== 5)) throw new Error('forged')
    },
  }
}

/** What comes from the local network, through a socket that is never bound, as the system would hand it over. */
function multicastDecoder(): { decoder: Decoder; close: () => Promise<void> } {
  const id = '12D3KooWEiKUJwDsgLjoDZ8RPRPa1SP7eGWpGSMhW9yCtztJxjpN'
  const string = `dnsaddr=/ip4/10.77.0.2/tcp/7380/p2p/${id}`
  const socket = createSocket('udp4')
  let wrong = false
  const lan = new LanSocket(
    {
      on: { name: 'eth0', address: '10.77.0.1', cidr: '10.77.0.1/24', family: 'IPv4', internal: false },
      instance: 'fedcba9876543210',
      announced: () => null,
      onAdvert: ({ addresses, source }) => {
        wrong ||= source !== '10.77.0.2' || addresses.some((address) => !address.startsWith('/ip4/10.77.0.2/tcp/'))
      },
    },
    socket,
  )
  const name = `0123456789abcdef.${SERVICE}`
  const decoder: Decoder = {
    name: 'packet of multicast DNS',
    samples: [
      advertBytes([string, 'pairing=1']),
      advertBytes([string]),
      dnsPacket({ answers: [txt(name, [string]), ptr(SERVICE, name)] }),
    ],
    most: 1_600,
    share: 20,
    throws: [],
    read: (bytes) => {
      socket.emit('message', bytes, { address: '10.77.0.2', family: 'IPv4', port: 5_353, size: bytes.byteLength })
      if (wrong) throw new Error('an address was taken from another machine')
    },
  }
  return { decoder, close: async () => lan.close() }
}
