import { ERRORS, type SftErrorCode } from '../errors.ts'
import { asciiJson } from '../wire/ascii-json.ts'
import { isRight, type Right } from '../wire/rights.ts'

/** What a line of a log can be about, each in docs/log.md. */
const EVENTS = [
  'started',
  'stopped',
  'opened',
  'served',
  'closed',
  'refused',
  'paired',
  'pairingFailed',
  'withdrawn',
  'peers',
  'leftOut',
] as const

/** One line of the log of a share: something that happened. */
export interface LogLine {
  /** RFC 3339, in UTC and to the millisecond. */
  readonly time: string
  readonly event: (typeof EVENTS)[number]
  /** The shared folder: its real path on this machine. */
  readonly share: string
  readonly peerId?: string
  /** What this machine called that peer at the time, if it was paired. */
  readonly name?: string
  /** What a request was for: `get`, `put` and others. */
  readonly action?: string
  readonly path?: string
  /** The new path of what was renamed. */
  readonly to?: string
  /** Of a file that went across, or of all that are counted. */
  readonly bytes?: number
  readonly md5?: string
  /** How long it took, in milliseconds. */
  readonly ms?: number
  /** Those that a share gives everybody, or that were taken away. */
  readonly rights?: readonly Right[]
  /** How many lines were left out, and how many of them told of a failure. */
  readonly count?: number
  readonly failed?: number
  /** Why they were: a peer had too many, or the file could not be written. */
  readonly why?: 'limit' | 'disk'
  readonly result?: 'ok' | SftErrorCode
}

type Check = (value: unknown) => boolean

const isText: Check = (value) => typeof value === 'string'
const isCount: Check = (value) => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0

/** What each field has to hold, in the order in which they are written. */
const FIELDS: Record<keyof LogLine, Check> = {
  time: (value) => typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value) && !Number.isNaN(Date.parse(value)),
  event: (value) => EVENTS.some((event) => event === value),
  share: isText,
  peerId: isText,
  name: isText,
  action: isText,
  path: isText,
  to: isText,
  bytes: isCount,
  md5: (value) => typeof value === 'string' && /^[\da-f]{32}$/.test(value),
  ms: isCount,
  rights: (value) => Array.isArray(value) && value.every((right) => typeof right === 'string' && isRight(right)),
  count: isCount,
  failed: isCount,
  why: (value) => value === 'limit' || value === 'disk',
  result: (value) => value === 'ok' || (typeof value === 'string' && Object.hasOwn(ERRORS, value)),
}

/** Formats a line as JSON that is safe to show on a terminal as it is. */
export function formatLogLine(line: LogLine): string {
  return asciiJson(line)
}

/** Reads a line, or returns `null` for what is none: damaged, or of something else. Fields that are not known are left out. */
export function parseLogLine(text: string): LogLine | null {
  // eslint-disable-next-line no-control-regex
  if (/[^\x20-\x7e]/.test(text)) return null
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return null
  }
  if (typeof value !== 'object' || value === null) return null
  const line: Record<string, unknown> = {}
  for (const [name, fits] of Object.entries(FIELDS)) {
    const field = Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined
    if (field === undefined) continue
    if (!fits(field)) return null
    line[name] = field
  }
  return 'time' in line && 'event' in line && 'share' in line ? (line as unknown as LogLine) : null
}
