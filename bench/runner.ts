/** One measured run: fresh processes at both ends, the clock around the whole command, and what each end cost. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import type { Command, Contender, Setup, Task } from './contender.ts'
import { pause, startProxy, type Proxy } from './far-end.ts'
import { checkReceived } from './payload.ts'
import { childrenOf, cpuSeconds, machineSeconds, residentBytes } from './processes.ts'

/** What one end cost. */
export interface Cost {
  /** Processor seconds, children included. */
  readonly cpu: number
  /** Most resident bytes at one moment, children included, looked at every 50 ms. */
  readonly memory: number
}

export interface Run {
  /** From the start of the command to its end. */
  readonly seconds: number
  /** False if it was stopped because it took too long: `seconds` is then what it took at least. */
  readonly finished: boolean
  readonly near: Cost
  readonly far: Cost
  /** The part of the machine that programs took which have nothing to do with the run, 0 to 1. */
  readonly others: number
}

/** A command that has been started, with a shell around it that stays, so that its costs can be read after its end. */
class Running {
  readonly end: 'near' | 'far'
  readonly #shell: ChildProcess
  readonly #argv: readonly string[]
  readonly done: Promise<void>
  #stderr = ''

  constructor({ end, argv, env }: Command) {
    this.end = end
    this.#argv = argv
    const script = '"$@" </dev/null 3>&-; echo $? >&3; read _'
    this.#shell = spawn('/bin/sh', ['-c', script, 'sh', ...argv], {
      env: { ...process.env, ...env },
      stdio: ['pipe', 'ignore', 'pipe', 'pipe'],
      detached: true, // a process group, to end it as one
    })
    this.#shell.stderr?.on('data', (text: Buffer) => (this.#stderr = (this.#stderr + text.toString()).slice(-1000)))
    this.done = new Promise((resolve, reject) => {
      this.#shell.stdio[3]?.once('data', (status: Buffer) => {
        if (Number(status.toString()) === 0) resolve()
        else reject(new Error(this.#stderr.trim() || `exit status ${status.toString().trim()}`))
      })
      this.#shell.once('exit', (_code, signal) => reject(new Error(`ended by ${signal}`)))
    })
  }

  get pid(): number {
    if (this.#shell.pid === undefined) throw new Error(`no process for ${this.#argv.join(' ')}`)
    return this.#shell.pid
  }

  stop(): void {
    if (this.#shell.exitCode !== null || this.#shell.signalCode !== null) return
    process.kill(-this.pid, 'SIGKILL')
  }
}

/** Resident memory of each end, looked at from time to time. */
class Watch {
  readonly peak = { near: 0, far: 0 }
  readonly #timer: NodeJS.Timeout
  readonly #pids: Readonly<Record<'near' | 'far', readonly number[]>>

  constructor(pids: Readonly<Record<'near' | 'far', readonly number[]>>) {
    this.#pids = pids
    this.#timer = setInterval(() => this.#look(), 50)
  }

  #look(): void {
    for (const end of ['near', 'far'] as const) {
      const now = this.#pids[end].reduce((sum, pid) => sum + residentBytes(pid), 0)
      this.peak[end] = Math.max(this.peak[end], now)
    }
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}

/**
 * Lets `contender` do `task` once and checks what it made.
 *
 * @param limit - Seconds after which the run is stopped.
 * @throws {Error} If the program fails, or made something else than it should.
 */
export async function measure(contender: Contender, task: Task, limit: number, folder: string): Promise<Run> {
  for (const into of task.into) {
    rmSync(into, { recursive: true, force: true })
    mkdirSync(into, { recursive: true })
  }
  execFileSync('sync') // what an earlier run left to write is not paid for by this one
  const setup = await contender.setUp(task)
  let proxy: Proxy | null = null
  try {
    if (task.delay > 0) proxy = await startProxy(setup.port, task.delay, folder)
    const run = await clock(setup, proxy, limit)
    if (run.finished && task.action !== 'ls') checkReceived(task)
    return run
  } finally {
    await proxy?.stop()
    await setup.stop()
    for (const into of task.into) rmSync(into, { recursive: true, force: true })
  }
}

/** Runs the commands of `setup` through `proxy`, if there is one, and adds up what they and the far end cost. */
async function clock(setup: Setup, proxy: Proxy | null, limit: number): Promise<Run> {
  if (setup.pid !== null) await settled(setup.pid)
  const standing = [setup.pid, proxy?.pid ?? null].filter((pid) => pid !== null)
  const before = new Map(standing.map((pid) => [pid, cpuSeconds(pid)]))
  const [machine, own] = [machineSeconds(), process.cpuUsage()]
  const running: Running[] = []
  const stopAll = (): void => running.forEach((one) => one.stop())
  process.prependOnceListener('exit', stopAll) // nothing must outlive a bench that is interrupted
  try {
    const started = performance.now()
    for (const command of setup.commands(proxy?.port ?? setup.port)) running.push(new Running(command))
    const pids = (end: 'near' | 'far'): number[] => running.filter((one) => one.end === end).map(({ pid }) => pid)
    const near = pids('near')
    const far = setup.pid === null ? pids('far') : [setup.pid]
    const watch = new Watch({ near, far })
    const finished = await inTime(running, limit).finally(() => watch.stop())
    const seconds = (performance.now() - started) / 1000
    if (!finished) return { seconds, finished, near: UNKNOWN, far: UNKNOWN, others: Number.NaN }
    if (setup.pid !== null) await settled(setup.pid)
    const used = (pids: readonly number[]): number =>
      pids.reduce((sum, pid) => sum + cpuSeconds(pid) - (before.get(pid) ?? 0), 0)
    const { user, system } = process.cpuUsage(own)
    const ours = used([...new Set([...near, ...far, ...standing])]) + (user + system) / 1e6
    return {
      seconds,
      finished,
      near: { cpu: used(near), memory: watch.peak.near },
      far: { cpu: used(far), memory: watch.peak.far },
      others: Math.max(0, machineSeconds() - machine - ours) / (seconds * availableParallelism()),
    }
  } finally {
    process.off('exit', stopAll)
    stopAll()
  }
}

/** What is said of commands that never ended. */
const UNKNOWN: Cost = { cpu: Number.NaN, memory: Number.NaN }

/** Waits until all have ended, but no longer than `limit` seconds; tells whether they have. */
async function inTime(running: readonly Running[], limit: number): Promise<boolean> {
  const late = Promise.withResolvers<boolean>()
  const timer = setTimeout(() => late.resolve(false), limit * 1000)
  const ended = Promise.all(running.map(async ({ done }) => done)).then(() => true)
  try {
    return await Promise.race([ended, late.promise])
  } finally {
    clearTimeout(timer)
    ended.catch(() => undefined) // of those that are stopped now
  }
}

/** Waits until the children of a server have ended, so that their costs have become its own. */
async function settled(pid: number): Promise<void> {
  for (let tries = 0; tries < 200 && childrenOf(pid).length > 0; tries += 1) await pause(10)
}
