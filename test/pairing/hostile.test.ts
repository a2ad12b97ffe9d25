import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { CPaceSide } from '../../src/crypto/cpace.ts'
import { loadSodium } from '../../src/crypto/load-sodium.ts'
import {
  connect,
  loadIdentity,
  offerPairing,
  pair,
  PeerStore,
  type PairingEvent,
  type Peer,
  type SftError,
  type ShareEvent,
  type ShareOptions,
} from '../../src/index.ts'
import { generateIdentity } from '../../src/net/identity.ts'
import { Node, type PeerStream } from '../../src/net/node.ts'
import { FrameReader } from '../../src/protocol/frame-reader.ts'
import { pairAsInitiator, pairAsResponder, type PairingKeeper } from '../../src/protocol/pairing.ts'
import { CODE_LIFETIME } from '../../src/protocol/shown-code.ts'
import { DEADLINES, type ByteStream } from '../../src/protocol/types.ts'
import { encodeFrame } from '../../src/wire/frame.ts'
import { encodeHello } from '../../src/wire/hello.ts'
import { PROTOCOL_ID } from '../../src/wire/limits.ts'
import {
  decodePairDone,
  encodePairHello,
  encodePairShare,
  encodePairVerdict,
  MAX_PAIR_MESSAGE,
  PAIR_PROTOCOL_ID,
} from '../../src/wire/pairing.ts'
import { outcome } from '../support/aftermath.ts'
import { inBatches } from '../support/cli.ts'
import { sharingMachine, type SharingMachine } from '../support/machines.ts'
import { acquaint, PATIENTLY, secretOf, WRONG_CODE } from '../support/pairing.ts'
import { tempFolder } from '../support/tmp.ts'
import { attacked, Recording } from '../support/wire-recorder.ts'

const sodium = await loadSodium()
const listen = ['/ip4/127.0.0.1/tcp/0']

/** A keeper whose result nobody looks at. */
const anyhow: PairingKeeper = { keep: async () => undefined, undo: async () => undefined }

/** A share that paired machines may reach, and that others may pair with. */
async function pairingShare(
  options: ShareOptions = {},
): Promise<SharingMachine & { home: string; code: () => string }> {
  const home = join(tempFolder(), 'home')
  const machine = await sharingMachine({ peers: 'paired', pairing: true, home, name: 'laptop', ...options })
  return { ...machine, home, code: () => lastCode(machine.events) }
}

function lastCode(events: readonly ShareEvent[]): string {
  return events.findLast((event) => event.type === 'code')?.code ?? ''
}

/** A node with an identity that nobody knows, until the test ends. */
async function stranger(): Promise<Node> {
  const node = await Node.start({ identity: await generateIdentity(), listen })
  onTestFinished(async () => node.stop())
  return node
}

/** Types a code at the machine at an address, as a node that calls itself as it likes. */
async function typeAt(
  node: Node,
  address: string,
  code: string,
  name = 'stranger',
  patience = 10_000,
): Promise<unknown> {
  const { stream, idBytes } = await node.dial(address, PAIR_PROTOCOL_ID, AbortSignal.timeout(patience))
  return pairAsInitiator(stream, initOf(node, idBytes, name), code, anyhow)
}

function initOf(node: Node, remoteId: Uint8Array, name: string): Parameters<typeof pairAsInitiator>[1] {
  return { sodium, localId: node.idBytes, remoteId, name, deadlines: DEADLINES }
}

/** Returns every byte that comes on a stream until it ends, however it does. */
async function answerOn(stream: ByteStream): Promise<number> {
  let bytes = 0
  try {
    for await (const chunk of stream.source) bytes += chunk.byteLength
  } catch {
    // cut
  }
  return bytes
}

function newHome(): string {
  return join(tempFolder(), 'home')
}

