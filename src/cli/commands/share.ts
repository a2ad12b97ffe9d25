import {
  isLocalFolder,
  isRight,
  machineName,
  RIGHTS,
  SftError,
  share as startSharing,
  ShareLog,
  shortId,
  type Muxer,
  type Right,
  type Share,
  type ShareEvent,
} from '../../index.ts'
import { withHint } from '../context.ts'
import { isOutputLost, onTermination } from '../termination.ts'
import { escapeText } from '../escape.ts'
import { formatBytes, formatClock, formatHex } from '../format.ts'
import { noteFile } from '../heap.ts'
import { Output, type Manner } from '../output.ts'
import { describePairing, printCode } from '../pairing-text.ts'

export interface ShareCommandOptions extends Manner {
  readonly write?: boolean
  readonly allow?: string
  readonly drop?: boolean
  readonly open?: boolean
  readonly peer?: readonly string[]
  readonly pairing?: boolean
  readonly qr?: boolean
  readonly name?: string
  readonly listen?: readonly string[]
  readonly discovery?: boolean
  readonly lanOnly?: boolean
  /** A file, or false for none. */
  readonly log?: string | boolean
  readonly json?: boolean
  readonly verbose?: number
  readonly muxer?: Muxer
}

/** `sft share DIR`: serves a folder until it is interrupted. */
export async function share(folder: string, options: ShareCommandOptions): Promise<number> {
  const output = new Output(options.json === true, options)
  let log: ShareLog | null = null
  try {
    expectConsistent(options)
    const rights = parseRights(options)
    const { discovery = true, lanOnly = false, name = machineName() } = options
    const pairing = options.pairing !== false && options.open !== true && options.peer === undefined
    const peers = options.open === true ? 'any' : (options.peer ?? 'paired')
    log = await openLog(folder, options.log, output)
    const served = await startSharing(folder, {
      peers,
      pairing,
      discovery,
      lanOnly,
      name,
      ...(rights && { rights }),
      ...(options.listen && { listen: options.listen }),
      ...(options.muxer && { muxers: [options.muxer] }),
      ...(log && { onRecord: log.record }),
      onEvent: (event) => report(output, event, options.qr === true),
    })
    const interrupted = new Promise<number>((resolve) => onTermination(resolve))
    announce(output, { folder, peers, name, discovery, served })
    // Somebody who looks on sees it at once; elsewhere a peer that asks brings it up.
    if (pairing && !output.json && process.stdout.isTTY) served.showCode()
    output.talk('')
    output.talk('Ctrl-C ends it.')
    const exit = await interrupted
    if (!isOutputLost(exit)) output.talk('No longer shared.')
    await served.close()
    return exit
  } catch (error) {
    return output.failure(
      withHint(error, 'ERR_NOT_FOUND', 'name a folder of this machine, as . for the one you are in'),
    )
  } finally {
    await log?.close()
  }
}

async function openLog(folder: string, file: string | boolean | undefined, output: Output): Promise<ShareLog | null> {
  if (file === false || !(await isLocalFolder(folder))) return null // the share will say that it is none
  return ShareLog.open(folder, {
    ...(typeof file === 'string' && { file }),
    onFault: (error) => {
      output.object('log', { time: new Date(), code: error.code, message: error.message })
      output.talk(`sft: ${escapeText(error.message)}; the share goes on, and the log as soon as it can`)
    },
  })
}

/** @throws {@link SftError} `ERR_USAGE` for flags about who gets in that take each other back. */
export function expectConsistent({ open, peer }: ShareCommandOptions): void {
  if (open !== true || !peer) return
  throw new SftError('ERR_USAGE', '--open lets every peer in, so --peer can restrict nothing; choose one')
}

/** Reads which rights the flags give, and `undefined` without any. */
export function parseRights({ write, allow, drop }: ShareCommandOptions): Right[] | undefined {
  if ([write === true, allow !== undefined, drop === true].filter(Boolean).length > 1) {
    throw new SftError('ERR_USAGE', 'only one of --write, --allow and --drop can be given')
  }
  if (write === true) return [...RIGHTS]
  if (drop === true) return ['put', 'mkdir']
  if (allow === undefined) return undefined
  return allow.split(',').map((name) => {
    const right = name.trim()
    if (!isRight(right)) throw new SftError('ERR_USAGE', `"${right}" is not a right; there are: ${RIGHTS.join(', ')}`)
    return right
  })
}

/** What there is to say of a share when it starts. */
interface Announcement {
  readonly folder: string
  readonly peers: 'any' | 'paired' | readonly string[]
  readonly name: string
  readonly discovery: boolean
  readonly served: Share
}

