import {
  isRight,
  RIGHTS,
  SftError,
  share as startSharing,
  type Muxer,
  type Right,
  type ShareEvent,
} from '../../index.ts'
import { onTermination, UNREAD } from '../context.ts'
import { escapeText } from '../escape.ts'
import { formatBytes, formatClock, formatHex } from '../format.ts'
import { Output } from '../output.ts'

export interface ShareCommandOptions {
  readonly write?: boolean
  readonly allow?: string
  readonly drop?: boolean
  readonly open?: boolean
  readonly peer?: readonly string[]
  readonly listen?: readonly string[]
  readonly json?: boolean
  readonly muxer?: Muxer
}

/** `sft share DIR`: serves a folder until it is interrupted. */
export async function share(folder: string, options: ShareCommandOptions): Promise<number> {
  const output = new Output(options.json === true)
  try {
    const peers = options.open === true ? 'any' : (options.peer ?? [])
    const served = await startSharing(folder, {
      peers,
      rights: parseRights(options),
      ...(options.listen && { listen: options.listen }),
      ...(options.muxer && { muxers: [options.muxer] }),
      onEvent: (event) => report(output, event),
    })
    const interrupted = new Promise<number>((resolve) => onTermination(resolve))
    announce(output, folder, peers, served)
    const exit = await interrupted
    if (exit !== UNREAD) output.talk('No longer shared.')
    await served.close()
    return exit
  } catch (error) {
    return output.failure(error)
  }
}

/** Reads which rights the flags give: listing and fetching without any. */
function parseRights({ write, allow, drop }: ShareCommandOptions): Right[] {
  if ([write === true, allow !== undefined, drop === true].filter(Boolean).length > 1) {
    throw new SftError('ERR_USAGE', 'only one of --write, --allow and --drop can be given')
  }
  if (write === true) return [...RIGHTS]
  if (drop === true) return ['put', 'mkdir']
  if (allow === undefined) return ['list', 'get']
  return allow.split(',').map((name) => {
    const right = name.trim()
    if (!isRight(right)) throw new SftError('ERR_USAGE', `"${right}" is not a right; there are: ${RIGHTS.join(', ')}`)
    return right
  })
}

function announce(
  output: Output,
  folder: string,
  peers: 'any' | readonly string[],
  served: { peerId: string; addresses: string[]; rights: ReadonlySet<Right> },
): void {
  const { peerId } = served
  const addresses = served.addresses.toSorted((a, b) => Number(isLoopback(a)) - Number(isLoopback(b)))
  const rights = [...served.rights]
  output.object('ready', { peerId, addresses, folder, rights, peers })
  output.line(`Sharing ${escapeText(folder)}: ${describeRights(served.rights)}, for ${describePeers(peers)}`)
  output.line(`Peer ID ${peerId}`)
  if (peers.length === 0) {
    output.talk('')
    output.talk('No peer is let in yet. Share again with')
    output.talk('  --open     for any peer, or')
    output.talk('  --peer ID  for one; "sft id" there prints it')
  } else {
    announceAddresses(output, addresses, served.rights)
  }
  output.talk('')
  output.talk('Ctrl-C ends it.')
}

/** Prints the command for the other machine, alone on its line, and what else to put for its address. */
function announceAddresses(output: Output, addresses: readonly string[], rights: ReadonlySet<Right>): void {
  const remote = addresses.filter((address) => !isLoopback(address))
  const [best = '', ...others] = remote.length === 0 ? addresses : remote
  const verb = rights.has('list') ? 'ls' : rights.has('put') ? 'put' : 'get'
  output.line('')
  output.line(remote.length === 0 ? 'In another terminal of this machine:' : 'On the other machine:')
  output.line(`  sft ${verb} ${best}${verb === 'ls' ? '' : ' FILE'}`)
  if (others.length === 0) return
  output.line('')
  output.line('If it cannot reach that address:')
  for (const address of others) output.line(`  ${address}`)
}

function describeRights(rights: ReadonlySet<Right>): string {
  if (rights.size === RIGHTS.length) return 'all rights'
  const is = (...names: Right[]): boolean => rights.size === names.length && names.every((name) => rights.has(name))
  if (is('list', 'get')) return 'read-only'
  return is('put', 'mkdir') ? 'adding files only' : [...rights].join(', ')
}

function describePeers(peers: 'any' | readonly string[]): string {
  if (peers === 'any') return 'any peer'
  if (peers.length === 0) return 'nobody yet'
  return peers.length === 1 ? '1 peer' : `${peers.length} peers`
}

function isLoopback(address: string): boolean {
  return /^\/(ip4\/127\.|ip6\/::1\/)/.test(address)
}

/** Logs what a peer did: people read lines on stderr, programs objects on stdout. */
function report(output: Output, event: ShareEvent): void {
  const { peerId } = event
  const time = new Date()
  if (event.type === 'served') {
    const { action, transferred, error } = event
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
    if (action.type !== 'stat') output.talk(`${formatClock(time)}  ${short(peerId)}  ${describeServed(event)}`)
    return
  }
  const error = event.type === 'closed' ? event.error : undefined
  output.object(event.type, { time, peerId, ...(error && { code: error.code }) })
  // A lost connection shows in the transfer it interrupted, and a share that is closed says so itself.
  if (error && error.code !== 'ERR_CLOSED') {
    output.talk(`${formatClock(time)}  ${short(peerId)}  left: ${escapeText(error.message)}`)
  }
}

function describeServed({ action, transferred, error }: Extract<ShareEvent, { type: 'served' }>): string {
  const target = action.type === 'rename' ? ` -> ${escapeText(action.to)}` : ''
  const what = `${action.type} ${escapeText(action.path)}${target}`
  if (error) return `${what}: failed, ${escapeText(error.message)}`
  return transferred ? `${what}: ${formatBytes(transferred.size)}, verified` : what
}

/** The end of a peer ID, which is what tells two apart at a glance. */
function short(peerId: string): string {
  return `…${peerId.slice(-8)}`
}
