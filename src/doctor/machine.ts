import { describeInterfaces } from '../net/address.ts'
import { tryTcp, whoAnswers } from '../net/answer.ts'
import type { Discovery } from '../net/discovery.ts'
import { DEFAULT_PORT, type Node } from '../net/node.ts'
import { SEARCH_TIME } from '../reach.ts'
import { findPeer, type Peer } from '../trust/peers.ts'
import { ANSWER_TIME, TCP_TIME } from './deadlines.ts'
import { describeMachines, describeMulticast, nameOf, type Finding } from './findings.ts'

/** Looks at who has the port of sft, and whether others can come to it. */
export async function examinePort(node: Node, peers: readonly Peer[], signal: AbortSignal): Promise<Finding> {
  const port = DEFAULT_PORT
  const at = (ip: string): string => `/ip${ip.includes(':') ? 6 : 4}/${ip}/tcp/${port}`
  const answers = async (ip: string): Promise<boolean> => (await tryTcp(at(ip), TCP_TIME, signal)).state === 'open'
  const taken = await answers('127.0.0.1')
  const peerId = taken ? await whoAnswers(node, at('127.0.0.1'), ANSWER_TIME, signal) : null
  const facts = { check: 'port', port, taken, peerId } as const
  if (!taken) return { ...facts, status: 'ok', found: `port ${port} is free for a share` }
  if (peerId === null) {
    const found = `another program has port ${port}, and a share takes a free one, another each time`
    return { ...facts, status: 'warning', found, advice: 'to keep one address: sft share DIR --listen MULTIADDR' }
  }
  const who = peerId === node.peerId ? 'a share of this machine' : `${nameOf(peers, peerId)} on this machine`
  const outside = describeInterfaces().filter(({ internal, family }) => !internal && family === 'IPv4')
  const open = await Promise.all(outside.map(async ({ address }) => answers(address)))
  if (outside.length === 0 || open.includes(true)) return { ...facts, status: 'ok', found: `${who} has port ${port}` }
  return {
    ...facts,
    status: 'problem',
    code: 'ERR_UNREACHABLE',
    advice: 'share without --listen, or with --listen /ip4/0.0.0.0/…',
    found: `${who} listens on port ${port} of loopback only: no other machine can reach it`,
  }
}

/** Listens to the local network for a while. */
export async function* examineSurroundings(
  discovery: Discovery | null,
  peers: readonly Peer[],
  signal: AbortSignal,
): AsyncGenerator<Finding> {
  if (discovery === null) {
    yield { check: 'machines', machines: [], status: 'skipped', found: 'the local network was not listened to' }
    return
  }
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, SEARCH_TIME)
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve()))
  })
  signal.throwIfAborted()
  const machines = discovery.heard().map(({ peerId, pairing, addresses }) => {
    return { peerId, name: findPeer(peers, peerId)?.name ?? null, pairing, addresses }
  })
  yield describeMulticast(discovery.problems, machines.length > 0)
  yield describeMachines(machines)
}
