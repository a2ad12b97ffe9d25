import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** How an installed `sft` is run: the command, the environment, and where its folders are. */
export interface Installed {
  /** What is typed before the arguments of sft. */
  readonly command: readonly string[]
  readonly env: Record<string, string>
  /** A folder for the homes and the files, empty. */
  readonly folder: string
  /** How that folder is called where the command runs. */
  readonly inside: string
}

/** Bytes of the large file: enough for the thread that hashes, and for several records of each kind. */
const LARGE = 40_000_000

/** Small files: enough for the thread that reads and stores them. */
const SMALL = 300

/** What the sharing program had when all had gone across; `null` where the system does not tell. */
export interface Loaded {
  /** Whether the native build of libsodium was loaded. */
  readonly native: boolean | null
  /** Whether the thread for small files ran. */
  readonly thread: boolean | null
}

/**
 * Has two copies of an installed sft pair by a code, and then one share a folder and the other fetch and store there, over
 * loopback.
 *
 * @throws Error if anything that arrived is not what was sent.
 */
export async function exchange({ command, env, folder, inside }: Installed): Promise<Loaded> {
  const [tree, fetched] = [join(folder, 'share', 'tree'), join(folder, 'fetched')]
  mkdirSync(tree, { recursive: true })
  mkdirSync(fetched)
  writeFileSync(join(tree, 'large'), randomBytes(LARGE))
  for (let index = 0; index < SMALL; index += 1) writeFileSync(join(tree, `${index}`), randomBytes(1_000 + index))
  const [program = '', ...before] = command
  const envOf = (home: string): Record<string, string> => ({
    ...env,
    SFT_NO_DISCOVERY: '1',
    SFT_HOME: join(inside, home),
  })
  const run = (home: string, ...args: readonly string[]): string =>
    execFileSync(program, [...before, ...args], {
      env: envOf(home),
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    })

  const listen = ['--json', '--no-discovery', '--listen', '/ip4/127.0.0.1/tcp/0']
  const start = (...args: readonly string[]): ChildProcess =>
    spawn(program, [...before, ...args, ...listen], { env: envOf('home-a'), stdio: ['ignore', 'pipe', 'inherit'] })

  const pairing = start('pair')
  try {
    const [{ addresses }, { code }] = await Promise.all([eventOf(pairing, 'ready'), eventOf(pairing, 'code')])
    run('home-b', 'pair', String(code), '--addr', String((addresses as string[])[0]))
  } finally {
    pairing.kill('SIGTERM')
  }
  const child = start('share', join(inside, 'share'), '--write')
  try {
    const { addresses } = await eventOf(child, 'ready')
    const [address = ''] = addresses as string[]
    run('home-b', 'get', address, 'tree', '-o', join(inside, 'fetched'))
    expectSame(tree, join(fetched, 'tree'))
    run('home-b', 'put', address, join(inside, 'fetched', 'tree'), '-o', 'stored')
    expectSame(tree, join(folder, 'share', 'stored', 'tree'))
    return loadedBy(child)
  } finally {
    child.kill('SIGTERM')
  }
}

/** Waits for the first object of a type that a command prints with `--json`. */
async function eventOf(child: ChildProcess, type: string): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    child.on('exit', (exit) => reject(new Error(`the command ended with ${exit}`)))
    if (!child.stdout) throw new Error('no stdout')
    createInterface(child.stdout).on('line', (line) => {
      const event = JSON.parse(line) as Record<string, unknown>
      if (event['type'] === type) resolve(event)
    })
  })
}

function expectSame(expected: string, actual: string): void {
  for (const name of ['large', ...Array.from({ length: SMALL }, (_, index) => `${index}`)]) {
    const [one, other] = [expected, actual].map((base) =>
      createHash('sha256')
        .update(readFileSync(join(base, name)))
        .digest('hex'),
    )
    if (one !== other) throw new Error(`${name} is not the same in ${actual}`)
  }
}

function loadedBy({ pid }: ChildProcess): Loaded {
  if (process.platform !== 'linux') return { native: null, thread: null }
  const maps = readFileSync(`/proc/${pid}/maps`, 'utf8')
  const tasks = `/proc/${pid}/task`
  const threads = new Set(readdirSync(tasks).map((id) => readFileSync(join(tasks, id, 'comm'), 'utf8')))
  return {
    native: /\.node\b|\/\.sft-[0-9a-f-]+ \(deleted\)/.test(maps),
    thread: threads.has('MainThread\n') ? threads.has('WorkerThread\n') : null, // older ones have no names
  }
}
