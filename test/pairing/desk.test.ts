import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { loadSodium } from '../../src/crypto/load-sodium.ts'
import { PeerStore, type PairingEvent } from '../../src/index.ts'
import { generateIdentity } from '../../src/net/identity.ts'
import { Node } from '../../src/net/node.ts'
import { PairingDesk } from '../../src/pairing-desk.ts'
import { pairAsInitiator, type PairingKeeper } from '../../src/protocol/pairing.ts'
import { CODE_LIFETIME } from '../../src/protocol/shown-code.ts'
import { DEADLINES, type ByteStream } from '../../src/protocol/types.ts'
import { outcome } from '../support/aftermath.ts'
import { somePeerId } from '../support/dns-bytes.ts'
import { memoryPair } from '../support/memory-stream.ts'
import { WRONG_CODE } from '../support/pairing.ts'
import { tempFolder } from '../support/tmp.ts'

const sodium = await loadSodium()

/** A keeper whose result nobody looks at. */
const anyhow: PairingKeeper = { keep: async () => undefined, undo: async () => undefined }

/** A desk with peers in memory in front of it, and everything that happened at it. */
interface Scene {
  readonly desk: PairingDesk
  readonly store: PeerStore
  readonly events: PairingEvent[]
  /** The code shown last. */
  readonly code: () => string
  /** Comes to the desk as a peer with this ID and types a code. */
  readonly guess: (peerId: string, code: string, stream?: (mine: ByteStream) => ByteStream) => Promise<string | null>
}

async function scene(): Promise<Scene> {
  const node = await Node.start({ identity: await generateIdentity() })
  onTestFinished(async () => node.stop())
  const store = new PeerStore(join(tempFolder(), 'home'))
  const events: PairingEvent[] = []
  const desk = new PairingDesk(
    { node, sodium, store, name: 'laptop' },
    (event) => events.push(event),
    () => undefined,
  )
  onTestFinished(() => desk.close())
  return {
    desk,
    store,
    events,
    code: () => events.findLast((event) => event.type === 'code')?.code ?? '',
    guess: async (peerId, code, through = (mine) => mine) => {
      const [mine, theirs] = memoryPair()
      const idBytes = new TextEncoder().encode(peerId)
      desk.onStream({ peerId, idBytes, stream: theirs, address: '/ip4/192.0.2.1/tcp/1' })
      const init = { sodium, localId: idBytes, remoteId: node.idBytes, name: 'desktop', deadlines: DEADLINES }
      return outcome(pairAsInitiator(through(mine), init, code, anyhow))
    },
  }
}

/** Returns the timers by which codes expire, to go off when the test says so, unless they were cancelled. */
function watchExpiries(): (() => void)[] {
  const expiries: (() => void)[] = []
  const cancelled = new Set<unknown>()
  const [start, cancel] = [globalThis.setTimeout, globalThis.clearTimeout]
  const starting = vi.spyOn(globalThis, 'setTimeout').mockImplementation((work: () => void, delay?: number) => {
    const timer = start(work, delay)
    if (delay === CODE_LIFETIME) expiries.push(() => void (cancelled.has(timer) || work()))
    return timer
  })
  const cancelling = vi.spyOn(globalThis, 'clearTimeout').mockImplementation((timer) => {
    cancelled.add(timer)
    cancel(timer)
  })
  onTestFinished(() => {
    starting.mockRestore()
    cancelling.mockRestore()
  })
  return expiries
}

/** A stream on which a pairing goes as far as the proof of the initiator and no further; `reached` tells when it did. */
function stopAtProof(reached: (stream: ByteStream) => void): (mine: ByteStream) => ByteStream {
  return (mine) => {
    let written = 0
    return Object.assign(Object.create(mine) as ByteStream, {
      source: mine.source,
      write: (bytes: Uint8Array) => (++written < 4 ? mine.write(bytes) : reached(mine)),
      abort: (error: Error) => mine.abort(error),
    })
  }
}

test('R10 and R17: ten thousand peers that guess get one guess for a code, one code in ten seconds, and no pairing', async () => {
  const { desk, store, events, code, guess } = await scene()
  let clock = 0
  const now = vi.spyOn(performance, 'now').mockImplementation(() => clock)
  onTestFinished(() => now.mockRestore())
  const shownAt: number[] = []
  let refused = 0
  for (let left = 10_000; left > 0; left -= 2) {
    clock += 200 // they knock ten times a second
    const before = events.length
    const peers = [somePeerId(), somePeerId()]
    for (const peer of peers) desk.ask(peer)
    if (events.slice(before).some(({ type }) => type === 'code')) shownAt.push(clock)
    const guessing = peers.filter((peer) => desk.admits(peer))
    refused += peers.length - guessing.length
    const outcomes = await Promise.all(guessing.map(async (peer) => guess(peer, WRONG_CODE)))
    // One hears that it was wrong, and the other that it came too late.
    expect(new Set(outcomes)).toEqual(new Set(guessing.length > 0 ? ['ERR_DIGEST', 'ERR_BUSY'] : []))
  }
  expect(shownAt).toEqual(Array.from({ length: 100 }, (_, index) => 200 + index * 10_000))
  expect(refused).toBe(9_800)
  expect(events.filter(({ type }) => type === 'codeEnded')).toHaveLength(100)
  expect(new Set(events.map(({ type }) => type))).toEqual(new Set(['code', 'codeEnded']))
  expect(await store.read()).toEqual([])

  desk.show()
  expect(await guess(somePeerId(), code())).toBeNull()
  expect(await store.read()).toMatchObject([{ name: 'desktop' }])
})

