import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { RIGHTS } from '../../src/index.ts'
import { generateIdentity } from '../../src/net/identity.ts'
import { FrameLimit, MAX_FRAME, type Muxer } from '../../src/net/muxers.ts'
import { Node } from '../../src/net/node.ts'
import { PROTOCOL_ID } from '../../src/wire/limits.ts'
import { jobMachines, namesBelow, write } from '../support/jobs.ts'
import { connectedMachine, sharingMachine, type SharingMachine } from '../support/machines.ts'
import { rawConnection } from '../support/raw-muxer.ts'

/** Asserts that a machine that did nothing wrong is served. */
async function expectServes({ address, root }: SharingMachine): Promise<void> {
  writeFileSync(join(root, 'served'), '')
  expect(await (await connectedMachine(address)).stat('served')).toMatchObject({ type: 'file' })
}

/** Writes a number as LEB128, as mplex does. */
function varint(value: number): number[] {
  const bytes = []
  let rest = value
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80)
  return [...bytes, rest]
}

/** A frame of mplex: 0 opens a stream, 1 and 2 carry bytes, the others end it. */
function mplexFrame(stream: number, flag: number, length: number, bytes: Uint8Array = new Uint8Array(0)): Buffer {
  return Buffer.from([...varint(stream * 8 + flag), ...varint(length), ...bytes])
}

/** The head of a frame of yamux: type 0 carries bytes, 1 grants more, 2 pings; flag 1 opens a stream. */
function yamuxHead(type: number, flags: number, stream: number, length: number, version = 0): Buffer {
  const head = Buffer.alloc(12)
  head.writeUInt8(version, 0)
  head.writeUInt8(type, 1)
  head.writeUInt16BE(flags, 2)
  head.writeUInt32BE(stream, 4)
  head.writeUInt32BE(length, 8)
  return head
}

function many(count: number, frame: (index: number) => Buffer): Buffer {
  return Buffer.concat(Array.from({ length: count }, (_, index) => frame(index)))
}

/** What no muxer sends: each with whether the connection has to be dropped for it. */
const GARBAGE: Record<Muxer, Record<string, readonly [bytes: () => Buffer, dropped: boolean]>> = {
  mplex: {
    'a frame of 2 MiB': [() => mplexFrame(1, 0, 2 * 1024 ** 2, new Uint8Array(2 * 1024 ** 2)), true],
    'a frame that says it has 2^40 bytes': [() => mplexFrame(1, 0, 2 ** 40), true],
    'a length without end': [() => Buffer.alloc(5 * 1024 ** 2, 0xff), true],
    'five hundred new streams': [() => many(500, (index) => mplexFrame(index, 0, 0)), true],
    'bytes for streams that nobody opened': [
      () => many(20_000, (index) => mplexFrame(index, 2, 1, Uint8Array.of(7))),
      false,
    ],
    'random bytes': [() => Buffer.concat([Buffer.of(0xff), randomBytes(65_536)]), false],
  },
  yamux: {
    'another version': [() => yamuxHead(0, 0, 1, 0, 255), true],
    'an unknown type': [() => yamuxHead(9, 0, 1, 0), true],
    'a frame that says it has 2 GiB': [() => yamuxHead(0, 1, 1, 2 ** 31), true],
    'a frame of a byte too many, behind others': [
      () =>
        Buffer.concat([
          yamuxHead(2, 1, 0, 7),
          yamuxHead(0, 0, 1, 3),
          Buffer.alloc(3),
          yamuxHead(0, 0, 1, MAX_FRAME + 1),
        ]),
      true,
    ],
    'the largest frame, of zeros': [() => Buffer.concat([yamuxHead(0, 1, 1, 2 ** 20), Buffer.alloc(2 ** 20)]), false],
    'bytes for streams that nobody opened': [
      () => many(20_000, (index) => Buffer.concat([yamuxHead(0, 0, 2 * index + 1, 1), Buffer.of(7)])),
      false,
    ],
    'five thousand new streams': [() => many(5_000, (index) => yamuxHead(1, 1, 2 * index + 1, 0)), false],
    'twenty thousand pings': [() => many(20_000, (index) => yamuxHead(2, 1, 0, index)), false],
    'random bytes': [() => randomBytes(65_536), true],
  },
}

describe.each(['mplex', 'yamux'] as const)('F17: a peer that got past Noise and sends, in place of %s,', (muxer) => {
  test.each(Object.entries(GARBAGE[muxer]))('%s harms nobody', async (_what, [bytes, dropped]) => {
    const machine = await sharingMachine()
    const raw = await rawConnection(await generateIdentity(), machine.address, muxer)
    const all = bytes()
    for (let sent = 0; sent < all.length; sent += 60_000) raw.send(all.subarray(sent, sent + 60_000))
    if (dropped) await raw.dropped
    await expectServes(machine)
    expect(machine.events.filter(({ type }) => type === 'served')).toHaveLength(1)
  })
})

