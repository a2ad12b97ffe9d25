/** sft as real processes, whose resident memory is looked at each second. */
import { spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Standing } from './far-end.ts'

const KIB_PER_MIB = 1024

/** Resident memory of a process from when it is made until it ends or {@link stop} is called, in MiB. */
export class MemoryWatch {
  readonly samples: number[] = []
  #peak = 0
  readonly #pid: number
  readonly #timer: NodeJS.Timeout

  constructor(pid: number) {
    this.#pid = pid
    this.#look()
    this.#timer = setInterval(() => this.#look(), 1_000)
  }

  /** The most it had at any moment of its life, as the kernel counts it. */
  get peak(): number {
    return this.#peak
  }

  /** What it had in the beginning, about in the middle, and in the end. */
  get course(): { begin: number; middle: number; end: number } {
    const { samples } = this
    const [begin = 0, middle = 0, end = 0] = [samples[0], samples[Math.floor(samples.length / 2)], samples.at(-1)]
    return { begin, middle, end }
  }

  /** The whole course in a line of at most 40 figures. */
  get line(): string {
    const step = Math.ceil(this.samples.length / 40)
    const some = this.samples.filter((_, index) => index % step === 0)
    return `each ${step === 1 ? 'second' : `${step} s`}: ${some.join(' ')}`
  }

  stop(): void {
    this.#look()
    clearInterval(this.#timer)
  }

  #look(): void {
    let status
    try {
      status = readFileSync(`/proc/${this.#pid}/status`, 'utf8')
    } catch {
      return // it has ended
    }
    const mib = (name: string): number =>
      Math.round(Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0) / KIB_PER_MIB)
    if (mib('VmRSS') === 0) return // a zombie
    this.samples.push(mib('VmRSS'))
    this.#peak = Math.max(this.#peak, mib('VmHWM'))
  }
}

/** A share that any peer may use, on loopback. */
export interface RunningShare {
  readonly address: string
  readonly pid: number
  readonly stop: () => Promise<void>
}

/** Starts `sft share` and waits until it serves. */
export async function startShare(
  program: readonly string[],
  root: string,
  folder: string,
  flags: readonly string[] = [],
): Promise<RunningShare> {
  const listen = ['--listen', '/ip4/127.0.0.1/tcp/0', '--no-discovery', '--json']
  const standing = new Standing([...program, 'share', root, '--open', ...flags, ...listen], join(folder, 'share.log'), {
    SFT_HOME: join(folder, 'share-home'),
  })
  const address = await standing.until((said) => /"(\/ip4\/127[^"]+)"/.exec(said)?.[1])
  return { address, pid: standing.pid, stop: async () => standing.stop() }
}

/** A command that ended. */
export interface Ended {
  readonly exit: number | null
  readonly seconds: number
  readonly memory: MemoryWatch
  /** The objects it printed, but for its progress. */
  readonly said: Record<string, unknown>[]
  readonly stderr: string
}

/** Runs a client command with `--json` to its end. Its output goes through files, which cost it no reader. */
export async function runClient(
  [node, ...program]: [string, ...string[]],
  args: readonly string[],
  folder: string,
  name: string,
): Promise<Ended> {
  const [out, err] = [join(folder, `${name}.out`), join(folder, `${name}.err`)]
  const [stdout, stderr] = [openSync(out, 'w'), openSync(err, 'w')]
  const started = performance.now()
  const child = spawn(node, [...program, ...args, '--json'], {
    env: { ...process.env, SFT_HOME: join(folder, `home-${name}`), SFT_NO_DISCOVERY: '1' },
    stdio: ['ignore', stdout, stderr],
  })
  for (const descriptor of [stdout, stderr]) closeSync(descriptor)
  const kill = (): void => void child.kill('SIGKILL')
  process.setMaxListeners(0) // one for each that runs
  process.on('exit', kill)
  const memory = new MemoryWatch(child.pid ?? 0)
  const exit = await new Promise<number | null>((resolve, reject) => {
    child.on('exit', resolve)
    child.on('error', reject)
  })
  memory.stop()
  process.off('exit', kill)
  const seconds = (performance.now() - started) / 1000
  const said = readFileSync(out, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('{"type":"progress"'))
    .map((line) => JSON.parse(line) as Record<string, unknown>)
  return { exit, seconds, memory, said, stderr: readFileSync(err, 'utf8') }
}

/** Lines up the cells of a table, the first column to the left and the others to the right. */
export function columns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows
    .map((row) =>
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join('  '),
    )
    .join('\n')
}
