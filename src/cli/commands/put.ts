import { remotePath, type Work } from '../context.ts'
import { checkFlags, runJob, type TransferFlags } from '../job.ts'
import { checkFromStdin, putFromStdin } from '../stream.ts'

export interface PutOptions extends TransferFlags {
  readonly output?: string
}

/**
 * `sft put PEER FILE...`: stores files and folders.
 *
 * @throws {@link SftError} `ERR_USAGE`, `ERR_PATH` for what cannot be meant, before anything is done.
 */
export function put(files: readonly string[], options: PutOptions): Work {
  const { output = '.' } = options
  const target = `${remotePath(output)}${output.endsWith('/') ? '/' : ''}`
  const isStream = files.includes('-')
  checkFlags(options)
  if (isStream) checkFromStdin(files, target, options)
  return async (session) => {
    if (isStream) return putFromStdin(session, target, options)
    const kind = { named: new Set(files) }
    return runJob(session, options, kind, async (job) => session.remote.putAll(files, target, job))
  }
}
