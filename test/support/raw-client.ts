import { onTestFinished } from 'vitest'
import * as pb from '../../src/wire/messages.ts'
import { SftError } from '../../src/errors.ts'
import { HostilePeer } from './hostile-peer.ts'
import type { NodePair } from './nodes.ts'

/** The bytes of a path, as they go onto the wire: no check is made of them. */
type RawPath = Buffer<ArrayBuffer>

/** What {@link RawClient} stores with its `put` and `replace`. */
export const PLANTED = Buffer.from('planted by a peer')

/** The file that {@link RawClient} moves with its `renameTo` and `replaceTo`. */
export const OWN = 'own.txt'

const file = { size: PLANTED.byteLength, mtime: 0n, executable: false }
const elsewhere = (): RawPath => Buffer.from(`moved-${crypto.randomUUID()}`)

/** Every way a path can stand in a request. */
const REQUESTS = {
  list: (path: RawPath) => ({ list: { path, recursive: false } }),
  listAll: (path: RawPath) => ({ list: { path, recursive: true } }),
  stat: (path: RawPath) => ({ stat: { path } }),
  get: (path: RawPath) => ({ get: { path, offset: 0 } }),
  put: (path: RawPath) => ({ put: { path, file, overwrite: false, offset: 0, stream: false } }),
  replace: (path: RawPath) => ({ put: { path, file, overwrite: true, offset: 0, stream: false } }),
  delete: (path: RawPath) => ({ delete: { path } }),
  renameFrom: (path: RawPath) => ({ rename: { from: path, to: elsewhere(), overwrite: false } }),
  renameTo: (path: RawPath) => ({ rename: { from: Buffer.from(OWN), to: path, overwrite: false } }),
  replaceTo: (path: RawPath) => ({ rename: { from: Buffer.from(OWN), to: path, overwrite: true } }),
  mkdir: (path: RawPath) => ({ mkdir: { path, parents: false } }),
  mkdirAll: (path: RawPath) => ({ mkdir: { path, parents: true } }),
  kept: (path: RawPath) => ({ kept: { path, file } }),
  md5: (path: RawPath) => ({ digest: { path, algorithm: 1 } }),
  sha256: (path: RawPath) => ({ digest: { path, algorithm: 2 } }),
} satisfies Record<string, (path: RawPath) => Omit<pb.Request, 'id'>>

export type Operation = keyof typeof REQUESTS

export const OPERATIONS = Object.keys(REQUESTS) as Operation[]

/** How a request ended: the number of its error, 0 for success, and the bytes that came for it. */
export interface Outcome {
  readonly error: number
  readonly bytes: Buffer
}

/** A client that keeps the order of messages but asks for any path whatever. */
export class RawClient {
  readonly #peer: HostilePeer
  #lastId = 0

  static async open(pair: NodePair): Promise<RawClient> {
    const peer = await HostilePeer.open(await pair.openStream(), pair.clientInit)
    await peer.receiveType('welcome')
    const client = new RawClient(peer)
    onTestFinished(async () => client.#close())
    return client
  }

  private constructor(peer: HostilePeer) {
    this.#peer = peer
  }

  /** Asks for one operation on a path and waits until it has ended on both sides. */
  async ask(operation: Operation, path: string | Uint8Array): Promise<Outcome> {
    const id = (this.#lastId += 1)
    const bytes = Buffer.from(path as string) // which also copies bytes
    this.#peer.sendEncoded(pb.Message.encode({ request: { id, ...REQUESTS[operation](bytes) } }))
    if (operation === 'put' || operation === 'replace') {
      this.#peer.sendData(id, PLANTED)
      this.#peer.sendEnd(id, PLANTED)
    }
    const received: Uint8Array[] = []
    for (;;) {
      const message = await this.#peer.receive()
      if (message === null) throw new Error('the session ended')
      if (message.type === 'data') received.push(message.bytes)
      if (message.type === 'result') return { error: message.error, bytes: Buffer.concat(received) }
      if (message.type === 'end') {
        this.#peer.send({ type: 'result', id, error: message.error })
        return { error: message.error, bytes: Buffer.concat(received) }
      }
    }
  }

  /** Sends a request for a path without waiting for an answer. */
  send(operation: Operation, path: string): void {
    const id = (this.#lastId += 1)
    this.#peer.sendEncoded(pb.Message.encode({ request: { id, ...REQUESTS[operation](Buffer.from(path)) } }))
  }

  /** Resolves once the other side ends the session, with the number it gives as the reason, if it gives one. */
  async ended(): Promise<number | null> {
    try {
      return (await this.#peer.receiveType('close'))?.error ?? null
    } catch (error) {
      if (error instanceof SftError && error.code === 'ERR_CLOSED') return null
      throw error
    }
  }

  /** Ends the session in order, unless it has ended otherwise. */
  async #close(): Promise<void> {
    try {
      this.#peer.send({ type: 'close', error: 0 })
      await this.#peer.stream.close()
      while ((await this.#peer.receive()) !== null);
    } catch (error) {
      if (!(error instanceof SftError)) throw error
    }
  }
}