test.each([1, 5, 11, 12, 13, 65_536])('F17: the frames of yamux are followed in chunks of %i bytes', (size) => {
  const head = (length: number, type = 0): Buffer => yamuxHead(type, 0, 1, length)
  const fine = [head(MAX_FRAME), Buffer.alloc(MAX_FRAME), head(2 ** 32 - 1, 1), head(0), head(3), Buffer.from('abc')]
  const limit = new FrameLimit()
  const bytes = Buffer.concat([...fine, ...fine.slice(2)])
  for (let offset = 0; offset < bytes.length; offset += size) limit.check(bytes.subarray(offset, offset + size))
  const pieces = Array.from({ length: 12 }, (_, index) => head(MAX_FRAME + 1).subarray(index, index + 1))
  for (const piece of pieces.slice(0, 11)) limit.check(piece)
  expect(() => limit.check(pieces[11] ?? Buffer.alloc(0))).toThrow(expect.objectContaining({ code: 'ERR_PROTOCOL' }))
})

test('R07: a peer that opens streams without end has 16 of them', async () => {
  const machine = await sharingMachine()
  const raw = await rawConnection(await generateIdentity(), machine.address, 'yamux')
  const select = Buffer.from(`\x13/multistream/1.0.0\n${String.fromCodePoint(PROTOCOL_ID.length + 1)}${PROTOCOL_ID}\n`)
  const open = (index: number): Buffer => {
    const stream = 2 * index + 1
    return Buffer.concat([yamuxHead(1, 1, stream, 0), yamuxHead(0, 0, stream, select.length), select])
  }
  raw.send(open(0))
  await expect.poll(() => machine.events.length).toBe(1)
  raw.send(many(400, (index) => open(index + 1)))
  await expectServes(machine)
  await expect.poll(() => machine.events.filter(({ type }) => type === 'opened')).toHaveLength(17) // one is honest
})

test('R07: a thousand small files do not count as a flood', async () => {
  const { root, local, get, put } = await jobMachines({ muxers: ['mplex'] }, undefined, { muxers: ['mplex'] })
  for (let index = 0; index < 1_000; index += 1) write(join(root, 'tree', `${index}`), `${index}`)
  expect((await get(['tree'])).summary).toMatchObject({ files: 1_000, failed: 0, error: null })
  expect((await put(['tree'], {}, 'back')).summary).toMatchObject({ files: 1_000, failed: 0, error: null })
  expect(namesBelow(join(root, 'back'))).toHaveLength(1_001)
  expect(namesBelow(join(local, 'tree'))).toHaveLength(1_000)
})

test('R08: one peer has 128 sessions and no more, however it connects, and others are served', async () => {
  const machine = await sharingMachine({ rights: RIGHTS })
  const identity = await generateIdentity()
  const nodes = await Promise.all(Array.from({ length: 10 }, async () => Node.start({ identity })))
  onTestFinished(async () => void (await Promise.all(nodes.map(async (node) => node.stop()))))
  let refused = 0
  const knock = async (node: Node): Promise<void> => {
    const { stream } = await node.dial(machine.address, PROTOCOL_ID)
    stream.write(new Uint8Array(1)) // so that the protocol is agreed upon at once
    void Array.fromAsync(stream.source)
      .catch(() => undefined)
      .then(() => (refused += 1))
  }
  for (const node of nodes) {
    for (let count = 0; count < 14; count += 1) await knock(node).catch(() => (refused += 1))
  }
  await expect.poll(() => refused).toBe(12)
  await expectServes(machine)
  const ofPeer = machine.events.filter((event) => 'peerId' in event && event.peerId === identity.peerId)
  expect(ofPeer.map(({ type }) => type)).toEqual(Array(128).fill('opened'))
})

test('R02: whoever says a byte at a time before Noise is done is cut off', async () => {
  const machine = await sharingMachine()
  const port = Number(/\/tcp\/(\d+)/.exec(machine.address)?.[1])
  const drips = ['', '\x13/multistream/1.0.0\n', '\x13/multistream/1.0.0\n\x07/noise\n\x00'].map(async (start) => {
    const socket = createConnection(port, '127.0.0.1').on('error', () => undefined)
    onTestFinished(() => void socket.destroy())
    socket.resume()
    await once(socket, 'connect')
    if (start !== '') socket.write(start)
    const dripping = setInterval(() => socket.write('\x13'), 500)
    await new Promise((resolve) => socket.once('close', resolve))
    clearInterval(dripping)
  })
  await expectServes(machine)
  await Promise.all(drips)
  await expectServes(machine)
})
