import { spawn, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { connect, loadIdentity, offerPairing, pair, share, type SftErrorCode } from '../../src/index.ts'
import { outcome } from '../support/aftermath.ts'
import { inBatches } from '../support/cli.ts'
import { acquaint, expectPaired, secretOf } from '../support/pairing.ts'
import { tempFolder } from '../support/tmp.ts'

const CHILD = fileURLToPath(new URL('./kill-child.ts', import.meta.url))
/** Lets Node run all of src, the generated messages too. */
const TYPESCRIPT = ['--experimental-transform-types', '--no-warnings']

/** What was compiled, of which a start takes most of its time. */
const COMPILED = mkdtempSync(join(tmpdir(), 'sft-test-'))
afterAll(() => rmSync(COMPILED, { recursive: true, force: true }))

const listen = ['/ip4/127.0.0.1/tcp/0']
const content = randomBytes(1_000)

/** Where the peers are stored, in that order: by the initiator after message 6, by the responder after message 7. */
const STORING = ['locking', 'locked', 'renaming', 'renamed', 'unlocked']

const STEPS = {
  initiator: [
    'sent 1',
    'received 2',
    'sent 3',
    'received 4',
    'sending 5',
    'sent 5',
    'received 6',
    ...STORING,
    'sending 7',
    'sent 7',
    'received 8',
  ],
  responder: [
    'received 1',
    'sent 2',
    'received 3',
    'sent 4',
    'received 5',
    'sending 6',
    'sent 6',
    'received 7',
    ...STORING,
    'sending 8',
    'sent 8',
  ],
} as const

/** The steps that are taken with machines that have an older pairing, too. */
const AGAIN = new Set(['renaming', 'renamed', 'sending 7', 'sending 8'])

interface Owner {
  readonly name: string
  readonly home: string
}

/** One pairing that a kill ends, and what was before it. */
interface Case {
  readonly role: 'initiator' | 'responder'
  readonly step: string
  /** Shows a code. */
  readonly laptop: Owner
  /** Where it is typed. */
  readonly desktop: Owner
  /** The secret that the two have from an earlier pairing. */
  readonly earlier: string | null
}

/** Starts the command line in a process that kills itself at the step of a case, within a test. */
function doomed(step: string, args: readonly string[], { home, name }: Owner): ChildProcess {
  return spawn(process.execPath, [...TYPESCRIPT, CHILD, step, ...args], {
    env: { ...process.env, NODE_COMPILE_CACHE: COMPILED, SFT_HOME: home, SFT_NAME: name, SFT_NO_DISCOVERY: '1' },
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 30_000,
    killSignal: 'SIGTERM',
  })
}

async function died(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  expect(child.signalCode).toBe('SIGKILL')
}

async function killResponder({ step, laptop, desktop, earlier }: Case): Promise<void> {
  const child = doomed(step, ['pair', '--json', '--listen', ...listen], laptop)
  const shown = Promise.withResolvers<{ address: string; code: string }>()
  let address = ''
  if (child.stdout) {
    createInterface(child.stdout).on('line', (line) => {
      const event = JSON.parse(line) as { type: string; addresses?: string[]; code?: string }
      address = event.addresses?.[0] ?? address
      if (typeof event.code === 'string') shown.resolve({ address, code: event.code })
    })
  }
  const { code, ...where } = await shown.promise
  const [failure] = await Promise.all([outcome(pair(code, { ...desktop, ...where })), died(child)])
  // What it tells the person is what it keeps.
  const kept = await secretOf(desktop, laptop)
  if (failure === null) expect(kept).not.toBe(earlier)
  else expect(kept).toBe(earlier)
}

async function killInitiator({ step, laptop, desktop }: Case): Promise<void> {
  const over = new AbortController()
  const death = Promise.withResolvers<void>()
  let address = ''
  const offering = outcome(
    offerPairing({
      ...laptop,
      listen,
      signal: over.signal,
      onReady: ({ addresses }) => (address = addresses[0] ?? ''),
      onEvent: (event) => {
        if (event.type !== 'code') return
        died(doomed(step, ['pair', event.code, '--addr', address], desktop)).then(death.resolve, death.reject)
      },
    }),
  )
  await death.promise
  setTimeout(() => over.abort(), 300) // the code may still be good: then it waits for another
  await offering
}

/** Fetches a file that `one` shares as `other`, and returns the code of the failure. */
async function fetchFrom(one: Owner, other: Owner): Promise<SftErrorCode | null> {
  const root = `${one.home}-share`
  mkdirSync(root, { recursive: true })
  writeFileSync(join(root, 'f'), content)
  let served = false
  const sharing = await share(root, {
    ...one,
    listen,
    pairing: true,
    onEvent: ({ type }) => (served ||= type === 'served'),
  })
  try {
    return await outcome(
      (async () => {
        const remote = await connect(sharing.addresses[0] ?? '', other)
        try {
          const to = join(root, `from-${randomBytes(4).toString('hex')}`)
          await remote.get('f', to)
          expect(readFileSync(to)).toEqual(content)
        } finally {
          await remote.close()
        }
      })(),
    )
  } finally {
    await sharing.close()
  }
}

/** Lets the locks of killed programs grow old, as they are by the time a person tries again. */
function age({ home }: Owner): void {
  const lock = join(home, 'peers.lock')
  const long = new Date(Date.now() - 60_000)
  try {
    for (const name of readdirSync(lock)) utimesSync(join(lock, name), long, long)
  } catch {
    // it was not held
  }
}

async function pairInPeace(laptop: Owner, desktop: Owner): Promise<void> {
  let address = ''
  const paired = Promise.withResolvers<unknown>()
  await offerPairing({
    ...laptop,
    listen,
    onReady: ({ addresses }) => (address = addresses[0] ?? ''),
    onEvent: (event) => {
      if (event.type === 'code') pair(event.code, { ...desktop, address }).then(paired.resolve, paired.reject)
    },
  })
  await paired.promise
}

async function survive(one: Case): Promise<void> {
  const { laptop, desktop, role } = one
  await (role === 'initiator' ? killInitiator(one) : killResponder(one))
  age(laptop)
  age(desktop)
  const [there, here] = [await secretOf(laptop, desktop), await secretOf(desktop, laptop)]
  const fetched = [await fetchFrom(laptop, desktop), await fetchFrom(desktop, laptop)]
  if (there !== null && there === here) {
    expect(fetched).toEqual([null, null])
  } else {
    for (const failure of fetched) expect(['ERR_REFUSED', 'ERR_DECRYPT']).toContain(failure)
    await pairInPeace(laptop, desktop)
    expect([await fetchFrom(laptop, desktop), await fetchFrom(desktop, laptop)]).toEqual([null, null])
  }
  await expectPaired(laptop, desktop)
}

test.for(['initiator', 'responder'] as const)(
  'K08: a kill of the %s at any step leaves two machines paired or without any rights, and pairing again mends it',
  { timeout: 120_000 },
  async (role) => {
    const folder = tempFolder()
    const steps = STEPS[role].flatMap((step) => [false, true].map((acquainted) => ({ step, acquainted })))
    const cases = steps.filter(({ step, acquainted }) => !acquainted || AGAIN.has(step))
    await inBatches([...cases.entries()], async ([index, { step, acquainted }]) => {
      const [laptop, desktop] = [0, 1].map((machine) => ({
        name: ['laptop', 'desktop'][machine] ?? '',
        home: join(folder, `${index}-${machine}`),
      })) as [Owner, Owner]
      await Promise.all([loadIdentity(laptop.home), loadIdentity(desktop.home)])
      if (acquainted) await acquaint(laptop, desktop)
      try {
        await survive({ role, step, laptop, desktop, earlier: await secretOf(laptop, desktop) })
      } catch (error) {
        throw new Error(`killed at "${step}"${acquainted ? ', paired before' : ''}`, { cause: error })
      }
    })
  },
)
