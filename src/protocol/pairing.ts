import { CPaceSide, lengthValues, sameBytes, type CPaceResult } from '../crypto/cpace.ts'
import type { Sodium } from '../crypto/sodium.ts'
import { fromWire, SftError, toWire } from '../errors.ts'
import { encodeFrame } from '../wire/frame.ts'
import {
  decodePairDone,
  decodePairHello,
  decodePairProof,
  decodePairShare,
  decodePairVerdict,
  encodePairDone,
  encodePairHello,
  encodePairProof,
  encodePairShare,
  encodePairVerdict,
  MAX_PAIR_MESSAGE,
  PAIR_NONCE_BYTES,
} from '../wire/pairing.ts'
import { withDeadline } from './deadline.ts'
import { FrameReader } from './frame-reader.ts'
import type { ByteStream, Deadlines } from './types.ts'

export interface PairingInit {
  readonly sodium: Sodium
  /** Bytes of this side's peer ID. */
  readonly localId: Uint8Array
  /** Bytes of the peer ID that Noise proved for the other side. */
  readonly remoteId: Uint8Array
  /** How this machine is called, told only to a peer that knows the code. */
  readonly name: string
  readonly deadlines: Deadlines
}

/** What two machines have once they are paired, beside each other's peer ID. */
export interface Paired {
  /** How the other machine calls itself. */
  readonly name: string
  /** 32 bytes that only these two know. */
  readonly secret: Uint8Array
}

/** Where a side keeps what it has from a pairing. */
export interface PairingKeeper {
  /** Keeps the result, durable once it resolves. */
  keep(paired: Paired): Promise<void>
  /** Puts back what was there before {@link keep}, as the other side did not keep its half. */
  undo(): Promise<void>
}

/** A code that is shown to a person. It is good for one guess, right or wrong. */
export interface ShownCode {
  readonly text: string
  /** Whether the one guess is still to be had. */
  readonly good: boolean
  /** Takes the one guess; false if it was taken before or the code is too old. */
  use(): boolean
}

const CHANNEL_LABEL = 'sft-pair-1'
const SECRET_LABEL = 'sft-psk-1'
const ROLE_LABEL = { initiator: 'initiator', responder: 'responder' } as const

const encoder = new TextEncoder()

/**
 * Pairs with the machine that shows a code, as the side where it was typed (docs/pairing.md).
 *
 * It keeps the result before the other side does, and takes it back unless that one confirms that it did the same.
 *
 * @throws {@link SftError} `ERR_DIGEST` if the codes differ or somebody stands between, `ERR_BUSY` if the code is no
 * longer good, `ERR_PROTOCOL`, `ERR_CLOSED`, `ERR_TIMEOUT`, or what `keeper` throws. Nothing is kept then.
 */
export async function pairAsInitiator(
  stream: ByteStream,
  init: PairingInit,
  code: string,
  keeper: PairingKeeper,
): Promise<Paired> {
  return onStream(stream, init, async (exchange) => {
    const nonce = init.sodium.randomBytes(PAIR_NONCE_BYTES)
    exchange.send(encodePairHello(nonce))
    const side = exchange.side('initiator', code, nonce, decodePairHello(await exchange.receive()))
    exchange.send(encodePairShare(side.share.point))
    const { key, tag, peerTag } = finish(side, decodePairShare(await exchange.receive()), 'responder')
    exchange.send(encodePairProof(tag))
    const verdict = decodePairVerdict(await exchange.receive())
    if (verdict.tag === undefined) throw refusal(verdict.error)
    if (!sameBytes(verdict.tag, peerTag)) {
      const failure = codesDiffer()
      exchange.send(encodePairDone({ error: toWire(failure), name: '' }))
      await stream.close()
      throw failure
    }
    const paired = { name: verdict.name, secret: pairingSecret(init.sodium, key) }
    await keeper.keep(paired)
    try {
      exchange.send(encodePairDone({ error: 0, name: init.name }))
      const { error } = decodePairDone(await exchange.receive())
      if (error !== 0) throw new SftError(fromWire(error), 'the other machine could not keep the pairing; see there')
    } catch (error) {
      await keeper.undo()
      throw error
    }
    await stream.close()
    return paired
  })
}

/**
 * Pairs with a machine where our code was typed.
 *
 * The initiator proves itself first, and its first proof uses the code up, right or wrong and whoever sent it: a short
 * code stands one guess, not two. Nothing that could be tested against a guess is sent before.
 *
 * @throws {@link SftError} as {@link pairAsInitiator}.
 */
