import {
  isRight,
  RIGHTS,
  SftError,
  share as startSharing,
  type Muxer,
  type Right,
  type ShareEvent,
} from '../../index.ts'
import { onTermination } from '../context.ts'
import { escapeText } from '../escape.ts'
import { formatBytes, formatHex } from '../format.ts'
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
    output.talk('closing')
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
  const who =
    peers === 'any'
      ? 'any peer'
      : peers.length === 0
        ? 'nobody yet'
        : `${peers.length} peer${peers.length === 1 ? '' : 's'}`
  output.line(`Sharing ${escapeText(folder)} with ${who}; allowed: ${rights.join(', ')}`)
  output.line(`Peer ID  ${peerId}`)
  for (const address of addresses) output.line(`Address  ${address}`)
  output.line('')
  output.line('On the other machine:')
  output.line(
    `  sft ${rights.includes('list') ? 'ls' : 'put'} ${addresses[0] ?? peerId}${rights.includes('list') ? '' : ' FILE'}`,
  )
  output.line('')
  if (peers !== 'any' && peers.length === 0) {
    output.talk(
      'Nobody can connect: share again with --peer ID ("sft id" on the other machine prints it), or with --open for anyone.',
    )
  }
  output.talk('Ctrl-C ends it.')
}

function isLoopback(address: string): boolean {
  return /^\/(ip4\/127\.|ip6\/::1\/)/.test(address)
}

/** Logs what a peer did: people read lines on stderr, programs objects on stdout. */
function report(output: Output, event: ShareEvent): void {
  const peer = event.peerId
  if (event.type !== 'served') {
    output.object(event.type, {
      peerId: peer,
      ...(event.type === 'closed' && event.error && { code: event.error.code }),
    })
    if (event.type === 'closed' && event.error && !output.json)
      output.talk(`${short(peer)} left: ${escapeText(event.error.message)}`)
    return
  }
  const { action, transferred, error } = event
  output.object('served', {
    peerId: peer,
    action: action.type,
    path: action.path,
    ...(action.type === 'rename' && { to: action.to }),
    ...(transferred && { size: transferred.size, md5: formatHex(transferred.md5) }),
    ...(error && { code: error.code }),
  })
  if (output.json || action.type === 'stat') return
  const target = action.type === 'rename' ? ` -> ${escapeText(action.to)}` : ''
  const outcome = error
    ? `failed: ${escapeText(error.message)}`
    : transferred
      ? `${formatBytes(transferred.size)}, verified`
      : 'done'
  output.talk(`${short(peer)} ${action.type} ${escapeText(action.path)}${target}: ${outcome}`)
}

/** The end of a peer ID, which is what tells two apart at a glance. */
function short(peerId: string): string {
  return `…${peerId.slice(-8)}`
}
