import { SftError, type Conflict, type JobEvent, type JobOptions, type JobSummary, type SkipReason } from '../index.ts'
import { askConflict, type Decision } from './conflict.ts'
import { withHint, type Session } from './context.ts'
import { escapeText } from './escape.ts'
import { formatHex } from './format.ts'
import { JobProgress } from './job-progress.ts'
import { describeJob, describePlan, describeTransfer, PLANNED, SKIPPED, type Planned } from './job-text.ts'
import { LiveLines } from './progress.ts'
import { traceReconnecting } from './trace.ts'

/** How often the lines on a terminal are drawn anew, in milliseconds, and when for the first time. */
const REDRAW = 125
const FIRST_DRAW = 300

/** How often a program hears how far the job is, and a log that is no terminal, in milliseconds. */
const OBJECTS = 1_000
const PLAIN_LINES = 10_000

/** Entries that are left out are named up to this many; the rest are counted. */
const MOST_NOTICES = 20

/** What a view has to know of a job. */
export interface JobKind {
  /** The files that were named one by one, as the events name them: each has a line when it is done. */
  readonly named: ReadonlySet<string>
  /** Whether it is one stream of bytes, of which nothing is kept. */
  readonly isStream?: boolean
}

const CONFLICT_HINT = 'choose with --on-conflict skip|overwrite|rename|newer, or --overwrite'

/** Shows a job: lines that change on a terminal, a line now and then elsewhere, objects for programs. */
export class JobView {
  readonly #session: Session
  readonly #named: ReadonlySet<string>
  readonly #isDryRun: boolean
  /** What to do about a name that is taken, if nobody has said so. */
  #conflictHint: string | null
  readonly #progress = new JobProgress()
  readonly #lines: LiveLines
  readonly #timer: NodeJS.Timeout | undefined
  readonly #skipped = new Map<SkipReason, number>()
  readonly #planned = new Map<Planned, number>()
  /** Conflicts that a dry run would ask about, until they are left out. */
  readonly #wouldAsk = new Set<string>()
  /** What is to be printed when the question that is open has its answer; `null` while there is none. */
  #held: (() => void)[] | null = null
  #forAll: Decision | 'unanswered' | undefined
  #notices = 0
  /** Entries that had a line of their own, and bytes of the files that are done. */
  #told = 0
  #bytes = 0

  constructor(
    session: Session,
    { named, isStream = false }: JobKind,
    { dryRun = false, onConflict }: Pick<JobOptions, 'dryRun' | 'onConflict'>,
  ) {
    this.#session = session
    this.#named = named
    this.#isDryRun = dryRun
    this.#conflictHint = onConflict !== 'fail' ? null : isStream ? '--overwrite replaces it' : CONFLICT_HINT
    const { json, progress } = session.output
    this.#lines = new LiveLines(progress)
    const interval = json ? OBJECTS : this.#lines.enabled ? REDRAW : PLAIN_LINES
    if (progress) this.#timer = setInterval(() => this.#tell(), interval)
    session.output.above = (print) => this.#print(print)
  }

