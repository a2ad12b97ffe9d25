/** What stands at the other end of a run: free ports, programs that listen, and the long link before them. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { connect, createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'

const PATIENCE = 20_000 // milliseconds

/** A program that runs until it is told to stop, and writes what it says to a file. */
export class Standing {
  readonly pid: number
  readonly #child: ChildProcess
  readonly #log: string
  readonly #kill = (): void => void this.#child.kill('SIGKILL')

  constructor(argv: readonly string[], log: string, env: Readonly<Record<string, string>> = {}) {
    const [program = '', ...args] = argv
    const descriptor = openSync(log, 'w')
    this.#log = log
    this.#child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['ignore', descriptor, descriptor] })
    closeSync(descriptor)
    this.#child.on('error', () => undefined) // seen as one that never gets ready
    this.pid = this.#child.pid ?? 0
    process.prependOnceListener('exit', this.#kill) // it must not outlive a bench that is interrupted
  }

  /** Waits until `ready` returns a value for what the program has said so far. */
  async until<T>(ready: (said: string) => T | undefined | Promise<T | undefined>): Promise<T> {
    for (const started = performance.now(); performance.now() - started < PATIENCE;) {
      const value = await ready(readFileSync(this.#log, 'utf8'))
      if (value !== undefined) return value
      if (this.#child.pid === undefined || this.#child.exitCode !== null) break
      await pause(10)
    }
    throw new Error(`${this.#child.spawnfile} did not get ready: ${readFileSync(this.#log, 'utf8').slice(-400)}`)
  }

  /** Waits until it answers on `port` of 127.0.0.1. */
  async answers(port: number): Promise<void> {
    await this.until(async () => ((await canDial(port)) ? true : undefined))
  }

  async stop(): Promise<void> {
    process.off('exit', this.#kill)
    if (this.#child.pid === undefined || this.#child.exitCode !== null || this.#child.signalCode !== null) return
    this.#child.kill()
    await once(this.#child, 'exit')
  }
}

export type Proxy = Standing & { readonly port: number }

/** Puts a link that takes `delay` milliseconds each way before `port` of 127.0.0.1. */
export async function startProxy(port: number, delay: number, folder: string): Promise<Proxy> {
  const program = join(import.meta.dirname, 'delay-proxy.ts')
  const argv = [process.execPath, program, `--to=${port}`, `--delay=${delay}`]
  const proxy = new Standing(argv, join(folder, 'delay-proxy.log'))
  const ready = await proxy.until((said) => (said.endsWith('\n') ? (JSON.parse(said) as { port: number }) : undefined))
  return Object.assign(proxy, ready)
}

/** Finds a port of 127.0.0.1 that nobody uses, for programs that cannot choose one themselves. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

export async function pause(milliseconds: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, milliseconds))
}

async function canDial(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