export async function pairAsResponder(
  stream: ByteStream,
  init: PairingInit,
  code: ShownCode,
  keeper: Pick<PairingKeeper, 'keep'>,
): Promise<Paired> {
  return onStream(stream, init, async (exchange) => {
    if (!code.good) throw outdated()
    const nonce = init.sodium.randomBytes(PAIR_NONCE_BYTES)
    const peerNonce = decodePairHello(await exchange.receive())
    exchange.send(encodePairHello(nonce))
    const side = exchange.side('responder', code.text, peerNonce, nonce)
    const { key, tag, peerTag } = finish(side, decodePairShare(await exchange.receive()), 'initiator')
    exchange.send(encodePairShare(side.share.point))
    const proof = decodePairProof(await exchange.receive())
    const failure = !code.use() ? outdated() : sameBytes(proof, peerTag) ? null : codesDiffer()
    if (failure) {
      exchange.send(encodePairVerdict({ error: toWire(failure) }))
      await stream.close()
      throw failure
    }
    exchange.send(encodePairVerdict({ error: 0, tag, name: init.name }))
    const done = decodePairDone(await exchange.receive())
    if (done.error !== 0) throw refusal(done.error)
    const paired = { name: done.name, secret: pairingSecret(init.sodium, key) }
    try {
      await keeper.keep(paired)
    } catch (error) {
      exchange.send(encodePairDone({ error: toWire(error), name: '' }))
      await stream.close()
      throw error
    }
    exchange.send(encodePairDone({ error: 0, name: init.name }))
    await stream.close()
    return paired
  })
}

/** Runs one pairing on a stream, within the time of a handshake; the stream is of no use after a failure. */
async function onStream(
  stream: ByteStream,
  init: PairingInit,
  run: (exchange: PairingExchange) => Promise<Paired>,
): Promise<Paired> {
  try {
    return await withDeadline(run(new PairingExchange(stream, init)), init.deadlines.handshake, 'finish the pairing')
  } catch (error) {
    stream.abort(error as Error)
    throw error
  }
}

/** The framed messages of one pairing, and what both sides know before the first. */
class PairingExchange {
  readonly #stream: ByteStream
  readonly #reader: FrameReader
  readonly #init: PairingInit

  constructor(stream: ByteStream, init: PairingInit) {
    this.#stream = stream
    this.#reader = new FrameReader(stream, init.deadlines.record)
    this.#init = init
  }

  send(message: Uint8Array): void {
    this.#stream.write(encodeFrame(message))
  }

  async receive(): Promise<Uint8Array> {
    const message = await this.#reader.next(0, MAX_PAIR_MESSAGE)
    if (message === null) throw new SftError('ERR_CLOSED', 'the peer ended the pairing')
    return message
  }

  /** Binds the code to these two peers in these roles and to both nonces. */
  side(
    role: 'initiator' | 'responder',
    code: string,
    initiatorNonce: Uint8Array,
    responderNonce: Uint8Array,
  ): CPaceSide {
    const { localId, remoteId } = this.#init
    const [initiatorId, responderId] = role === 'initiator' ? [localId, remoteId] : [remoteId, localId]
    const context = {
      code: encoder.encode(code),
      channel: lengthValues([encoder.encode(CHANNEL_LABEL), initiatorId, responderId]),
      sessionId: Uint8Array.of(...initiatorNonce, ...responderNonce),
    }
    return new CPaceSide(role, context, encoder.encode(ROLE_LABEL[role]))
  }
}

function finish(side: CPaceSide, point: Uint8Array, peerRole: 'initiator' | 'responder'): CPaceResult {
  return side.finish({ point, associated: encoder.encode(ROLE_LABEL[peerRole]) })
}

function pairingSecret(sodium: Sodium, key: Uint8Array): Uint8Array {
  return sodium.hash(32, [encoder.encode(SECRET_LABEL)], key)
}

/** What a peer's number means here; only the codes matter, everything else is its own affair. */
function refusal(wire: number): SftError {
  return fromWire(wire) === 'ERR_DIGEST' ? codesDiffer() : outdated()
}

/** Told to the peer as ERR_DIGEST. */
function codesDiffer(): SftError {
  return new SftError(
    'ERR_DIGEST',
    'the codes differ, or somebody stands in between; try again with a new code: "sft pair" there shows one',
  )
}

/** Told to the peer as ERR_BUSY. */
function outdated(): SftError {
  return new SftError('ERR_BUSY', 'the code was used before or is too old; ask the other machine for a new one')
}
