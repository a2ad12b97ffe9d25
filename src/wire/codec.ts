import { SftError } from '../errors.ts'

/** Decodes with a generated codec, whose own errors (bad varint, end of buffer, too many entries) all mean malformed. */
export function decodeWith<T>(codec: { decode(bytes: Uint8Array): T }, bytes: Uint8Array): T {
  try {
    return codec.decode(bytes)
  } catch (error) {
    throw new SftError('ERR_PROTOCOL', 'the peer sent bytes that are not a message', { cause: error })
  }
}

/** The generated types ask for bytes on an unshared buffer, which every array made here has. */
export function own(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes as Uint8Array<ArrayBuffer>
}

/** Returns the error for what cannot be decoded, `a hello that is too long`. */
export function malformed(what: string): SftError {
  return new SftError('ERR_PROTOCOL', `the peer sent ${what}`)
}
