import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { setPriority, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { Figure } from './figures.ts'

/**
 * Attacks whatever reads what others wrote, for minutes: `npm run fuzz [PART...]`, where a part is one of those below.
 * `--inputs NUMBER` for the decoders (default 10,500,000), `--seed NUMBER` (default: another one each time).
 *
 * An input that makes a decoder break its word is kept in `test/long/regressions`, and `npm test` tries it from then on.
 */
const PARTS: Record<string, string> = {
  decoders: 'hostile bytes for every decoder (5 min)',
  sessions: 'sessions that are cut at every byte, and have every bit flipped (6 min)',
  orders: 'messages in random order, to either side (3 min)',
  names: '2,000 hostile names for every action of a share (3 min)',
  texts: '500 hostile texts for whatever prints (4 min)',
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { inputs: { type: 'string' }, seed: { type: 'string' } },
})
const unknown = positionals.filter((part) => !(part in PARTS))
if (unknown.length > 0)
  throw new Error(`there is no part ${unknown.join(', ')}; there are ${Object.keys(PARTS).join(', ')}`)
const parts = positionals.length > 0 ? positionals : Object.keys(PARTS)
const seed = values.seed ?? `${Date.now() % 2 ** 31}`

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'sft-fuzz-'))
const file = join(folder, 'figures')
const say = (line: string): void => void process.stdout.write(`${line}\n`)

setPriority(15)
say(`seed ${seed}; times are for two idle cores`)
for (const part of parts) say(`  ${part.padEnd(9)} ${PARTS[part] ?? ''}`)
const started = performance.now()
let failed = false
try {
  for (const part of parts) {
    const vitest = join(root, 'node_modules/vitest/vitest.mjs')
    const args = ['run', '--config', 'test/long/vitest.config.ts', '--reporter=dot', `test/long/${part}.long.ts`]
    const env = {
      ...process.env,
      SFT_FIGURES: file,
      SFT_FUZZ_SEED: seed,
      ...(values.inputs !== undefined && { SFT_FUZZ_INPUTS: values.inputs }),
    }
    const { status, stdout, stderr } = spawnSync(process.execPath, [vitest, ...args], {
      cwd: root,
      env,
      encoding: 'utf8',
    })
    if (status !== 0) process.stdout.write(`${stdout}${stderr}`)
    failed ||= status !== 0
  }
  const lines = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : []
  const figures = lines.map((line) => JSON.parse(line) as Figure)
  say('')
  for (const { what, count, unit, violations, note = '' } of figures) {
    const counted = `${count.toLocaleString('en')} ${unit}`
    say(`${what.padEnd(36)} ${counted.padStart(22)}  ${String(violations).padStart(3)} violations  ${note}`.trimEnd())
  }
  const inputs = figures.filter(({ what }) => what.startsWith('decoder: ')).reduce((sum, { count }) => sum + count, 0)
  if (inputs > 0) say(`${inputs.toLocaleString('en')} inputs for decoders in all`)
  failed ||= figures.length === 0 || figures.some(({ violations }) => violations > 0)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
say(`${((performance.now() - started) / 60_000).toFixed(1)} minutes: ${failed ? 'FAILED' : 'all held'}`)
process.exitCode = failed ? 1 : 0
