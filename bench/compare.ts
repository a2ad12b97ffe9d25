/**
 * sft side by side with itself without native code (`sft-wasm`), scp, sftp, rsync over ssh and magic-wormhole on this
 * machine: `npm run bench`, or `npm run bench:quick`. docs/performance.md says what is measured and how to read it.
 *
 * `--only 'get-*,ls'` chooses cases, `--against 'scp*'` rivals. `--pairs N`, `--size MIB`, `--files N`, `--limit SECONDS`
 * and `--json FILE` set what their names say, `--dir` the disk, and `--sft` another checkout than this one.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, networkInterfaces, release, tmpdir } from 'node:os'
import { dirname, join, matchesGlob } from 'node:path'
import { parseArgs } from 'node:util'
import type { Contender, Task } from './contender.ts'
import { describe, makeFile, makeTree } from './payload.ts'
import { measure, type Run } from './runner.ts'
import { sft } from './sft.ts'
import { ssh } from './ssh.ts'
import { formatTable, summarize, type Row, type Summary } from './table.ts'
import { wormhole } from './wormhole.ts'

const MIB = 1024 * 1024
const CLIENTS = 20
const LONG = 60 // seconds: a rival that takes longer is not asked again

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    pairs: { type: 'string' },
    only: { type: 'string', default: '' },
    against: { type: 'string', default: '' },
    size: { type: 'string' },
    files: { type: 'string' },
    limit: { type: 'string' },
    json: { type: 'string', default: 'node_modules/.cache/sft-bench/compare.json' },
    dir: { type: 'string', default: tmpdir() },
    sft: { type: 'string', default: dirname(import.meta.dirname) },
  },
})
const { quick } = values
const pairs = Number(values.pairs ?? (quick ? 2 : 5))
const size = Number(values.size ?? (quick ? 256 : 1024)) * MIB
const files = Number(values.files ?? (quick ? 1000 : 10_000))
const limit = Number(values.limit ?? (quick ? 20 : 300))

// A network with 127.0.0.1 and nothing else, so that no program in here can reach anything beyond this machine.
const isolated = Object.keys(networkInterfaces()).every((name) => name === 'lo')
if (!isolated && spawnSync('unshare', ['--net', 'true']).status === 0) {
  const again = [process.execPath, import.meta.filename, ...process.argv.slice(2)]
  const { status } = spawnSync('unshare', ['--net', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh', ...again], {
    stdio: 'inherit',
  })
  process.exit(status ?? 1)
}

const folder = mkdtempSync(join(values.dir, 'sft-bench-'))
process.once('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 9 }))
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

/** A task with its name, and what to print of it. */
interface Case {
  readonly name: string
  readonly title: string
  readonly bytes: number
  readonly task: Task
}

const source = join(folder, 'source')
const trial = join(folder, 'trial')
const target = join(folder, 'target')

function cases(): Case[] {
  const list: Case[] = []
  const fileName = `1 file of ${size / MIB} MiB`
  const treeName = `${files} files of 4 KiB`
  for (const delay of [0, 25]) {
    const link = delay === 0 ? '' : `-${delay}ms`
    const where = delay === 0 ? 'loopback' : `a link of ${delay} ms each way`
    for (const payload of ['file', 'tree'] as const) {
      for (const action of ['get', 'put'] as const) {
        list.push({
          name: `${action}-${payload}${link}`,
          title: `${action} ${payload === 'file' ? fileName : treeName}, ${where}`,
          bytes: payload === 'file' ? size : 0,
          task: { action, payload, source: join(source, payload), into: [target], delay },
        })
      }
    }
    list.push({
      name: `ls${link}`,
      title: `list a folder, from a cold start, ${where}`,
      bytes: 0,
      task: { action: 'ls', payload: 'tree', source: join(source, 'tree'), into: [target], delay },
    })
  }
  const each = Math.floor(size / CLIENTS / MIB) * MIB
  list.push({
    name: `get-${CLIENTS}-clients`,
    title: `${CLIENTS} clients get 1 file of ${each / MIB} MiB at the same time, loopback`,
    bytes: each * CLIENTS,
    task: {
      action: 'get',
      payload: 'file',
      source: join(source, 'part'),
      into: Array.from({ length: CLIENTS }, (_, client) => join(target, String(client))),
      delay: 0,
    },
  })
  return list.filter(({ name }) => chosen(values.only, name))
}

function chosen(list: string, name: string): boolean {
  return list === '' || list.split(',').some((pattern) => matchesGlob(name, pattern))
}

