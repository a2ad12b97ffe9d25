import { SftError } from '../errors.ts'
import { machineNameFault } from '../wire/machine-name.ts'
import { parseRemotePath } from '../wire/path.ts'
import { isRight, RIGHTS, type Right } from '../wire/rights.ts'
import { grantFault, isSamePlace, MAX_GRANTS, type Grant, type Peer } from './peers.ts'

/** Most bytes of the peers file, in UTF-8. */
export const MAX_PEERS_BYTES = 1024 * 1024

/** Most addresses kept of one peer. */
export const MAX_ADDRESSES = 8

/** Bytes of a pairing secret. */
const SECRET_BYTES = 32

/** Most characters of an address, more than any transport of libp2p needs. */
const MAX_ADDRESS = 512

/** One line of the peers file: a peer, or what is kept as it is (`peer` is `null`: a comment, an empty line). */
interface Line {
  readonly text: string
  readonly peer: Peer | null
}

/**
 * Parses the peers file. Each line is empty, a comment (`#` first), or one peer, in columns separated by spaces:
 *
 *     name peerId rights secret [blocked] [seen=TIME] [grant=RIGHTS:PATH[:SHARE]]... [address=MULTIADDR]...
 *
 * with the rights separated by commas (`-` for none, `all` for all, in the column also `default` for what a share gives
 * everybody), the secret in base64url without padding, the time as in RFC 3339, paths as `encodeURIComponent` writes
 * them, and what is optional in any order. No line is ever skipped because it cannot be read: it might be the
 * one that keeps a peer out.
 *
 * @throws {@link SftError} `ERR_IDENTITY` with the number of the line, what is wrong with it and what to do. No error
 * quotes the file: wherever a column is missing, the secret can stand in its place.
 */
export function parsePeers(text: string): Peer[] {
  return parseLines(text).flatMap(({ peer }) => (peer ? [peer] : []))
}

/**
 * Formats the peers file, so that {@link parsePeers} returns these peers.
 *
 * @param before - The file so far. Its comments and empty lines stay, peers it has keep their places, those that are not
 * among `peers` any more lose their lines, and new ones follow at the end.
 * @throws {@link SftError} `ERR_IDENTITY` if a peer cannot be written so that it could be read, if two have one name or
 * ID, if the file gets too large, or if `before` cannot be parsed.
 */
export function formatPeers(peers: readonly Peer[], before = ''): string {
  const rest = new Map(peers.map((peer) => [peer.peerId, peer]))
  const texts: string[] = []
  for (const { text, peer } of parseLines(before)) {
    const present = peer && rest.get(peer.peerId)
    if (peer === null) texts.push(text)
    else if (present) texts.push(formatPeer(present))
    if (peer) rest.delete(peer.peerId)
  }
  texts.push(...[...rest.values()].map(formatPeer))
  const text = texts.map((line) => `${line}\n`).join('')
  if (parsePeers(text).length !== peers.length) {
    throw new SftError('ERR_IDENTITY', 'the peers cannot be saved: two have one peer ID; remove one of them')
  }
  return text
}

