import { readTextFile } from '../../index.ts'
import { withRemote, type PeerOptions } from '../context.ts'
import { linesOfStdin, runScript } from '../shell/script.ts'
import type { ApplySettings } from '../shell/table.ts'

/** Most bytes of a file with commands. */
const MOST_BYTES = 1024 * 1024

/** `sft batch PEER [FILE|-]`: runs commands from a file or from stdin, up to the first failure. */
export async function batch(
  peer: string,
  file: string | undefined,
  options: PeerOptions,
  applySettings: ApplySettings,
): Promise<number> {
  const lines = file === undefined || file === '-' ? null : (await readTextFile(file, MOST_BYTES)).split(/\r?\n/)
  return withRemote(peer, { ...options, input: false }, async (session) =>
    runScript(session, lines ?? linesOfStdin(session.signal), applySettings),
  )
}
