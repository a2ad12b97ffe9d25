import { expect, onTestFinished, test } from 'vitest'
import { generateCode } from '../../src/crypto/code.ts'
import { CPaceSide } from '../../src/crypto/cpace.ts'
import { loadSodium } from '../../src/crypto/load-sodium.ts'
import { SftError } from '../../src/errors.ts'
import { generateIdentity } from '../../src/net/identity.ts'
import { Node } from '../../src/net/node.ts'
import {
  pairAsInitiator,
  pairAsResponder,
  type Paired,
  type PairingInit,
  type PairingKeeper,
  type ShownCode,
} from '../../src/protocol/pairing.ts'
import { CODE_LIFETIME, newCode } from '../../src/protocol/shown-code.ts'
import { DEADLINES, type ByteStream } from '../../src/protocol/types.ts'
import { encodeFrame } from '../../src/wire/frame.ts'
import {
  encodePairDone,
  encodePairHello,
  encodePairProof,
  encodePairShare,
  PAIR_PROTOCOL_ID,
} from '../../src/wire/pairing.ts'
import { fromHex } from '../vectors/read.ts'
import vectors from '../vectors/cpace.json' with { type: 'json' }
import { memoryPair } from '../support/memory-stream.ts'

const sodium = await loadSodium()
const id = (name: string): Uint8Array => new TextEncoder().encode(name)

function initOf(local: string, remote: string): PairingInit {
  return { sodium, localId: id(local), remoteId: id(remote), name: local, deadlines: DEADLINES }
}

/** Keeps what is paired in a list. */
function keeperOf(kept: Paired[]): PairingKeeper {
  return { keep: async (paired) => void kept.push(paired), undo: async () => void kept.pop() }
}

/** A keeper whose result nobody looks at. */
const anyhow = keeperOf([])

/** How a pairing ended for one side: what it has, or the code of its error. */
async function outcome<T>(pairing: Promise<T>): Promise<T | string> {
  return pairing.catch((error: unknown) => String((error as { code?: unknown }).code))
}

/** Lets `guess` be typed at one machine while `code` is shown at another. */
async function pair(code: ShownCode, guess: string, stored: Paired[] = []): Promise<unknown[]> {
  const [a, b] = memoryPair()
  return Promise.all([
    outcome(pairAsInitiator(a, initOf('desktop', 'laptop'), guess, keeperOf(stored))),
    outcome(pairAsResponder(b, initOf('laptop', 'desktop'), code, anyhow)),
  ])
}

test('two machines with the same code have one secret and each other’s name', async () => {
  const code = newCode()
  const stored: Paired[] = []
  const [one, other] = await pair(code, code.text, stored)
  expect(one).toMatchObject({ name: 'laptop' })
  expect(other).toMatchObject({ name: 'desktop', secret: (one as { secret: Uint8Array }).secret })
  expect(stored).toEqual([one])
  expect(code.good).toBe(false)
})

test('two machines pair over real nodes, which prove the peer IDs that are bound', async () => {
  const code = newCode()
  const listen = ['/ip4/127.0.0.1/tcp/0']
  const [laptop, desktop] = await Promise.all([
    Node.start({ identity: await generateIdentity(), listen }),
    Node.start({ identity: await generateIdentity() }),
  ])
  onTestFinished(async () => {
    await desktop.stop()
    await laptop.stop()
  })
  const responder = Promise.withResolvers<unknown>()
  await laptop.handle(PAIR_PROTOCOL_ID, {
    admits: () => true,
    onStream: ({ stream, idBytes }) => {
      const init = { ...initOf('laptop', ''), localId: laptop.idBytes, remoteId: idBytes }
      responder.resolve(outcome(pairAsResponder(stream, init, code, anyhow)))
    },
  })
  const { stream, idBytes } = await desktop.dial(laptop.addresses[0] ?? '', PAIR_PROTOCOL_ID)
  const init = { ...initOf('desktop', ''), localId: desktop.idBytes, remoteId: idBytes }
  const paired = await pairAsInitiator(stream, init, code.text, anyhow)
  expect(paired.name).toBe('laptop')
  expect(await responder.promise).toEqual({ name: 'desktop', secret: paired.secret })
})

test('C14: a wrong code pairs nobody, tells both sides, stores nothing, and uses the code up', async () => {
  const code = newCode()
  const stored: Paired[] = []
  expect(await pair(code, 'ocean-canyon-seven', stored)).toEqual(['ERR_DIGEST', 'ERR_DIGEST'])
  expect(stored).toEqual([])
  const [late] = await pair(code, code.text, stored)
  expect(late).not.toHaveProperty('secret')
  expect(stored).toEqual([])
})

test('C14: a machine that does not know the code and says that all is well is not kept', async () => {
  const [code, kept]: [ShownCode, Paired[]] = [newCode(), []]
  const context = { code: id('guess'), channel: id('any'), sessionId: new Uint8Array(32) }
  const { share } = new CPaceSide('initiator', context, id('initiator'))
  const [a, b] = memoryPair()
  for (const message of [
    encodePairHello(new Uint8Array(16)),
    encodePairShare(share.point),
    encodePairProof(new Uint8Array(64).fill(7)),
    encodePairDone({ error: 0, name: 'mallory' }),
  ])
    a.write(encodeFrame(message))
  expect(await outcome(pairAsResponder(b, initOf('laptop', 'mallory'), code, keeperOf(kept)))).toBe('ERR_DIGEST')
  expect(kept).toEqual([])
  expect(code.good).toBe(false)
})

