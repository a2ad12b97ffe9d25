import * as fc from 'fast-check'
import { expect } from 'vitest'
import { SftError, type SftErrorCode } from '../../src/errors.ts'

const PROTOTYPES = [Object.prototype, Array.prototype, Uint8Array.prototype, Function.prototype]
const properties = (): string[] => PROTOTYPES.flatMap((prototype) => Reflect.ownKeys(prototype).map(String))
const before = properties()

/**
 * Runs a decoder on bytes a peer may have made up. It may return or throw an {@link SftError}, and nothing else; no
 * prototype may be another one afterwards.
 *
 * @returns What it decoded, or the code of its error.
 */
export function decodesOrRefuses<T>(decode: (bytes: Uint8Array) => T, bytes: Uint8Array): T | SftErrorCode {
  try {
    return decode(bytes)
  } catch (error) {
    if (!(error instanceof SftError)) throw error
    return error.code
  } finally {
    expect(properties()).toEqual(before)
  }
}

/** Whether a decoder took bytes or refused them as a peer's fault. */
export function decodesOrErrProtocol(decode: (bytes: Uint8Array) => object, bytes: Uint8Array): boolean {
  const outcome = decodesOrRefuses(decode, bytes)
  return typeof outcome === 'string' ? outcome === 'ERR_PROTOCOL' : true
}

/** Tries a property whose predicate returns whether it holds. Returns how it failed, or `undefined` if it did not. */
export function failureOf<T>(property: fc.IRawProperty<T>, numRuns = 500): string | undefined {
  return fc.defaultReportMessage(fc.check(property, { numRuns }) as fc.RunDetails<T>)
}

/** Returns the code a call throws; fails if it does not throw an {@link SftError}. */
export function refusal(call: () => unknown): SftErrorCode {
  try {
    call()
  } catch (error) {
    if (error instanceof SftError) return error.code
    throw error
  }
  throw new Error('it did not throw')
}