test('a peer that is let in to pair gets no answer and no session for anything else', async () => {
  const { share, address, events, code } = await pairingShare()
  share.showCode()
  const node = await stranger()
  for (let count = 0; count < 3; count += 1) {
    const asking = node.dial(address, PROTOCOL_ID).then(async ({ stream }) => {
      const hello = { publicKey: sodium.randomBytes(32), nonce: sodium.randomBytes(32), window: 1 << 20 }
      try {
        stream.write(encodeHello(hello))
      } catch {
        // it is closed already
      }
      return answerOn(stream)
    })
    expect(await asking.catch(() => 0)).toBe(0)
  }
  expect(events.map(({ type }) => type)).toEqual(['code'])
  await typeAt(node, address, code()) // while that would have been heard
  expect(events.map(({ type }) => type)).toEqual(['code', 'paired'])
})

test('without a code no stranger has a connection, and no code comes where none may', async () => {
  const { address, events } = await pairingShare({ pairing: false })
  const node = await stranger()
  for (const protocol of [PROTOCOL_ID, PAIR_PROTOCOL_ID]) {
    const words = node.dial(address, protocol).then(async ({ stream }) => answerOn(stream))
    expect(await words.catch(() => 0)).toBe(0)
  }
  expect(events).toEqual([])
})

test('a code that is used up or too old cuts the connections it let in', async () => {
  let expire = (): void => undefined
  const { setTimeout: start } = globalThis
  const starting = vi.spyOn(globalThis, 'setTimeout').mockImplementation((work: () => void, delay?: number) => {
    if (delay === CODE_LIFETIME) expire = work
    return start(work, delay)
  })
  onTestFinished(() => starting.mockRestore())
  const { share, address, events } = await pairingShare()
  for (const end of ['expired', 'wrong'] as const) {
    share.showCode()
    const node = await stranger()
    const { stream } = await node.dial(address, PAIR_PROTOCOL_ID)
    const answered = answerOn(stream)
    if (end === 'expired') expire()
    else expect(await outcome(typeAt(await stranger(), address, WRONG_CODE))).toBe('ERR_DIGEST')
    expect(await answered).toBe(0)
    expect(events.at(-1)).toMatchObject({ type: 'codeEnded', reason: end })
    const again = node.dial(address, PAIR_PROTOCOL_ID).then(async (peer) => answerOn(peer.stream))
    expect(await again.catch(() => 0)).toBe(0)
  }
  expect(events.filter(({ type }) => type === 'code')).toHaveLength(2) // asking again within 10 s brings no other
})

test('a peer that is blocked cannot pair, also one that is connected for that already', async () => {
  const { share, address, events, code, home } = await pairingShare()
  const blocked = { name: 'blocked', home: newHome() }
  await acquaint({ name: 'laptop', home }, blocked)
  const { peerId } = await loadIdentity(blocked.home)
  share.showCode()
  const node = await Node.start({ identity: await loadIdentity(blocked.home) })
  onTestFinished(async () => node.stop())
  const { stream } = await node.dial(address, PAIR_PROTOCOL_ID)
  const answered = answerOn(stream)
  await new PeerStore(home).change((peers) => peers.map((peer) => ({ ...peer, blocked: true })))
  expect(await answered).toBe(0)
  const typing = await outcome(typeAt(node, address, code()))
  expect(['ERR_REFUSED', 'ERR_UNREACHABLE', 'ERR_CLOSED']).toContain(typing)
  expect(events.map(({ type }) => type)).toEqual(['code'])
  expect(await new PeerStore(home).read()).toMatchObject([{ peerId, blocked: true }])
})