test('R10: of 10,000 peers that guess, one is heard and none gets in', async () => {
  const code = newCode()
  const proofs: unknown[] = []
  for (let peer = 0; peer < 10_000; peer += 1) {
    const [a, b] = memoryPair()
    const guessing = outcome(pairAsInitiator(a, initOf(`peer${peer}`, 'laptop'), 'ocean-canyon-seven', anyhow))
    const answer = await outcome(pairAsResponder(b, initOf('laptop', `peer${peer}`), code, anyhow))
    expect(await guessing).toEqual(expect.stringMatching(/^ERR_/))
    proofs.push(answer)
  }
  expect(proofs[0]).toBe('ERR_DIGEST')
  expect(new Set(proofs.slice(1))).toEqual(new Set(['ERR_BUSY']))
})

test('of many that guess at the same moment, one is heard', async () => {
  const code = newCode()
  const guesses = Array.from({ length: 20 }, (_, index) => (index === 19 ? code.text : 'ocean-canyon-seven'))
  const outcomes = await Promise.all(guesses.map((guess) => pair(code, guess)))
  expect(outcomes.filter(([, responder]) => responder !== 'ERR_BUSY')).toHaveLength(1)
  expect(outcomes.filter(([initiator]) => typeof initiator !== 'string').length).toBeLessThan(2)
})

test('C15: a relay with identities of its own pairs neither side, though it passes on every byte', async () => {
  const code = newCode()
  const [a, toA] = memoryPair()
  const [b, toB] = memoryPair()
  const pass = async (from: ByteStream, to: ByteStream): Promise<void> => {
    for await (const bytes of from.source) to.write(bytes.subarray())
    await to.close()
  }
  const relaying = Promise.allSettled([pass(toA, toB), pass(toB, toA)])
  const ends = await Promise.all([
    outcome(pairAsInitiator(a, initOf('desktop', 'relay'), code.text, anyhow)),
    outcome(pairAsResponder(b, initOf('laptop', 'relay'), code, anyhow)),
  ])
  await relaying
  expect(ends).toEqual(['ERR_DIGEST', 'ERR_DIGEST'])
  expect(code.good).toBe(false)
})

test('C16: a peer that reflects what it gets is refused', async () => {
  const code = newCode()
  const [a, mirror] = memoryPair()
  const reflecting = (async () => {
    for await (const bytes of mirror.source) mirror.write(bytes.subarray())
  })().catch(() => undefined)
  expect(await outcome(pairAsInitiator(a, initOf('desktop', 'mirror'), code.text, anyhow))).toBe('ERR_PROTOCOL')
  await mirror.close()
  await reflecting
})

test.each(vectors.invalid)(
  'C13: a share that is $description ends the pairing and costs no guess',
  async ({ point }) => {
    const code = newCode()
    const [a, b] = memoryPair()
    a.write(encodeFrame(encodePairHello(new Uint8Array(16))))
    a.write(encodeFrame(encodePairShare(fromHex(point))))
    expect(await outcome(pairAsResponder(b, initOf('laptop', 'peer'), code, anyhow))).toBe('ERR_PROTOCOL')
    expect(code.good).toBe(true)
  },
)

test('an initiator takes back what it kept when the other side cannot keep its half', async () => {
  const code = newCode()
  const [a, b] = memoryPair()
  const kept: Paired[] = []
  const failing = {
    keep: async (): Promise<void> => {
      throw new SftError('ERR_NO_SPACE', 'disk full')
    },
  }
  const ends = await Promise.all([
    outcome(pairAsInitiator(a, initOf('desktop', 'laptop'), code.text, keeperOf(kept))),
    outcome(pairAsResponder(b, initOf('laptop', 'desktop'), code, failing)),
  ])
  expect(ends).toEqual(['ERR_NO_SPACE', 'ERR_NO_SPACE'])
  expect(kept).toEqual([])
})

test('an initiator takes back what it kept when the other side dies before it confirms', async () => {
  const code = newCode()
  const [a, b] = memoryPair()
  const kept: Paired[] = []
  const dying = { keep: async (): Promise<void> => b.close().then(async () => new Promise(() => undefined)) }
  void outcome(pairAsResponder(b, initOf('laptop', 'desktop'), code, dying))
  expect(await outcome(pairAsInitiator(a, initOf('desktop', 'laptop'), code.text, keeperOf(kept)))).toBe('ERR_CLOSED')
  expect(kept).toEqual([])
})

test('an initiator that cannot store the result is not trusted by the other side', async () => {
  const code = newCode()
  const [a, b] = memoryPair()
  const failing = {
    keep: async (): Promise<void> => {
      throw new Error('disk full')
    },
    undo: async (): Promise<void> => undefined,
  }
  const [one, other] = await Promise.allSettled([
    pairAsInitiator(a, initOf('desktop', 'laptop'), code.text, failing),
    pairAsResponder(b, initOf('laptop', 'desktop'), code, anyhow),
  ])
  expect([one.status, other.status]).toEqual(['rejected', 'rejected'])
})

test('a code is good for three minutes', () => {
  let time = 0
  const code = newCode(() => time)
  time = CODE_LIFETIME - 1
  expect(code.good).toBe(true)
  time = CODE_LIFETIME
  expect(code.good).toBe(false)
  expect(code.use()).toBe(false)
})

test('codes are three words and differ', () => {
  const codes = Array.from({ length: 1_000 }, generateCode)
  expect(new Set(codes).size).toBe(1_000)
  expect(codes.every((code) => /^[a-z]+-[a-z]+-[a-z]+$/.test(code))).toBe(true)
})
