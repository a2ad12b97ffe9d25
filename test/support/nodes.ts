import { onTestFinished } from 'vitest'
import { loadSodium } from '../../src/crypto/load-sodium.ts'
import type { Sodium } from '../../src/crypto/sodium.ts'
import { SharedFolder } from '../../src/fs/shared-folder.ts'
import { generateIdentity } from '../../src/net/identity.ts'
import { Node, type Muxer, type PeerStream } from '../../src/net/node.ts'
import type { HandshakeInit } from '../../src/protocol/handshake.ts'
import { provide, type Served } from '../../src/protocol/provider.ts'
import { DEADLINES, type ByteStream, type Deadlines } from '../../src/protocol/types.ts'
import { PROTOCOL_ID } from '../../src/wire/limits.ts'
import { RIGHTS, type Right } from '../../src/wire/rights.ts'
import { shareFolder } from './tmp.ts'

export interface NodePairOptions {
  readonly rights?: readonly Right[]
  readonly muxer?: Muxer
  readonly sodium?: Sodium['name']
  readonly deadlines?: Partial<Deadlines>
}

/** Two real libp2p nodes on loopback: one provides a folder, the other has a bare stream to it. */
export interface NodePair {
  /** The client's stream, before any handshake. Another one each time. */
  readonly openStream: () => Promise<ByteStream>
  /** What the client's side of the handshake needs, except role and window. */
  readonly clientInit: Omit<HandshakeInit, 'role' | 'window'> & { deadlines: Deadlines }
  readonly root: string
  /** A folder around the root, to see whether anything outside the root changes. */
  readonly outside: string
  readonly served: Served[]
  /** How each provider session ended, in order: `null` for one that was closed in order. */
  readonly endings: (Error | null)[]
}

/** Starts both nodes and serves a new empty folder with all rights, unless others are given, until the test ends. */
export async function nodePair(options: NodePairOptions = {}): Promise<NodePair> {
  const { outside, root } = shareFolder()
  const sodium = await loadSodium(options.sodium)
  const store = await SharedFolder.open(root)
  const muxers = options.muxer && [options.muxer]
  const deadlines = { ...DEADLINES, ...options.deadlines }
  const [provider, client] = await Promise.all([
    Node.start({
      identity: await generateIdentity(),
      listen: ['/ip4/127.0.0.1/tcp/0'],
      ...(muxers && { muxers }),
    }),
    Node.start({ identity: await generateIdentity(), ...(muxers && { muxers }) }),
  ])
  onTestFinished(async () => {
    await client.stop() // at once they would wait half a second for each other
    await provider.stop()
    await store.close()
  })
  const served: Served[] = []
  const endings: (Error | null)[] = []
  const rights = new Set(options.rights ?? RIGHTS)
  const onStream = ({ stream, idBytes }: PeerStream): void => {
    provide(stream, {
      sodium,
      localId: provider.idBytes,
      remoteId: idBytes,
      store,
      rights: () => rights,
      rightsWithin: () => rights,
      onServed: (one) => served.push(one),
      deadlines,
    }).then(
      () => endings.push(null),
      (error: unknown) => endings.push(error as Error),
    )
  }
  await provider.handle(PROTOCOL_ID, { admits: () => true, onStream })
  return {
    openStream: async () => {
      const { stream } = await client.dial(provider.addresses[0] ?? '', PROTOCOL_ID)
      return stream
    },
    clientInit: { sodium, localId: client.idBytes, remoteId: provider.idBytes, deadlines },
    root,
    outside,
    served,
    endings,
  }
}
