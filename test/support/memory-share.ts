import { onTestFinished } from 'vitest'
import { loadSodium } from '../../src/crypto/load-sodium.ts'
import { SharedFolder } from '../../src/fs/shared-folder.ts'
import type { HandshakeInit } from '../../src/protocol/handshake.ts'
import { provide, type Served } from '../../src/protocol/provider.ts'
import { DEADLINES, type ByteStream, type Deadlines, type FileStore } from '../../src/protocol/types.ts'
import { RIGHTS } from '../../src/wire/rights.ts'
import { memoryPair, type MemoryStream } from './memory-stream.ts'
import { shareFolder } from './tmp.ts'

export interface MemoryShareOptions {
  readonly deadlines?: Partial<Deadlines>
  /** Wraps the store, to make its disk slow. */
  readonly store?: (store: FileStore) => FileStore
  /** Wraps the provider's end of each stream. */
  readonly provided?: (stream: ByteStream) => ByteStream
}

/** One session with a {@link MemoryShare}. */
export interface MemorySession {
  /** The client's end, before any handshake. */
  readonly stream: MemoryStream
  /** The provider's end. */
  readonly providerStream: MemoryStream
  /** How the provider's session ended: `null` for one that was closed in order. */
  readonly ending: Promise<Error | null>
}

/** The real provider over a real folder; only the network is missing. */
export interface MemoryShare {
  readonly open: () => MemorySession
  readonly clientInit: Omit<HandshakeInit, 'role' | 'window'> & { deadlines: Deadlines }
  readonly root: string
  /** A folder around the root, to see whether anything outside the root changes. */
  readonly outside: string
  readonly served: Served[]
}

/** Serves a new empty folder with all rights until the test ends. */
export async function memoryShare(options: MemoryShareOptions = {}): Promise<MemoryShare> {
  const { outside, root } = shareFolder()
  const sodium = await loadSodium()
  const folder = await SharedFolder.open(root)
  onTestFinished(async () => folder.close())
  const store = options.store?.(folder) ?? folder
  const deadlines = { ...DEADLINES, ...options.deadlines }
  const [clientId, providerId] = [sodium.randomBytes(38), sodium.randomBytes(38)]
  const served: Served[] = []
  return {
    open: () => {
      const [stream, providerStream] = memoryPair()
      const ending = provide(options.provided?.(providerStream) ?? providerStream, {
        sodium,
        localId: providerId,
        remoteId: clientId,
        store,
        rights: () => new Set(RIGHTS),
        onServed: (one) => served.push(one),
        deadlines,
      }).then(
        () => null,
        (error: unknown) => error as Error,
      )
      return { stream, providerStream, ending }
    },
    clientInit: { sodium, localId: clientId, remoteId: providerId, deadlines },
    root,
    outside,
    served,
  }
}
