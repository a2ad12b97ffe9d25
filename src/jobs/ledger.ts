import { asSftError, SftError, type SftErrorCode } from '../errors.ts'
import type { RemotePath } from '../wire/path.ts'
import type { JobEvent, JobSummary, SkipReason } from './job.ts'

/** With these nothing further can go well. */
const FATAL: ReadonlySet<SftErrorCode> = new Set([
  'ERR_CLOSED',
  'ERR_TIMEOUT',
  'ERR_UNREACHABLE',
  'ERR_REFUSED',
  'ERR_IDENTITY',
  'ERR_DECRYPT',
  'ERR_NO_SPACE',
  'ERR_BUSY',
  'ERR_ABORTED',
])

/** Names paths of both sides as the user knows them. */
export interface Naming {
  readonly nameSource: (path: RemotePath) => string
  readonly nameTarget: (path: RemotePath) => string
}

/** What came of a job so far: counts it, tells it as events, and knows whether the job is over. */
export class Ledger {
  readonly #naming: Naming
  readonly #onEvent: ((event: JobEvent) => void) | undefined
  readonly #onEnd: () => void
  readonly #total = { files: 0, bytes: 0 }
  readonly #done = { files: 0, folders: 0, bytes: 0, sent: 0, skipped: 0, failed: 0 }
  #error: SftError | null = null
  #fatal: SftError | null = null

  /** @param onEnd - Called when the job is over before everything was tried. */
  constructor(naming: Naming, onEvent: ((event: JobEvent) => void) | undefined, onEnd: () => void) {
    this.#naming = naming
    this.#onEvent = onEvent
    this.#onEnd = onEnd
  }

  get summary(): JobSummary {
    return { ...this.#done, error: this.#fatal ?? this.#error, ended: this.#fatal !== null }
  }

  /** Why nothing further is begun; `null` while the job goes on. */
  get fatal(): SftError | null {
    return this.#fatal
  }

  source(path: RemotePath): string {
    return this.#naming.nameSource(path)
  }

  target(path: RemotePath): string {
    return this.#naming.nameTarget(path)
  }

  emit(event: JobEvent): void {
    this.#onEvent?.(event)
  }

  /** Notes a file that is to be dealt with. */
  expected(size: number): void {
    this.#total.files += 1
    this.#total.bytes += size
    this.emit({ type: 'plan', ...this.#total, complete: false })
  }

  /** Notes that nothing more is to be expected. */
  complete(): void {
    this.emit({ type: 'plan', ...this.#total, complete: true })
  }

  folder(from: RemotePath, to: RemotePath): void {
    this.#done.folders += 1
    this.emit({ type: 'folder', path: this.source(from), target: this.target(to) })
  }

  /** Notes bytes of a file that went across. */
  sent(path: string, bytes: number): void {
    this.#done.sent += bytes
    this.emit({ type: 'progress', path, bytes })
  }

  file(event: Omit<Extract<JobEvent, { type: 'file' }>, 'type'>): void {
    this.#done.files += 1
    this.#done.bytes += event.size
    this.emit({ type: 'file', ...event })
  }

  /** Notes an entry that is left out; one that is there already counts among the bytes. */
  skipped(path: RemotePath, reason: SkipReason, size = 0): void {
    if (reason === 'identical') this.#done.bytes += size
    this.#done.skipped += 1
    this.emit({ type: 'skipped', path: this.source(path), reason, size })
  }

  /** Notes a failure with an entry, which ends the job if nothing further can go well. */
  failed(path: RemotePath, to: RemotePath, error: unknown): void {
    this.failedNamed({ path: this.source(path), target: this.target(to) }, error)
  }

  /** As {@link failed}, for what has no path but only the name the user gave it. */
  failedNamed(where: { path: string; target: string }, error: unknown): void {
    if (this.#fatal) return // everything fails then, for the same reason
    const failure = asSftError(error, 'ERR_INTERNAL', 'the transfer failed')
    if (isFatal(failure)) {
      this.end(failure)
      return
    }
    this.#done.failed += 1
    this.#error ??= failure
    this.emit({ type: 'failed', ...where, error: failure })
  }

  /** Counts a file that failed with its folder, which told why. */
  failedWithFolder(): void {
    this.#done.failed += 1
  }

  /** Ends the job: nothing further is begun. */
  end(error: SftError): void {
    this.#fatal ??= error
    this.#onEnd()
  }
}

/** Tells whether nothing further can go well after an error. */
export function isFatal(error: unknown): boolean {
  return error instanceof SftError && FATAL.has(error.code)
}