test('R10: two hundred machines that guess over real connections get nowhere, and an honest one then pairs', async () => {
  const shown: number[] = []
  const events: ShareEvent[] = []
  const onEvent = (event: ShareEvent): void => {
    events.push(event)
    if (event.type === 'code') shown.push(performance.now())
  }
  const { share, address, home } = await pairingShare({ onEvent })
  const guesses = await inBatches(Array.from({ length: 200 }), async () => {
    const node = await Node.start({ identity: await generateIdentity() })
    try {
      return await typeAt(node, address, WRONG_CODE, 'stranger', 250).then(
        () => 'paired',
        () => 'failed',
      )
    } finally {
      await node.stop()
    }
  })
  expect(new Set(guesses)).toEqual(new Set(['failed']))
  const ended = events.filter(({ type }) => type === 'codeEnded')
  expect(shown.length).toBeGreaterThan(0)
  expect(ended.length).toBeLessThanOrEqual(shown.length)
  expect(ended.length).toBeGreaterThan(0)
  expect(new Set(events.map(({ type }) => type))).toEqual(new Set(['code', 'codeEnded']))
  for (const [index, time] of shown.entries()) expect(time - (shown[index - 1] ?? -Infinity)).toBeGreaterThan(9_900)
  expect(await new PeerStore(home).read()).toEqual([])

  share.showCode()
  const honest = newHome()
  await pair(lastCode(events), { home: honest, name: 'desktop', address })
  expect(await new PeerStore(home).read()).toMatchObject([{ name: 'desktop' }])
}, 60_000)

test('T11: only a machine that knows the code learns a name', async () => {
  const heard: Buffer[] = []
  for (const knows of [true, false]) {
    const { share, address, code } = await pairingShare()
    share.showCode()
    const [node, recording] = [await stranger(), new Recording()]
    const { stream, idBytes } = await node.dial(address, PAIR_PROTOCOL_ID)
    const watched = attacked(stream, { incoming: recording.meddle })
    const pairing = pairAsInitiator(watched, initOf(node, idBytes, 'stranger'), knows ? code() : WRONG_CODE, anyhow)
    expect(await outcome(pairing)).toBe(knows ? null : 'ERR_DIGEST')
    heard.push(recording.bytes)
  }
  expect(heard.map((bytes) => bytes.includes('laptop'))).toEqual([true, false])
  expect(heard[1]?.includes(hostname())).toBe(false)
})

test('C15: a machine in between that passes every byte on is found out by both sides', async () => {
  const relay = await stranger()
  const [laptop, desktop] = [newHome(), newHome()]
  const events: PairingEvent[] = []
  const ready = Promise.withResolvers<string>()
  const offered = outcome(
    offerPairing({
      home: laptop,
      listen,
      onReady: ({ addresses }) => ready.resolve(addresses[0] ?? ''),
      onEvent: (event) => events.push(event),
    }),
  )
  const address = await ready.promise
  const pass = async (from: ByteStream, to: ByteStream): Promise<void> => {
    for await (const bytes of from.source) to.write(bytes.subarray())
    await to.close()
  }
  await relay.handle(PAIR_PROTOCOL_ID, {
    admits: () => true,
    onStream: ({ stream }) => {
      void relay
        .dial(address, PAIR_PROTOCOL_ID)
        .then(async (far) => Promise.allSettled([pass(stream, far.stream), pass(far.stream, stream)]))
    },
  })
  const code = (): string => events.find((event) => event.type === 'code')?.code ?? ''
  await expect.poll(code, PATIENTLY).not.toBe('')
  // As it was heard, or at an address without a peer ID: the relay answers under an ID of its own.
  expect(await outcome(pair(code(), { home: desktop, address: relay.addresses[0] ?? '' }))).toBe('ERR_DIGEST')
  expect(await offered).toBe('ERR_DIGEST')
  expect(events.map(({ type }) => type)).toEqual(['code', 'codeEnded'])
  for (const home of [laptop, desktop]) expect(await new PeerStore(home).read()).toEqual([])
})