test('who asks right after a wrong code gets the next one when ten seconds are over, unless one came before', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  onTestFinished(() => void vi.useRealTimers())
  const { desk, events, code, guess } = await scene()
  const [asker, other] = [somePeerId(), somePeerId()]
  const shownTo = (): (string | null)[] => events.flatMap((event) => (event.type === 'code' ? [event.askedBy] : []))
  desk.show()
  vi.advanceTimersByTime(4_000)
  expect(await guess(asker, WRONG_CODE)).toBe('ERR_DIGEST')
  for (const peer of [asker, other, asker]) desk.ask(peer)
  vi.advanceTimersByTime(5_999)
  expect(shownTo()).toEqual([null])
  vi.advanceTimersByTime(1)
  expect(shownTo()).toEqual([null, asker])
  desk.ask(other) // the one that is good is for everybody
  vi.advanceTimersByTime(60_000)
  expect(shownTo()).toEqual([null, asker])

  expect(await guess(asker, WRONG_CODE)).toBe('ERR_DIGEST')
  desk.show()
  expect(await guess(asker, WRONG_CODE)).toBe('ERR_DIGEST')
  desk.ask(asker)
  desk.show() // comes before, and is used up when the time is over
  expect(await guess(asker, WRONG_CODE)).toBe('ERR_DIGEST')
  vi.advanceTimersByTime(60_000)
  expect(shownTo()).toEqual([null, asker, null, null])

  desk.show()
  expect(await guess(asker, code())).toBeNull()
  desk.ask(other) // although the one before was cancelled
  vi.advanceTimersByTime(10_000)
  expect(shownTo()).toEqual([null, asker, null, null, null, other])
  expect(await guess(other, WRONG_CODE)).toBe('ERR_DIGEST')
  desk.ask(other)
  desk.close()
  vi.advanceTimersByTime(60_000)
  expect(shownTo()).toEqual([null, asker, null, null, null, other])
  expect(desk.open).toBe(false)
})

test('peers that come and say nothing, or leave before the proof, do not use a code up', async () => {
  const { desk, events, code, guess } = await scene()
  desk.show()
  for (let count = 0; count < 20; count += 1) {
    const leaving = await guess(somePeerId(), WRONG_CODE, (mine) => {
      let written = 0
      return Object.assign(Object.create(mine) as ByteStream, {
        write: (bytes: Uint8Array) => {
          if (++written === 3) throw new Error('gone')
          mine.write(bytes)
        },
        abort: (error: Error) => mine.abort(error),
      })
    }).catch(() => 'gone')
    expect(leaving).toBe('gone')
  }
  expect(events).toHaveLength(1)
  expect(await guess(somePeerId(), code())).toBeNull()
})

test('a pairing that hangs does not take the next code with it when it ends', async () => {
  const { desk, events, code, guess } = await scene()
  desk.show()
  const first = code()
  const hung = Promise.withResolvers<ByteStream>()
  const peerId = somePeerId()
  const hanging = guess(peerId, first, stopAtProof(hung.resolve))
  const stream = await hung.promise
  expect(desk.open).toBe(false)
  expect([desk.admits(somePeerId()), desk.admits(peerId)]).toEqual([false, true]) // its connection stands until it is done
  desk.show()
  expect(code()).not.toBe(first)
  stream.abort(new Error('gone'))
  expect(await hanging).not.toBeNull()
  await expect.poll(() => events.map(({ type }) => type)).toEqual(['code', 'code', 'pairingFailed'])
  expect(desk.open).toBe(true)
  expect(await guess(somePeerId(), code())).toBeNull()
  expect(desk.admits(peerId)).toBe(false)
})

test('a code that is typed in the last moment is not too old before the pairing is done', async () => {
  const expiries = watchExpiries()
  const { desk, events, code, guess } = await scene()
  desk.show()
  const hung = Promise.withResolvers<ByteStream>()
  const hanging = guess(somePeerId(), code(), stopAtProof(hung.resolve))
  const stream = await hung.promise
  expiries[0]?.()
  expect(events.map(({ type }) => type)).toEqual(['code'])
  stream.abort(new Error('gone'))
  expect(await hanging).not.toBeNull()
})

test('a code lives for its own three minutes, also after a sleep in which timers stood still', async () => {
  const expiries = watchExpiries()
  const { now: tell } = Date
  let slept = 0
  const now = vi.spyOn(Date, 'now').mockImplementation(() => tell() + slept)
  onTestFinished(() => now.mockRestore())
  const { desk, events } = await scene()
  desk.show()
  slept = CODE_LIFETIME
  expect(desk.open).toBe(false)
  desk.show()
  expiries[0]?.()
  expect(desk.open).toBe(true)
  expiries[1]?.()
  expect(desk.open).toBe(false)
  expect(events.map(({ type }) => type)).toEqual(['code', 'code', 'codeEnded'])
})
