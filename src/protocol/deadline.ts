import { SftError } from '../errors.ts'

/**
 * Waits for `promise` for at most `milliseconds`.
 *
 * @param what - The end of the sentence "the peer did not …".
 * @throws {@link SftError} `ERR_TIMEOUT` when the time is over; the promise itself goes on.
 */
export async function withDeadline<T>(promise: Promise<T>, milliseconds: number, what: string): Promise<T> {
  const { promise: expired, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    reject(new SftError('ERR_TIMEOUT', `the peer did not ${what} within ${milliseconds / 1000} s`))
  }, milliseconds)
  try {
    return await Promise.race([promise, expired])
  } finally {
    clearTimeout(timer)
  }
}