test('a machine that does not know the code but says that all is well is not kept', async () => {
  const node = await stranger()
  const last = Promise.withResolvers<number>()
  const lie = async ({ stream }: PeerStream): Promise<void> => {
    const reader = new FrameReader(stream, 10_000)
    const next = async (): Promise<Uint8Array> => (await reader.next(0, MAX_PAIR_MESSAGE)) ?? new Uint8Array(0)
    const say = (message: Uint8Array): void => stream.write(encodeFrame(message))
    await next()
    say(encodePairHello(sodium.randomBytes(16)))
    await next()
    const context = { code: sodium.randomBytes(8), channel: sodium.randomBytes(8), sessionId: sodium.randomBytes(32) }
    say(encodePairShare(new CPaceSide('responder', context, sodium.randomBytes(8)).share.point))
    await next()
    say(encodePairVerdict({ error: 0, tag: sodium.randomBytes(64), name: 'ana' }))
    last.resolve(decodePairDone(await next()).error)
  }
  await node.handle(PAIR_PROTOCOL_ID, { admits: () => true, onStream: (peer) => void lie(peer).catch(last.reject) })
  const home = newHome()
  expect(await outcome(pair(WRONG_CODE, { home, address: node.addresses[0] ?? '' }))).toBe('ERR_DIGEST')
  expect(await last.promise).toBe(11) // docs/protocol.md section 8: the proofs differ
  expect(await new PeerStore(home).read()).toEqual([])
})

const mountable = mount('true')

/** Tries whether file systems may be mounted here; `null` if so. */
function mount(command: string): string | null {
  const { status } = spawnSync('unshare', ['--mount', 'sh', '-c', `mount -t tmpfs none /mnt && ${command}`])
  return status === 0 ? null : 'no mounts'
}

for (const fault of ['full', 'read-only'] as const) {
  for (const side of ['responder', 'initiator'] as const) {
    const title = `with the disk of the ${side} ${fault}, neither side keeps a pairing, and both say so`
    test.skipIf(mountable !== null)(`${title}${mountable === null ? '' : ` (skipped: ${mountable})`}`, async () => {
      const disk = tempFolder()
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'none', disk])
      onTestFinished(() => void execFileSync('umount', ['--lazy', disk]))
      const bad = join(disk, 'home')
      const [laptop, desktop] = side === 'responder' ? [bad, newHome()] : [newHome(), bad]
      await loadIdentity(bad)
      const { share, address, code, events } = await pairingShare({ home: laptop })
      share.showCode()
      if (fault === 'full') fill(disk)
      else execFileSync('mount', ['-o', 'remount,ro', disk])
      const failure = await outcome(pair(code(), { home: desktop, name: 'desktop', address }))
      expect(failure).toBe(fault === 'full' ? 'ERR_NO_SPACE' : 'ERR_READ_ONLY')
      await expect.poll(() => events.at(-1)?.type, PATIENTLY).toBe('pairingFailed')
      for (const home of [laptop, desktop]) expect(await new PeerStore(home).read()).toEqual([])
      expect(await outcome(connect(address, { home: desktop }))).toBe('ERR_REFUSED')

      execFileSync('mount', ['-o', 'remount,rw,size=1m', disk])
      share.showCode()
      await pair(code(), { home: desktop, name: 'desktop', address })
      expect(await secretOf({ home: laptop, name: '' }, { home: desktop, name: '' })).not.toBeNull()
    })
  }
}

function fill(disk: string): void {
  mkdirSync(join(disk, 'full'))
  for (let count = 0; count < 1_000; count += 1) {
    try {
      writeFileSync(join(disk, 'full', `${count}`), Buffer.alloc(1_024))
    } catch {
      return
    }
  }
  throw new Error('the disk does not fill up')
}

const BAD_NAMES = {
  'control characters': 'x\u001b[2Jroot',
  'a line of its own': 'x\nmallory 12D3 all secret',
  'a space': 'x all',
  'no character': '',
  'a direction of writing': 'x\u202etxt.exe',
  'the look of a peer ID': '12D3KooWESS6JU5vCpCA8rmkEbuQSm2VomQJ6DaqkL76emmjoE8b',
  'the look of an option': '--help',
  '100 characters': 'x'.repeat(100),
  '400 bytes': 'x'.repeat(400),
  '60,000 bytes': 'x'.repeat(60_000),
}

