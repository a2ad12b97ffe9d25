import { BlockList, isIP } from 'node:net'
import { networkInterfaces } from 'node:os'
import { multiaddr, type Component } from '@multiformats/multiaddr'

/** One IP address of this machine. */
export interface InterfaceAddress {
  /** The interface that has it, such as `eth0`. */
  readonly name: string
  readonly address: string
  /** The address and the length of its network's prefix, such as `192.168.1.7/24`; `null` for a mask that has holes. */
  readonly cidr: string | null
  readonly family: 'IPv4' | 'IPv6'
  /** Whether it reaches this machine only. */
  readonly internal: boolean
}

/** The components of a multiaddr that say which machine; a relay says it of another one. */
const HOSTS = new Set(['ip4', 'ip6', 'dns', 'dns4', 'dns6', 'dnsaddr', 'p2p-circuit'])

const PRIVATE = new BlockList()
for (const [network, prefix] of [
  ['127.0.0.0', 8], // loopback
  ['10.0.0.0', 8], // RFC 1918
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['169.254.0.0', 16], // link-local
] as const) {
  PRIVATE.addSubnet(network, prefix, 'ipv4')
}
PRIVATE.addAddress('::1', 'ipv6')
PRIVATE.addSubnet('fe80::', 10, 'ipv6') // link-local
PRIVATE.addSubnet('fc00::', 7, 'ipv6') // unique local

/**
 * Returns the IP that a multiaddr leads to, in its canonical spelling; `null` for a name, for several IPs, for an
 * address through a relay, and for text that is no multiaddr.
 */
export function ipOf(address: string): string | null {
  let components: Component[]
  try {
    components = multiaddr(address).getComponents()
  } catch {
    return null // the parser throws for this one reason
  }
  const [first, second] = components
  const host = first?.name === 'ip6zone' ? second : first
  if (host === undefined || components.filter(({ name }) => HOSTS.has(name)).length !== 1) return null
  return host.name === 'ip4' || host.name === 'ip6' ? (host.value ?? null) : null
}

/**
 * Tells whether a multiaddr, or a bare IP, belongs to a network of one's own: loopback, RFC 1918, link-local or unique
 * local; an IPv4 address inside IPv6 counts as that IPv4 address. A name is not private, since it may resolve to
 * anything. Nor is 100.64.0.0/10: behind a provider's NAT it is shared with strangers, and an overlay such as Tailscale
 * that borrows it carries it over the internet.
 */
export function isPrivateAddress(address: string): boolean {
  const ip = isIP(address) === 0 ? ipOf(address) : address
  return ip !== null && PRIVATE.check(ip, isIP(ip) === 6 ? 'ipv6' : 'ipv4')
}

/** Returns the IP addresses that the interfaces of this machine have now. */
export function describeInterfaces(): InterfaceAddress[] {
  return Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
    addresses.map(({ address, cidr, family, internal }) => ({ name, address, cidr, family, internal })),
  )
}
