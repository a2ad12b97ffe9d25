import { networkInterfaces } from 'node:os'
import { expect, test } from 'vitest'
import { describeInterfaces, ipOf, isPrivateAddress } from '../../src/net/address.ts'

const ID = '12D3KooWRBhwfeP2Y9CDkFRBAZ1pmxUadH36TKuk3KtKm5XXP8mA'

test.each([
  ['/ip4/192.168.1.7/tcp/7380', '192.168.1.7'],
  [`/ip4/192.168.1.7/tcp/7380/p2p/${ID}`, '192.168.1.7'],
  ['/ip4/192.168.1.7', '192.168.1.7'],
  ['/ip6/::1/tcp/7380', '::1'],
  ['/ip6/0:0:0:0:0:0:0:1/tcp/7380', '::1'],
  ['/ip6/FD00:0:0::1/tcp/7380', 'fd00::1'],
  ['/ip6/::ffff:192.168.1.7/tcp/7380', '::ffff:c0a8:107'],
  ['/ip6zone/eth0/ip6/fe80::1/tcp/7380', 'fe80::1'],
  ['/dns4/localhost/tcp/7380', null],
  ['/dnsaddr/example.org', null],
  ['/tcp/7380/ip4/192.168.1.7', null],
  ['/ip4/192.168.1.7/tcp/1/ip4/8.8.8.8/tcp/1', null],
  ['/ip4/192.168.1.7/tcp/1/dns4/example.org/tcp/1', null],
  [`/ip4/192.168.1.7/tcp/1/p2p/${ID}/p2p-circuit/p2p/${ID}`, null],
  ['/ip4/192.168.1.256/tcp/1', null],
  ['/ip4/010.0.0.1/tcp/1', null],
  ['/ip4/0x7f.1/tcp/1', null],
  ['/ip4/2130706433/tcp/1', null],
  ['/ip4/１０.0.0.1/tcp/1', null],
  ['/ip4', null],
  ['/', null],
  ['', null],
  ['192.168.1.7', null],
  ['192.168.1.7:7380', null],
])('the IP of %j is %j', (address, ip) => {
  expect(ipOf(address)).toBe(ip)
})

test.each([
  '127.0.0.1',
  '127.255.255.254',
  '10.0.0.0',
  '10.255.255.255',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.0.1',
  '169.254.7.7',
  '::1',
  'fe80::1',
  'febf::1',
  'fc00::1',
  'fdff:ffff::1',
  '::ffff:10.1.2.3',
  '::ffff:7f00:1',
  '0:0:0:0:0:ffff:c0a8:107',
])('%s is private', (ip) => {
  expect([isPrivateAddress(ip), isPrivateAddress(inMultiaddr(ip))]).toEqual([true, true])
})

test.each([
  '8.8.8.8',
  '0.0.0.0',
  '9.255.255.255',
  '11.0.0.0',
  '126.255.255.255',
  '128.0.0.0',
  '172.15.255.255',
  '172.32.0.0',
  '192.167.255.255',
  '192.169.0.0',
  '169.253.255.255',
  '100.64.0.1', // shared by the customers of a provider, or carried over the internet by an overlay
  '224.0.0.251',
  '255.255.255.255',
  '::',
  '::2',
  '2001:db8::1',
  'fbff::1',
  'fe00::1',
  'fec0::1',
  'ff02::1',
  '::ffff:8.8.8.8',
  '::ffff:100.64.0.1',
  '::10.1.2.3', // these embed an IPv4 address, and are routed by others
  '64:ff9b::10.1.2.3',
  '2002:a01:203::1',
])('%s is not private', (ip) => {
  expect([isPrivateAddress(ip), isPrivateAddress(inMultiaddr(ip))]).toEqual([false, false])
})

test.each([
  '/dns4/localhost/tcp/7380',
  '/dns4/10.0.0.1/tcp/7380',
  `/ip4/10.0.0.1/tcp/1/p2p/${ID}/p2p-circuit/p2p/${ID}`,
  '/ip4/10.0.0.1/tcp/1/ip4/8.8.8.8/tcp/1',
  'localhost',
  '10.1',
  '0x7f.1',
  'fe80::1%eth0x/tcp',
  '10.0.0.1/8',
  '',
])('%j is not private, since it may lead anywhere', (address) => {
  expect(isPrivateAddress(address)).toBe(false)
})

test('an interface with a zone is judged by its IP', () => {
  expect(isPrivateAddress('fe80::1%eth0')).toBe(true)
  expect(isPrivateAddress('/ip6zone/eth0/ip6/fe80::1/tcp/1')).toBe(true)
  expect(isPrivateAddress('2001:db8::1%eth0')).toBe(false)
})

test('every address of every interface is described', () => {
  const all = Object.values(networkInterfaces()).flatMap((addresses = []) => addresses.map(({ address }) => address))
  expect(describeInterfaces().map(({ address }) => address)).toEqual(all)
  expect(describeInterfaces().find(({ address }) => address === '127.0.0.1')).toMatchObject({
    name: expect.any(String),
    internal: true,
    family: 'IPv4',
  })
})

function inMultiaddr(ip: string): string {
  return `/${ip.includes(':') ? 'ip6' : 'ip4'}/${ip}/tcp/7380/p2p/${ID}`
}
