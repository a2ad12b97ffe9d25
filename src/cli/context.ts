import { connect, parseRemotePath, SftError, type Muxer, type Remote, type RemotePath } from '../index.ts'
import { Output } from './output.ts'

/** Options every command that talks to a peer has. */
export interface PeerOptions {
  readonly json?: boolean
  readonly muxer?: Muxer
}

/** What one command works with. */
export interface Session {
  readonly remote: Remote
  readonly output: Output
  /** Aborted on Ctrl-C or termination. */
  readonly signal: AbortSignal
}

/** Exit status by signal, as shells count: 128 and its number. */
const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const

/** Calls `onSignal` with the exit status at the first SIGINT, SIGTERM or SIGHUP; a second one ends the process at once. */
export function onTermination(onSignal: (exit: number) => void): void {
  let signalled = false
  for (const [signal, exit] of Object.entries(SIGNALS)) {
    process.on(signal, () => {
      if (signalled) process.exit(exit)
      signalled = true
      onSignal(exit)
    })
  }
}

/**
 * Connects to `peer`, runs `work` and closes the session again.
 *
 * @returns The exit status: that of `work`, or of what it threw.
 */
export async function withRemote(
  peer: string,
  options: PeerOptions,
  work: (session: Session) => Promise<number>,
): Promise<number> {
  const output = new Output(options.json === true)
  const interrupted = new AbortController()
  let remote: Remote | undefined
  let exitOnSignal: number | undefined
  onTermination((exit) => {
    exitOnSignal = exit
    interrupted.abort(new SftError('ERR_ABORTED', 'interrupted'))
    void remote?.abort()
  })
  try {
    const { signal } = interrupted
    remote = await connect(peer, { signal, ...(options.muxer && { muxers: [options.muxer] }) })
    return await work({ remote, output, signal })
  } catch (error) {
    if (exitOnSignal === undefined) return output.failure(error)
    output.failure(new SftError('ERR_ABORTED', 'interrupted; nothing was left behind'))
    return exitOnSignal
  } finally {
    if (exitOnSignal === undefined) await remote?.close()
  }
}

/**
 * Does `work` for each of several paths, going on after a failure.
 *
 * @returns 0 if all went well, 7 if some did, else the status of the first failure.
 */
export async function forEachPath(
  paths: readonly string[],
  session: Session,
  work: (path: string) => Promise<void>,
): Promise<number> {
  const failures: number[] = []
  for (const path of paths) {
    try {
      await work(path)
    } catch (error) {
      if (session.signal.aborted) throw error
      failures.push(session.output.failure(error, { path }))
    }
  }
  if (failures.length === 0) return 0
  return failures.length < paths.length ? 7 : (failures[0] ?? 1)
}

/**
 * Reads a path of a share as people type it: `dir/`, `./dir` and an empty one are understood.
 *
 * @throws {@link SftError} `ERR_PATH` for anything that is no path of a share.
 */
export function remotePath(text: string): RemotePath {
  if (text.startsWith('/')) {
    throw new SftError('ERR_PATH', `paths start at the root of the share: write "${text.replace(/^\/+/, '') || '.'}"`)
  }
  const canonical = text.replace(/^(\.\/+)+/, '').replace(/\/+$/, '')
  return parseRemotePath(canonical === '' ? '.' : canonical)
}
