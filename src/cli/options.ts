import { InvalidArgumentError, Option } from '@commander-js/extra-typings'
import type { Muxer, OnConflict } from '../index.ts'
import { machineNameFault } from '../wire/machine-name.ts'
import { onlyTyped, setting } from './sources.ts'

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
  return setting(new Option('--no-progress', 'do not show how far it is').default(true), true)
}

export function noInput(): Option<'--no-input', undefined, true> {
  return new Option('--no-input', 'never ask: what would be asked fails, and says so').default(true)
}

/** For questions of yes or no by which nothing can be lost; whether to overwrite is not one of them. */
export function yes(): Option<'-y, --yes'> {
  return onlyTyped(new Option('-y, --yes', 'answer yes where nothing can be lost; overwrites only with --on-conflict'))
}

export function addr(): Option<'--addr <address>', undefined, undefined, readonly string[]> {
  const text = 'try this address too, as IP, IP:port or multiaddr; may be repeated'
  return onlyTyped(new Option('--addr <address>', text).argParser(collect))
}

export function noDiscovery(): Option<'--no-discovery', undefined, true> {
  const option = new Option('--no-discovery', 'neither look for machines on the local network nor be found there')
  return setting(option.default(true), true)
}

export function lanOnly(): Option<'--lan-only'> {
  return setting(new Option('--lan-only', 'refuse every address that is not of a private network'), true)
}

/** Told how often it was given: `-v`, or `-vv` for more. */
export function verbose(what: string): Option<'-v, --verbose', 1, undefined, number> {
  return new Option('-v, --verbose', what).preset(1).argParser((_, count: number | undefined) => (count ?? 0) + 1)
}

/** For tests and comparisons; the default, yamux and then mplex, is right for people. */
export function muxer(): Option<'--muxer <name>', undefined, undefined, undefined, false, Muxer> {
  return new Option('--muxer <name>', 'offer only this stream muxer').choices(['yamux', 'mplex']).hideHelp()
}

/** The name by which another machine that pairs gets to know this one. */
export function name(): Option<'--name <name>', undefined, undefined, string> {
  const option = new Option('--name <name>', 'what machines that pair are told this one is called').argParser(
    (text) => {
      const name = text.normalize('NFC')
      const fault = machineNameFault(name)
      if (fault === null) return name
      throw new InvalidArgumentError(`${fault}.`)
    },
  )
  return setting(option.default(undefined, 'the name of the host'), 'ana-laptop')
}

export function qr(): Option<'--qr'> {
  return setting(new Option('--qr', 'show codes as QR codes too'), true)
}

export function listen(): Option<'--listen <multiaddr>', undefined, undefined, readonly string[]> {
  const option = new Option('--listen <multiaddr>', 'listen here instead of everywhere; may be repeated')
  return setting(option.argParser(collect), ['/ip4/192.168.1.7/tcp/7380'])
}

/** Says what an option is for, which values it can have, and what is done without it. */
export function describeOption({ description, argChoices, defaultValueDescription }: Described): string {
  const choices = argChoices ? `: ${argChoices.join(', ')}` : ''
  const standard = defaultValueDescription === undefined ? '' : `; without it: ${defaultValueDescription}`
  return `${description}${choices}${standard}`
}

type Described = Pick<Option, 'description' | 'argChoices' | 'defaultValueDescription'>

/** Gathers the values of an option that may be repeated. */
export function collect(value: string, earlier: readonly string[] | undefined): readonly string[] {
  return [...(earlier ?? []), value]
}

export function overwrite(): Option<'--overwrite'> {
  return onlyTyped(new Option('--overwrite', 'replace files of the same name'))
}

export function onConflict(): Option<'--on-conflict <what>', undefined, undefined, undefined, false, OnConflict> {
  const option = new Option('--on-conflict <what>', 'where another file has the name')
    .choices(['ask', 'skip', 'overwrite', 'rename', 'newer', 'fail'])
    .default(undefined, 'ask on a terminal, else fail')
  return setting(option, 'rename', { yieldsTo: 'overwrite' })
}

export function checksum(): Option<'--checksum'> {
  const option = new Option('--checksum', 'leave files alone only if their SHA-256 is the same, not by size and time')
  return setting(option, true)
}

export function dryRun(): Option<'--dry-run'> {
  return new Option('--dry-run', 'only tell what would be done')
}

export function include(): Option<'--include <glob>', undefined, undefined, readonly string[]> {
  return setting(new Option('--include <glob>', 'only files that match; may be repeated').argParser(collect), ['*.jpg'])
}

export function exclude(): Option<'--exclude <glob>', undefined, undefined, readonly string[]> {
  const option = new Option('--exclude <glob>', 'leave out files and folders that match; may be repeated')
  return setting(option.argParser(collect), ['*.tmp', '.git'])
}

/** Bytes a second, from a number with or without a unit: `500k`, `10M`, `1.5G`. */
export function bwlimit(): Option<'--bwlimit <rate>', undefined, undefined, number> {
  const option = new Option('--bwlimit <rate>', 'most bytes a second, such as 500k or 10M').argParser((text) => {
    const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?)([kmg]?)b?(?:\/s)?$/i.exec(text) ?? []
    const rate = Number(number) * 1000 ** ['', 'k', 'm', 'g'].indexOf(unit.toLowerCase())
    if (number !== '' && rate >= 1) return rate
    throw new InvalidArgumentError('write it like 500k, 10M or 1G.')
  })
  return setting(option, '10M')
}

export function jobs(): Option<'-j, --jobs <n>', undefined, undefined, number> {
  const option = new Option('-j, --jobs <n>', 'large files at a time; 1: one file after the other').argParser(
    (text) => {
      if (/^\d{1,2}$/.test(text) && Number(text) >= 1) return Number(text)
      throw new InvalidArgumentError('write a number from 1 to 99.')
    },
  )
  return setting(option.default(undefined, '4'), 2)
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
  const option = new Option('--retry-for <seconds>', 'how long to go on reconnecting; 0: not at all').argParser(
    (text) => {
      if (/^\d{1,6}$/.test(text)) return Number(text) * 1000
      throw new InvalidArgumentError('write a number of seconds.')
    },
  )
  return setting(option.default(undefined, '60'), 300)
}
