import { SftError, type SftErrorCode } from '../errors.ts'

/** What the errors of the operating system mean here; any other is ERR_FILE. */
const CODES: Partial<Record<string, SftErrorCode>> = {
  ENOENT: 'ERR_NOT_FOUND',
  ENOTDIR: 'ERR_NOT_FOUND', // also what O_DIRECTORY says of a symbolic link
  ELOOP: 'ERR_NOT_FOUND', // what O_NOFOLLOW says of a symbolic link
  ENAMETOOLONG: 'ERR_PATH',
  EINVAL: 'ERR_PATH', // a name the file system cannot hold, a folder moved into itself
  EILSEQ: 'ERR_PATH',
  EEXIST: 'ERR_EXISTS',
  ENOTEMPTY: 'ERR_NOT_EMPTY',
  EISDIR: 'ERR_WRONG_TYPE',
  ENXIO: 'ERR_WRONG_TYPE', // a pipe without a reader, a device that is not there
  ENOSPC: 'ERR_NO_SPACE',
  EDQUOT: 'ERR_NO_SPACE',
  EFBIG: 'ERR_NO_SPACE',
  EROFS: 'ERR_READ_ONLY',
  EACCES: 'ERR_READ_ONLY',
  EPERM: 'ERR_READ_ONLY',
  EMFILE: 'ERR_BUSY',
  ENFILE: 'ERR_BUSY',
}

/** Returns the system's name for an error, such as `ENOENT`, or `undefined` if it is none of the system's. */
export function errno(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

/** Returns what a file-system error means, with the error itself as the cause. `what` says what was tried, on what. */
export function fileError(error: unknown, what: string): SftError {
  if (error instanceof SftError) return error
  const name = errno(error)
  return new SftError(CODES[name ?? ''] ?? 'ERR_FILE', `${what}: ${REASONS[name ?? ''] ?? name ?? String(error)}`, {
    cause: error,
  })
}

const REASONS: Partial<Record<string, string>> = {
  ENOENT: 'no such file or folder',
  ENOTDIR: 'part of the path is not a folder',
  ELOOP: 'it is a symbolic link',
  EEXIST: 'it exists',
  ENOTEMPTY: 'the folder is not empty',
  EISDIR: 'it is a folder',
  ENOSPC: 'the disk is full; make room on it',
  EDQUOT: 'the disk quota is used up',
  EROFS: 'the file system is read-only',
  EACCES: 'permission denied',
  EPERM: 'not permitted',
  EMFILE: 'too many open files',
}
