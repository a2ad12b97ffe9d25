import { isGlob, SftError, type JobOptions, type JobSummary, type Transferred } from '../index.ts'
import type { Session } from './context.ts'
import { runJob, type TransferFlags } from './job.ts'

/**
 * Tells whether a command line with stdout as the destination makes sense.
 *
 * @throws {@link SftError} `ERR_USAGE` if not.
 */
export function checkToStdout(paths: readonly string[], flags: TransferFlags): void {
  if (paths.length > 1 || paths.some(isGlob)) throw new SftError('ERR_USAGE', 'only one file can go to stdout')
  if (flags.json === true)
    throw new SftError('ERR_USAGE', '--json prints to stdout, where the file goes: use one of them')
  if (process.stdout.isTTY) {
    throw new SftError('ERR_USAGE', 'the bytes of a file would garble the terminal; use a pipe, or -o with a name')
  }
  refuse(flags, 'one file to stdout')
}

/** Writes a file of a share to stdout, as it arrives. What was written is right only if the exit status is 0. */
export async function getToStdout(session: Session, path: string, flags: TransferFlags): Promise<number> {
  const { remote } = session
  return runStream(session, path, path, flags, async (options, hold) => {
    const entry = await remote.stat(path, options).catch(() => null) // only for its size: the rest fails better below
    options.onEvent?.({ type: 'plan', files: 1, bytes: entry?.size ?? 0, complete: entry !== null })
    const write = async (bytes: Uint8Array): Promise<void> => {
      await hold(bytes.byteLength)
      await writeOut(bytes)
    }
    return remote.getStream(path, write, options)
  })
}

/**
 * Tells whether a command line with stdin among the sources makes sense.
 *
 * @throws {@link SftError} `ERR_USAGE` if not.
 */
export function checkFromStdin(files: readonly string[], path: string, flags: TransferFlags): void {
  if (files.length > 1) throw new SftError('ERR_USAGE', 'stdin goes alone: sft put PEER - -o NAME')
  if (path === '.' || path.endsWith('/')) {
    throw new SftError('ERR_USAGE', 'what comes on stdin needs a name in the share: -o NAME')
  }
  refuse(flags, 'stdin')
  const { onConflict = 'fail' } = flags
  if (onConflict !== 'fail' && onConflict !== 'overwrite') {
    throw new SftError('ERR_USAGE', `--on-conflict ${onConflict} does not go with stdin; there are fail and overwrite`)
  }
}

/** Stores what comes on stdin as a file of a share, which appears there once it is complete. */
export async function putFromStdin(session: Session, path: string, flags: TransferFlags): Promise<number> {
  const { remote, output } = session
  const { onConflict = 'fail' } = flags
  const overwrite = flags.overwrite === true || onConflict === 'overwrite'
  if (process.stdin.isTTY) output.talk('Reading from the terminal; Ctrl-D at the beginning of a line ends it.')
  return runStream(session, '-', path, { ...flags, onConflict }, async (options, hold) => {
    options.onEvent?.({ type: 'plan', files: 1, bytes: 0, complete: false })
    return remote.putStream(held(process.stdin, hold), path, { ...options, overwrite })
  })
}

/** Waits before so many bytes go on, to keep to a limit. */
type Hold = (bytes: number) => Promise<void>

interface StreamOptions extends Pick<JobOptions, 'onEvent'> {
  readonly signal: AbortSignal
  readonly onProgress: (bytes: number) => void
}

/** Runs a job that is one stream, and so has to be done as a whole. */
async function runStream(
  session: Session,
  path: string,
  target: string,
  flags: TransferFlags,
  work: (options: StreamOptions, hold: Hold) => Promise<Transferred>,
): Promise<number> {
  const { signal } = session
  return runJob(session, flags, { named: new Set([path]), isStream: true }, async ({ onEvent, bytesPerSecond }) => {
    let sent = 0
    const onProgress = (bytes: number): void => {
      sent += bytes
      onEvent?.({ type: 'progress', path, bytes })
    }
    try {
      const done = await work({ signal, onProgress, ...(onEvent && { onEvent }) }, holdTo(bytesPerSecond))
      onEvent?.({ type: 'file', path, target, size: done.size, sent, md5: done.md5 })
      return summarize({ files: 1, bytes: done.size, sent })
    } catch (failure) {
      const error = failure instanceof SftError ? failure : readError(failure)
      if (!signal.aborted) onEvent?.({ type: 'failed', path: target, target, error })
      return summarize({ sent, failed: 1, error })
    }
  })
}

function summarize(some: Partial<JobSummary>): JobSummary {
  return { files: 0, folders: 0, bytes: 0, sent: 0, skipped: 0, failed: 0, error: null, ended: false, ...some }
}

/** Options that choose among files, or promise that nothing happens, cannot be meant where there is one stream. */
function refuse({ dryRun, include, exclude }: TransferFlags, what: string): void {
  const [flag] = Object.entries({ '--dry-run': dryRun, '--include': include, '--exclude': exclude })
    .filter(([, value]) => value !== undefined && value !== false)
    .map(([name]) => name)
  if (flag !== undefined) throw new SftError('ERR_USAGE', `${flag} does not go with ${what}`)
}

function holdTo(bytesPerSecond = Infinity): Hold {
  let next = 0
  return async (bytes) => {
    const now = performance.now()
    const start = Math.max(next, now)
    next = start + (bytes * 1000) / bytesPerSecond
    if (start > now) await new Promise((resolve) => setTimeout(resolve, start - now))
  }
}

async function* held(chunks: AsyncIterable<Uint8Array>, hold: Hold): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    await hold(chunk.byteLength)
    yield chunk
  }
}

/** What is no error of a transfer comes from reading stdin. */
function readError(cause: unknown): SftError {
  return new SftError('ERR_FILE', `cannot read stdin: ${cause instanceof Error ? cause.message : ''}`, { cause })
}

async function writeOut(bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(bytes, (error) => {
      // Not at once: that nobody reads any more is dealt with where the output is, which hears of it a moment later.
      if (error) setImmediate(() => reject(error))
      else resolve()
    })
  })
}
