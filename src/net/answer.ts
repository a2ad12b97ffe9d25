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
  EHOSTUNREACH: 'unroutable',
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
 * Returns the peer ID that is proved at an address, whoever it is; `null` for what does not speak as sft does, and where
 * nothing listens.
 *
 * @throws {@link SftError} `ERR_USAGE` for an address that is not dialled, or the reason of `signal`.
 */
export async function whoAnswers(node: Node, address: string, signal?: AbortSignal): Promise<string | null> {
  const host = withoutPeerId(address)
  const { peerId: nobody } = await generateIdentity()
  let claimed: string | null = null
  try {
    await node.knock(`${host}/p2p/${nobody}`, signal) // who answers says that it is another one
  } catch (error) {
    if (!(error instanceof SftError) || error.code === 'ERR_USAGE') throw error
    claimed = error.code === 'ERR_IDENTITY' ? claimedPeerId(error) : null
  }
  if (claimed === null || claimed === node.peerId) return claimed
  try {
    await node.knock(`${host}/p2p/${claimed}`, signal) // and now has to prove it
    return claimed
  } catch (error) {
    if (error instanceof SftError) return null
    throw error
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
