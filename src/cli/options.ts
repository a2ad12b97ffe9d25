import { InvalidArgumentError, Option } from '@commander-js/extra-typings'
import type { Muxer, OnConflict } from '../index.ts'

/** The options that several commands have, and what else their definitions share. */

/** Takes the exit status of a command that ran. */
export type Done = (exit: number) => void

/** Returns what stands at the end of the help of a command. */
export function example(command: string): string {
  return `\nExample:\n  ${command}`
}

export function json(): Option<'--json'> {
  return new Option('--json', 'print one JSON object per line, each with a type')
}

export function quiet(): Option<'-q, --quiet'> {
  return new Option('-q, --quiet', 'say nothing but what failed; data goes to stdout as ever')
}

export function noProgress(): Option<'--no-progress', undefined, true> {
  return new Option('--no-progress', 'do not show how far it is').default(true)
}

export function noInput(): Option<'--no-input', undefined, true> {
  return new Option('--no-input', 'never ask: what would be asked fails, and says so').default(true)
}

/** For questions of yes or no by which nothing can be lost; whether to overwrite is not one of them. */
export function yes(): Option<'-y, --yes'> {
  return new Option('-y, --yes', 'answer yes where nothing can be lost; overwrites only with --on-conflict')
}

export function addr(): Option<'--addr <address>', undefined, undefined, readonly string[]> {
  return new Option('--addr <address>', 'try this address too, as IP, IP:port or multiaddr; may be repeated').argParser(
    collect,
  )
}

export function noDiscovery(): Option<'--no-discovery', undefined, true> {
  const option = new Option('--no-discovery', 'neither look for machines on the local network nor be found there')
  return option.default(true).env('SFT_NO_DISCOVERY')
}

export function lanOnly(): Option<'--lan-only'> {
  return new Option('--lan-only', 'refuse every address that is not of a private network')
}

/** Told how often it was given: `-v`, or `-vv` for more. */
export function verbose(what: string): Option<'-v, --verbose', 1, undefined, number> {
  return new Option('-v, --verbose', what).preset(1).argParser((_, count: number | undefined) => (count ?? 0) + 1)
}

/** For tests and comparisons; the default, yamux and then mplex, is right for people. */
export function muxer(): Option<'--muxer <name>', undefined, undefined, Muxer> {
  return new Option('--muxer <name>', 'offer only this stream muxer')
    .argParser((name) => {
      if (name === 'yamux' || name === 'mplex') return name
      throw new InvalidArgumentError('there are yamux and mplex.')
    })
    .hideHelp()
}

/** Gathers the values of an option that may be repeated. */
export function collect(value: string, earlier: readonly string[] | undefined): readonly string[] {
  return [...(earlier ?? []), value]
}

export function overwrite(): Option<'--overwrite'> {
  return new Option('--overwrite', 'replace files of the same name')
}

/** What can be done where another file has the name. */
export const CONFLICT_POLICIES = ['ask', 'skip', 'overwrite', 'rename', 'newer', 'fail'] as const

export function onConflict(): Option<'--on-conflict <what>', undefined, undefined, OnConflict> {
  const policies = CONFLICT_POLICIES
  return new Option(
    '--on-conflict <what>',
    `where another file has the name; without it, ask on a terminal, else fail: ${policies.join(', ')}`,
  ).argParser((text) => {
    const policy = policies.find((known) => known === text)
    if (policy) return policy
    throw new InvalidArgumentError(`there are ${policies.join(', ')}.`)
  })
}

export function checksum(): Option<'--checksum'> {
  return new Option('--checksum', 'leave files alone only if their SHA-256 is the same, not by size and time')
}

export function dryRun(): Option<'--dry-run'> {
  return new Option('--dry-run', 'only tell what would be done')
}

export function include(): Option<'--include <glob>', undefined, undefined, readonly string[]> {
  return new Option('--include <glob>', 'only files that match; may be repeated').argParser(collect)
}

export function exclude(): Option<'--exclude <glob>', undefined, undefined, readonly string[]> {
  return new Option('--exclude <glob>', 'leave out files and folders that match; may be repeated').argParser(collect)
}

/** Bytes a second, from a number with or without a unit: `500k`, `10M`, `1.5G`. */
export function bwlimit(): Option<'--bwlimit <rate>', undefined, undefined, number> {
  return new Option('--bwlimit <rate>', 'most bytes a second, such as 500k or 10M').argParser((text) => {
    const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?)([kmg]?)b?(?:\/s)?$/i.exec(text) ?? []
    const rate = Number(number) * 1000 ** ['', 'k', 'm', 'g'].indexOf(unit.toLowerCase())
    if (number !== '' && rate >= 1) return rate
    throw new InvalidArgumentError('write it like 500k, 10M or 1G.')
  })
}

export function jobs(): Option<'-j, --jobs <n>', undefined, undefined, number> {
  return new Option('-j, --jobs <n>', 'large files at a time (4); 1: one file after the other').argParser((text) => {
    if (/^\d{1,2}$/.test(text) && Number(text) >= 1) return Number(text)
    throw new InvalidArgumentError('write a number from 1 to 99.')
  })
}

/** A time that is over: so long ago, or a date and perhaps a time of day. */
export function since(): Option<'--since <when>', undefined, undefined, Date> {
  return new Option('--since <when>', 'only from then on: 30m, 2h, 7d ago, or 2026-11-01').argParser((text) => {
    const [, number = '', unit = ''] = /^(\d{1,6})([mhdw])$/.exec(text) ?? []
    const minutes = { m: 1, h: 60, d: 1_440, w: 10_080 }[unit]
    if (minutes !== undefined) return new Date(Date.now() - Number(number) * minutes * 60_000)
    const [date, clock = 'T00:00'] = /^\d{4}-\d\d-\d\d(?=(T\d\d:\d\d.*)?$)/.exec(text) ?? []
    const time = new Date(`${date}${clock}`) // by the clock of this machine, unless it says another
    if (!Number.isNaN(time.getTime())) return time
    throw new InvalidArgumentError('write it like 30m, 2h, 7d, 2026-11-01 or 2026-11-01T12:00.')
  })
}

export function lines(): Option<'-n, --lines <n>', undefined, undefined, number> {
  return new Option('-n, --lines <n>', 'only the last so many').argParser((text) => {
    if (/^\d{1,6}$/.test(text) && Number(text) >= 1) return Number(text)
    throw new InvalidArgumentError('write a number from 1 to 999999.')
  })
}

/** Seconds, given back in milliseconds. */
export function retryFor(): Option<'--retry-for <seconds>', undefined, undefined, number> {
  return new Option('--retry-for <seconds>', 'how long to go on reconnecting (60); 0: not at all').argParser((text) => {
    if (/^\d{1,6}$/.test(text)) return Number(text) * 1000
    throw new InvalidArgumentError('write a number of seconds.')
  })
}
