import type { SftError } from './errors.ts'
import type { PairingEvent } from './pairing-desk.ts'
import type { Served } from './protocol/provider.ts'
import type { Withdrawn } from './trust/rights.ts'
import type { Right } from './wire/rights.ts'

/** What happens on a share, for a log. */
export type ShareEvent =
  | { readonly type: 'opened'; readonly peerId: string }
  | ({ readonly type: 'served'; readonly peerId: string } & Served)
  | { readonly type: 'closed'; readonly peerId: string; readonly error?: SftError }
  /** The peers file cannot be read: nobody is let in until it can. Without an error: it can again. */
  | { readonly type: 'peers'; readonly error?: SftError }
  | PairingEvent

/** What a log of a share is to hold: what happens on it but the codes, and what nobody has to be told at once. */
export type RecordedEvent =
  | Exclude<ShareEvent, { readonly type: 'code' }>
  /** It serves the folder with this real path from now on; these rights are what it gives everybody. */
  | { readonly type: 'started'; readonly peerId: string; readonly root: string; readonly rights: readonly Right[] }
  | { readonly type: 'stopped' }
  /** A peer was turned away, as it is not let in or, with an error, has too many sessions. It may try without end. */
  | { readonly type: 'refused'; readonly peerId: string; readonly error?: SftError }
  /** A peer lost rights; without any it is let in no more. */
  | ({ readonly type: 'withdrawn'; readonly peerId: string } & Partial<Withdrawn>)

/** Where the parts of a share say what happens on it. */
export interface ShareReport {
  /** Tells it to whoever shares, and records it. */
  readonly tell: (event: ShareEvent) => void
  /** Records it only. `name` is what this machine called the peer, where it may have forgotten it. */
  readonly record: (event: RecordedEvent, name?: string) => void
}
