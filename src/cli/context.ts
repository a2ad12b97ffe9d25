import { connect, parseRemotePath, SftError, type Muxer, type Remote, type RemotePath } from '../index.ts'
import { escapeText } from './escape.ts'
import { Output, type FailureContext } from './output.ts'
import { StatusLine } from './progress.ts'

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

/** Exit status when nobody reads our output any more, as shells count SIGPIPE. */
export const UNREAD = 141

/** Exit status by signal, as shells count: 128 and its number. */
const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129, SIGPIPE: UNREAD } as const

/** How long a connection may take before a person is told what is waited for, in milliseconds. */
const PATIENCE = 500

/** Calls `onSignal` with the exit status at the first signal that ends programs; a second one ends this one at once. */
export function onTermination(onSignal: (exit: number) => void): void {
  let signalled = false
  for (const [signal, exit] of Object.entries(SIGNALS)) {
    process.on(signal, () => {
      if (signalled) process.exit(exit)
      signalled = true
      if (process.stderr.isTTY) process.stderr.write('\r\u001b[2K') // over the ^C that the terminal echoes
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
  })
  try {
    const { signal } = interrupted
    remote = await connectWithPatience(peer, options, signal)
    return await work({ remote, output, signal })
  } catch (error) {
    if (exitOnSignal === undefined) return output.failure(error)
    if (exitOnSignal !== UNREAD) {
      output.failure(new SftError('ERR_ABORTED', 'interrupted; nothing incomplete was left behind'))
    }
    return exitOnSignal
  } finally {
    await (exitOnSignal === undefined ? remote?.close() : remote?.abort())
  }
}

/** Connects, and says on a terminal what is waited for if that takes a while. */
async function connectWithPatience(peer: string, { muxer }: PeerOptions, signal: AbortSignal): Promise<Remote> {
  const status = new StatusLine()
  const timer = setTimeout(() => status.show(`connecting to ${escapeText(peer)}`), PATIENCE)
  try {
    return await connect(peer, { signal, ...(muxer && { muxers: [muxer] }) })
  } finally {
    clearTimeout(timer)
    status.clear()
  }
}

/**
 * Does `work` for each of several paths, going on after a failure.
 *
 * @param describe - What to report a failure with a path as, if more is known than the path.
 * @returns 0 if all went well, 7 if some did, else the status of the first failure.
 */
export async function forEachPath(
  paths: readonly string[],
  session: Session,
  work: (path: string) => Promise<void>,
  describe: (path: string) => FailureContext = (path) => ({ path }),
): Promise<number> {
  const failures: number[] = []
  for (const path of paths) {
    try {
      await work(path)
    } catch (error) {
      if (session.signal.aborted) throw error
      failures.push(session.output.failure(error, describe(path)))
    }
  }
  if (failures.length === 0) return 0
  return failures.length < paths.length ? 7 : (failures[0] ?? 1)
}

/** Returns `error` with the next step behind its text if it has this code, else `error` itself. */
export function withHint(error: unknown, code: SftError['code'], hint: string): unknown {
  if (!(error instanceof SftError) || error.code !== code) return error
  return new SftError(code, `${error.message}; ${hint}`, { cause: error })
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
  if (canonical.split('/').includes('..')) {
    throw new SftError('ERR_PATH', 'a path of a share has no ".."; write it from the root of the share')
  }
  return parseRemotePath(canonical === '' ? '.' : canonical)
}
