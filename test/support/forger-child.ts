/** A machine on the network that sends any packet to the group: jobs as JSON lines on stdin, results on stdout. */
import { createSocket, type Socket } from 'node:dgram'
import { createInterface } from 'node:readline'
import * as fc from 'fast-check'
import { advertBytes, dnsPacket, question, somePeerId } from './dns-bytes.ts'

export interface ForgerJob {
  /** Which of its IPs to send from; each must be one of this machine. */
  readonly from: string
  /** An advert with these strings. */
  readonly strings?: readonly string[]
  readonly ttl?: number
  /** So many adverts of as many peers. */
  readonly peers?: number
  /** So many adverts of one peer, each with another port. */
  readonly ports?: { readonly of: string; readonly count: number }
  /** So many packets of random bytes, and adverts with some bytes altered. */
  readonly noise?: number
  /** So many questions, 2,000 in a second; the answers that come within a second after the last are counted. */
  readonly questions?: number
}

const GROUP = '224.0.0.251'
const sockets = new Map<string, Socket>()
const heard: string[] = []
const say = (event: string, value: unknown): void => void process.stdout.write(`${JSON.stringify({ event, value })}\n`)

async function socketAt(from: string): Promise<Socket> {
  const known = sockets.get(from)
  if (known) return known
  const socket = createSocket({ type: 'udp4', reuseAddr: true })
  await new Promise<void>((resolve) => socket.bind(5353, resolve))
  socket.setMulticastInterface(from)
  socket.setMulticastLoopback(false)
  socket.addMembership(GROUP, from)
  socket.on('message', (bytes) => {
    if ((bytes[2] ?? 0) >= 0x80) heard.push(bytes.toString('base64'))
  })
  sockets.set(from, socket)
  return socket
}

function* packets({ from, strings, ttl, peers = 0, ports, noise = 0, questions = 0 }: ForgerJob): Generator<Buffer> {
  const at = (port: number, peerId: string): string => `dnsaddr=/ip4/${from}/tcp/${port}/p2p/${peerId}`
  if (strings) yield advertBytes(strings, ttl)
  for (let count = 0; count < peers; count++) yield advertBytes([at(7_380, somePeerId()), 'pairing=1'])
  for (let port = 1; port <= (ports?.count ?? 0); port++) yield advertBytes([at(port, ports?.of ?? '')])
  const genuine = advertBytes([at(7_380, somePeerId())])
  const bytes = fc.sample(fc.uint8Array({ maxLength: 1_400 }), noise)
  for (const [index, random] of bytes.entries()) {
    yield index % 2 === 0 ? Buffer.from(random) : altered(genuine, random)
  }
  for (let count = 0; count < questions; count++) yield dnsPacket({ response: false, questions: [question()] })
}

/** Returns a copy in which up to 8 bytes are others. */
function altered(bytes: Buffer, random: Uint8Array): Buffer {
  const copy = Buffer.from(bytes)
  for (let index = 0; index + 1 < Math.min(random.length, 16); index += 2) {
    copy[((random[index] ?? 0) * 7 + index) % copy.length] = random[index + 1] ?? 0
  }
  return copy
}

say('started', null)
for await (const line of createInterface(process.stdin)) {
  const job = JSON.parse(line) as ForgerJob
  const socket = await socketAt(job.from)
  heard.length = 0
  const began = performance.now()
  let count = 0
  for (const packet of packets(job)) {
    const sent = new Promise<void>((resolve) => socket.send(packet, 5353, GROUP, () => resolve()))
    if (++count % 20 === 0) await sent
    if (count % 20 === 0 && job.questions !== undefined) await new Promise((resolve) => setTimeout(resolve, 10))
  }
  await new Promise((resolve) => setImmediate(resolve))
  if (job.questions !== undefined) await new Promise((resolve) => setTimeout(resolve, 1_000))
  say('sent', { answers: heard, seconds: (performance.now() - began) / 1_000 })
}
