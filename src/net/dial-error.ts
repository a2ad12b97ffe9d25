import { SftError, type SftErrorCode } from '../errors.ts'

/** A failed dial: what to tell the user, and whether the next try may well succeed. */
export interface DialFailure {
  readonly failure: SftError
  readonly transient: boolean
}

/** Returns what it means that a dial failed, from the names and texts libp2p and the system give their errors. */
export function dialFailure(error: unknown, address: string): DialFailure {
  const causes = flatten(error)
  const has = (pattern: RegExp): boolean => causes.some((cause) => pattern.test(`${cause.name} ${cause.message}`))
  const fail = (code: SftErrorCode, message: string, transient = false): DialFailure => ({
    failure: new SftError(code, message, { cause: error }),
    transient,
  })

  if (has(/does not match expected remote identity/)) {
    return fail(
      'ERR_IDENTITY',
      `another machine answers at ${address}: its key is not the one in the peer ID; check the address`,
    )
  }
  if (has(/Can not dial self|dial self/i))
    return fail('ERR_USAGE', `${address} is this machine's own identity; set SFT_HOME to use another`)
  if (has(/ECONNREFUSED/))
    return fail('ERR_UNREACHABLE', `nothing listens at ${address}; is "sft share" running there?`)
  if (has(/EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL/))
    return fail('ERR_UNREACHABLE', `no route to ${address}; are both machines on the same network?`)
  if (has(/ENOTFOUND|EAI_AGAIN|DNS/)) return fail('ERR_UNREACHABLE', `the name in ${address} cannot be resolved`)
  if (has(/Timeout|AbortError|aborted/i))
    return fail('ERR_UNREACHABLE', `no answer from ${address}; is the machine on, and its port open in the firewall?`)
  if (has(/NoValidAddresses|no valid addresses|transport/i))
    return fail('ERR_USAGE', `${address} is not an address sft can dial; it needs /ip4 or /ip6, /tcp and /p2p`)
  return fail('ERR_UNREACHABLE', `cannot connect to ${address}: the other side closed the connection`, true)
}

/** Returns an error and all it was made from. */
function flatten(error: unknown): Error[] {
  if (!(error instanceof Error)) return []
  const inner = error instanceof AggregateError ? (error.errors as unknown[]) : []
  return [error, ...inner.flatMap(flatten), ...flatten(error.cause)]
}
