import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { loadSodium } from '../../src/crypto/load-sodium.ts'
import { createLocalFile } from '../../src/fs/local-files.ts'
import { generateIdentity } from '../../src/net/identity.ts'
import { Node, type PeerStream } from '../../src/net/node.ts'
import { ProtocolClient } from '../../src/protocol/client.ts'
import type { Transferred } from '../../src/protocol/transfer.ts'
import { DEADLINES, type Deadlines, type FileSource } from '../../src/protocol/types.ts'
import { PROTOCOL_ID } from '../../src/wire/limits.ts'
import type { Action } from '../../src/wire/message.ts'
import { parseRemotePath } from '../../src/wire/path.ts'
import { RIGHTS } from '../../src/wire/rights.ts'
import { HostilePeer } from './hostile-peer.ts'
import { tempFolder } from './tmp.ts'

/** What a hostile provider does with one session. What it throws is ignored: the client is what is tested. */
export type Script = (peer: HostilePeer) => Promise<void> | void

export interface HostileShare {
  /** Opens a session of a real client with the hostile provider, over a real stream. */
  readonly open: () => Promise<ProtocolClient>
  /** The folder the client fetches into. */
  readonly local: string
  /** Fetches a file as the command line does. */
  readonly get: (client: ProtocolClient, path: string) => Promise<Transferred>
}

/** Starts a node whose provider has the right keys and follows `script`, and a client node, until the test ends. */
export async function hostileShare(script: Script, deadlines: Partial<Deadlines> = {}): Promise<HostileShare> {
  const sodium = await loadSodium()
  const local = tempFolder()
  const allDeadlines = { ...DEADLINES, ...deadlines }
  const [provider, client] = await Promise.all([
    Node.start({ identity: await generateIdentity(), listen: ['/ip4/127.0.0.1/tcp/0'] }),
    Node.start({ identity: await generateIdentity() }),
  ])
  onTestFinished(async () => {
    await client.stop() // at once they would wait half a second for each other
    await provider.stop()
  })
  const onStream = ({ stream, idBytes }: PeerStream): void => {
    const init = { sodium, localId: provider.idBytes, remoteId: idBytes, deadlines: DEADLINES }
    HostilePeer.open(stream, init, 'responder')
      .then(script)
      .catch(() => undefined)
  }
  await provider.handle(PROTOCOL_ID, { admits: () => true, onStream })
  return {
    open: async () => {
      const { stream } = await client.dial(provider.addresses[0] ?? '', PROTOCOL_ID)
      const init = { sodium, localId: client.idBytes, remoteId: provider.idBytes, deadlines: allDeadlines }
      return ProtocolClient.open(stream, init)
    },
    local,
    get: async (client, path) =>
      client.get(parseRemotePath(path), {}, (file) => createLocalFile(join(local, path), file, { overwrite: false })),
  }
}

/** Says welcome, waits for the first request and returns its id and what it asks for. */
export async function firstRequest(peer: HostilePeer): Promise<{ id: number; action: Action }> {
  peer.send({ type: 'welcome', rights: new Set(RIGHTS) })
  return nextRequest(peer)
}

/** Waits for the next request. */
export async function nextRequest(peer: HostilePeer): Promise<{ id: number; action: Action }> {
  const request = await peer.receiveType('request')
  if (request === null) throw new Error('the client ended the session')
  return request
}

/** A file in memory, to be sent. */
export function memorySource(content: Uint8Array): FileSource {
  return {
    file: { size: content.byteLength, mtime: 0n, executable: false },
    read(buffer, offset) {
      const bytes = content.subarray(offset, offset + buffer.byteLength)
      buffer.set(bytes)
      return Promise.resolve(bytes.byteLength)
    },
    verify: () => Promise.resolve(),
    close: () => Promise.resolve(),
  }
}

/** The MD5 of some bytes. */
export function md5(bytes: string | Uint8Array): Uint8Array {
  return createHash('md5').update(bytes).digest()
}
