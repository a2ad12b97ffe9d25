import { parseCode, SftError, shortId, type Heard, type Introduction } from '../index.ts'
import { escapeText } from './escape.ts'
import type { Output } from './output.ts'
import { ask, whyNotAsked } from './prompt.ts'

/** Times a person may mistype a code so that it is none, before the command gives up. */
const TRIES = 3

/**
 * Returns how a command pairs with a machine that does not know this one: with the code in `$SFT_CODE`, or the one a
 * person types at the terminal. Nobody is asked without a terminal.
 *
 * @param beforeAsking - Called right before something is asked, to clear the terminal for it.
 */
export function introduction(output: Output, signal: AbortSignal, beforeAsking: () => void): Introduction | undefined {
  const fromEnvironment = process.env['SFT_CODE']
  const onPaired: Introduction['onPaired'] = (peer) => {
    output.object('paired', { time: new Date(), name: peer.name, peerId: peer.peerId })
    output.talk(`Paired: that machine is "${peer.name}" here from now on, and will not ask again.`)
  }
  if (fromEnvironment !== undefined && fromEnvironment !== '') {
    return { askCode: () => Promise.resolve(fromEnvironment), onPaired }
  }
  if (whyNotAsked(output) !== null) return undefined
  return {
    askCode: async (peerId, why) => {
      beforeAsking()
      const who = peerId === null ? 'the other one' : shortId(peerId)
      output.notice(
        why?.code === 'ERR_DECRYPT'
          ? `This machine and ${who} have lost their pairing.`
          : `This machine and ${who} do not know each other yet.`,
      )
      output.notice('The other one shows a code of three words; if not, run there: sft pair')
      return askCode(output, signal)
    },
    choose: async (machines) => {
      beforeAsking()
      return choose(output, machines, signal)
    },
    onPaired,
  }
}

/** Asks for a code until one is typed that could be one. @throws {@link SftError} `ERR_USAGE`, `ERR_ABORTED`. */
export async function askCode(output: Output, signal: AbortSignal): Promise<string> {
  for (let left = TRIES; ; left -= 1) {
    const typed = await ask('Code: ', signal, { unanswered: 'no code was typed; it can also be in SFT_CODE' }) // which is no mistyped code
    try {
      return parseCode(typed)
    } catch (error) {
      if (!(error instanceof SftError) || error.code !== 'ERR_USAGE' || left === 1) throw error
      output.notice(escapeText(error.message))
    }
  }
}

/** Lets a person choose one of several machines by its number. */
export async function choose(output: Output, machines: readonly Heard[], signal: AbortSignal): Promise<Heard> {
  output.notice('Several machines of this network could be meant; the end of its peer ID tells which:')
  for (const [index, { peerId, addresses, pairing }] of machines.entries()) {
    output.notice(`  ${index + 1}  ${shortId(peerId)}  ${hostOf(addresses[0] ?? '')}${pairing ? '  shows a code' : ''}`)
  }
  for (;;) {
    const answer = await ask(`Which one (1-${machines.length})? `, signal)
    const chosen = machines[Number(answer.trim()) - 1]
    if (chosen) return chosen
  }
}

/** The host of a multiaddr of TCP over IP. */
function hostOf(address: string): string {
  return address.split('/')[2] ?? address
}
