/**
 * Gets and puts of small trees over ways that break, stall, alter bytes or are slow: shows that each ends with the right
 * files or with a typed error, never with a wrong file, and that the next attempt over a good way mends it:
 * `npm run net-faults`.
 *
 * `--runs NUMBER` (default 504), `--seed NUMBER` of what is random (default: the time). With the defaults it takes about
 * 7 minutes.
 */
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { connect, share, SftError } from '../../src/index.ts'
import { RIGHTS } from '../../src/wire/rights.ts'
import { faultyWay, TROUBLES, type Trouble } from '../support/faulty-way.ts'

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '504' }, seed: { type: 'string', default: String(Date.now() % 1e9) } },
})
const [runs, seed] = [Number(values.runs), Number(values.seed)]

/** Runs at a time, and how long each of them may take, in milliseconds. */
const [AT_ONCE, PATIENCE] = [16, 120_000]

/** Of the one who waits: short, so that many a silence can be waited for. */
const DEADLINES = { handshake: 10_000, record: 5_000, stall: 8_000 }

/** Bytes of the larger file of a tree, and about how many go across in all. */
const SIZES: Record<Trouble, readonly [size: number, reach: number]> = {
  reset: [400_000, 420_000],
  stall: [400_000, 420_000],
  corrupt: [400_000, 420_000],
  'byte by byte': [100_000, 0],
  '1 kB/s': [3_000, 0],
  storm: [400_000, 0],
}

/** Returns numbers from 0 to 1 that are the same for the same seed. */
function randomOf(state: number): () => number {
  let word = state >>> 0
  return () => {
    word = (word + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(word ^ (word >>> 15), word | 1)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

interface Run {
  readonly trouble: Trouble
  readonly code: string
  readonly troubles: number
  readonly violations: readonly string[]
}

const base = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'sft-net-faults-'))
const [root, local, home] = ['root', 'local', 'home'].map((name) => join(base, name)) as [string, string, string]
for (const folder of [root, local]) mkdirSync(folder)
const shared = await share(root, {
  peers: 'any',
  rights: RIGHTS,
  home: join(base, 'sharer'),
  listen: ['/ip4/127.0.0.1/tcp/0'],
  deadlines: DEADLINES,
})
const address = shared.addresses[0] ?? ''

/** Takes the tree across. @returns `done`, or the code of what went wrong. */
async function transfer(by: string, direction: 'get' | 'put', tree: string): Promise<string> {
  try {
    const remote = await connect(by, { home, deadlines: DEADLINES })
    try {
      const options = { patience: 15_000 }
      const summary = await (direction === 'get'
        ? remote.getAll([tree], local, options)
        : remote.putAll([join(local, tree)], '.', options))
      if (summary.error === null && summary.failed === 0) return 'done'
      return summary.error?.code ?? 'a failure without an error'
    } finally {
      await remote.close()
    }
  } catch (error) {
    return error instanceof SftError ? error.code : `no typed error: ${String(error)}`
  }
}

async function inTime(work: Promise<string>): Promise<string> {
  const late = Promise.withResolvers<string>()
  const timer = setTimeout(() => late.resolve(`no answer within ${PATIENCE / 1000} s`), PATIENCE)
  try {
    return await Promise.race([work, late.promise])
  } finally {
    clearTimeout(timer)
  }
}

/** Returns the files of `from` that are not in `to`, and those that are another way there. */
function compare(from: string, to: string): { missing: string[]; wrong: string[] } {
  const names = existsSync(to) ? readdirSync(to, { recursive: true, encoding: 'utf8' }) : []
  const inFrom = readdirSync(from, { recursive: true, encoding: 'utf8' })
  return {
    missing: inFrom.filter((name) => !names.includes(name)),
    wrong: names.filter((name) => {
      if (!inFrom.includes(name)) return true
      return statSync(join(to, name)).isFile() && !readFileSync(join(to, name)).equals(readFileSync(join(from, name)))
    }),
  }
}

async function run(index: number): Promise<Run> {
  const trouble = TROUBLES[index % TROUBLES.length] ?? 'reset'
  const direction = Math.floor(index / TROUBLES.length) % 2 ? 'put' : 'get'
  const tree = `tree ${index}`
  const [from, to] = direction === 'get' ? [join(root, tree), join(local, tree)] : [join(local, tree), join(root, tree)]
  const [size, reach] = SIZES[trouble]
  mkdirSync(join(from, 'inner'), { recursive: true })
  writeFileSync(join(from, 'large'), randomBytes(size))
  for (const name of ['one', 'inner/two']) writeFileSync(join(from, name), randomBytes(500))
  const way = await faultyWay(address, trouble, randomOf(seed + index), reach)
  const violations: string[] = []
  const code = await inTime(transfer(way.address, direction, tree))
  if (code !== 'done' && !code.startsWith('ERR_')) violations.push(code)
  const { missing, wrong } = compare(from, to)
  if (code === 'done' && missing.length > 0) violations.push(`false success: ${missing.join(', ')}`)
  if (wrong.length > 0) violations.push(`wrong after ${code}: ${wrong.join(', ')}`)
  way.close()
  if (code !== 'done') {
    const again = await inTime(transfer(address, direction, tree))
    const then = compare(from, to)
    if (again !== 'done' || then.missing.length + then.wrong.length > 0) violations.push(`${again} when done again`)
  }
  for (const folder of [from, to]) rmSync(folder, { recursive: true, force: true })
  for (const what of violations) process.stdout.write(`  ${index}, ${trouble}, ${direction}: ${what}\n`)
  return { trouble, code, troubles: way.troubles(), violations }
}

let unhandled = 0
process.on('unhandledRejection', (error) => {
  unhandled += 1
  process.stdout.write(`  nobody waits for: ${error instanceof Error ? error.stack : String(error)}\n`)
})
process.stdout.write(`${runs} runs of 6 kinds, seed ${seed}; about ${Math.ceil(runs / 72)} minutes\n`)
const started = performance.now()
const done: Run[] = []
try {
  const indices = Array.from({ length: runs }, (_, index) => index).values()
  const worker = async (): Promise<void> => {
    for (const index of indices) done.push(await run(index))
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
} finally {
  await shared.close()
  rmSync(base, { recursive: true, force: true })
}
process.stdout.write('trouble         runs  troubles  right files  typed errors  violations\n')
for (const trouble of TROUBLES) {
  const of = done.filter((one) => one.trouble === trouble)
  const codes = new Map<string, number>()
  for (const { code } of of) if (code !== 'done') codes.set(code, (codes.get(code) ?? 0) + 1)
  const numbers = [
    of.length,
    of.reduce((sum, { troubles }) => sum + troubles, 0),
    of.filter(({ code }) => code === 'done').length,
    of.filter(({ code }) => code.startsWith('ERR_')).length,
    of.reduce((sum, { violations }) => sum + violations.length, 0),
  ]
  const told = [...codes].map(([code, times]) => `${code} ${times}`).join(', ')
  process.stdout.write(`${trouble.padEnd(14)}${numbers.map((one) => String(one).padStart(8)).join('   ')}  ${told}\n`)
}
const violations = done.reduce((sum, one) => sum + one.violations.length, 0)
const seconds = ((performance.now() - started) / 1000).toFixed(0)
process.stdout.write(
  `${done.length} runs, ${seconds} s: ${violations} violations, ${unhandled} errors nobody waited for\n`,
)
process.exit(violations + unhandled === 0 && done.length === runs ? 0 : 1)
