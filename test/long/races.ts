/**
 * Six actions of a share while another process flips a folder on their way with a link to a folder outside, again and
 * again: shows that nothing outside is read, told of or changed: `npm run races`.
 *
 * `--rounds NUMBER` of each race (default 200,000), `--folder PATH` for the work (default: in memory where there is
 * /dev/shm). With the defaults it takes about 15 minutes.
 */
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { SftError } from '../../src/errors.ts'
import { SharedFolder } from '../../src/fs/shared-folder.ts'
import { parseRemotePath } from '../../src/wire/path.ts'
import { startFlipping } from '../support/flipping.ts'
import { snapshot } from '../support/snapshot.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '200000' },
    folder: { type: 'string', default: existsSync('/dev/shm') ? '/dev/shm' : tmpdir() },
  },
})
const rounds = Number(values.rounds)

/** Rounds that run at once, each on an entry of its own; in every other batch files are too large for the thread. */
const AT_ONCE = 32
const LARGE = 70_000

/** Bytes of an entry inside; one outside has as many more as its mark is longer. */
const [INSIDE, OUTSIDE] = ['inside', 'from outside']

/** One round: entry `slot` of the flipped folder `p`, or of the folder `q` in it. */
interface Round {
  readonly store: SharedFolder
  readonly slot: number
  readonly large: boolean
  /** The folder of that entry, relative to the root. */
  readonly parent: string
}

interface Race {
  readonly name: string
  /** What has to be in the flipped folder before each batch, beside the entries: whether they get new names. */
  readonly files: boolean
  /** Does it. Returns what came from outside by it. */
  readonly run: (round: Round) => Promise<number>
}

const path = parseRemotePath

function sizeOf(large: boolean): number {
  return large ? LARGE : INSIDE.length
}

const RACES: readonly Race[] = [
  {
    name: 'create',
    files: true,
    run: async ({ store, slot, large, parent }) => {
      const file = { size: sizeOf(large), mtime: 0n, executable: false }
      const sink = await store.create(path(`${parent}/${slot % 2 ? 'new' : 'f'}${slot}`), file, { overwrite: true })
      try {
        await sink.write(Buffer.alloc(file.size, INSIDE))
        await sink.commit()
      } catch (error) {
        await sink.discard()
        throw error
      }
      return 0
    },
  },
  {
    name: 'open',
    files: true,
    run: async ({ store, slot, parent }) => {
      const source = await store.open(path(`${parent}/f${slot}`))
      try {
        const bytes = Buffer.alloc(2 * LARGE)
        const length = await source.read(bytes, 0)
        return bytes.subarray(0, INSIDE.length).equals(Buffer.from(INSIDE)) && length === source.file.size ? 0 : 1
      } finally {
        await source.close()
      }
    },
  },
  {
    name: 'delete',
    files: true,
    run: async ({ store, slot, parent }) => {
      await store.remove(path(`${parent}/f${slot}`))
      return 0
    },
  },
  {
    name: 'rename',
    files: true,
    run: async ({ store, slot, parent }) => {
      if (slot % 2) await store.rename(path(`${parent}/f${slot}`), path(`out${slot}`), slot % 4 === 1)
      else await store.rename(path(`own${slot}`), path(`${parent}/${slot % 4 ? 'new' : 'f'}${slot}`), slot % 4 === 0)
      return 0
    },
  },
  {
    name: 'list',
    files: false,
    run: async ({ store, slot, parent }) => {
      let strange = 0
      for await (const entry of store.list(path(slot % 8 ? parent : '.'), slot % 8 === 0)) {
        const inP = entry.type !== 'unlistable' && entry.type === 'file' && /^p[./]|^p$/.test(entry.path)
        if (entry.type === 'unlistable' || (inP && entry.size !== INSIDE.length)) strange += 1
      }
      return strange
    },
  },
  {
    name: 'mkdir',
    files: false,
    run: async ({ store, slot, parent }) => {
      await store.mkdir(path(`${parent}/m${slot}`), false) // with parents it could make `p` itself
      return 0
    },
  },
]

/** Puts every entry of a folder back to what it is before a batch. */
function restore(folder: string, race: Race, large: boolean, mark: string): void {
  const wanted = new Set(race.files ? slots().map((slot) => `f${slot}`) : ['f0', 'f1'])
  for (const name of readdirSync(folder)) {
    if (name === 'q' || wanted.has(name)) continue
    rmSync(join(folder, name), { recursive: true })
  }
  const bytes = Buffer.alloc(sizeOf(large) + mark.length - INSIDE.length, mark)
  for (const name of wanted) {
    const there = statSync(join(folder, name), { throwIfNoEntry: false })
    if (there?.size !== bytes.byteLength) writeFileSync(join(folder, name), bytes)
  }
}

