import { machineName, offerPairing, pair as joinPairing, SftError, shortId, type Peer } from '../../index.ts'
import { tellFailure } from '../context.ts'
import { onTermination } from '../termination.ts'
import { askCode, choose } from '../introduction.ts'
import { Output, type Manner } from '../output.ts'
import { describePairing, printCode } from '../pairing-text.ts'
import { whyNotAsked } from '../prompt.ts'

export interface PairCommandOptions extends Manner {
  readonly addr?: string
  readonly listen?: readonly string[]
  readonly name?: string
  readonly qr?: boolean
  readonly discovery?: boolean
  readonly lanOnly?: boolean
  readonly json?: boolean
}

/** `sft pair [CODE]`: shows a code and waits for the other machine, or pairs with the one that shows CODE. */
export async function pair(code: string | undefined, options: PairCommandOptions): Promise<number> {
  const output = new Output(options.json === true, options)
  const interrupted = new AbortController()
  let exitOnSignal: number | undefined
  onTermination((exit) => {
    exitOnSignal = exit
    interrupted.abort(new SftError('ERR_ABORTED', 'interrupted'))
  })
  const { signal } = interrupted
  try {
    const peer = await (code === undefined ? offer(output, options, signal) : join(output, code, options, signal))
    output.object('paired', { time: new Date(), name: peer.name, peerId: peer.peerId })
    if (!output.quiet)
      output.line(`Paired with "${peer.name}" (${shortId(peer.peerId)}), for good: no code from now on.`)
    output.talk(`  sft ls ${peer.name}              lists what it shares`)
    output.talk(`  sft grant ${peer.name} RIGHTS    says what it may do here`)
    return 0
  } catch (error) {
    return tellFailure(error, output, exitOnSignal, 'interrupted; nothing was paired')
  }
}

async function offer(output: Output, options: PairCommandOptions, signal: AbortSignal): Promise<Peer> {
  const { listen, qr = false, discovery = true, lanOnly = false, name = machineName(), addr } = options
  if (addr !== undefined)
    throw new SftError('ERR_USAGE', '--addr says where the machine is that shows CODE; type CODE too')
  return offerPairing({
    signal,
    discovery,
    lanOnly,
    name,
    ...(listen && { listen }),
    onReady: ({ peerId, addresses }) => {
      output.object('ready', { peerId, name, addresses })
      if (output.quiet) return
      const remote = addresses.filter((address) => !/^\/(?:ip4\/127\.|ip6\/::1\/)/.test(address))
      output.line(`This machine is "${name}" (${shortId(peerId)}). On the other machine: sft pair CODE`)
      output.line('If it finds nothing there, add --addr and one of:')
      for (const address of remote.length > 0 ? remote : addresses) output.line(`  ${hostAndPort(address)}`)
    },
    onEvent: (event) => {
      if (event.type === 'code') printCode(output, event, qr)
      else if (event.type !== 'paired') describePairing(output, event)
    },
  })
}

async function join(output: Output, code: string, options: PairCommandOptions, signal: AbortSignal): Promise<Peer> {
  const { addr, discovery = true, lanOnly = false, name } = options
  if (options.listen || options.qr === true) {
    throw new SftError('ERR_USAGE', '--listen and --qr are for the machine that shows the code: sft pair')
  }
  const typed = code === '-' ? await codeFromElsewhere(output, signal) : code
  return joinPairing(typed, {
    signal,
    discovery,
    lanOnly,
    ...(name !== undefined && { name }),
    ...(addr !== undefined && { address: addr }),
    ...(whyNotAsked(output) === null && { choose: async (machines) => choose(output, machines, signal) }),
  })
}

/** Returns the code in `$SFT_CODE`, or one that comes through a pipe, or that a person types if one may be asked. */
async function codeFromElsewhere(output: Output, signal: AbortSignal): Promise<string> {
  const fromEnvironment = process.env['SFT_CODE'] ?? ''
  if (fromEnvironment !== '') return fromEnvironment
  const why = whyNotAsked(output)
  if (process.stdin.isTTY && why !== null) {
    throw new SftError('ERR_USAGE', `no code is asked for ${why}; type it in place of the -, or set SFT_CODE`)
  }
  return askCode(output, signal)
}

/** The short form of a multiaddr of TCP over IP, as --addr takes it. */
function hostAndPort(address: string): string {
  const [, kind, host = '', , port = ''] = address.split('/')
  return `${kind === 'ip6' ? `[${host}]` : host}:${port}`
}
