import { withRemote, type PeerOptions } from '../context.ts'
import { canAsk } from '../prompt.ts'
import { runShell } from '../shell/loop.ts'
import type { ApplySettings } from '../shell/table.ts'
import { batch } from './batch.ts'

/** `sft shell PEER`: lets a person type commands, or does as `sft batch PEER -` where there is none. */
export async function shell(peer: string, options: PeerOptions, applySettings: ApplySettings): Promise<number> {
  if (!canAsk() || options.json === true) return batch(peer, '-', options, applySettings)
  return withRemote(peer, options, async (session) => runShell(session, { peer, applySettings }))
}
