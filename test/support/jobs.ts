import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { ConnectOptions, JobEvent, JobOptions, JobSummary, Remote, Share, ShareOptions } from '../../src/index.ts'
import { RIGHTS } from '../../src/wire/rights.ts'
import { connectedMachine, sharingMachine } from './machines.ts'
import { tempFolder } from './tmp.ts'

/** What came of a job, and everything it told. */
export interface Ran {
  readonly summary: JobSummary
  readonly events: JobEvent[]
}

/** A share and a machine connected to it, with a folder each. */
export interface JobMachines {
  readonly share: Share
  readonly root: string
  readonly local: string
  readonly address: string
  readonly remote: Remote
  readonly get: (paths: readonly string[], options?: JobOptions, destination?: string) => Promise<Ran>
  readonly put: (sources: readonly string[], options?: JobOptions, destination?: string) => Promise<Ran>
}

/**
 * Starts both, until the test ends. `get` fetches into the local folder unless told otherwise, and `put` takes sources of
 * the local folder.
 *
 * @param way - Returns another address by which the share is reached.
 */
export async function jobMachines(
  options: ShareOptions = {},
  way: (address: string) => Promise<string> = (address) => Promise.resolve(address),
  connecting: ConnectOptions = {},
): Promise<JobMachines> {
  const { share, root, address } = await sharingMachine({ rights: RIGHTS, ...options })
  const local = tempFolder()
  const remote = await connectedMachine(await way(address), connecting)
  return {
    share,
    root,
    local,
    address,
    remote,
    get: async (paths, job, destination = local) =>
      noted(job, async (noting) => remote.getAll(paths, destination, noting)),
    put: async (sources, job, destination = '.') =>
      noted(job, async (noting) => {
        const paths = sources.map((source) => (source.startsWith('/') ? source : `${local}/${source}`))
        return remote.putAll(paths, destination, noting)
      }),
  }
}

/** Runs a job and keeps what it tells. */
export async function noted(options: JobOptions = {}, job: (options: JobOptions) => Promise<JobSummary>): Promise<Ran> {
  const events: JobEvent[] = []
  const onEvent = (event: JobEvent): void => {
    events.push(event)
    options.onEvent?.(event)
  }
  const summary = await job({ ...options, onEvent })
  return { summary, events }
}

/** Returns the events of one type. */
export function only<T extends JobEvent['type']>(ran: Ran, type: T): Extract<JobEvent, { type: T }>[] {
  return ran.events.filter((event): event is Extract<JobEvent, { type: T }> => event.type === type)
}

/** Returns what failed, by its path, with the code. */
export function failures(ran: Ran): Record<string, string> {
  return Object.fromEntries(only(ran, 'failed').map(({ path, error }) => [path, error.code]))
}

/** Returns what was left out, by its path, with the reason. */
export function skipped(ran: Ran): Record<string, string> {
  return Object.fromEntries(only(ran, 'skipped').map(({ path, reason }) => [path, reason]))
}

/** Writes a file, and the folders it is in. Its time is in seconds since 1970. */
export function write(path: string, content: string | Uint8Array = path, mtime?: number): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, content)
  if (mtime !== undefined) utimesSync(path, `${mtime}`, `${mtime}`) // a number before 1970 would be the present
}

/** Writes a file of random bytes and returns them. */
export function writeRandom(path: string, size: number): Buffer {
  const bytes = randomBytes(size)
  write(path, bytes)
  return bytes
}

/** Returns how two trees differ, line by line; links are compared and not followed. */
export function differences(one: string, other: string): string[] {
  const { stdout, stderr } = spawnSync('diff', ['-r', '--no-dereference', '-q', one, other], { encoding: 'utf8' })
  return `${stdout}${stderr}`.split('\n').filter((line) => line !== '')
}

/** Returns the names of everything below a folder, sorted. */
export function namesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).toSorted()
}
