import type { Admission } from './admission.ts'
import type { Sodium } from './crypto/sodium.ts'
import { asSftError, SftError } from './errors.ts'
import type { SharedFolder } from './fs/shared-folder.ts'
import type { Node, PeerStream } from './net/node.ts'
import type { PeerStore } from './peers.ts'
import { provide } from './protocol/provider.ts'
import { Receipts } from './protocol/receipts.ts'
import type { Deadlines } from './protocol/types.ts'
import type { ShareReport } from './share-event.ts'

/** Sessions of one peer at a time; a further one is turned away. */
const SESSIONS_PER_PEER = 128

export interface SessionsInit {
  readonly node: Node
  readonly sodium: Sodium
  readonly folder: SharedFolder
  readonly store: PeerStore
  readonly admission: Admission
  readonly report: ShareReport
  readonly deadlines?: Deadlines | undefined
}

/** One session that is being served. */
interface Serving {
  readonly peerId: string
  readonly stop: AbortController
  readonly ended: Promise<void>
}

/** The sessions that a share serves, each for as long as its peer is let in. */
export class Sessions {
  readonly #init: SessionsInit
  readonly #serving = new Set<Serving>()
  readonly #receipts = new Receipts()

  constructor(init: SessionsInit) {
    this.#init = init
  }

  /** Serves a peer that was let in, unless it has too many sessions. */
  onStream(peer: PeerStream): void {
    const { peerId } = peer
    if ([...this.#serving].filter((session) => session.peerId === peerId).length >= SESSIONS_PER_PEER) {
      const error = new SftError('ERR_BUSY', 'too many sessions of one peer')
      peer.stream.abort(error)
      this.#init.report.record({ type: 'refused', peerId, error })
      return
    }
    const stop = new AbortController()
    const session = { peerId, stop, ended: this.#serve(peer, stop.signal) }
    this.#serving.add(session)
    void session.ended.then(() => this.#serving.delete(session))
  }

  /** Ends those of peers that are let in no more. */
  dropUnadmitted(): void {
    for (const { peerId, stop } of this.#serving) if (!this.#init.admission.admits(peerId)) stop.abort()
  }

  /** Ends them all, and waits until they have ended. */
  async close(): Promise<void> {
    for (const { stop } of this.#serving) stop.abort()
    await Promise.allSettled([...this.#serving].map(({ ended }) => ended))
  }

  /** Serves one session to its end. Never throws: what a client does wrong ends its own session only. */
  async #serve({ stream, peerId, idBytes }: PeerStream, signal: AbortSignal): Promise<void> {
    const { node, sodium, folder, store, admission, report, deadlines } = this.#init
    const secret = admission.peer(peerId)?.secret
    report.tell({ type: 'opened', peerId })
    try {
      await provide(stream, {
        sodium,
        localId: node.idBytes,
        remoteId: idBytes,
        store: folder,
        receipts: this.#receipts,
        // Asked live: what was taken away, or a peer that was removed, counts at once.
        rights: (path) => admission.rightsAt(peerId, path),
        rightsWithin: (path) => admission.rightsWithin(peerId, path),
        onServed: (served) => report.tell({ type: 'served', peerId, ...served }),
        signal,
        ...(secret && { pairingSecret: secret }),
        ...(deadlines && { deadlines }),
      })
      report.tell({ type: 'closed', peerId })
    } catch (error) {
      report.tell({ type: 'closed', peerId, error: asSftError(error, 'ERR_INTERNAL', 'the session failed') })
    }
    await store.noteSeen(peerId)
  }
}
