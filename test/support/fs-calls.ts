import * as fs from 'node:fs'
import fsPromises, { type FileHandle } from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import workers from 'node:worker_threads'

/**
 * The calls of this program to the file system, counted by their names, one of which can be made to fail or to be the
 * last one. Calls of the thread for small files bear `thread` before their names.
 */
const PROMISED = [
  'open',
  'lstat',
  'stat',
  'statfs',
  'realpath',
  'readlink',
  'readFile',
  'readdir',
  'mkdir',
  'rmdir',
  'unlink',
  'rename',
  'link',
] as const
const OF_FILES = ['read', 'write', 'stat', 'sync', 'datasync', 'chmod', 'utimes'] as const
const OF_THREAD = [
  'openSync',
  'lstatSync',
  'fstatSync',
  'readSync',
  'writeSync',
  'fchmodSync',
  'futimesSync',
  'linkSync',
  'renameSync',
  'unlinkSync',
  'closeSync',
] as const
export const CALLS: readonly string[] = [
  ...PROMISED,
  'opendir',
  'opendir next',
  ...OF_FILES.map((name) => `file.${name}`),
  'file.close',
  ...OF_THREAD.map((name) => `thread ${name}`),
  'thread fsync',
]

const ERRNOS = ['ENOSPC', 'EIO', 'EDQUOT', 'EACCES', 'EROFS', 'ENOENT'] as const
export const FAULTS = [...ERRNOS, 'short', 'EIO when done', 'kill before', 'kill after'] as const
export type Fault = (typeof FAULTS)[number]

/** Returns how a call can fail: only what reads or writes can do a part of it. */
export function faultsOf(call: string): Fault[] {
  const some = /read|write/i.test(call) && !call.startsWith('read')
  return FAULTS.filter((fault) => !fault.startsWith('kill') && (fault !== 'short' || some))
}

/** Which call of a name does not do what it should. */
export interface Plan {
  readonly call: string
  /** The first one is 1. */
  readonly nth: number
  readonly fault: Fault
}

type Call = (...args: unknown[]) => unknown
type Callable = Record<string, Call>

/** Places in the numbers that all threads share; the counts of {@link CALLS} are behind them. */
const [WANTED, NTH, FAULT, FIRED, COUNTS] = [0, 1, 2, 3, 4]

/** Watches the calls of this thread and of those it starts; once in a process. */
export class FsCalls {
  readonly #numbers = new Int32Array(new SharedArrayBuffer(4 * (COUNTS + CALLS.length)))

