import type { ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { vi } from 'vitest'
import type { Heard } from '../../src/net/discovery.ts'
import { somePeerId } from './dns-bytes.ts'
import type { ForgerJob } from './forger-child.ts'
import { namespaces, type Namespace } from './namespaces.ts'

const DISCOVERY = fileURLToPath(new URL('./discovery-child.ts', import.meta.url))
const FORGER = fileURLToPath(new URL('./forger-child.ts', import.meta.url))

/** For `expect.poll` and the like. */
export const PATIENTLY = { timeout: 20_000, interval: 20 }

interface Event {
  readonly event: string
  readonly value: unknown
}

/** A program in a namespace that takes lines and prints events. */
export class Machine {
  readonly events: Event[] = []
  readonly child: ChildProcess
  #stderr = ''

  constructor(child: ChildProcess) {
    this.child = child
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#stderr += text))
    if (child.stdout) {
      createInterface(child.stdout).on('line', (line) => this.events.push(JSON.parse(line) as Event))
    }
  }

  /** Sends a line, and returns the value of the next event of this kind if one is named. */
  async ask(line: string, event?: string): Promise<unknown> {
    const before = this.events.length
    this.child.stdin?.write(`${line}\n`)
    return event === undefined ? null : this.next(event, before)
  }

  /** Waits for an event, if it has not come yet. */
  async next(event: string, from = 0): Promise<unknown> {
    const find = (): Event | undefined => this.events.slice(from).find((one) => one.event === event)
    await vi.waitFor(() => {
      if (find() === undefined) throw new Error(`no "${event}" came; ${this.#stderr}`)
    }, PATIENTLY)
    return find()?.value
  }

  async list(): Promise<Heard[]> {
    return (await this.ask('list', 'list')) as Heard[]
  }
}

/** A machine that runs a discovery. */
export class Peer extends Machine {
  readonly peerId: string
  readonly address: string

  private constructor(child: ChildProcess, peerId: string, address: string) {
    super(child)
    this.peerId = peerId
    this.address = address
  }

  /** Starts a discovery there, which announces an address unless it is to listen only. */
  static async start(on: Namespace, { listens = false, others = [] as string[] } = {}): Promise<Peer> {
    const peerId = somePeerId()
    const address = `/ip4/${on.ip}/tcp/7380/p2p/${peerId}`
    const addresses = [...others.map((other) => `${other}/p2p/${peerId}`), address]
    const options = JSON.stringify({ peerId, ...(!listens && { addresses }) })
    const peer = new Peer(on.spawn([process.execPath, '--expose-gc', DISCOVERY, options]), peerId, address)
    await peer.next('started')
    return peer
  }
}

/** Starts a machine that sends what it is told, and returns how to tell it. */
export async function startForger(
  on: Namespace,
): Promise<(job: ForgerJob) => Promise<{ answers: string[]; seconds: number }>> {
  const forger = new Machine(on.spawn([process.execPath, FORGER]))
  await forger.next('started')
  return async (job) => (await forger.ask(JSON.stringify(job), 'sent')) as { answers: string[]; seconds: number }
}

/** Makes three machines on one network. */
export function three(): [Namespace, Namespace, Namespace] {
  return namespaces(3) as [Namespace, Namespace, Namespace]
}
