/**
 * Peer-to-peer, end-to-end encrypted file transfer: {@link share} serves a folder, {@link connect} reaches one.
 *
 * Nothing here prints or ends the process. Every failure is an {@link SftError} with a `code`.
 *
 * @packageDocumentation
 */
export { connect, Remote, type ConnectOptions, type CopyOptions } from './client.ts'
export { ERRORS, SftError, type SftErrorCode } from './errors.ts'
export { isLocalFolder, resolveDestination } from './fs/local-files.ts'
export { defaultHome, loadIdentity } from './home.ts'
export type { Identity } from './net/identity.ts'
export type { Muxer } from './net/node.ts'
export type { CallOptions, TransferOptions } from './protocol/client.ts'
export type { Transferred } from './protocol/transfer.ts'
export { share, Share, type ShareEvent, type ShareOptions } from './share.ts'
export type { Action, Algorithm, Entry, EntryType, FileInfo, Unlistable } from './wire/message.ts'
export { baseName, joinPath, parseRemotePath, type RemotePath } from './wire/path.ts'
export { isRight, RIGHTS, type Right } from './wire/rights.ts'