test.each(Object.entries(BAD_NAMES))(
  'N14 and T03: a peer whose name is or has %s is not kept, on either side',
  async (_, name) => {
    const { share, address, code, events, home } = await pairingShare()
    share.showCode()
    await outcome(typeAt(await stranger(), address, code(), name))
    await expect.poll(() => events.map(({ type }) => type), PATIENTLY).toEqual(['code', 'pairingFailed'])
    const failed = events.find((event) => event.type === 'pairingFailed')
    expect(['ERR_PROTOCOL', 'ERR_CLOSED']).toContain(failed?.error.code) // it is seen as what it is, or cannot be sent
    expect(await new PeerStore(home).read()).toEqual([])

    const node = await stranger()
    const text = 'ocean-canyon-seven'
    const onStream = ({ stream, idBytes }: PeerStream): void => {
      const shown = { text, good: true, use: () => true }
      void pairAsResponder(stream, initOf(node, idBytes, name), shown, anyhow).catch((error: unknown) => error)
    }
    await node.handle(PAIR_PROTOCOL_ID, { admits: () => true, onStream })
    const desktop = newHome()
    const typed = await outcome(pair(text, { home: desktop, address: node.addresses[0] ?? '' }))
    expect(['ERR_PROTOCOL', 'ERR_CLOSED']).toContain(typed)
    expect(await new PeerStore(desktop).read()).toEqual([])
  },
)

test('a reading of the peers that comes late does not put a new peer out again', async () => {
  let tell: (peers: Peer[] | SftError) => void = () => undefined
  const watching = vi.spyOn(PeerStore.prototype, 'watch').mockImplementation((onChange) => {
    tell = onChange
    return () => undefined
  })
  onTestFinished(() => watching.mockRestore())
  const { share, address, code, events, root } = await pairingShare()
  writeFileSync(join(root, 'f'), 'f')
  share.showCode()
  const home = newHome()
  await pair(code(), { home, name: 'desktop', address })
  tell([]) // as it was before the pairing
  await expect.poll(async () => outcome(connect(address, { home }).then(async (remote) => remote.close()))).toBeNull()
  tell([])
  const remote = await connect(address, { home })
  tell([])
  expect(await remote.stat('f')).toMatchObject({ size: 1 })
  await remote.close()
  expect(events.map(({ type }) => type)).not.toContain('codeEnded')
})

test('a change of the peers in the middle of a pairing does not cut it', async () => {
  const { share, address, code, home } = await pairingShare()
  share.showCode()
  const node = await stranger()
  const { stream, idBytes } = await node.dial(address, PAIR_PROTOCOL_ID)
  const keeper: PairingKeeper = {
    // The guess is used up, and the peer not kept yet over there.
    keep: async () => {
      await acquaint({ name: 'laptop', home }, { name: 'tablet', home: newHome() })
      await expect.poll(() => share.paired.length, PATIENTLY).toBe(1)
    },
    undo: async () => undefined,
  }
  await pairAsInitiator(stream, initOf(node, idBytes, 'desktop'), code(), keeper)
  expect(await new PeerStore(home).read()).toHaveLength(2)
})

test('a peer that calls itself as another one does gets a name of its own', async () => {
  const { share, address, code, home } = await pairingShare()
  for (let count = 0; count < 3; count += 1) {
    share.showCode()
    await typeAt(await stranger(), address, code(), 'ana')
    await expect.poll(async () => (await new PeerStore(home).read()).length, PATIENTLY).toBe(count + 1)
  }
  const names = (await new PeerStore(home).read()).map(({ name }) => name)
  expect(names).toEqual(['ana', 'ana-2', 'ana-3'])
})