  static async watch(): Promise<FsCalls> {
    const calls = new FsCalls()
    await watchPromised(calls.#numbers)
    watchWorkers(calls.#numbers)
    syncBuiltinESMExports()
    return calls
  }

  /** Counts from 0 again, and does as `plan` says from now on. */
  begin(plan: Plan | null): void {
    this.#numbers.fill(0)
    this.#numbers[WANTED] = plan ? CALLS.indexOf(plan.call) + 1 : 0
    this.#numbers[NTH] = plan?.nth ?? 0
    this.#numbers[FAULT] = plan ? FAULTS.indexOf(plan.fault) : 0
  }

  /** Lets every call do what it should. @returns Whether the plan came to its call. */
  end(): boolean {
    this.#numbers[WANTED] = 0
    return this.#numbers[FIRED] === 1
  }

  /** How often each call was made since {@link begin}, those that were. */
  counts(): Map<string, number> {
    const counts = CALLS.map((call, index) => [call, this.#numbers[COUNTS + index] ?? 0] as const)
    return new Map(counts.filter(([, count]) => count > 0))
  }
}

/** Counts a call. Returns what is to go wrong with it. */
function meet(numbers: Int32Array, call: string): Fault | null {
  const index = CALLS.indexOf(call)
  const count = Atomics.add(numbers, COUNTS + index, 1) + 1
  if (numbers[WANTED] !== index + 1 || numbers[NTH] !== count) return null
  numbers[FIRED] = 1
  return FAULTS[numbers[FAULT] ?? 0] ?? null
}

function systemError(code: string): Error {
  return Object.assign(new Error(code), { code })
}

function die(): void {
  process.kill(process.pid, 'SIGKILL')
}

/** Makes less of a call that reads or writes: half of the bytes. */
function shortened(call: string, args: unknown[]): unknown[] {
  const [target, bytes] = args as [unknown, Uint8Array]
  if (call === 'thread writeSync') {
    const offset = Number(args[2])
    return [target, bytes, offset, Math.ceil((bytes.byteLength - offset) / 2)]
  }
  const at = call === 'thread readSync' ? 3 : 2
  return args.map((arg, index) => (index === at ? Math.ceil(Number(arg) / 2) : arg))
}

async function watchPromised(numbers: Int32Array): Promise<void> {
  const handle = await fsPromises.open('/dev/null')
  await handle.close()
  const ofFiles = Object.getPrototypeOf(handle) as Callable
  const promised = fsPromises as unknown as Callable
  const watch = (target: Callable, name: string, call: string): void => {
    const real = target[name] as Call
    target[name] = async function (this: unknown, ...args: unknown[]) {
      const fault = meet(numbers, call)
      if (fault === null) {
        const result = await real.apply(this, args)
        if (name === 'open') watch(result as Callable, 'close', 'file.close') // each handle has its own
        return result
      }
      if (fault === 'short') return real.apply(this, shortened(call, args))
      if (fault === 'kill before') die()
      const isLate = fault === 'EIO when done' || fault === 'kill after'
      // What fails to close is closed.
      const done = isLate || name === 'close' ? await real.apply(this, args) : undefined
      if (fault === 'kill after') die()
      if (isLate && name === 'open') await (done as FileHandle).close()
      throw systemError(isLate ? 'EIO' : fault)
    }
  }
  for (const name of PROMISED) watch(promised, name, name)
  for (const name of OF_FILES) watch(ofFiles, name, `file.${name}`)
  const { opendir } = fsPromises
  promised['opendir'] = async (...args: unknown[]) => {
    const fail = (call: string): void => {
      const fault = meet(numbers, call)
      if (fault?.startsWith('kill') === true) die()
      if (fault !== null) throw systemError(fault.slice(0, 6).trim().split(' ')[0] ?? '')
    }
    fail('opendir')
    const folder = await (opendir as Call)(...args)
    return {
      async *[Symbol.asyncIterator]() {
        for await (const entry of folder as fs.Dir) {
          fail('opendir next')
          yield entry
        }
      },
    }
  }
}

/** Watches the calls of the thread for small files, in that thread. */
export function watchThread(numbers: Int32Array): void {
  const { default: calls } = fs as unknown as { default: Callable }
  for (const name of OF_THREAD) {
    const [real, call] = [calls[name] as Call, `thread ${name}`]
    calls[name] = (...args: unknown[]) => {
      const fault = meet(numbers, call)
      if (fault === null) return real(...args)
      if (fault === 'short') return real(...shortened(call, args))
      if (fault === 'kill before') die()
      const isLate = fault === 'EIO when done' || fault === 'kill after'
      const done = isLate || name === 'closeSync' ? real(...args) : undefined
      if (fault === 'kill after') die()
      if (isLate && name === 'openSync') fs.closeSync(done as number)
      throw systemError(isLate ? 'EIO' : fault)
    }
  }
  const { fsync } = fs
  calls['fsync'] = (descriptor: unknown, callback: unknown) => {
    const fault = meet(numbers, 'thread fsync')
    if (fault === 'kill before') die()
    fsync(descriptor as number, (error) => {
      if (fault === 'kill after') die()
      const failure = fault === null ? error : systemError(fault === 'EIO when done' ? 'EIO' : fault)
      ;(callback as fs.NoParamCallback)(failure)
    })
  }
  syncBuiltinESMExports()
}

/** Has the thread for small files begin with {@link watchThread}. */
function watchWorkers(numbers: Int32Array): void {
  const { Worker } = workers
  workers.Worker = class extends Worker {
    constructor(url: string | URL, options?: workers.WorkerOptions) {
      const isWatched = String(url).includes('small-files-worker')
      const watched = new URL('watched-thread.ts', import.meta.url)
      super(isWatched ? watched : url, { ...options, ...(isWatched && { workerData: { url: String(url), numbers } }) })
    }
  }
}
