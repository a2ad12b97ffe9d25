import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { SftError } from '../../src/errors.ts'
import { WORTH_KEEPING } from '../../src/fs/kept-parts.ts'
import type { Plan } from './fs-calls.ts'
import type { Scenario } from './fs-scenarios.ts'

const CHILD = fileURLToPath(new URL('kill-scenario-child.ts', import.meta.url))
/** Lets Node run all of src, the generated messages too. */
const TYPESCRIPT = ['--experimental-transform-types', '--no-warnings']

/** What came of a scenario whose process was killed at one call. */
export interface KillOutcome {
  /** Whether it came to that call; else `counts` says how often it came to each. */
  readonly killed: boolean
  readonly counts: ReadonlyMap<string, number>
  /** What the kill left behind: of several files, `between` is some of them. */
  readonly state: string
  /** Bytes of the file that the next attempt went on after. */
  readonly kept: number
  readonly violations: readonly string[]
}

/** Runs a scenario in a new folder in `base`, kills it at one call, and does it again. */
export async function killAt(scenario: Scenario, plan: Plan, base: string): Promise<KillOutcome> {
  const folder = mkdtempSync(join(base, 'kill-'))
  const violations: string[] = []
  try {
    await scenario.prepare(folder)
    const args = [...TYPESCRIPT, CHILD, scenario.name, folder, plan.call, String(plan.nth), plan.fault]
    const child = spawn(process.execPath, args, {
      env: { ...process.env, NODE_COMPILE_CACHE: join(base, 'compiled') }, // of which a start takes most of its time
      stdio: ['ignore', 'pipe', 'inherit'],
      timeout: 60_000,
    })
    const ended = new Promise<string | null>((resolve) => child.on('close', (_, signal) => resolve(signal)))
    const [told, signal] = [await text(child.stdout), await ended]
    const killed = signal === 'SIGKILL'
    const counts = new Map(killed ? [] : (JSON.parse(told) as [string, number][]))
    const state = scenario.state(folder)
    if (!['before', 'between', 'after'].includes(state)) violations.push(state)
    const target = join(folder, scenario.target ?? 'root')
    const there = largestPart(target)
    let kept = 0
    if (scenario.kept && state === 'before') {
      kept = (await scenario.kept(folder)).bytes
      if (there >= WORTH_KEEPING && kept < there)
        violations.push(`${there} bytes are there, and ${kept} are gone on after`)
    }
    const code = await scenario.run(folder).then(() => 'done', codeOf)
    const then = scenario.state(folder)
    // Some refuse to do what is done, and a file that is between two names takes none of them again.
    const mended = then === 'after' && (code === 'done' || state !== 'before')
    if (!mended && !(state === 'between' && then === 'between' && code === 'ERR_EXISTS'))
      violations.push(`${code}, ${then} when done again`)
    const left = parts(target)
    if (left.length > 0) violations.push(`left behind: ${left.join(', ')}`)
    return { killed, counts, state, kept, violations }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function codeOf(error: unknown): string {
  return error instanceof SftError ? error.code : String(error)
}

function parts(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.includes('.sft-part'))
}

/** Returns the bytes of the largest incomplete file. */
function largestPart(folder: string): number {
  const sizes = parts(folder).map((name) => (existsSync(join(folder, name)) ? statSync(join(folder, name)) : null))
  return Math.max(0, ...sizes.map((stats) => (stats?.isFile() === true ? stats.size : 0)))
}
