import { spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { BIN, finish, sft, startShare, startShareForPeople, twoMachines, type Finished } from '../support/cli.ts'
import { hostileTexts } from '../support/hostile-texts.ts'
import { beMachine, printedBy, printings, rawIn } from '../support/printing.ts'
import { tempFolder } from '../support/tmp.ts'
import { report } from './figures.ts'

const TEXTS = hostileTexts(500)

/** Names that can be asked for: a share only counts those with a backslash. */
const NAMES = hostileTexts(1_500)
  .filter((text) => !text.includes('\\'))
  .slice(0, 500)

/** Command lines in a process of their own, for one text each; many texts are for those that take many. */
const SAMPLE = NAMES.filter((_text, index) => index % 50 === 0)

test('nothing that prints in a process of its own lets a text through raw', async () => {
  const folder = tempFolder()
  beMachine(folder)
  const faults: string[] = []
  const ways = printings(folder)
  for (const { what, print } of ways) {
    for (const text of TEXTS) {
      for (const json of [false, true]) {
        const fault = rawIn(await printedBy(async () => print(text, json)))
        if (fault !== null) faults.push(`${what}: ${fault}`)
      }
    }
  }
  const note = `${TEXTS.length} texts, ${ways.length} ways, for people and with --json`
  report({
    what: 'texts: ways to print',
    count: 2 * ways.length * TEXTS.length,
    unit: 'outputs',
    violations: faults.length,
    note,
  })
  expect(faults.slice(0, 20)).toEqual([])
})

test('no command lets the name of a file through raw, on either side', async () => {
  const { sharer, client, root, local } = twoMachines()
  const shared = join(root, 'sha\u001b[31m\u202ered')
  mkdirSync(join(shared, 'sub'), { recursive: true })
  for (const name of NAMES) for (const folder of ['', 'sub']) writeFileSync(join(shared, folder, name), name)
  const [people, programs] = await Promise.all([
    startShareForPeople(shared, ['-w', '--open'], sharer),
    startShare(shared, ['-w', '--open'], sharer),
  ])
  const printed: [string, Finished][] = []
  const run = async (...args: string[]): Promise<Finished> => {
    const result = await sft(args, { ...client, env: { COLUMNS: '80' } })
    printed.push([args.filter((arg) => !NAMES.includes(arg)).join(' '), result])
    return result
  }
  const one = people.address
  const other = programs.address
  const elsewhere = join(local, '..')

  expect((await run('ls', one, '-l')).stdout.split('\n')).toHaveLength(NAMES.length + 2)
  expect(await run('ls', one, '-r')).toMatchObject({ exit: 0 })
  expect(await run('ls', other, '-r', '--json')).toMatchObject({ exit: 0 })
  for (const text of SAMPLE) expect(await run('ls', one, text)).not.toMatchObject({ exit: 0 })
  expect(await run('get', one, ...NAMES, '--dry-run')).toMatchObject({ exit: 0 })
  expect(await run('get', one, ...NAMES)).toMatchObject({ exit: 0 })
  expect(await run('get', one, 'sub')).toMatchObject({ exit: 0 })
  for (const name of NAMES) writeFileSync(join(local, name), 'another one')
  expect(await run('get', one, ...NAMES)).toMatchObject({ exit: 8 })
  expect(await run('get', one, ...NAMES, '--on-conflict', 'skip')).toMatchObject({ exit: 0 })
  expect(await run('get', other, '--json', '-o', local, ...NAMES)).toMatchObject({ exit: 8 })
  expect(await run('hash', other, '--json', ...NAMES)).toMatchObject({ exit: 0 })
  expect(await run('put', one, ...NAMES)).toMatchObject({ exit: 8 })
  expect(await run('put', other, '--json', ...NAMES)).toMatchObject({ exit: 8 })
  expect(await run('mkdir', one, ...NAMES)).toMatchObject({ exit: 8 })
  expect(await run('rm', one, ...NAMES)).toMatchObject({ exit: 0 })
  expect(await run('rm', other, '--json', ...NAMES)).toMatchObject({ exit: 4 })
  expect(await run('put', one, ...NAMES)).toMatchObject({ exit: 0 })
  expect(await run('mkdir', one, ...NAMES.map((text) => `${text}-folder`))).toMatchObject({ exit: 0 })
  for (const text of SAMPLE) {
    await run('mv', one, text, `${text}-moved`)
    await run('mv', other, text, `${text}-gone`, '--json')
    await run('put', one, join(local, text), '-o', `${text}-nowhere/`)
    await run('get', one, `${text}-moved`, '-o', join(elsewhere, text, 'nowhere/'))
    await run('doctor', one, '--addr', text)
    printed.push(['pair -', await pairWith(text, client.home)])
  }

  const faults = printed.flatMap(([what, { stdout, stderr }]) =>
    [stdout, stderr].map(rawIn).flatMap((fault) => (fault === null ? [] : [`${what}: ${fault}`])),
  )
  for (const [what, share] of Object.entries({ people, programs })) {
    const { stdout, stderr } = share.printed()
    for (const fault of [stdout, stderr].map(rawIn)) if (fault !== null) faults.push(`share for ${what}: ${fault}`)
    expect(stdout.length + stderr.length).toBeGreaterThan(50_000)
  }
  const note = `${NAMES.length} names of files`
  report({ what: 'texts: commands', count: printed.length + 2, unit: 'processes', violations: faults.length, note })
  expect(faults).toEqual([])
})

/** Types a text where a code is asked for. */
async function pairWith(text: string, home: string): Promise<Finished> {
  const env = { ...process.env, SFT_HOME: home, SFT_NO_DISCOVERY: '1' }
  const child = spawn(process.execPath, [BIN, 'pair', '-', '--addr', '127.0.0.1:1'], { env })
  child.stdin.end(`ocean canyon ${text}\n`.repeat(3))
  return finish(child)
}
