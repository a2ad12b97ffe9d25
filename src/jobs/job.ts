import type { SftError } from '../errors.ts'

/** What happens during a job, in order. Paths are as the source has them, targets as they will be called. */
export type JobEvent =
  /** How much there is to do, as far as it is known: `complete` when every folder has been looked into. */
  | { readonly type: 'plan'; readonly files: number; readonly bytes: number; readonly complete: boolean }
  /** A file starts to go across, after `offset` bytes that were kept of an earlier attempt. */
  | {
      readonly type: 'begin'
      readonly path: string
      readonly target: string
      readonly size: number
      readonly offset: number
    }
  /** So many bytes more of a file went across. */
  | { readonly type: 'progress'; readonly path: string; readonly bytes: number }
  /** A file is there, complete and verified by both sides; `sent` bytes of it went across this time. */
  | {
      readonly type: 'file'
      readonly path: string
      readonly target: string
      readonly size: number
      readonly sent: number
      readonly md5: Uint8Array
    }
  | { readonly type: 'folder'; readonly path: string; readonly target: string }
  /** An entry was left out; `size` is that of a file, 0 of what is none. */
  | { readonly type: 'skipped'; readonly path: string; readonly reason: SkipReason; readonly size: number }
  /** What would be done, were it not a dry run. */
  | { readonly type: 'planned'; readonly path: string; readonly target: string; readonly action: PlannedAction }
  /** What was kept of an earlier attempt is of no use, and the file goes across from its first byte. */
  | { readonly type: 'restarted'; readonly path: string; readonly reason: 'changed' | 'damaged' }
  | { readonly type: 'failed'; readonly path: string; readonly target: string; readonly error: SftError }
  /** The connection is lost; the next attempt to restore it comes after `wait` milliseconds. */
  | { readonly type: 'reconnecting'; readonly attempt: number; readonly wait: number; readonly error: SftError }
  | { readonly type: 'reconnected' }

/** Why an entry was left out: the target has it already, has another one, or it is no file or folder. */
export type SkipReason = 'identical' | 'exists' | 'older' | 'link' | 'special' | 'unlistable'

export type PlannedAction = 'new' | 'replace' | 'rename' | 'folder'

/** What becomes of a file whose name is taken by another one. */
export type OnConflict = 'fail' | 'skip' | 'overwrite' | 'rename' | 'newer' | 'ask'

/** A file whose name is taken, for a person to decide. */
export interface Conflict {
  readonly path: string
  readonly target: string
  readonly file: FileVersion
  readonly there: FileVersion
}

export interface FileVersion {
  readonly size: number
  /** Nanoseconds since 1970. */
  readonly mtime: bigint
}

export interface JobOptions {
  readonly onEvent?: (event: JobEvent) => void
  /** Ends the job: what is incomplete is kept for the next time. */
  readonly signal?: AbortSignal | undefined
  /** What becomes of a file whose name is taken; it fails if absent. One that is the same is always left alone. */
  readonly onConflict?: OnConflict
  /** Decides a conflict where `onConflict` is `ask`; one at a time. */
  readonly ask?: (conflict: Conflict) => Promise<'skip' | 'overwrite' | 'rename'>
  /** Whether a file counts as the same only with the same digest, not by its size and time. */
  readonly checksum?: boolean
  /** Only tells what would be done. */
  readonly dryRun?: boolean
  /** Globs: only files that match one of these, and none that match one of those. */
  readonly include?: readonly string[]
  readonly exclude?: readonly string[]
  /** Most bytes of files a second; no limit if absent. */
  readonly bytesPerSecond?: number
  /** How long to go on reconnecting while nothing gets done, in milliseconds; a minute if absent. */
  readonly patience?: number
  /** Large files at a time, 4 if absent; small ones are many more. */
  readonly parallel?: number
}

/** What came of a job. */
export interface JobSummary {
  readonly files: number
  readonly folders: number
  /** Bytes of the files that are there now, and those that went across for it. */
  readonly bytes: number
  readonly sent: number
  readonly skipped: number
  readonly failed: number
  /** The first failure, or the one that ended the job. */
  readonly error: SftError | null
  /** Whether it ended before everything was tried. */
  readonly ended: boolean
}
