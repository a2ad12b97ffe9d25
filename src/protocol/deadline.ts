import { SftError } from '../errors.ts'

/** A timer that is as late, in milliseconds, tells that this process stood still: the machine slept or was overloaded. */
const STOOD_STILL = 1_000

/**
 * Waits for `promise` for at most `milliseconds`; a little longer if this process stood still and has yet to read what came
 * meanwhile.
 *
 * @param what - The end of the sentence "the peer did not …".
 * @throws {@link SftError} `ERR_TIMEOUT` when the time is over; the promise itself goes on.
 */
export async function withDeadline<T>(promise: Promise<T>, milliseconds: number, what: string): Promise<T> {
  const { promise: expired, reject } = Promise.withResolvers<never>()
  const expire = (): void => {
    reject(new SftError('ERR_TIMEOUT', `the peer did not ${what} within ${milliseconds / 1000} s`))
  }
  const due = performance.now() + milliseconds
  let timer = setTimeout(() => {
    if (performance.now() < due + STOOD_STILL) expire()
    else timer = setTimeout(expire, STOOD_STILL)
  }, milliseconds)
  try {
    return await Promise.race([promise, expired])
  } finally {
    clearTimeout(timer)
  }
}