  /** Takes what changes off the screen. */
  stop(): void {
    clearInterval(this.#timer)
    this.#lines.clear()
  }

  /** Takes in what happened, and says it where it is worth a line. */
  note(event: JobEvent): void {
    this.#progress.note(event)
    const { output } = this.#session
    switch (event.type) {
      case 'file': {
        const { path, target, size, sent, md5 } = event
        output.object('file', { path, target, size, sent, md5: formatHex(md5) })
        this.#bytes += size
        if (!this.#named.has(path)) return
        this.#told += 1
        const seconds = this.#named.size === 1 ? this.#progress.seconds : 0 // one of several had them not for itself
        this.#talk(`${escapeText(target)}: ${describeTransfer(size, sent, seconds)}`)
        return
      }
      case 'folder':
        output.object('folder', { path: event.path, target: event.target })
        return
      case 'skipped':
        this.#noteSkipped(event.path, event.reason)
        return
      case 'planned':
        output.object('planned', { path: event.path, target: event.target, action: event.action })
        this.#notePlanned(event.target, event.action)
        return
      case 'restarted':
        output.object('restarted', { path: event.path, reason: event.reason })
        this.#talk(
          event.reason === 'changed'
            ? `${escapeText(event.path)}: it is not the same as last time, so it starts over`
            : `${escapeText(event.path)}: what was kept of it is damaged, so it starts over`,
        )
        return
      case 'failed': {
        const hint = this.#conflictHint
        const error = hint === null ? event.error : withHint(event.error, 'ERR_EXISTS', hint)
        this.#told += 1
        this.#print(() => output.failure(error, { context: { path: event.path } }))
        return
      }
      case 'reconnecting':
        output.object('reconnecting', { attempt: event.attempt, wait: event.wait, code: event.error.code })
        output.trace(traceReconnecting(event))
        if (event.attempt === 1) this.#talk(`Reconnecting, as ${escapeText(event.error.message)}…`)
        return
      case 'reconnected':
        output.object('reconnected', {})
        this.#talk('Connected again.')
        return
      default:
    }
  }

  /**
   * Decides what becomes of a file whose name is taken, by asking unless there is an answer for all of them.
   *
   * @throws {@link SftError} `ERR_EXISTS` if nobody answers: then it fails, as it does where nobody can be asked.
   */
  async decide(conflict: Conflict): Promise<Decision> {
    if (this.#forAll === 'unanswered') throw undecided(conflict)
    if (this.#forAll) return this.#forAll
    if (this.#isDryRun) {
      this.#wouldAsk.add(conflict.path)
      this.#notePlanned(conflict.target, 'ask')
      return 'skip'
    }
    this.#lines.clear()
    this.#held = []
    try {
      const { output, signal, keepsInput } = this.#session
      const { decision, forAll } = await askConflict(output, conflict, signal, keepsInput)
      if (forAll) this.#forAll = decision
      return decision
    } catch (error) {
      if (!(error instanceof SftError) || error.code !== 'ERR_USAGE') throw error
      this.#forAll = 'unanswered'
      this.#conflictHint = CONFLICT_HINT
      this.#session.output.notice('\nNo answer: it is left alone, and so are all others.')
      throw undecided(conflict)
    } finally {
      const held: (() => void)[] = this.#held
      this.#held = null
      for (const print of held) print()
    }
  }

  /** Says in one line what came of it all, unless the line of the only entry did. */
  summarize(summary: JobSummary): void {
    const counts = { summary, bytes: this.#bytes, seconds: this.#progress.seconds, skipped: this.#skipped }
    if (this.#isDryRun) {
      this.#talk(describePlan(this.#planned, counts))
      return
    }
    const { files, folders, skipped, failed } = summary
    if (this.#told === 1 && files + folders + skipped + failed === 1) return
    this.#talk(describeJob(counts))
  }

  #noteSkipped(path: string, reason: SkipReason): void {
    if (this.#wouldAsk.delete(path)) return
    this.#session.output.object('skipped', { path, reason })
    this.#skipped.set(reason, (this.#skipped.get(reason) ?? 0) + 1)
    const { output } = this.#session
    if (output.verbosity > 0 && !this.#named.has(path)) {
      output.trace(`${escapeText(path)}: ${SKIPPED[reason]}`)
      return
    }
    if (reason === 'identical' && !this.#named.has(path)) return // as most are when a job is done again
    this.#notices += 1
    if (this.#notices <= MOST_NOTICES) {
      this.#told += 1
      this.#talk(`${escapeText(path)}: ${SKIPPED[reason]}`)
    } else if (this.#notices === MOST_NOTICES + 1) {
      this.#talk('More are left out; only their number is told.')
    }
  }

  #notePlanned(target: string, action: Planned): void {
    this.#planned.set(action, (this.#planned.get(action) ?? 0) + 1)
    this.#print(() => this.#session.output.line(`${PLANNED[action]}  ${escapeText(target)}`))
  }

  #talk(text: string): void {
    this.#print(() => this.#session.output.talk(text))
  }

  /** Prints above the lines that change, and not into a question. */
  #print(print: () => void): void {
    if (this.#held) {
      this.#held.push(print)
      return
    }
    this.#lines.clear()
    print()
  }

  #tell(): void {
    const { output } = this.#session
    if (output.json) {
      output.object('progress', this.#progress.numbers)
    } else if (!this.#lines.enabled) {
      output.talk(this.#progress.describe(Infinity))
    } else if (!this.#held && this.#progress.seconds * 1000 >= FIRST_DRAW) {
      const { width } = this.#lines
      this.#lines.show([this.#progress.describe(width), ...this.#progress.active(width)])
    }
  }
}

function undecided({ target }: Conflict): SftError {
  return new SftError('ERR_EXISTS', `"${target}" is there already, and differs`)
}
