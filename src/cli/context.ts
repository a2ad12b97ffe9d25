import {
  connect,
  isGlob,
  parseRemotePath,
  SftError,
  type Muxer,
  type Remote,
  type RemotePath,
  type SftErrorCode,
} from '../index.ts'
import { escapeText } from './escape.ts'
import { introduction } from './introduction.ts'
import { commandLineAgain } from './job-text.ts'
import { Output, type FailureContext, type Manner } from './output.ts'
import { LiveLines } from './progress.ts'
import { whyNotAsked } from './prompt.ts'
import { isOutputLost, onTermination } from './termination.ts'
import { traceConnection } from './trace.ts'

/** Options every command that talks to a peer has. */
export interface PeerOptions extends Manner {
  readonly addr?: readonly string[]
  readonly discovery?: boolean
  readonly lanOnly?: boolean
  readonly json?: boolean
  readonly muxer?: Muxer
  /** What the other machine is told this one is called, if the two pair. */
  readonly name?: string
}

/** What one command works with. */
export interface Session {
  readonly remote: Remote
  readonly output: Output
  /** Aborted on Ctrl-C or termination. */
  readonly signal: AbortSignal
  /** The exit status of that, once it happened. */
  readonly exitOnSignal: () => number | undefined
  /** What to type to do the same again, safe to print; `null` where typing it again would not be enough. */
  readonly again: string | null
  /** Whether stdin is still needed afterwards, so that no answer may use it up; not so if absent. */
  readonly keepsInput?: boolean
}

/** What a command does once there is a session; returns the exit status. */
export type Work = (session: Session) => Promise<number>

/** How long a connection may take before a person is told what is waited for, in milliseconds. */
const PATIENCE = 500

/**
 * Connects to `peer`, runs `work` and closes the session again.
 *
 * @returns The exit status: that of `work`, or of what it threw.
 */
export async function withRemote(peer: string, options: PeerOptions, work: Work): Promise<number> {
  const output = new Output(options.json === true, options)
  const interrupted = new AbortController()
  let remote: Remote | undefined
  let exitOnSignal: number | undefined
  onTermination((exit) => {
    exitOnSignal = exit
    interrupted.abort(new SftError('ERR_ABORTED', 'interrupted'))
  })
  try {
    const { signal } = interrupted
    remote = await connectWithPatience(peer, options, output, signal)
    return await work({ remote, output, signal, exitOnSignal: () => exitOnSignal, again: commandLineAgain() })
  } catch (error) {
    return tellFailure(error, output, exitOnSignal)
  } finally {
    await (exitOnSignal === undefined ? remote?.close() : remote?.abort())
  }
}

/** Prints why something ended that threw, with the exit status of a signal if one came; returns the exit status. */
export function tellFailure(
  error: unknown,
  output: Output,
  exitOnSignal: number | undefined,
  interrupted = 'interrupted; nothing incomplete was left behind',
): number {
  if (exitOnSignal === undefined) return output.failure(error)
  if (isOutputLost(exitOnSignal)) return exitOnSignal
  return output.failure(new SftError('ERR_ABORTED', interrupted), { exit: exitOnSignal })
}

/** Connects, and says on a terminal what is waited for if that takes a while. Pairs if a person can be asked. */
async function connectWithPatience(
  peer: string,
  options: PeerOptions,
  output: Output,
  signal: AbortSignal,
): Promise<Remote> {
  const { addr, discovery = true, lanOnly = false, muxer, name } = options
  const status = new LiveLines(output.progress)
  const timer = setTimeout(() => {
    if (!output.json) status.show([`looking for ${escapeText(peer)}`])
  }, PATIENCE)
  const stopWaiting = (): void => {
    clearTimeout(timer)
    status.clear()
  }
  const asking = introduction(output, signal, stopWaiting)
  output.above = status.printAbove
  try {
    return await connect(peer, {
      signal,
      discovery,
      lanOnly,
      ...(addr && { addresses: addr }),
      ...(asking && { introduction: asking }),
      ...(muxer && { muxers: [muxer] }),
      ...(name !== undefined && { name }),
      ...(output.verbosity > 0 && { onEvent: (event) => traceConnection(output, event) }),
    })
  } catch (error) {
    throw asking ? error : withCodeHint(error, output)
  } finally {
    stopWaiting()
  }
}

/** With these a connection fails that a pairing can mend, for which a person is asked. */
const UNPAIRED: ReadonlySet<SftErrorCode> = new Set(['ERR_UNKNOWN_PEER', 'ERR_REFUSED', 'ERR_DECRYPT'])

/** Returns `error`, and if a code would have been asked for where somebody can be asked, says so behind its text. */
function withCodeHint(error: unknown, output: Output): unknown {
  const why = whyNotAsked(output)
  if (why === null || !(error instanceof SftError) || !UNPAIRED.has(error.code)) return error
  if (error.code === 'ERR_UNKNOWN_PEER' && output.input) return error // more likely a name that was mistyped
  return withHint(error, error.code, `no code is asked for ${why}: it can be in SFT_CODE`)
}

/** After these the session is over, and every further path would fail with the same. */
const FATAL: ReadonlySet<SftErrorCode> = new Set(['ERR_CLOSED', 'ERR_TIMEOUT', 'ERR_DECRYPT'])

/**
 * Does `work` for each of several paths, going on after a failure as long as the session stands.
 *
 * @param describe - What to report a failure with a path as, if more is known than the path.
 * @returns 0 if all went well, the status of a failure that ended the session, 7 if some went well, else the status of
 * the first failure.
 */
export async function forEachPath(
  paths: readonly string[],
  session: Session,
  work: (path: string) => Promise<void>,
  describe: (path: string) => FailureContext = (path) => ({ path }),
): Promise<number> {
  const failures: number[] = []
  for (const [index, path] of paths.entries()) {
    try {
      await work(path)
    } catch (error) {
      if (session.signal.aborted) throw error
      const hinted = withHint(error, 'ERR_CLOSED', 'run the same command again when the peer is back')
      const exit = session.output.failure(hinted, { context: describe(path) })
      if (error instanceof SftError && FATAL.has(error.code)) {
        const left = paths.length - index - 1
        if (left > 0) session.output.talk(`sft: ${left} more not tried`)
        return exit
      }
      failures.push(exit)
    }
  }
  if (failures.length === 0) return 0
  return failures.length < paths.length ? 7 : (failures[0] ?? 1)
}

/** Returns `error` with the next step behind its text if it has this code, else `error` itself. */
export function withHint(error: unknown, code: SftErrorCode, hint: string): unknown {
  if (!(error instanceof SftError) || error.code !== code) return error
  return new SftError(code, `${error.message}; ${hint}`, { cause: error })
}

/**
 * As {@link remotePath}, for commands that also take patterns, which are left as they are.
 *
 * @throws {@link SftError} `ERR_PATH` that names the path.
 */
export function remotePathOrGlob(text: string): string {
  if (isGlob(text) && !text.startsWith('/')) return text.replace(/^(\.\/+)+/, '')
  try {
    return remotePath(text)
  } catch (error) {
    if (!(error instanceof SftError)) throw error
    throw new SftError(error.code, `${text}: ${error.message}`, { cause: error })
  }
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
