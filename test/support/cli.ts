import { spawn, type ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

const BIN = fileURLToPath(new URL('../../bin/sft.js', import.meta.url))

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
    env: { ...process.env, ...env, SFT_HOME: home },
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

/** Returns the objects a command printed with `--json`. */
export function objects(stdout: string): Record<string, unknown>[] {
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

/** A running `sft share`, as another process. */
export interface ShareProcess {
  readonly child: ChildProcess
  readonly peerId: string
  /** The address to give to the other commands. */
  readonly address: string
  /** Every object it printed so far. */
  readonly events: Record<string, unknown>[]
}

/** Starts the real `sft share --json` on loopback and waits until it serves. */
export async function startShare(folder: string, flags: readonly string[], options: RunOptions): Promise<ShareProcess> {
  const fixed = ['--json', '--listen', '/ip4/127.0.0.1/tcp/0', '--no-discovery']
  const child = start(['share', folder, ...flags, ...fixed], options)
  const events: Record<string, unknown>[] = []
  let complaints = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (complaints += text))
  return new Promise((resolve, reject) => {
    child.on('exit', () => reject(new Error(`the share ended: ${complaints}`)))
    if (!child.stdout) throw new Error('no stdout')
    createInterface(child.stdout).on('line', (line) => {
      const event = JSON.parse(line) as Record<string, unknown>
      events.push(event)
      if (event['type'] !== 'ready') return
      const [address] = event['addresses'] as string[]
      resolve({ child, peerId: String(event['peerId']), address: String(address), events })
    })
  })
}