function announce(output: Output, { folder, peers, name, discovery, served }: Announcement): void {
  const { peerId } = served
  const addresses = served.addresses.toSorted((a, b) => Number(isLoopback(a)) - Number(isLoopback(b)))
  output.object('ready', { peerId, name, addresses, folder, rights: [...served.rights], peers })
  const remote = addresses.filter((address) => !isLoopback(address))
  if (output.quiet) {
    for (const address of remote.length === 0 ? addresses : remote) output.line(address)
    return
  }
  output.line(`Sharing ${escapeText(folder)}: ${describeRights(served.rights)}, for ${describePeers(peers, served)}`)
  const [best = '', ...others] = remote.length === 0 ? addresses : remote
  const byName = discovery && peers !== 'any' && remote.length > 0
  const { rights } = served
  const verb = rights.has('list') ? 'ls' : rights.has('put') ? 'put' : 'get'
  output.line('')
  output.line(remote.length === 0 ? 'In another terminal of this machine:' : 'On the other machine:')
  output.line(`  sft ${verb} ${byName ? name : best}${verb === 'ls' ? '' : ' FILE'}`)
  const rest = byName ? [best, ...others] : others
  if (rest.length === 0) return
  output.line('')
  output.line(byName ? 'If that name is not found there, put an address for it:' : 'If it cannot reach that address:')
  for (const address of rest) output.line(`  ${address}`)
}

function describeRights(rights: ReadonlySet<Right>): string {
  if (rights.size === RIGHTS.length) return 'all rights'
  const is = (...names: Right[]): boolean => rights.size === names.length && names.every((name) => rights.has(name))
  if (is('list', 'get')) return 'read-only'
  return is('put', 'mkdir') ? 'adding files only' : [...rights].join(', ')
}

function describePeers(peers: 'any' | 'paired' | readonly string[], { paired }: Share): string {
  if (peers === 'any') return 'any peer'
  if (peers !== 'paired') return peers.length === 1 ? '1 peer' : `${peers.length} peers`
  if (paired.length === 0) return 'machines that pair with this one'
  return paired.length === 1 ? `"${paired[0]?.name ?? ''}"` : `the ${paired.length} paired machines`
}

function isLoopback(address: string): boolean {
  return /^\/(ip4\/127\.|ip6\/::1\/)/.test(address)
}

/** Logs what a peer did: people read lines on stderr, programs objects on stdout. */
function report(output: Output, event: ShareEvent, qr: boolean): void {
  const time = new Date()
  if (event.type === 'peers') {
    output.object('peers', { time, ...(event.error && { code: event.error.code, message: event.error.message }) })
    if (event.error) output.notice(`sft: ${escapeText(event.error.message)}; until then nobody is let in`)
    else output.notice('The peers file can be read again: peers are let in.')
    return
  }
  if (event.type === 'code') {
    printCode(output, event, qr)
    return
  }
  if (event.type === 'codeEnded' || event.type === 'paired' || event.type === 'pairingFailed') {
    describePairing(output, event)
    return
  }
  const { peerId } = event
  if (event.type === 'served') {
    const { action, transferred, error } = event
    if (transferred) noteFile(transferred.size)
    output.object('served', {
      time,
      peerId,
      action: action.type,
      path: action.path,
      ...(action.type === 'rename' && { to: action.to }),
      ...(transferred && { size: transferred.size, md5: formatHex(transferred.md5) }),
      ...(error && { code: error.code }),
    })
    // Looking at an entry is a part of other commands, and nothing a person asked for.
    const looks = action.type === 'stat' || (action.type === 'get' && action.length === 0 && !error)
    if (looks && output.verbosity === 0) return
    const took = output.verbosity > 1 ? ` (${Math.round(event.milliseconds)} ms)` : ''
    output.talk(`${formatClock(time)}  ${shortId(peerId)}  ${describeServed(event)}${took}`)
    return
  }
  const error = event.type === 'closed' ? event.error : undefined
  output.object(event.type, { time, peerId, ...(error && { code: error.code }) })
  if (output.verbosity > 0) {
    const how = error ? `: ${escapeText(error.message)}` : ''
    output.talk(`${formatClock(time)}  ${shortId(peerId)}  session ${event.type}${how}`)
    return
  }
  // A lost connection shows in the transfer it interrupted, and a share that is closed says so itself.
  if (error && error.code !== 'ERR_CLOSED') {
    output.talk(`${formatClock(time)}  ${shortId(peerId)}  left: ${escapeText(error.message)}`)
  }
}

function describeServed({ action, transferred, error }: Extract<ShareEvent, { type: 'served' }>): string {
  const target = action.type === 'rename' ? ` -> ${escapeText(action.to)}` : ''
  const what = `${action.type} ${escapeText(action.path)}${target}`
  if (error) return `${what}: failed, ${escapeText(error.message)}`
  return transferred ? `${what}: ${formatBytes(transferred.size)}, verified` : what
}
