import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { setPriority, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { GUARDS, type Guard } from './list.ts'

/**
 * Removes one guard after the other from a copy of the code and runs the tests that have to fail then:
 * `npm run guards [WORD...]`, where a word picks the guards in whose file or text it is.
 */
const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** Without the build before the tests, which would fail in place of them. */
const CONFIG = `export default { test: { include: ['test/**/*.test.ts'], testTimeout: 30_000, hookTimeout: 30_000 } }\n`

type Outcome = 'caught' | 'survived' | 'broken'

/** What vitest says of a run. */
interface Report {
  readonly numFailedTests: number
  readonly numPassedTests: number
}

function copyOfTheCode(): string {
  const copy = mkdtempSync(join(tmpdir(), 'sft-guards-'))
  const files = execFileSync('git', ['ls-files', '-z'], { cwd: ROOT, encoding: 'utf8' }).split('\0')
  for (const file of files.filter((name) => /^(?:src|test|docs|bin)\/|^[\w.-]+\.json$/.test(name)))
    cpSync(join(ROOT, file), join(copy, file), { recursive: true })
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'))
  writeFileSync(join(copy, 'vitest.config.ts'), CONFIG)
  return copy
}

function tryWithout(copy: string, { file, text, without = '', tests, only }: Guard): Outcome {
  const path = join(copy, 'src', file)
  const code = readFileSync(path, 'utf8')
  if (code.split(text).length !== 2) throw new Error(`src/${file} does not hold exactly once: ${text}`)
  writeFileSync(
    path,
    code.replace(text, () => without),
  )
  try {
    const report = join(copy, 'report.json')
    rmSync(report, { force: true })
    const files = tests.map((test) => `test/${test}.test.ts`)
    const options = [
      '--bail=1',
      '--reporter=json',
      `--outputFile=${report}`,
      ...(only === undefined ? [] : ['-t', only]),
    ]
    const vitest = join(copy, 'node_modules', 'vitest', 'vitest.mjs')
    spawnSync(process.execPath, [vitest, 'run', ...files, ...options], { cwd: copy, stdio: 'ignore' })
    const { numFailedTests, numPassedTests } = JSON.parse(readFileSync(report, 'utf8')) as Report
    return numFailedTests > 0 ? 'caught' : numPassedTests > 0 ? 'survived' : 'broken'
  } catch {
    return 'broken' // no test ran, so that none can have missed it
  } finally {
    writeFileSync(path, code)
  }
}

function main(words: readonly string[]): void {
  setPriority(10)
  const chosen = GUARDS.filter(
    ({ file, text }) => words.length === 0 || words.some((word) => file.includes(word) || text.includes(word)),
  )
  const copy = copyOfTheCode()
  const outcomes: Outcome[] = []
  try {
    for (const guard of chosen) {
      const outcome = tryWithout(copy, guard)
      outcomes.push(outcome)
      process.stdout.write(`${outcome.padEnd(8)}  ${guard.file}: ${guard.text.trim().replaceAll('\n', ' ')}\n`)
    }
  } finally {
    rmSync(copy, { recursive: true, force: true })
  }
  const caught = outcomes.filter((outcome) => outcome === 'caught').length
  process.stdout.write(`${caught} of ${chosen.length} guards are missed when they are gone\n`)
  process.exitCode = caught === chosen.length ? 0 : 1
}

if (process.argv[1] !== undefined && dirname(process.argv[1]) === dirname(fileURLToPath(import.meta.url))) {
  main(process.argv.slice(2))
}
