/**
 * Kills the process before and after every single call to the file system of get, put, delete, rename and mkdir: shows
 * that the old file or the new one is there whole each time, that what was worth keeping is gone on after, that the next
 * attempt does it and that nothing is left behind: `npm run kill:points`.
 *
 * Words pick the scenarios in whose names they are. All of them take about 12 minutes.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SCENARIOS, type Scenario } from '../support/fs-scenarios.ts'
import type { Plan } from '../support/fs-calls.ts'
import { killAt, type KillOutcome } from '../support/kill-run.ts'

const words = process.argv.slice(2)
const chosen = SCENARIOS.filter(
  ({ name }) => !['digest', 'list'].includes(name) && (words.length === 0 || words.some((word) => name.includes(word))),
)
/** Processes at a time. */
const AT_ONCE = 3
const base = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'sft-kill-'))
const total = { kills: 0, violations: 0 }

async function killEverywhere(scenario: Scenario): Promise<void> {
  const clean = await killAt(scenario, { call: 'none', nth: 1, fault: 'kill before' }, base)
  if (clean.killed || clean.violations.length > 0)
    throw new Error(`${scenario.name}: ${clean.violations.join('; ')} without any kill`)
  const plans: Plan[] = [...clean.counts].flatMap(([call, count]) =>
    Array.from({ length: count }, (_, index) => index + 1).flatMap((nth) =>
      (['kill before', 'kill after'] as const).map((fault) => ({ call, nth, fault })),
    ),
  )
  const outcomes: KillOutcome[] = []
  const waiting = plans.values()
  const worker = async (): Promise<void> => {
    for (const plan of waiting) {
      const outcome = await killAt(scenario, plan, base)
      outcomes.push(outcome)
      for (const what of outcome.violations)
        process.stdout.write(`  ${scenario.name}, ${plan.fault} ${plan.call} ${plan.nth}: ${what}\n`)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  const killed = outcomes.filter((one) => one.killed)
  const violations = outcomes.reduce((sum, one) => sum + one.violations.length, 0)
  total.kills += killed.length
  total.violations += violations
  const numbers = [
    plans.length / 2,
    killed.length,
    ...['before', 'between', 'after'].map((state) => killed.filter((one) => one.state === state).length),
    killed.filter(({ kept }) => kept > 0).length,
    violations,
  ]
  process.stdout.write(
    `${scenario.name.padEnd(23)}${numbers.map((one) => String(one).padStart(8)).join('')}` +
      `  ${Math.max(0, ...killed.map(({ kept }) => kept))}\n`,
  )
}

const started = performance.now()
process.stdout.write(
  `a kill before and after every call of ${chosen.length} scenarios; about ${Math.ceil(chosen.length * 0.85)} minutes\n` +
    'scenario                  calls   kills  before between   after  gone on   wrong  most bytes kept\n',
)
try {
  for (const scenario of chosen) await killEverywhere(scenario)
} finally {
  rmSync(base, { recursive: true, force: true })
}
const minutes = ((performance.now() - started) / 60_000).toFixed(1)
process.stdout.write(`${total.kills} kills, ${minutes} minutes: ${total.violations} violations\n`)
process.exit(total.violations === 0 ? 0 : 1)