function contenders(): Contender[] {
  const found: Contender[] = sft(values.sft, folder)
  for (const family of [ssh, wormhole]) {
    try {
      found.push(...[family(folder)].flat())
    } catch (error) {
      console.log(`left out: ${reason(error)}; sh bench/install-rivals.sh installs the rivals`)
    }
  }
  return found.filter(({ name }) => {
    if (name === 'magic-wormhole' && !isolated) {
      console.log(
        'left out: magic-wormhole, which would use the networks of this machine; run the bench as root to keep it off',
      )
      return false
    }
    return name === 'sft' || chosen(values.against, name)
  })
}

function reason(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n').at(-1) ?? ''
}

const tried = new Map<string, Promise<string>>()

/** Tells why `contender` cannot do `task`, '' if it can: lets it do the same with next to nothing, which also warms it up. */
async function objection(contender: Contender, { action, payload }: Task): Promise<string> {
  const small: Task = { action, payload, source: join(trial, payload), into: [target], delay: 0 }
  const key = `${contender.name} ${action} ${payload}`
  const result =
    tried.get(key) ?? measure(contender, small, 30, folder).then(({ finished }) => (finished ? '' : 'hangs'), reason)
  tried.set(key, result)
  return result
}

/** A contender in a case; `out` once it is not asked again. */
interface Taking {
  readonly contender: Contender
  readonly runs: (Run | undefined)[]
  note: string
  out: boolean
}

/** Runs all that can do the task, `pairs` rounds, each the other way round than the one before; nobody if sft cannot. */
async function compare(task: Task, all: readonly Contender[]): Promise<Row[]> {
  const taking: Taking[] = []
  for (const contender of all.filter((one) => one.does(task))) {
    const note = await objection(contender, task)
    taking.push({ contender, runs: [], note, out: note !== '' })
    if (note !== '' && taking.length === 1) break
  }
  const [first] = taking
  for (let round = 0; round < pairs; round += 1) {
    if (first?.out !== false) break
    for (const row of round % 2 === 0 ? taking : taking.toReversed()) {
      row.runs[round] = row.out ? undefined : await measureFor(row, task)
      if ((row.runs[round]?.seconds ?? 0) > LONG && row !== first) row.out = true
    }
  }
  return taking.map(({ contender: { name }, runs, note }) => ({ name, runs, note }))
}

async function measureFor(row: Taking, task: Task): Promise<Run | undefined> {
  try {
    const run = await measure(row.contender, task, limit, folder)
    process.stderr.write(`  ${row.contender.name} ${run.seconds.toFixed(1)} s\n`)
    if (!run.finished) row.out = true
    return run
  } catch (error) {
    row.note = reason(error)
    row.out = true
    return undefined
  }
}

function version(argv: readonly string[]): string {
  const [program = '', ...args] = argv
  const { error, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' })
  if (error) return `no ${program}`
  return (stdout || stderr).split('\n')[0] ?? ''
}

const about = {
  date: new Date().toISOString(),
  processor: `${availableParallelism()} x ${cpus()[0]?.model ?? 'unknown'}`,
  kernel: release(),
  node: process.versions.node,
  commit: execFileSync('git', ['describe', '--always', '--dirty'], { cwd: values.sft, encoding: 'utf8' }).trim(),
  versions: [
    ['ssh', '-V'],
    ['rsync', '--version'],
    ['wormhole', '--version'],
  ].map(version),
  load: loadavg()[0],
  options: { pairs, size, files, limit },
}
console.log(`${about.processor}, Node ${about.node}, sft ${about.commit}, load ${about.load?.toFixed(1)}`)
console.log(about.versions.join('; '))
console.log(
  '"times sft" above 1: slower than sft; "others": how busy other programs kept the machine meanwhile, at most',
)
console.log(
  `${pairs} rounds; all cases take ${quick ? 'about 8 minutes' : 'about an hour, most of it in the cases of 25 ms'}`,
)

const started = performance.now()
const chosenCases = cases()
const all = contenders()
mkdirSync(source)
mkdirSync(trial)
makeFile(join(source, 'file'), size)
makeFile(join(source, 'part'), Math.floor(size / CLIENTS / MIB) * MIB)
makeTree(join(source, 'tree'), files)
makeFile(join(trial, 'file'), 65_536)
makeTree(join(trial, 'tree'), 3)

const results: { name: string; title: string; bytes: number; rows: Row[]; summaries: Summary[] }[] = []
for (const { name, title, bytes, task } of chosenCases) {
  describe(task.source) // from now on it is in memory
  const rows = await compare(task, all)
  const summaries = summarize(rows)
  console.log(`\n${formatTable(`${name}: ${title}`, bytes, summaries)}`)
  results.push({ name, title, bytes, rows, summaries })
  mkdirSync(dirname(values.json), { recursive: true })
  writeFileSync(values.json, `${JSON.stringify({ ...about, results }, null, 2)}\n`)
}
console.log(`\n${((performance.now() - started) / 60_000).toFixed(1)} min; all figures: ${values.json}`)
