import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { expect, vi } from 'vitest'
import { loadIdentity, PeerStore, type Peer } from '../../src/index.ts'
import { BIN, finish, type Finished } from './cli.ts'
import { namespaces, type Namespace } from './namespaces.ts'
import { Terminal } from './terminal.ts'
import { tempFolder } from './tmp.ts'

/** For `expect.poll` and the like: what is waited for comes soon, but not on a busy machine. */
export const PATIENTLY = { timeout: 20_000, interval: 20 }

/** What a code looks like on a line of its own. */
export const CODE = /^ {2}([a-z]+-[a-z]+-[a-z]+)$/m

/** A code that is right with nobody: no code repeats a word three times but once in four million. */
export const WRONG_CODE = 'ocean-ocean-ocean'

/** A share in a namespace, as programs run it. */
export interface LanShare {
  readonly child: ChildProcess
  readonly peerId: string
  /** Every object it printed so far. */
  readonly events: Record<string, unknown>[]
  /** Waits for the first event of a type behind the first `from`. */
  readonly next: (type: string, from?: number) => Promise<Record<string, unknown>>
}

/** A machine on a network, with a name, an identity, and a folder `photos` to share. */
export class LanMachine {
  readonly on: Namespace
  readonly name: string
  readonly home: string
  /** Where commands run; `photos` is in it. */
  readonly folder: string
  readonly photos: string

  constructor(on: Namespace, name: string) {
    const base = tempFolder()
    this.on = on
    this.name = name
    this.home = join(base, 'home')
    this.folder = join(base, 'folder')
    this.photos = join(this.folder, 'photos')
    mkdirSync(this.photos, { recursive: true })
  }

  get env(): Record<string, string> {
    return { SFT_HOME: this.home, SFT_NAME: this.name }
  }

  async peerId(): Promise<string> {
    const { peerId } = await loadIdentity(this.home)
    return peerId
  }

  async peers(): Promise<Peer[]> {
    return new PeerStore(this.home).read()
  }

  /** Opens a terminal at this machine. */
  async terminal(): Promise<Terminal> {
    return Terminal.open({ exec: (args) => this.on.exec(args), cwd: this.folder, env: this.env })
  }

  /** Starts `sft` here, without a terminal. */
  start(args: readonly string[]): ChildProcess {
    return this.on.spawn(['env', '-C', this.folder, process.execPath, BIN, ...args], this.env)
  }

  /** Runs `sft` here to its end, without a terminal. */
  async sft(...args: readonly string[]): Promise<Finished> {
    return finish(this.start(args))
  }

  /** Shares `photos` until the test ends. */
  async share(...flags: readonly string[]): Promise<LanShare> {
    const child = this.start(['share', 'photos', '--json', ...flags])
    const events: Record<string, unknown>[] = []
    let complaint = ''
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (complaint += text))
    if (child.stdout) {
      createInterface(child.stdout).on('line', (line) => events.push(JSON.parse(line) as Record<string, unknown>))
    }
    const next = async (type: string, from = 0): Promise<Record<string, unknown>> =>
      vi.waitFor(() => {
        const event = events.slice(from).find((one) => one['type'] === type)
        if (!event) throw new Error(`no "${type}" came: ${JSON.stringify(events)} ${complaint}`)
        return event
      }, PATIENTLY)
    const { peerId } = await next('ready')
    return { child, peerId: String(peerId), events, next }
  }
}

/** Makes machines with these names on one network, until the test ends. */
export function lan<const Names extends readonly string[]>(
  ...names: Names
): { -readonly [Index in keyof Names]: LanMachine } {
  const made = namespaces(names.length).map((on, index) => new LanMachine(on, names[index] ?? ''))
  return made as { -readonly [Index in keyof Names]: LanMachine }
}

/** Anything with a home and a name. */
interface Owner {
  readonly home: string
  readonly name: string
}

/**
 * Pairs two machines as a pairing would, without one; `addresses` says whether they know where the other is.
 */
export async function acquaint(
  one: Owner,
  other: Owner,
  at: Partial<Record<'one' | 'other', string>> = {},
): Promise<void> {
  const secret = randomBytes(32)
  const keep = async ({ home }: Owner, { name, home: away }: Owner, address: string | undefined): Promise<void> => {
    const { peerId } = await loadIdentity(away)
    await new PeerStore(home).keepPaired({ peerId, name, secret, ...(address !== undefined && { address }) })
  }
  await keep(one, other, at.other)
  await keep(other, one, at.one)
}

/** Expects two machines to have each other with one secret. */
export async function expectPaired(one: Owner, other: Owner): Promise<void> {
  expect(await secretOf(one, other)).toEqual(expect.any(String))
  expect(await secretOf(one, other)).toBe(await secretOf(other, one))
}

/** Returns the secret that a machine has with another one, `null` without one. */
export async function secretOf({ home }: Owner, { home: away }: Owner): Promise<string | null> {
  const { peerId } = await loadIdentity(away)
  const peer = (await new PeerStore(home).read()).find((one) => one.peerId === peerId)
  return peer ? Buffer.from(peer.secret).toString('base64url') : null
}