function slots(): number[] {
  return Array.from({ length: AT_ONCE }, (_, slot) => slot)
}

/** What of a folder changes with every entry that comes or goes. */
function stateOf(folder: string): string {
  return [folder, join(folder, 'q')].map((one) => String(statSync(one, { bigint: true }).ctimeNs)).join()
}

interface Outcome {
  readonly flips: number
  readonly done: number
  readonly escapes: number
  readonly leftovers: number
  readonly codes: Map<string, number>
}

async function runRace(race: Race, base: string): Promise<Outcome> {
  const [root, victim] = [join(base, 'root'), join(base, 'victim')]
  const p = join(root, 'p')
  for (const folder of [p, victim]) mkdirSync(join(folder, 'q'), { recursive: true })
  for (const folder of [victim, join(victim, 'q')]) {
    restore(folder, race, false, OUTSIDE)
    writeFileSync(join(folder, 'only outside'), OUTSIDE)
  }
  const before = snapshot(victim)
  const descriptor = openSync(p, 'r')
  const held = `/proc/self/fd/${descriptor}` // where it is, flipped or not
  const store = await SharedFolder.open(root)
  const flipping = await startFlipping(p, victim)
  const codes = new Map<string, number>()
  let [done, escapes, state] = [0, 0, stateOf(victim)]
  try {
    for (let batch = 0; batch * AT_ONCE < rounds; batch += 1) {
      const large = race.files && batch % 2 === 1
      for (const folder of [held, `${held}/q`]) restore(folder, race, large, INSIDE)
      if (race.name === 'rename') for (const slot of slots()) writeFileSync(join(root, `own${slot}`), INSIDE)
      const count = Math.min(AT_ONCE, rounds - batch * AT_ONCE)
      await Promise.all(
        Array.from({ length: count }, async (_, slot) => {
          try {
            escapes += await race.run({ store, slot, large, parent: (slot >> 2) % 2 ? 'p/q' : 'p' })
            done += 1
          } catch (error) {
            const code = error instanceof SftError ? error.code : `not typed: ${String(error)}`
            codes.set(code, (codes.get(code) ?? 0) + 1)
          }
        }),
      )
      for (const name of readdirSync(root).filter((one) => one.startsWith('out'))) {
        if (!readFileSync(join(root, name), 'utf8').startsWith(INSIDE)) escapes += 1
        rmSync(join(root, name))
      }
      const now = stateOf(victim)
      if (now !== state) escapes += 1
      state = now
    }
  } finally {
    await flipping.stop()
    await store.close()
    closeSync(descriptor)
  }
  const after = snapshot(victim)
  if (JSON.stringify(after, String) !== JSON.stringify(before, String)) escapes += 1
  const leftovers = readdirSync(root, { recursive: true }).filter((name) => String(name).includes('.sft-part')).length
  rmSync(root, { recursive: true })
  rmSync(victim, { recursive: true })
  return { flips: flipping.flips(), done, escapes, leftovers, codes }
}

process.stdout.write(
  `6 races of ${rounds} rounds, ${AT_ONCE} at once; about ${Math.ceil((rounds * 6) / 80_000)} minutes\n` +
    'race     rounds  links    done  escapes  left  s    refused\n',
)
const base = mkdtempSync(join(values.folder, 'sft-races-'))
let bad = 0
try {
  for (const race of RACES) {
    const started = performance.now()
    const { flips, done, escapes, leftovers, codes } = await runRace(race, base)
    const untyped = [...codes.keys()].filter((code) => code.startsWith('not typed')).length
    // A race that one side never wins shows nothing.
    const idle = flips === 0 || done === 0 || codes.size === 0 ? 1 : 0
    bad += escapes + leftovers + untyped + idle
    const columns = [String(rounds).padStart(6), String(flips).padStart(6), String(done).padStart(7)]
    const refused = [...codes].map(([code, times]) => `${code} ${times}`).join(', ')
    process.stdout.write(
      `${race.name.padEnd(7)} ${columns.join(' ')} ${String(escapes).padStart(8)} ${String(leftovers).padStart(5)}` +
        `  ${((performance.now() - started) / 1000).toFixed(0).padEnd(4)} ${refused}\n`,
    )
  }
} finally {
  rmSync(base, { recursive: true, force: true })
}
process.stdout.write(bad === 0 ? 'nothing outside was read, told of or changed\n' : `VIOLATIONS: ${bad}\n`)
process.exitCode = bad === 0 ? 0 : 1
