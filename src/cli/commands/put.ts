import { remotePath, withRemote, type PeerOptions } from '../context.ts'
import { checkFlags, runJob, type TransferFlags } from '../job.ts'
import { checkFromStdin, putFromStdin } from '../stream.ts'

export interface PutOptions extends PeerOptions, TransferFlags {
  readonly output?: string
}

/** `sft put PEER FILE...`: stores files and folders. */
export async function put(peer: string, files: readonly string[], options: PutOptions): Promise<number> {
  const { output = '.' } = options
  const target = `${remotePath(output)}${output.endsWith('/') ? '/' : ''}`
  const isStream = files.includes('-')
  checkFlags(options)
  if (isStream) checkFromStdin(files, target, options)
  return withRemote(peer, options, async (session) => {
    if (isStream) return putFromStdin(session, target, options)
    const kind = { named: new Set(files) }
    return runJob(session, options, kind, async (job) => session.remote.putAll(files, target, job))
  })
}
