import { remotePathOrGlob, type Work } from '../context.ts'
import { checkFlags, runJob, type TransferFlags } from '../job.ts'
import { checkToStdout, getToStdout } from '../stream.ts'

export interface GetOptions extends TransferFlags {
  readonly output?: string
}

/**
 * `sft get PEER PATH...`: fetches files and folders.
 *
 * @throws {@link SftError} `ERR_USAGE`, `ERR_PATH` for what cannot be meant, before anything is done.
 */
export function get(paths: readonly string[], options: GetOptions): Work {
  const destination = options.output ?? '.'
  const named = paths.map(remotePathOrGlob)
  checkFlags(options)
  if (destination === '-') checkToStdout(named, options)
  return async (session) => {
    if (destination === '-') return getToStdout(session, named[0] ?? '.', options)
    const kind = { named: new Set<string>(named) }
    return runJob(session, options, kind, async (job) => session.remote.getAll(named, destination, job))
  }
}
