/**
 * Peer-to-peer, end-to-end encrypted file transfer: {@link share} serves a folder, {@link connect} reaches one.
 *
 * Nothing here prints or ends the process. Every failure is an {@link SftError} with a `code`.
 *
 * @packageDocumentation
 */
export { Remote, type CopyOptions } from './client.ts'
export { closest } from './closest.ts'
export { connect, type ConnectEvent, type ConnectOptions } from './connect.ts'
export { parseCode } from './crypto/code.ts'
export { diagnose, type DiagnoseOptions } from './doctor/diagnose.ts'
export { ERRORS, EXITS, SftError, type ExitStatus, type SftErrorCode } from './errors.ts'
export type { Finding } from './doctor/findings.ts'
export { isLocalFolder, listLocalFolder, readTextFile, realFolder, resolveDestination } from './fs/local-files.ts'
export { createSettingsFile, readSettingsFile } from './fs/settings-file.ts'
export type { Introduction } from './introduction.ts'
export { addToHistory, HISTORY_LINES, readHistory } from './shell-history.ts'
export { defaultHome, defaultLogFile, hasIdentity, loadIdentity, machineName } from './home.ts'
export { shortId, type Identity } from './net/identity.ts'
export { isGlob } from './jobs/filter.ts'
export type { Conflict, JobEvent, JobOptions, JobSummary, OnConflict, SkipReason } from './jobs/job.ts'
export { matchLocal } from './jobs/local-match.ts'
export { history, type HistoryOptions } from './log/history.ts'
export type { LogLine } from './log/line.ts'
export { ShareLog, type ShareLogOptions } from './log/share-log.ts'
export type { Heard } from './net/heard.ts'
export type { Muxer } from './net/node.ts'
export type { PairingEvent } from './pairing-desk.ts'
export { choosePeer, PeerStore, type Paired } from './peers.ts'
export { offerPairing, pair, type JoinOptions, type OfferOptions, type PairOptions } from './pair.ts'
export type { CallOptions, TransferOptions } from './protocol/client.ts'
export type { Transferred } from './protocol/transfer.ts'
export { reachable, type ReachableOptions } from './reach.ts'
export { share, Share, type ShareOptions } from './share.ts'
export type { RecordedEvent, ShareEvent } from './share-event.ts'
export {
  blockPeer,
  findPeer,
  grantRights,
  removePeer,
  renamePeer,
  type Grant,
  type Peer,
  type Place,
} from './trust/peers.ts'
export { rightsAt, type Offer } from './trust/rights.ts'
export { asciiJson } from './wire/ascii-json.ts'
export type { Action, Algorithm, Entry, EntryType, FileInfo, Unlistable } from './wire/message.ts'
export { baseName, joinPath, parseRemotePath, type RemotePath } from './wire/path.ts'
export { isRight, RIGHTS, type Right } from './wire/rights.ts'
