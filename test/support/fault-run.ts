import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { SftError } from '../../src/errors.ts'
import type { FsCalls, Plan } from './fs-calls.ts'
import type { Scenario } from './fs-scenarios.ts'

/** Longest that anything here may take, in milliseconds. */
const PATIENCE = 20_000

/** What came of a scenario in which one call failed. */
export interface FaultOutcome {
  /** Whether it came to that call. */
  readonly fired: boolean
  /** The code of the error, or `done`. */
  readonly code: string
  /** What may not be: a false success, an error without a code, bytes that are wrong, a descriptor that stays open. */
  readonly violations: readonly string[]
}

/** What entries that cannot be looked at are for a listing: gone, or a folder that shows nothing. */
const LEFT_OUT = new Set(['ENOENT', 'EACCES', 'EROFS'])

/** Runs a scenario in a new folder in `base` with one call that fails, and once more without. */
export async function runWithFault(
  scenario: Scenario,
  calls: FsCalls,
  plan: Plan | null,
  base: string,
): Promise<FaultOutcome> {
  const folder = mkdtempSync(join(base, 'run-'))
  const violations: string[] = []
  try {
    await scenario.prepare(folder)
    const before = openDescriptors()
    calls.begin(plan)
    const ended = await codeOf(scenario.run(folder))
    const mayLeaveOut = plan !== null && LEFT_OUT.has(plan.fault) && ended.includes('a listing of')
    const code = mayLeaveOut ? 'done' : ended
    const fired = calls.end()
    const state = scenario.state(folder)
    if (code === 'done' && state !== 'after') violations.push(`false success: ${state}`)
    else if (!['before', 'between', 'after'].includes(state)) violations.push(`${state} after ${code}`)
    if (code !== 'done' && !code.startsWith('ERR_')) violations.push(code)
    if (await staysAbove(before)) violations.push(`${openDescriptors() - before} descriptors stay open`)
    if (state === 'before') {
      const again = await codeOf(scenario.run(folder))
      if (again !== 'done' || scenario.state(folder) !== 'after') violations.push(`${again} when done again`)
    }
    return { fired, code, violations }
  } finally {
    calls.end()
    rmSync(folder, { recursive: true })
  }
}

async function codeOf(work: Promise<void>): Promise<string> {
  const late = Promise.withResolvers<string>()
  const timer = setTimeout(() => late.resolve(`no answer within ${PATIENCE / 1000} s`), PATIENCE)
  const ended = work.then(
    () => 'done',
    (error: unknown) => (error instanceof SftError ? error.code : `no typed error: ${String(error)}`),
  )
  try {
    return await Promise.race([ended, late.promise])
  } finally {
    clearTimeout(timer)
  }
}

function openDescriptors(): number {
  return readdirSync('/dev/fd').length
}

/** Tells whether more descriptors than `before` stay open, also after a moment. */
async function staysAbove(before: number): Promise<boolean> {
  for (let wait = 1; wait < 200; wait *= 2) {
    if (openDescriptors() <= before) return false
    await new Promise((resolve) => setTimeout(resolve, wait))
  }
  return true
}
