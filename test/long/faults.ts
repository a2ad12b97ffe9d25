/**
 * Has every single call to the file system of get, put, delete, rename, mkdir, digest and list fail in every way, on the
 * side of the share and on that of the client: shows that each time there is a success that is one, or an error that
 * says what it was, that the old file or the new one is there whole, and that the next attempt does it: `npm run faults`.
 *
 * Words pick the scenarios in whose names they are. All of them take about 3 minutes.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runWithFault } from '../support/fault-run.ts'
import { faultsOf, FsCalls } from '../support/fs-calls.ts'
import { SCENARIOS, type Scenario } from '../support/fs-scenarios.ts'

const words = process.argv.slice(2)
const chosen = SCENARIOS.filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)))
const base = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'sft-faults-'))
const calls = await FsCalls.watch()
const total = { combinations: 0, runs: 0, met: 0, done: 0, refused: 0, violations: 0 }
const kinds = new Set<string>()
let unhandled = 0
process.on('unhandledRejection', (error) => {
  unhandled += 1
  process.stdout.write(`  nobody waits for: ${error instanceof Error ? error.stack : String(error)}\n`)
})

async function tryAll(scenario: Scenario): Promise<void> {
  const clean = await runWithFault(scenario, calls, null, base)
  if (clean.code !== 'done' || clean.violations.length > 0)
    throw new Error(`${scenario.name}: ${[clean.code, ...clean.violations].join('; ')} without any fault`)
  calls.begin(null)
  const counts = await countsOf(scenario)
  const row = { met: 0, done: 0, violations: 0 }
  const codes = new Map<string, number>()
  let combinations = 0
  for (const [call, count] of counts) {
    for (const fault of faultsOf(call)) {
      combinations += 1
      kinds.add(`${call} ${fault}`)
      for (let nth = 1; nth <= count; nth += 1) {
        const { fired, code, violations } = await runWithFault(scenario, calls, { call, nth, fault }, base)
        total.runs += 1
        row.met += Number(fired)
        row.violations += violations.length
        if (code === 'done') row.done += 1
        else codes.set(code, (codes.get(code) ?? 0) + 1)
        for (const what of violations) process.stdout.write(`  ${scenario.name}, ${call} ${nth}, ${fault}: ${what}\n`)
      }
    }
  }
  const refused = [...codes.values()].reduce((sum, times) => sum + times, 0)
  total.combinations += combinations
  total.met += row.met
  total.done += row.done
  total.refused += refused
  total.violations += row.violations
  const numbers = [sum(counts.values()), combinations, row.met, row.done, refused, row.violations]
  const told = [...codes].map(([code, times]) => `${code} ${times}`).join(', ')
  process.stdout.write(
    `${scenario.name.padEnd(23)}${numbers.map((one) => String(one).padStart(9)).join('')}  ${told}\n`,
  )
}

async function countsOf(scenario: Scenario): Promise<Map<string, number>> {
  const folder = mkdtempSync(join(base, 'counted-'))
  await scenario.prepare(folder)
  calls.begin(null)
  await scenario.run(folder)
  return calls.counts()
}

function sum(numbers: Iterable<number>): number {
  return [...numbers].reduce((all, one) => all + one, 0)
}

const started = performance.now()
process.stdout.write(
  `every call of ${chosen.length} scenarios fails once in each of up to 8 ways; about ${Math.ceil(chosen.length / 5)} minutes\n` +
    `scenario                   calls  call x fault  met   done  refused  wrong  refusals\n`,
)
try {
  for (const { name, ...one } of SCENARIOS) {
    if (name.includes('small')) await runWithFault({ name, ...one }, calls, null, base) // starts the thread for these
  }
  for (const scenario of chosen) await tryAll(scenario)
} finally {
  rmSync(base, { recursive: true, force: true })
}
const seconds = ((performance.now() - started) / 1000).toFixed(0)
process.stdout.write(
  `${total.combinations} combinations of scenario, call and fault (${kinds.size} of call and fault), ${total.runs} runs, ` +
    `${total.met} met their call, ${seconds} s: ${total.done} done, ${total.refused} refused, ` +
    `${total.violations} violations, ${unhandled} errors nobody waited for\n`,
)
process.exit(total.violations + unhandled === 0 ? 0 : 1)
