import { asSftError, SftError, type SftErrorCode } from '../errors.ts'
import { describeInterfaces } from '../net/address.ts'
import { scopeOf, withoutPeerId, type Scope, type TcpAnswer } from '../net/answer.ts'
import { shortId, type Identity } from '../net/identity.ts'
import { DEFAULT_PORT } from '../net/node.ts'
import { SEARCH_TIME } from '../reach.ts'
import { findPeer, type Peer } from '../trust/peers.ts'
import { RIGHTS, type Right } from '../wire/rights.ts'

/** How one check went. */
interface Verdict {
  /** `warning`: something that need not be the cause; `skipped`: it was not looked at. */
  readonly status: 'ok' | 'warning' | 'problem' | 'skipped'
  /** What was found, as one line for people, not escaped. */
  readonly found: string
  /** The one next step. */
  readonly advice?: string | undefined
  /** For a problem: the error that commands end with because of it. */
  readonly code?: SftErrorCode
}

/** Where an address of a peer was found. */
export type Source = 'given' | 'last known' | 'heard'

/** A machine that was heard on the local network. */
interface Machine {
  readonly peerId: string
  /** What it is called here, if it is paired. */
  readonly name: string | null
  /** Whether it shows a pairing code. */
  readonly pairing: boolean
  readonly addresses: readonly string[]
}

/** What each check is about. */
type Facts =
  | { readonly check: 'key'; readonly peerId: string | null }
  | { readonly check: 'peers'; readonly count: number | null }
  | {
      readonly check: 'network'
      readonly interfaces: readonly { readonly name: string; readonly address: string; readonly scope: Scope }[]
    }
  /** `peerId` is who has the port, if that is sft. */
  | { readonly check: 'port'; readonly port: number; readonly taken: boolean; readonly peerId: string | null }
  | { readonly check: 'multicast'; readonly problems: readonly string[] }
  | { readonly check: 'machines'; readonly machines: readonly Machine[] }
  | { readonly check: 'peer'; readonly name: string | null; readonly peerId: string | null; readonly paired: boolean }
  | { readonly check: 'heard'; readonly addresses: readonly string[] }
  | { readonly check: 'addresses'; readonly addresses: readonly { address: string; from: Source }[] }
  | {
      readonly check: 'address'
      readonly address: string
      readonly from: Source
      readonly tcp: TcpAnswer['state'] | null
    }
  /** `peerId` is who proved to be there, and `name` what it is called here. */
  | {
      readonly check: 'identity'
      readonly address: string
      readonly peerId: string | null
      readonly name: string | null
    }
  | { readonly check: 'admission' }
  | { readonly check: 'pairing'; readonly same: boolean | null }
  | { readonly check: 'rights'; readonly rights: readonly Right[] }
  | { readonly check: 'roundTrip'; readonly milliseconds: number | null }
  | { readonly check: 'speed'; readonly bytesPerSecond: number | null }
  | {
      readonly check: 'path'
      readonly address: string
      readonly direct: true
      readonly interface: string | null
      readonly scope: Scope | null
    }

/** What came of one check: `check` names it and tells which further facts there are. */
export type Finding = Verdict & Facts

/** One address of the peer and what a TCP connection to it came to; `null` if it was not tried. */
export interface Trial {
  readonly address: string
  readonly from: Source
  readonly tcp: TcpAnswer | null
}

export const PAIR = 'to pair: "sft pair" there, "sft pair CODE" here'
export const LISTEN_STEP = 'is "sft share" running there, on the same network? some guest Wi-Fi keeps machines apart'
export const MULTICAST_STEP =
  'if both are on one network, it or a firewall drops multicast: allow UDP port 5353, or use --addr'

export const SILENT = 'the share does not answer any more; start "sft share" there again'

export const WAYS: Record<Scope, (name: string) => string> = {
  loopback: () => 'within this machine',
  private: (name) => `by ${name}, in a private network`,
  public: (name) => `by ${name}, at a public address`,
}

/** Returns who a peer is, for the middle of a sentence. */
export function nameOf(peers: readonly Peer[], peerId: string): string {
  const known = findPeer(peers, peerId)
  return known ? `"${known.name}" (${shortId(peerId)})` : `${shortId(peerId)}, which is not paired`
}

export function describeKey(key: Identity | SftError, home: string): Finding {
  if (key instanceof SftError) return { check: 'key', peerId: null, ...problem(key) }
  const found = `the key in ${home} is readable by its owner only; this machine is ${shortId(key.peerId)}`
  return { check: 'key', peerId: key.peerId, status: 'ok', found }
}

export function describePeers(peers: readonly Peer[] | SftError): Finding {
  if (peers instanceof SftError) return { check: 'peers', count: null, ...problem(peers) }
  const count = peers.length
  if (count === 0) return { check: 'peers', count, status: 'ok', found: 'no machine is paired yet', advice: PAIR }
  return { check: 'peers', count, status: 'ok', found: `${count} paired ${count === 1 ? 'machine' : 'machines'}` }
}

/** @param alone - Whether nothing else is looked at that may do without a network. */
export function describeNetwork(alone: boolean): Finding {
  const interfaces = describeInterfaces().map((one) => ({ name: one.name, address: one.address, scope: scopeOf(one) }))
  const outside = interfaces.filter(({ scope }) => scope !== 'loopback')
  if (outside.length > 0) {
    const list = outside.map(({ name, address, scope }) => `${name} ${address} (${scope})`).join(', ')
    return { check: 'network', interfaces, status: 'ok', found: `addresses of this machine: ${list}` }
  }
  const bad = {
    found: 'no network is up: nothing but this machine can be reached',
    advice: 'is the cable in, the Wi-Fi on?',
  }
  if (!alone) return { check: 'network', interfaces, status: 'warning', ...bad }
  return { check: 'network', interfaces, status: 'problem', code: 'ERR_UNREACHABLE', ...bad }
}

