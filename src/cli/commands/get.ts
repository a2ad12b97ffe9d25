import { remotePathOrGlob, withRemote, type PeerOptions } from '../context.ts'
import { checkFlags, runJob, type TransferFlags } from '../job.ts'
import { checkToStdout, getToStdout } from '../stream.ts'

export interface GetOptions extends PeerOptions, TransferFlags {
  readonly output?: string
}

/** `sft get PEER PATH...`: fetches files and folders. */
export async function get(peer: string, paths: readonly string[], options: GetOptions): Promise<number> {
  const destination = options.output ?? '.'
  const named = paths.map(remotePathOrGlob)
  checkFlags(options)
  if (destination === '-') checkToStdout(named, options)
  return withRemote(peer, options, async (session) => {
    if (destination === '-') return getToStdout(session, named[0] ?? '.', options)
    const kind = { named: new Set<string>(named) }
    return runJob(session, options, kind, async (job) => session.remote.getAll(named, destination, job))
  })
}
