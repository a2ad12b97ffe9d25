import { readFileSync, readlinkSync, statSync } from 'node:fs'
import { createHasher } from '../crypto/digest.ts'
import { errno } from './errno.ts'

/** The process that writes a part file, as the name of the file tells it: letters, digits and dots. */
export interface Owner {
  /** Stands for the machine; the same after it was started anew. */
  readonly machine: string
  /** Stands for one run of that machine, and for the set of process IDs (a container has its own). */
  readonly boot: string
  readonly namespace: string
  readonly pid: number
  /** When the process began, in ticks of the machine; tells it from a later one with the same ID. Empty if unknown. */
  readonly started: string
}

const OWNER = /^([0-9a-f]{16})\.([0-9a-f]{16})\.(\d*)\.(\d{1,10})\.(\d*)\.(\d+)$/

/** Reads what {@link newOwnerTag} wrote; `null` if it is anything else. */
export function parseOwner(tag: string): Owner | null {
  const [, machine, boot, namespace, pid, started] = OWNER.exec(tag) ?? []
  if (machine === undefined || boot === undefined || namespace === undefined || started === undefined) return null
  return { machine, boot, namespace, pid: Number(pid), started }
}

let count = 0

/** Returns a tag that stands for this process and that nothing else has, ever. */
export function newOwnerTag(): string {
  const { machine, boot, namespace, pid, started } = thisProcess()
  count += 1
  return `${machine}.${boot}.${namespace}.${pid}.${started}.${count}`
}

/**
 * Tells whether the process that wrote a file still runs: `unknown` where that cannot be seen from here, as on another
 * machine that uses the same disk.
 *
 * @param writtenMs - When the file was written last, in milliseconds since 1970.
 */
export function ownerState(owner: Owner, writtenMs: number): 'alive' | 'dead' | 'unknown' {
  const here = thisProcess()
  if (owner.machine !== here.machine) return 'unknown'
  // Of an earlier run of this machine, unless it is a copy of this machine that runs beside it.
  if (owner.boot !== here.boot) return writtenMs < bootTime() ? 'dead' : 'unknown'
  if (owner.namespace !== here.namespace) return 'unknown'
  if (!isRunning(owner.pid)) return 'dead'
  const { state, started } = statusOf(owner.pid)
  if (state === 'Z' || state === 'X') return 'dead' // killed, and its parent has not asked how it ended
  return owner.started === '' || started === '' || owner.started === started ? 'alive' : 'dead'
}

let self: Owner | undefined

function thisProcess(): Owner {
  self ??= {
    machine: machineTag(),
    boot: tagOf([readText('/proc/sys/kernel/random/boot_id')]),
    namespace: /\d+/.exec(readName('/proc/self/ns/pid'))?.[0] ?? '',
    pid: process.pid,
    started: statusOf(process.pid).started,
  }
  return self
}

/** Neither an ID nor a host name is unique by itself: copied machines share the one, machines fresh from a box the other. */
function machineTag(): string {
  const known = [readText('/etc/machine-id'), readText('/proc/sys/kernel/hostname')]
  if (known[1] !== '') return tagOf(known)
  const { ino, birthtimeNs } = statSync(process.execPath, { bigint: true }) // to the nanosecond when it was installed
  return tagOf([String(ino), String(birthtimeNs)])
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return errno(error) !== 'ESRCH' // it may be another user's
  }
}

/** Returns the state of a process, and when it began; both '' where the system does not tell. */
function statusOf(pid: number): { state: string; started: string } {
  const fields = readText(`/proc/${pid}/stat`)
  // The name of the program, in brackets, may hold spaces and brackets.
  const [state = '', ...rest] = fields.slice(fields.lastIndexOf(')') + 2).split(' ')
  return { state, started: rest[18] ?? '' }
}

/** When this machine was started, in milliseconds since 1970. */
function bootTime(): number {
  const uptime = Number.parseFloat(readText('/proc/uptime'))
  return Number.isNaN(uptime) ? 0 : Date.now() - uptime * 1000
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return '' // this system does not tell
  }
}

function readName(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return '' // this system does not tell
  }
}

function tagOf(parts: readonly string[]): string {
  const hasher = createHasher('sha256')
  hasher.update(new TextEncoder().encode(parts.join('\0')))
  return Buffer.from(hasher.digest()).toString('hex').slice(0, 16)
}
