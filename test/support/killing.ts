import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { closeSync, mkdirSync, openSync, readdirSync, statSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const BIN = fileURLToPath(new URL('../../bin/sft.js', import.meta.url))

/** A transfer during which one of the two processes is killed. */
export interface KillPlan {
  /** An empty folder for everything. */
  readonly folder: string
  readonly direction: 'get' | 'put'
  readonly victim: 'share' | 'client'
  /** Bytes of the large file, and number of the small ones. */
  readonly size: number
  readonly files: number
  /** How often the victim is killed, each time up to `span` milliseconds after the client started or the share was back. */
  readonly kills: number
  readonly span: number
  /** Further options of the client's command. */
  readonly flags?: readonly string[]
}

/** What came of it. */
export interface KillReport {
  /** Kills that met the transfer under way, and how often the client's command was started in all. */
  readonly kills: number
  readonly attempts: number
  /** How the target differs from the source, and what is in it that belongs to no file. */
  readonly wrong: readonly string[]
  readonly leftovers: readonly string[]
  /** The most bytes of the large file for one kill that were sent although they had been stored. */
  readonly resent: number
}

/** Transfers a large file and a tree while a process is killed again and again, and then to the end. */
export async function killTransfer(plan: KillPlan): Promise<KillReport> {
  const { folder, direction, victim } = plan
  const [root, local] = [join(folder, 'root'), join(folder, 'local')]
  for (const path of [root, local]) mkdirSync(path)
  const [from, to] = direction === 'get' ? [root, local] : [local, root]
  fill(from, plan.size, plan.files)
  let share = await startShare(folder, root)
  const { address } = share
  const names = direction === 'get' ? ['large', 'tree'] : [join(local, 'large'), join(local, 'tree')]
  const target = direction === 'get' ? local : '.'
  const command = [direction, address, ...names, '-o', target, '--json', '--no-discovery', ...(plan.flags ?? [])]
  let client: ChildProcess | undefined
  let [kills, attempts, resent, kept] = [0, 0, 0, 0]
  try {
    for (;;) {
      attempts += 1
      client = start(join(folder, 'client'), command)
      const ending = finish(client)
      const over = ending.then(() => true)
      let met = 0
      while (kills < plan.kills) {
        if (await Promise.race([over, sleep(Math.random() * plan.span)])) break
        kills += 1
        met += 1
        await kill(victim === 'client' ? client : share.child)
        if (victim === 'client') break
        share = await startShare(folder, root, address)
      }
      const { exit, events, stderr } = await ending
      const large = events.find(({ type, path }) => type === 'file' && /(?:^|\/)large$/.test(String(path)))
      const sent = Number(large?.['sent'] ?? 0)
      if (large && victim === 'share' && met > 0) resent = Math.max(resent, (sent - plan.size) / met)
      if (large && victim === 'client') resent = Math.max(resent, kept - (plan.size - sent))
      kept = victim === 'client' ? largestPart(to) : 0
      if (exit === 0) break
      if (attempts > plan.kills + 3) throw new Error(`the command does not end well: ${exit} ${stderr}`)
    }
  } finally {
    client?.kill('SIGKILL')
    await kill(share.child)
  }
  return { kills, attempts, wrong: differences(from, to), leftovers: hidden(to), resent }
}

/** Makes a large file of bytes that no position has in common with another, and a tree of small ones. */
function fill(folder: string, size: number, files: number): void {
  const descriptor = openSync(join(folder, 'large'), 'w')
  const block = randomBytes(1024 * 1024)
  for (let written = 0; written < size; written += block.byteLength) {
    block.writeBigUInt64LE(BigInt(written))
    writeSync(descriptor, block, 0, Math.min(block.byteLength, size - written))
  }
  closeSync(descriptor)
  for (let index = 0; index < files; index += 1) {
    const inner = join(folder, 'tree', `${index % 100}`)
    mkdirSync(inner, { recursive: true })
    writeFileSync(join(inner, `${index}`), randomBytes(1 + (index % 20) * 1_000))
  }
}

interface Sharing {
  readonly child: ChildProcess
  readonly address: string
}

/** Starts a share, at the address of an earlier one if it is given, and waits until it serves. */
async function startShare(folder: string, root: string, address?: string): Promise<Sharing> {
  const listen = address?.replace(/\/p2p\/.*$/, '') ?? '/ip4/127.0.0.1/tcp/0'
  const child = start(join(folder, 'sharer'), [
    'share',
    root,
    '-w',
    '--open',
    '--no-discovery',
    '--json',
    '--listen',
    listen,
  ])
  child.stderr?.resume()
  if (!child.stdout) throw new Error('no stdout')
  const lines = createInterface(child.stdout)
  return new Promise((resolve, reject) => {
    child.on('exit', () => reject(new Error('the share ended')))
    lines.on('line', (line) => {
      const event = JSON.parse(line) as { type: string; addresses?: string[] }
      if (event.type === 'ready') resolve({ child, address: event.addresses?.[0] ?? '' })
    })
  })
}

function start(home: string, args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [BIN, ...args], {
    env: { ...process.env, SFT_HOME: home, SFT_NO_DISCOVERY: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

async function finish(
  child: ChildProcess,
): Promise<{ exit: number | null; events: Record<string, unknown>[]; stderr: string }> {
  const events: Record<string, unknown>[] = []
  let stderr = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  if (!child.stdout) throw new Error('no stdout')
  createInterface(child.stdout).on('line', (line) => {
    // Killed in the middle of a line, or of no interest.
    if (line.endsWith('}') && line.includes('"type":"file"')) events.push(JSON.parse(line) as Record<string, unknown>)
  })
  return new Promise((resolve) => child.on('close', (exit) => resolve({ exit, events, stderr })))
}

/** Kills a process and waits until it is gone. */
async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await gone
}

async function sleep(milliseconds: number): Promise<false> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds, false))
}

function differences(one: string, other: string): string[] {
  const { stdout, stderr } = spawnSync('diff', ['-r', '-q', one, other], { encoding: 'utf8' })
  return `${stdout}${stderr}`.split('\n').filter((line) => line !== '' && !line.includes('.sft-part'))
}

function hidden(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.includes('.sft-part'))
}

/** Returns the bytes of the largest incomplete file. */
function largestPart(folder: string): number {
  const sizes = hidden(folder).map((name) => {
    const stats = statSync(join(folder, name), { throwIfNoEntry: false })
    return stats?.isFile() === true ? stats.size : 0
  })
  return Math.max(0, ...sizes)
}
