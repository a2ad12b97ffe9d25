const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']

/** Formats a number of bytes in decimal units with three significant digits: `0 B`, `1.5 kB`, `100 MB`, `3.41 GB`. */
export function formatBytes(bytes: number): string {
  let [value, exponent] = [bytes, 0]
  // From 999.5 on, three digits would round to 1000: that is 1 of the next unit.
  for (; value >= 999.5 && exponent < UNITS.length - 1; exponent += 1) value /= 1000
  return `${Number(value.toPrecision(3))} ${UNITS[exponent] ?? 'B'}`
}

/** Formats a time span in whole units, the two largest at most: `9 s`, `2 min 5 s`, `1 h 3 min`. */
export function formatDuration(seconds: number): string {
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`
}

/** Formats the local time of day: `09:05:00`. */
export function formatClock(time: Date): string {
  return [time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join(':')
}

/** Formats the local date and time of day: `2026-11-01 09:05:00`. */
export function formatDateTime(time: Date): string {
  return `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())} ${formatClock(time)}`
}

/** Formats nanoseconds since 1970 as local date and minute, or `-` for a time no calendar here holds. */
export function formatTime(mtime: bigint): string {
  const date = new Date(Number(mtime / 1_000_000n))
  if (Number.isNaN(date.getTime())) return '-'
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}`
}

/** Formats nanoseconds since 1970 as RFC 3339 in UTC with milliseconds, or `null` for a time no calendar here holds. */
export function formatTimestamp(mtime: bigint): string | null {
  const date = new Date(Number(mtime / 1_000_000n))
  return Number.isNaN(date.getTime()) ? null : date.toISOString()
}

/**
 * Formats a digest as `md5sum` and `sha256sum` do, so that `md5sum -c` reads it: a name with a backslash or line break
 * is escaped, and the line then starts with a backslash.
 */
export function formatDigestLine(digest: string, name: string): string {
  const escaped = name.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\r', '\\r')
  return `${escaped === name ? '' : '\\'}${digest}  ${escaped}`
}

/** Formats bytes as lower-case hexadecimal. */
export function formatHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

function two(value: number): string {
  return String(value).padStart(2, '0')
}