export function describeMulticast(problems: readonly string[], minor: boolean): Finding {
  const facts = { check: 'multicast', problems } as const
  if (problems.length === 0) return { ...facts, status: 'ok', found: 'multicast can be sent and heard' }
  const bad = { found: `multicast does not work: ${problems.join('; ')}`, advice: MULTICAST_STEP }
  if (minor) return { ...facts, status: 'warning', ...bad }
  return { ...facts, status: 'problem', code: 'ERR_UNREACHABLE', ...bad }
}

export function describeMachines(machines: readonly Machine[]): Finding {
  if (machines.length === 0) {
    const found = `no machine was heard within ${SEARCH_TIME / 1_000} s`
    const advice = `${LISTEN_STEP}, a firewall UDP port 5353; --addr works without`
    return { check: 'machines', machines, status: 'warning', found, advice }
  }
  const list = machines.map(({ peerId, name, pairing }) => {
    return `${name === null ? '' : `"${name}" `}${shortId(peerId)}${pairing ? ' (shows a code)' : ''}`
  })
  return { check: 'machines', machines, status: 'ok', found: `heard on the local network: ${list.join(', ')}` }
}

export function describeAddresses(addresses: readonly { address: string; from: Source }[]): Finding {
  const facts = { check: 'addresses', addresses } as const
  if (addresses.length === 0) {
    const advice = 'name one with --addr, as "sft share" prints it on the other machine'
    return { ...facts, status: 'problem', code: 'ERR_UNREACHABLE', found: 'no address of it is known', advice }
  }
  const list = addresses.map(({ address, from }) => `${address} (${from})`).join(', ')
  return { ...facts, status: 'ok', found: `addresses to try: ${list}` }
}

export function isOpen(trials: readonly Trial[]): boolean {
  return trials.some(({ tcp }) => tcp?.state === 'open')
}

/** @param elsewhere - Whether another address answers, which makes this one unimportant. */
export function describeTrial({ address, from, tcp }: Trial, elsewhere: boolean, heard: readonly string[]): Finding {
  const facts = { check: 'address', address, from, tcp: tcp?.state ?? null } as const
  if (tcp?.state === 'open') return { ...facts, status: 'ok', found: `${address} accepts connections` }
  const port = address.split('/tcp/')[1] ?? String(DEFAULT_PORT)
  const wall = `it is heard, so the machine is on: open TCP port ${port} in its firewall`
  const isHeard = heard.map(withoutPeerId).includes(address)
  const says: Record<Exclude<TcpAnswer['state'], 'open'> | 'none', [found: string, advice: string]> = {
    none: [`${address} is not on a private network, and --lan-only refuses it`, 'leave --lan-only out to try it'],
    closed: [
      `nothing listens at ${address}, though the machine answers`,
      isHeard ? wall : 'is "sft share" running there, on this port, and not on loopback only?',
    ],
    silent: [
      `no answer from ${address}`,
      isHeard
        ? wall
        : `is the machine on, with this address, on this network? then open TCP port ${port} in its firewall`,
    ],
    unroutable: [`no way to ${address}`, 'is the cable in, the Wi-Fi on? are both on the same network?'],
    unresolved: [`the name in ${address} is not known`, 'name the IP address with --addr'],
    failed: [`cannot connect to ${address}`, 'look for a firewall on this machine'],
    unusable: [`${address} is no address of TCP`, 'it needs /ip4 or /ip6, and /tcp'],
  }
  const [found, advice] = says[tcp?.state ?? 'none']
  if (elsewhere) return { ...facts, status: 'warning', found }
  const code = tcp === null || tcp.state === 'unusable' ? 'ERR_USAGE' : 'ERR_UNREACHABLE'
  return { ...facts, status: 'problem', code, found, advice }
}

export function describeRefusal(error: unknown, known: Peer | null): Finding {
  if (!(error instanceof SftError) || error.code !== 'ERR_REFUSED') return { check: 'admission', ...problem(error) }
  const found = known
    ? 'it does not let this machine in: it was removed or blocked there, or that share is for others'
    : 'it does not let this machine in, which is not paired with it'
  return {
    check: 'admission',
    status: 'problem',
    code: 'ERR_REFUSED',
    found,
    advice: known ? `${PAIR}; "sft peers" there tells who is blocked` : PAIR,
  }
}

export function describeSecrets(known: Peer | null): Finding {
  const found = known
    ? 'the two machines have different pairing secrets: one of them was paired anew'
    : 'that machine is paired with this one, and this one has forgotten it'
  return { check: 'pairing', same: false, status: 'problem', code: 'ERR_DECRYPT', found, advice: PAIR }
}

export function describeRights(rights: ReadonlySet<Right>): Finding {
  const list = RIGHTS.filter((right) => rights.has(right))
  if (list.length > 0)
    return { check: 'rights', rights: list, status: 'ok', found: `allowed there: ${list.join(', ')}` }
  const [found, advice] = ['nothing is allowed at the root of the share', 'there, grant some: sft grant PEER list,get']
  return { check: 'rights', rights: list, status: 'warning', found, advice }
}

/** Returns the verdict for an error: its message says what is wrong, and behind the last semicolon what to do. */
export function problem(error: unknown): Verdict & { status: 'problem' } {
  const { code, message } = asSftError(error, 'ERR_INTERNAL', `an unexpected error: ${String(error)}`)
  const end = message.lastIndexOf('; ')
  const found = end < 0 ? message : message.slice(0, end)
  return { status: 'problem', code, found, advice: end < 0 ? undefined : message.slice(end + 2) }
}
