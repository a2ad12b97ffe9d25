import { expect, test } from 'vitest'
import { runWithFault } from '../support/fault-run.ts'
import { FsCalls } from '../support/fs-calls.ts'
import { SCENARIOS, type Scenario } from '../support/fs-scenarios.ts'
import { killAt } from '../support/kill-run.ts'
import { tempFolder } from '../support/tmp.ts'

const calls = await FsCalls.watch()

function scenarioOf(name: string): Scenario {
  const scenario = SCENARIOS.find((one) => one.name === name)
  if (!scenario) throw new Error(`no scenario is called ${name}`)
  return scenario
}

// All of them, with every other fault: npm run faults.
test.for(['put, small', 'put', 'list'])(
  'K05: %s, with any single call of it that fails, is done or refused with a typed error, and done the next time',
  { timeout: 60_000 },
  async (name) => {
    const [scenario, base] = [scenarioOf(name), tempFolder()]
    await runWithFault(scenarioOf('put, small'), calls, null, base) // starts the thread for these
    expect(await runWithFault(scenario, calls, null, base)).toMatchObject({ code: 'done', violations: [] })
    const violations: string[] = []
    let met = 0
    for (const [call, count] of calls.counts()) {
      for (let nth = 1; nth <= count; nth += 1) {
        const outcome = await runWithFault(scenario, calls, { call, nth, fault: 'EIO' }, base)
        met += Number(outcome.fired)
        violations.push(...outcome.violations.map((what) => `${call} ${nth}: ${what}`))
      }
    }
    expect(violations).toEqual([])
    expect(met).toBeGreaterThan(10)
  },
)

// Before and after every call: npm run kill:points.
test.for(['kill before', 'kill after'] as const)(
  'K01: a get, with a %s it takes its name, leaves what the next one makes whole',
  async (fault) => {
    const outcome = await killAt(scenarioOf('get, continued'), { call: 'link', nth: 1, fault }, tempFolder())
    expect(outcome).toMatchObject({ killed: true, state: fault === 'kill before' ? 'before' : 'after', violations: [] })
  },
)
