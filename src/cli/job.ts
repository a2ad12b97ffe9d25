import { ERRORS, SftError, type JobOptions, type JobSummary } from '../index.ts'
import type { Session } from './context.ts'
import { noteFile } from './heap.ts'
import { JobView, type JobKind } from './job-view.ts'
import { whyNotAsked } from './prompt.ts'
import { isOutputLost } from './termination.ts'

/** Options of every command that moves files. */
export interface TransferFlags {
  readonly json?: boolean
  readonly input?: boolean
  readonly yes?: boolean
  readonly overwrite?: boolean
  readonly onConflict?: NonNullable<JobOptions['onConflict']>
  readonly checksum?: boolean
  readonly dryRun?: boolean
  readonly include?: readonly string[]
  readonly exclude?: readonly string[]
  readonly bwlimit?: number
  readonly retryFor?: number
  readonly jobs?: number
}

/** What came of a job that could not even begin. */
const NOTHING: JobSummary = {
  files: 0,
  folders: 0,
  bytes: 0,
  sent: 0,
  skipped: 0,
  failed: 0,
  error: null,
  ended: true,
}

/** Runs a job, shows how it goes on, and returns the exit status. */
export async function runJob(
  session: Session,
  flags: TransferFlags,
  kind: JobKind,
  job: (options: JobOptions) => Promise<JobSummary>,
): Promise<number> {
  const options = jobOptions(session, flags)
  const view = new JobView(session, kind, options)
  let summary = NOTHING
  let failure: unknown
  try {
    summary = await job({
      ...options,
      onEvent: (event) => {
        if (event.type === 'file') noteFile(event.size)
        view.note(event)
      },
      ask: async (conflict) => view.decide(conflict),
    })
    if (summary.ended) failure = summary.error
  } catch (error) {
    failure = error
  } finally {
    view.stop()
  }
  const goesOn = !(kind.isStream ?? false) && options.dryRun !== true && session.again !== null
  return conclude(session, view, summary, { failure, next: goesOn ? `; to continue: ${session.again}` : '' })
}

/**
 * Tells whether options go together, before anything is done.
 *
 * @throws {@link SftError} `ERR_USAGE` if not.
 */
export function checkFlags(flags: TransferFlags): void {
  const { overwrite, onConflict } = flags
  if (overwrite === true && onConflict !== undefined && onConflict !== 'overwrite') {
    throw new SftError('ERR_USAGE', `--overwrite and --on-conflict ${onConflict} contradict each other`)
  }
  const why = whyNotAskedOfConflicts(flags)
  if (onConflict === 'ask' && why !== null) {
    throw new SftError('ERR_USAGE', `nobody can be asked ${why}; choose skip, overwrite, rename or newer`)
  }
}

/** As {@link whyNotAsked}, for a question to which yes is no answer. */
function whyNotAskedOfConflicts({ json = false, input = true, yes }: TransferFlags): string | null {
  return yes === true ? 'with --yes' : whyNotAsked({ json, input })
}

function jobOptions({ signal }: Session, flags: TransferFlags): JobOptions {
  const { overwrite, onConflict, checksum, dryRun, include, exclude, bwlimit, jobs, retryFor } = flags
  return {
    signal,
    onConflict:
      overwrite === true ? 'overwrite' : (onConflict ?? (whyNotAskedOfConflicts(flags) === null ? 'ask' : 'fail')),
    checksum: checksum === true,
    dryRun: dryRun === true,
    ...(include && { include }),
    ...(exclude && { exclude }),
    ...(bwlimit !== undefined && { bytesPerSecond: bwlimit }),
    ...(retryFor !== undefined && { patience: retryFor }),
    ...(jobs !== undefined && { parallel: jobs }),
  }
}

/** How a job ended before everything was tried. */
interface Ending {
  readonly failure: unknown
  /** What to do after that, if doing the same again goes on where it was. */
  readonly next: string
}

/** Says how a job ended and returns the exit status. */
function conclude(session: Session, view: JobView, summary: JobSummary, ending: Ending): number {
  const signalled = session.exitOnSignal()
  if (signalled !== undefined && isOutputLost(signalled)) return signalled
  const exit = tellEnd(session, view, summary, ending)
  const { files, folders, bytes, sent, skipped, failed } = summary
  session.output.object('done', { files, folders, bytes, sent, skipped, failed, exit })
  return exit
}

function tellEnd({ output, exitOnSignal }: Session, view: JobView, summary: JobSummary, ending: Ending): number {
  const { files, skipped, failed, error } = summary
  const { failure, next } = ending
  const signalled = exitOnSignal()
  if (signalled !== undefined) {
    const after = files > 0 ? ` after ${files} ${files === 1 ? 'file' : 'files'}` : ''
    return output.failure(new SftError('ERR_ABORTED', `interrupted${after}`), { exit: signalled, next })
  }
  if (failure !== undefined) {
    if (summary === NOTHING) return output.failure(failure)
    if (failure instanceof SftError && ERRORS[failure.code].exit === 10) return output.failure(failure, { next })
    if (files + summary.folders + skipped > 0) view.summarize(summary)
    return output.failure(failure)
  }
  view.summarize(summary)
  if (failed === 0 || !error) return 0
  return files + skipped > 0 ? 7 : ERRORS[error.code].exit
}
