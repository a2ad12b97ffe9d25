/**
 * Uses one share for a long time in every way there is, and looks whether it grows: `npm run soak`.
 *
 * `--minutes NUMBER` (default 60), `--core PERCENT` of one core that all of it may take on average (default 20),
 * `--folder PATH` for the work (default: a temporary one; it takes up to 1 GB).
 */
import { fork, type ChildProcess } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { bundle } from './bundle.ts'
import { pause, Standing } from './far-end.ts'
import type { Probed } from './probe.ts'
import { cpuSeconds } from './processes.ts'
import { copyOfBuild } from './sft.ts'
import type { Answer, Call, SessionCalls } from './soak-session.ts'
import type * as hostile from './soak-hostile.ts'
import { Worker, type Work } from './soak-work.ts'
import { columns } from './watched.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' },
    core: { type: 'string', default: '20' },
    folder: { type: 'string', default: tmpdir() },
  },
})
const [minutes, core] = [Number(values.minutes), Number(values.core) / 100]

const PROBE = join(import.meta.dirname, 'probe.ts')
const MIB = 1024 ** 2
const SAMPLE_EACH = 10_000
const SAY_EACH = 5 * 60_000
/** How long nothing is done before descriptors are compared: longer than the share keeps who says nothing. */
const QUIET = 12_000
/** Most that memory of its own may grow, in KiB an hour, where it was watched for an hour at least. */
const MOST_GROWTH = 16 * 1024
/** As many kinds of work at a time. */
const AT_ONCE = 3

/** What a process had at one moment. */
interface Sample {
  /** Minutes since the start. */
  readonly at: number
  readonly residentKib: number
  /** What of that belongs to the process alone; the rest is pages of program files, which come and go with the cache. */
  readonly ownKib: number
  readonly descriptors: number
  readonly threads: number
  readonly heapKib: number
  /** Buffers outside the heap of JavaScript. */
  readonly buffersKib: number
}

class Watched {
  readonly samples: Sample[] = []
  readonly name: string
  readonly pid: number
  readonly #probe: string

  constructor(name: string, pid: number, probe: string) {
    this.name = name
    this.pid = pid
    this.#probe = probe
  }

  look(): Sample {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8')
    const field = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1])
    const { heap, buffers } = this.#probed()
    const sample = {
      at: (performance.now() - started) / 60_000,
      residentKib: field('VmRSS'),
      ownKib: field('RssAnon'),
      descriptors: readdirSync(`/proc/${this.pid}/fd`).length,
      threads: field('Threads'),
      heapKib: Math.round(heap / 1024),
      buffersKib: Math.round(buffers / 1024),
    }
    this.samples.push(sample)
    return sample
  }

  /** Growth of its own memory over the last two thirds, by least squares, in KiB an hour. */
  get slope(): number {
    const late = this.samples.slice(Math.floor(this.samples.length / 3))
    const mean = (of: (sample: Sample) => number): number => late.reduce((sum, each) => sum + of(each), 0) / late.length
    const [at, own] = [mean((sample) => sample.at), mean((sample) => sample.ownKib)]
    const above = late.reduce((sum, each) => sum + (each.at - at) * (each.ownKib - own), 0)
    return (above / late.reduce((sum, each) => sum + (each.at - at) ** 2, 0)) * 60
  }

  #probed(): Pick<Probed, 'heap' | 'buffers'> {
    try {
      return JSON.parse(readFileSync(this.#probe, 'utf8')) as Probed
    } catch {
      return { heap: Number.NaN, buffers: Number.NaN } // it has not been written yet, or is being written
    }
  }
}

/** Starts the program that keeps a session. */
async function startSession(address: string): Promise<{ child: ChildProcess; calls: SessionCalls }> {
  const child = fork(join(import.meta.dirname, 'soak-session.ts'), [address, join(base, 'sft', 'dist', 'index.js')], {
    execArgv: ['--import', PROBE],
    env: { ...process.env, SFT_HOME: join(base, 'home-session'), SFT_PROBE: join(base, 'session.json') },
  })
  const open = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>()
  const ready = Promise.withResolvers<unknown>()
  open.set(0, ready)
  child.on('message', ({ id, value, error }: Answer) => {
    if (error === undefined) open.get(id)?.resolve(value)
    else open.get(id)?.reject(new Error(error))
    open.delete(id)
  })
  child.on('exit', () => {
    for (const { reject } of open.values()) reject(new Error('the program that keeps the session ended'))
  })
  let last = 0
  const call = async (name: keyof SessionCalls, args: readonly unknown[]): Promise<unknown> => {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    open.set((last += 1), { resolve, reject })
    child.send({ id: last, name, args } satisfies Call)
    return promise
  }
  const calls = new Proxy({} as SessionCalls, {
    get:
      (_, name) =>
      async (...args: unknown[]) =>
        call(name as keyof SessionCalls, args),
  })
  await ready.promise
  return { child, calls }
}

/** Processor seconds that everything here took so far. */
function cost(): number {
  return [process.pid, ...watched.map(({ pid }) => pid)].reduce((sum, pid) => sum + cpuSeconds(pid), 0)
}

/** Does each kind of work as often as it says, in any order, several at a time. */
async function round(isOver: () => boolean): Promise<void> {
  const bag = Object.entries(worker.kinds).flatMap(([kind, [times, work]]) =>
    Array.from({ length: times }, (): [string, Work] => [kind, work]),
  )
  const one = async (): Promise<void> => {
    while (bag.length > 0 && !isOver()) {
      const [next] = bag.splice(randomInt(bag.length), 1)
      if (next) await perform(...next)
      // Beside other work on the machine: what was spent too fast is waited for.
      while (!isOver() && cost() - costBefore > (core * (performance.now() - started)) / 1_000) await pause(250)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, one))
}

