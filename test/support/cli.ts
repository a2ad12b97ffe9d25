import { spawn, type ChildProcess } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import { tempFolder } from './tmp.ts'

/** The program as it is installed. */
export const BIN = fileURLToPath(new URL('../../bin/sft.js', import.meta.url))

export interface Finished {
  readonly exit: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  /** `$SFT_HOME`: the identity the command has. */
  readonly home: string
  readonly cwd?: string
  readonly env?: Record<string, string>
}

/** Starts the real `sft`; it is killed at the end of the test if it still runs. */
export function start(args: readonly string[], { home, cwd, env }: RunOptions): ChildProcess {
  const child = spawn(process.execPath, [BIN, ...args], {
    // Nothing is sent onto a network, unless a test is about that and made one of its own.
    env: { ...process.env, SFT_NO_DISCOVERY: '1', ...env, SFT_HOME: home },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(cwd !== undefined && { cwd }),
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

/** Waits for a command to end and returns what it printed. */
export async function finish(child: ChildProcess): Promise<Finished> {
  let [stdout, stderr] = ['', '']
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  return new Promise((resolve) => {
    child.on('close', (exit, signal) => resolve({ exit, signal, stdout, stderr }))
  })
}

/** Runs the real `sft` to its end. */
export async function sft(args: readonly string[], options: RunOptions): Promise<Finished> {
  return finish(start(args, options))
}

/** Returns the objects a command printed with `--json`, without the version that each has to bear. */
export function objects(stdout: string): Record<string, unknown>[] {
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map(readObject)
}

function readObject(line: string): Record<string, unknown> {
  const { v, ...object } = JSON.parse(line) as Record<string, unknown>
  if (v !== 1) throw new Error(`an object without its version: ${line}`)
  return object
}

/** A running `sft share`, as another process. */
export interface ShareProcess {
  readonly child: ChildProcess
  readonly peerId: string
  /** The address to give to the other commands. */
  readonly address: string
  /** Every object it printed so far. */
  readonly events: Record<string, unknown>[]
  /** What it printed so far, on stdout and stderr. */
  readonly printed: () => { stdout: string; stderr: string }
}

/** For `expect.poll`: what is waited for comes soon, but on a busy machine not within the usual second. */
export const PATIENTLY = { timeout: 20_000, interval: 20 }

/** Keeps every share on loopback, at any free port. */
export const LOOPBACK = ['--listen', '/ip4/127.0.0.1/tcp/0', '--no-discovery']

/** Starts the real `sft share --json` on loopback and waits until it serves. */
export async function startShare(folder: string, flags: readonly string[], options: RunOptions): Promise<ShareProcess> {
  return startSharing(folder, [...flags, '--json'], options, (line, found) => {
    const event = readObject(line)
    found.events.push(event)
    if (event['type'] !== 'ready') return undefined
    const [address] = event['addresses'] as string[]
    return String(address)
  })
}

/** As {@link startShare}, but as people run it; the address is read off the command it prints for the other machine. */
export async function startShareForPeople(
  folder: string,
  flags: readonly string[],
  options: RunOptions,
): Promise<ShareProcess> {
  return startSharing(folder, flags, options, (line) => /^ {2}sft \w+ (\/\S+)/.exec(line)?.[1])
}

async function startSharing(
  folder: string,
  flags: readonly string[],
  options: RunOptions,
  findAddress: (line: string, found: { events: Record<string, unknown>[] }) => string | undefined,
): Promise<ShareProcess> {
  const child = start(['share', folder, ...flags, ...LOOPBACK], options)
  const events: Record<string, unknown>[] = []
  let [stdout, stderr] = ['', '']
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  return new Promise((resolve, reject) => {
    child.on('exit', () => reject(new Error(`the share ended: ${stderr}`)))
    if (!child.stdout) throw new Error('no stdout')
    createInterface(child.stdout).on('line', (line) => {
      stdout += `${line}\n`
      const address = findAddress(line, { events })
      if (address === undefined) return
      const peerId = address.slice(address.lastIndexOf('/') + 1)
      resolve({ child, peerId, address, events, printed: () => ({ stdout, stderr }) })
    })
  })
}

/** Two machines that have nothing in common but the loopback interface. */
export interface TwoMachines {
  /** Runs commands as the machine that shares. */
  readonly sharer: RunOptions
  /** Runs commands as the other machine, in {@link local}. */
  readonly client: RunOptions & { readonly cwd: string }
  /** The folder to share, empty. */
  readonly root: string
  /** The folder that the other machine works in, empty. */
  readonly local: string
}

/** Makes two identities, and a folder for each. */
export function twoMachines(): TwoMachines {
  const folder = tempFolder()
  const [root, local] = [join(folder, 'share'), join(folder, 'local')]
  for (const path of [root, local]) mkdirSync(path)
  return { sharer: { home: join(folder, 'home-a') }, client: { home: join(folder, 'home-b'), cwd: local }, root, local }
}

/** Returns the MD5 of a file or of bytes in hexadecimal, not computed by sft. */
export function md5Of(source: string | Uint8Array): string {
  return createHash('md5')
    .update(typeof source === 'string' ? readFileSync(source) : source)
    .digest('hex')
}

/** Returns every name below a folder, those of incomplete files too. */
export function namesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).toSorted()
}

/** Where files lie while they are received, in the folder that was named for them. */
export const PARTS = '.sft-parts'

/** Waits until `count` incomplete files for `folder` hold at least a megabyte each: transfers are well under way. */
export async function transfersUnderWay(folder: string, count = 1): Promise<void> {
  const parts = join(folder, PARTS)
  for (;;) {
    const grown = existsSync(parts) ? readdirSync(parts).filter((name) => sizeOf(join(parts, name)) > 1e6) : []
    if (grown.length >= count) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** Runs `work` for all `items`, as many at a time as a small machine can take, and returns the results in order. */
export async function inBatches<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  const queue = [...items.entries()].values()
  const worker = async (): Promise<void> => {
    for (const [index, item] of queue) results[index] = await work(item)
  }
  await Promise.all(Array.from({ length: 4 }, worker))
  return results
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}