function parseLines(text: string): Line[] {
  // UTF-8 has at least a byte for each unit of UTF-16, so what is far too long is not encoded first.
  if (text.length > MAX_PEERS_BYTES || encoder.encode(text).byteLength > MAX_PEERS_BYTES) {
    throw new SftError('ERR_IDENTITY', `the peers file is over ${MAX_PEERS_BYTES} bytes; remove peers or comments`)
  }
  const texts = text.split(/\r?\n/)
  if (texts.at(-1) === '') texts.pop() // behind the last line feed
  const lineOf = new Map<string, number>() // names and peer IDs, which no name looks like
  return texts.map((line, index) => {
    const number = index + 1
    const unsafe = UNSAFE.exec(line)
    // In a comment too: a line end to the eye that is none here would hide a line.
    if (unsafe) throw malformed(number, `a control or invisible character, ${codePoint(unsafe[0])}, is in it`)
    if (/^ *(?:#|$)/.test(line)) return { text: line, peer: null }
    const peer = parsePeer(line.split(' ').filter((column) => column !== ''))
    if (typeof peer === 'string') throw malformed(number, peer)
    for (const [what, value] of [
      ['name', peer.name],
      ['peer ID', peer.peerId],
    ] as const) {
      const first = lineOf.get(value)
      if (first !== undefined) throw malformed(number, `the ${what} is that of line ${first}`)
      lineOf.set(value, number)
    }
    return { text: line, peer }
  })
}

/** Returns the peer of a line, or what is wrong with it. */
function parsePeer([name, peerId, rightsText, secretText, ...options]: readonly string[]): Peer | string {
  if (name === undefined || peerId === undefined || rightsText === undefined || secretText === undefined) {
    return 'it has not the four columns name, peer ID, rights and secret'
  }
  const rights = rightsText === DEFAULT ? null : parseRights(rightsText)
  if (rights === undefined) return `its rights are not "default", "-", "all", or some of ${RIGHTS.join(',')}`
  const secret = decodeSecret(secretText)
  if (secret === null) return SECRET_FAULT
  let blocked = false
  let lastSeen: Date | null = null
  const addresses: string[] = []
  const grants: Grant[] = []
  for (const option of options) {
    if (option.startsWith('address=')) {
      addresses.push(option.slice('address='.length))
    } else if (option.startsWith('grant=')) {
      const grant = parseGrant(option.slice('grant='.length))
      if (grant === null) return GRANT_FAULT
      grants.push(grant)
    } else if (option.startsWith('seen=')) {
      if (lastSeen) return '"seen" is there twice'
      lastSeen = parseTime(option.slice('seen='.length))
      if (lastSeen === null) return '"seen" is not a time like 2026-01-31T12:00:00Z'
    } else if (option === 'blocked') {
      if (blocked) return '"blocked" is there twice'
      blocked = true
    } else {
      return option.startsWith('#')
        ? 'a comment needs a line of its own'
        : 'there is more behind the secret than "blocked", "seen=TIME", "grant=RIGHTS:PATH" and "address=MULTIADDR"'
    }
  }
  const peer = { name, peerId, rights, grants, secret, blocked, addresses, lastSeen }
  return peerFault(peer) ?? peer
}

function formatPeer(peer: Peer): string {
  const fault = peerFault(peer)
  if (fault !== null) throw new SftError('ERR_IDENTITY', `a peer cannot be saved: ${fault}`)
  return [
    peer.name,
    peer.peerId,
    peer.rights ? formatRights(peer.rights) : DEFAULT,
    encodeSecret(peer.secret),
    ...(peer.blocked ? ['blocked'] : []),
    ...(peer.lastSeen ? [`seen=${peer.lastSeen.toISOString()}`] : []),
    ...peer.grants.map((grant) => `grant=${formatGrant(grant)}`),
    ...peer.addresses.map((address) => `address=${address}`),
  ].join(' ')
}

/** Returns what would keep a peer from being read as it was written, or `null`. */
function peerFault({ name, peerId, grants, secret, addresses, lastSeen }: Peer): string | null {
  const nameFault = machineNameFault(name)
  if (nameFault !== null) return nameFault
  if (!isPeerId(peerId)) return 'the peer ID is none; on that machine "sft id" prints it'
  if (secret.byteLength !== SECRET_BYTES) return SECRET_FAULT
  if (grants.length > MAX_GRANTS) return `it has more than ${MAX_GRANTS} grants`
  const misplaced = grants.map(grantFault).find((fault) => fault !== null)
  if (misplaced !== undefined) return misplaced
  if (grants.some((grant, index) => grants.findIndex((other) => isSamePlace(other, grant)) < index)) {
    return 'it has two grants for one place'
  }
  if (addresses.length > MAX_ADDRESSES) return `it has more than ${MAX_ADDRESSES} addresses`
  if (!addresses.every((address) => address.length <= MAX_ADDRESS && ADDRESS.test(address))) {
    return 'an address is no multiaddr, such as /ip4/192.0.2.1/tcp/4001'
  }
  return lastSeen && !isFourDigitYear(lastSeen) ? 'the time it was last seen is out of range' : null
}

/** Stands for the rights of a peer that has none of its own. */
const DEFAULT = 'default'

/** Returns `undefined` for what is no list of rights. */
function parseRights(text: string): ReadonlySet<Right> | undefined {
  if (text === '-') return new Set()
  if (text === 'all') return new Set(RIGHTS)
  const rights = text.split(',')
  return rights.every(isRight) ? new Set(rights) : undefined
}

function formatRights(rights: ReadonlySet<Right>): string {
  const names = RIGHTS.filter((right) => rights.has(right))
  if (names.length === RIGHTS.length) return 'all'
  return names.length === 0 ? '-' : names.join(',')
}

const GRANT_FAULT = 'a grant is not RIGHTS:PATH or RIGHTS:PATH:SHARE, the paths as encodeURIComponent writes them'

function parseGrant(text: string): Grant | null {
  const [rightsText = '', pathText = '', shareText, ...more] = text.split(':')
  const rights = parseRights(rightsText)
  const path = decodeComponent(pathText)
  const share = shareText === undefined ? null : decodeComponent(shareText)
  if (rights === undefined || path === undefined || share === undefined || more.length > 0) return null
  try {
    return { share, path: parseRemotePath(path), rights }
  } catch {
    return null // parseRemotePath throws for a path that is none
  }
}

function formatGrant({ share, path, rights }: Grant): string {
  return [formatRights(rights), ...[path, ...(share === null ? [] : [share])].map(encodeURIComponent)].join(':')
}

/** Returns what `encodeURIComponent` made a text of, or `undefined` where it would have written something else. */
function decodeComponent(text: string): string | undefined {
  try {
    const decoded = decodeURIComponent(text)
    return encodeURIComponent(decoded) === text ? decoded : undefined
  } catch {
    return undefined // bytes that are not UTF-8
  }
}

/** Base64url of 32 bytes in its only spelling, whose last character holds four bits. */
const SECRET = /^[\w-]{42}[AEIMQUYcgkosw048]$/

const SECRET_FAULT = `the secret is not ${SECRET_BYTES} bytes in base64url; if it is lost, pair the machines again`

function decodeSecret(text: string): Uint8Array | null {
  if (!SECRET.test(text)) return null
  const base64 = text.replaceAll('-', '+').replaceAll('_', '/')
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
}

function encodeSecret(secret: Uint8Array): string {
  const base64 = btoa(String.fromCharCode(...secret))
  return base64.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')
}

const TIME = /^(\d{4}-\d\d-\d\d)T\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/

function parseTime(text: string): Date | null {
  const date = TIME.exec(text)?.[1]
  if (date === undefined) return null
  const time = new Date(text)
  const midnight = new Date(`${date}T00:00:00Z`)
  if (!isFourDigitYear(time) || !isFourDigitYear(midnight)) return null
  return midnight.toISOString().startsWith(date) ? time : null // `Date` takes the 30th of February for the 2nd of March
}

/** Tells whether a time is one and has the year in four digits, as RFC 3339 wants it. */
function isFourDigitYear(time: Date): boolean {
  return !Number.isNaN(time.getTime()) && time.getUTCFullYear() >= 0 && time.getUTCFullYear() <= 9999
}

const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'

/** What an Ed25519 peer ID holds in front of the key: identity multihash of 36 bytes, key type 1, key of 32 bytes. */
const ED25519_PREFIX = 0x2408011220n

/** Tells whether `text` is the peer ID of an Ed25519 key in its only spelling here: base58, the zero byte first. */
function isPeerId(text: string): boolean {
  if (!/^1[1-9A-HJ-NP-Za-km-z]{51}$/.test(text)) return false
  const value = Array.from(text).reduce((sum, digit) => sum * 58n + BigInt(BASE58.indexOf(digit)), 0n)
  return value >> 256n === ED25519_PREFIX
}

const ADDRESS = /^\/[!-~]+$/

// Controls, formats and whatever else shows nothing or ends a line to the eye, lone surrogates; not emoji style.
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]|(?![\uFE0E\uFE0F])\p{Default_Ignorable_Code_Point}/u

const encoder = new TextEncoder()

function malformed(line: number, why: string): SftError {
  return new SftError('ERR_IDENTITY', `line ${line} of the peers file: ${why}; correct that line`)
}

function codePoint(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`
}