async function perform(kind: string, work: Work): Promise<void> {
  try {
    await work()
    done.set(kind, (done.get(kind) ?? 0) + 1)
  } catch (error) {
    failures.push(`${kind}: ${error instanceof Error ? error.message : String(error)}`)
    console.log(`WRONG: ${failures.at(-1)}`)
  }
}

/** Waits until nothing is under way, and says what each process has then. */
async function quiet(): Promise<Sample[]> {
  await pause(QUIET)
  return watched.map((each) => each.look())
}

/** Says in one line what each process has now. */
function say(): void {
  const each = watched.map(({ name, samples }) => {
    const { residentKib, ownKib, heapKib, buffersKib, descriptors, threads } = samples.at(-1) as Sample
    const [resident, own, heap, buffers] = [residentKib, ownKib, heapKib, buffersKib].map((kib) =>
      (kib / 1024).toFixed(1),
    )
    return `${name} ${resident} MiB, its own ${own} MiB, heap ${heap} MiB, buffers ${buffers} MiB, ${descriptors} descriptors, ${threads} threads`
  })
  const operations = [...done.values()].reduce((sum, count) => sum + count, 0)
  const seconds = (performance.now() - started) / 1_000
  const share = (((cost() - costBefore) / seconds) * 100).toFixed(0)
  console.log(
    `${(seconds / 60).toFixed(0).padStart(4)} min: ${each.join('; ')}; ${operations} done, ${failures.length} wrong, ${share} % of a core`,
  )
}

const base = mkdtempSync(join(values.folder, 'sft-soak-'))
const root = join(base, 'share')
mkdirSync(root)
console.log(`uses one share for ${minutes} minutes in every way, with at most ${values.core} % of one core on average`)
const program = copyOfBuild('.', base)
const started = performance.now()
const done = new Map<string, number>()
const failures: string[] = []
const [node, ...script] = program
const listen = ['--listen', '/ip4/127.0.0.1/tcp/0', '--no-discovery', '--json']
const share = new Standing(
  [node, '--import', PROBE, ...script, 'share', root, '--open', '--write', ...listen],
  join(base, 'share.log'),
  { SFT_HOME: join(base, 'home-share'), SFT_PROBE: join(base, 'share.json') },
)
const address = await share.until((said) => /"(\/ip4\/127[^"]+)"/.exec(said)?.[1])
const session = await startSession(address)
const watched = [
  new Watched('share', share.pid, join(base, 'share.json')),
  new Watched('session', session.child.pid ?? 0, join(base, 'session.json')),
]
const strangers = (await import(await bundle('bench/soak-hostile.ts'))) as typeof hostile
const worker = new Worker({ program, base, root, address, session: session.calls, strangers })
const costBefore = cost()
try {
  const end = started + minutes * 60_000
  const isOver = (): boolean => performance.now() > end
  await round(isOver) // until everything was used once, descriptors and memory grow
  const first = await quiet()
  const sampling = setInterval(() => {
    for (const each of watched) each.look()
  }, SAMPLE_EACH)
  const saying = setInterval(say, SAY_EACH)
  while (!isOver()) await round(isOver)
  clearInterval(sampling)
  clearInterval(saying)
  const last = await quiet()
  say()

  console.log(
    columns([
      ['done', 'times'],
      ...[...done].toSorted(([a], [b]) => a.localeCompare(b)).map(([kind, times]) => [kind, String(times)]),
    ]),
  )
  const rows = watched.map(({ name, samples, slope }, index) => [
    name,
    slope.toFixed(0),
    ...[first[index], samples[Math.floor(samples.length / 2)], last[index]].map((sample) => `${sample?.ownKib}`),
    `${Math.max(...samples.map(({ ownKib }) => ownKib))}`,
    `${Math.max(...samples.map(({ residentKib }) => residentKib))}`,
    `${first[index]?.descriptors}`,
    `${last[index]?.descriptors}`,
    `${last[index]?.threads}`,
    `${samples.length}`,
  ])
  const heads = [
    '',
    'KiB/h',
    'first KiB',
    'middle KiB',
    'last KiB',
    'most KiB',
    'most with files',
    'first fds',
    'last fds',
    'threads',
    'samples',
  ]
  console.log(columns([heads, ...rows]))
  for (const [index, { name, slope }] of watched.entries()) {
    if ((last[index]?.descriptors ?? 0) > (first[index]?.descriptors ?? 0)) failures.push(`${name}: more descriptors`)
    if (minutes >= 60 && slope > MOST_GROWTH) failures.push(`${name}: grows by ${slope.toFixed(0)} KiB an hour`)
  }
  const parts = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => name.includes('.sft-part'))
  console.log(
    `${(worker.verified / MIB).toFixed(0)} MiB verified, ${worker.met} clients killed or given up in the middle, ` +
      `${parts.length} names of incomplete files left in the share, ${failures.length} failures that were not expected`,
  )
  for (const failure of failures) console.log(`  ${failure}`)
} finally {
  session.child.disconnect()
  await share.stop()
  rmSync(base, { recursive: true, force: true })
}
process.exitCode = failures.length === 0 ? 0 : 1
