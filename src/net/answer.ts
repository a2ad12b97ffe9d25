import { connect } from 'node:net'
import { multiaddr } from '@multiformats/multiaddr'
import { SftError } from '../errors.ts'
import { describeInterfaces, isPrivateAddress } from './address.ts'
import { generateIdentity, isPeerId } from './identity.ts'
import type { Node } from './node.ts'

/** What happens to a TCP connection to one address, before anything is said on it. */
export type TcpAnswer =
  /** Something listens there. `localIp` is the address of this machine that the way there starts from. */
  | { readonly state: 'open'; readonly localIp: string }
  /**
   * The machine is there and nothing listens; nobody answers; there is no way to it; its name is unknown; another failure
   * of the system; or it is no address of TCP.
   */
  | { readonly state: 'closed' | 'silent' | 'unroutable' | 'unresolved' | 'failed' | 'unusable' }

/** How far an address of this machine reaches. */
export type Scope = 'loopback' | 'private' | 'public'

const STATES: Partial<Record<string, Exclude<TcpAnswer['state'], 'open'>>> = {
  ECONNREFUSED: 'closed',
  ETIMEDOUT: 'silent',
  EHOSTDOWN: 'silent',
  EHOSTUNREACH: 'silent', // nobody has that address, or a firewall says so
  ENETUNREACH: 'unroutable',
  ENETDOWN: 'unroutable',
  EADDRNOTAVAIL: 'unroutable',
  EINVAL: 'unroutable', // link-local without the interface it is of
  ENOTFOUND: 'unresolved',
  EAI_AGAIN: 'unresolved',
}

/** Finds out what a TCP connection to a multiaddr comes to, within `patience` milliseconds. Says nothing on it. */
export async function tryTcp(address: string, patience: number, signal?: AbortSignal): Promise<TcpAnswer> {
  const target = tcpTarget(address)
  if (target === null) return { state: 'unusable' }
  if (signal?.aborted === true) return { state: 'silent' }
  const socket = connect(target)
  const { promise, resolve } = Promise.withResolvers<TcpAnswer>()
  const giveUp = (): void => resolve({ state: 'silent' })
  const timer = setTimeout(giveUp, patience)
  signal?.addEventListener('abort', giveUp)
  socket.once('connect', () => resolve({ state: 'open', localIp: plainIp(socket.localAddress ?? '') }))
  socket.on('error', ({ code }: NodeJS.ErrnoException) => resolve({ state: STATES[code ?? ''] ?? 'failed' }))
  try {
    return await promise
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', giveUp)
    socket.destroy()
  }
}

/**
 * Returns the peer ID that is proved at an address within `patience` milliseconds, whoever it is; `null` for what does not
 * speak as sft does, and where nothing listens.
 *
 * @throws {@link SftError} `ERR_USAGE` for an address that is not dialled, or the reason of `signal`.
 */
export async function whoAnswers(
  node: Node,
  address: string,
  patience: number,
  signal?: AbortSignal,
): Promise<string | null> {
  const host = withoutPeerId(address)
  const late = AbortSignal.timeout(patience)
  const ending = signal ? AbortSignal.any([signal, late]) : late
  const { peerId: nobody } = await generateIdentity()
  // Who is asked for somebody else says that it is another one, and then has to prove it.
  const claimed = await proved(node, `${host}/p2p/${nobody}`, ending)
  signal?.throwIfAborted()
  if (claimed === null || claimed === node.peerId) return claimed
  const answers = await proved(node, `${host}/p2p/${claimed}`, ending)
  signal?.throwIfAborted()
  return answers === claimed ? claimed : null
}

/** Knocks at an address, and returns its peer ID if that is proved there, else the one that is claimed there. */
async function proved(node: Node, address: string, ending: AbortSignal): Promise<string | null> {
  try {
    await node.knock(address, ending)
    return address.slice(address.lastIndexOf('/') + 1)
  } catch (error) {
    if (!(error instanceof SftError)) {
      if (ending.aborted) return null
      throw error
    }
    if (error.code === 'ERR_USAGE') throw error
    return error.code === 'ERR_IDENTITY' ? claimedPeerId(error) : null
  }
}

/** Returns the peer ID that a machine gave where another one was expected, from the text of Noise. */
function claimedPeerId(error: unknown): string | null {
  const flat = (inner: unknown): Error[] => (inner instanceof Error ? [inner, ...flat(inner.cause)] : [])
  for (const { message } of flat(error)) {
    const [, peerId = ''] = /identity key (\w+) does not match/.exec(message) ?? []
    if (isPeerId(peerId)) return peerId
  }
  return null
}

/** Returns an address without the peer ID at its end. */
export function withoutPeerId(address: string): string {
  return address.replace(/\/p2p\/[^/]*$/, '')
}

/** Returns which interface has an IP of this machine, and how far that reaches; `null` if none has it now. */
export function interfaceOf(localIp: string): { readonly name: string; readonly scope: Scope } | null {
  const found = describeInterfaces().find(({ address }) => address === localIp)
  return found ? { name: found.name, scope: scopeOf(found) } : null
}

/** Tells how far an address of this machine reaches. */
export function scopeOf({ address, internal }: { address: string; internal: boolean }): Scope {
  return internal ? 'loopback' : isPrivateAddress(address) ? 'private' : 'public'
}

/** Returns where a multiaddr leads by TCP, or `null` if it is not one that says so. */
function tcpTarget(address: string): { host: string; port: number } | null {
  try {
    const [first, ...rest] = multiaddr(address).getComponents()
    const zone = first?.name === 'ip6zone' ? `%${first.value ?? ''}` : ''
    const [host, tcp] = zone === '' ? [first, rest[0]] : rest
    if (!HOSTS.has(host?.name ?? '') || tcp?.name !== 'tcp' || host?.value === undefined) return null
    return { host: `${host.value}${zone}`, port: Number(tcp.value) }
  } catch {
    return null // the parser throws for this one reason
  }
}

const HOSTS = new Set(['ip4', 'ip6', 'dns', 'dns4', 'dns6'])

/** Returns an IP as interfaces have it: without a zone, and IPv4 not inside IPv6. */
function plainIp(ip: string): string {
  return ip.replace(/%.*$/, '').replace(/^::ffff:(?=\d+\.)/, '')
}
