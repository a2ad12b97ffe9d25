import { asSftError, type SftError } from './errors.ts'

/** How the calls of the API end when their signal is aborted. */

/** Returns what a call throws whose signal was aborted: the reason if that is one of ours, else `ERR_ABORTED` for it. */
export function cancellation(signal: AbortSignal): SftError {
  return asSftError(signal.reason, 'ERR_ABORTED', 'cancelled')
}

/** @throws {@link SftError} {@link cancellation} if the signal is aborted already. */
export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw cancellation(signal)
}

/** Does `work`, which ends early by itself once the signal is aborted, and throws {@link cancellation} if that is why. */
export async function untilCancelled<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  throwIfCancelled(signal)
  try {
    return await work()
  } catch (error) {
    throwIfCancelled(signal)
    throw error
  }
}

/** Waits for what may never end by itself, as the answer of a person. @throws {@link cancellation} */
export async function orCancelled<T>(signal: AbortSignal | undefined, waited: Promise<T>): Promise<T> {
  if (!signal) return waited
  const ended = Promise.withResolvers<never>()
  const cancel = (): void => ended.reject(cancellation(signal))
  signal.addEventListener('abort', cancel)
  if (signal.aborted) cancel()
  try {
    return await Promise.race([waited, ended.promise])
  } finally {
    signal.removeEventListener('abort', cancel)
  }
}
