import { once } from 'node:events'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  connect,
  diagnose,
  offerPairing,
  pair,
  PeerStore,
  reachable,
  RIGHTS,
  share,
  type Peer,
  type Remote,
} from '../../src/index.ts'
import { generateIdentity } from '../../src/net/identity.ts'
import { Node } from '../../src/net/node.ts'
import { PROTOCOL_ID } from '../../src/wire/limits.ts'
import { PAIR_PROTOCOL_ID } from '../../src/wire/pairing.ts'
import { outcome } from '../support/aftermath.ts'
import { namesIn } from '../support/cli.ts'
import { connectedMachine, sharingMachine } from '../support/machines.ts'
import { acquaint, WRONG_CODE } from '../support/pairing.ts'
import { tempFolder } from '../support/tmp.ts'

const LISTEN = ['/ip4/127.0.0.1/tcp/0']
const cause = new Error('enough')
const CANCELLED = { name: 'SftError', code: 'ERR_ABORTED', cause }

/** A machine that takes every stream and never says a word on it. */
async function silentMachine(): Promise<{ address: string; asked: Promise<void> }> {
  const node = await Node.start({ identity: await generateIdentity(), listen: LISTEN })
  onTestFinished(async () => node.stop())
  const asked = Promise.withResolvers<void>()
  for (const protocol of [PROTOCOL_ID, PAIR_PROTOCOL_ID]) {
    await node.handle(protocol, { admits: () => true, onStream: () => asked.resolve() })
  }
  return { address: node.addresses[0] ?? '', asked: asked.promise }
}

function newHome(): string {
  return join(tempFolder(), 'home')
}

/** A peer that was never met. */
async function stranger(home: string): Promise<Peer> {
  const other = newHome()
  await acquaint({ home, name: 'here' }, { home: other, name: 'there' })
  const [peer] = await new PeerStore(home).read()
  if (!peer) throw new Error('there is no peer')
  return peer
}

const signal = AbortSignal.abort(cause)

/** Every call that takes a signal, without a session. */
const CALLS: Record<string, (home: string) => Promise<unknown>> = {
  connect: async (home) => connect('/ip4/127.0.0.1/tcp/9', { home, signal }),
  share: async (home) => share(tempFolder(), { home, listen: LISTEN, signal }),
  pair: async (home) => pair(WRONG_CODE, { home, address: '127.0.0.1:9', signal }),
  offerPairing: async (home) => offerPairing({ home, listen: LISTEN, signal }),
  reachable: async (home) => reachable([await stranger(newHome())], { home, signal }),
  diagnose: async (home) => Array.fromAsync(diagnose({ home, signal })),
  change: async (home) => new PeerStore(home).change(() => expect.unreachable('it is cancelled'), { signal }),
}

test.each(Object.keys(CALLS))('%s does nothing on a signal that is aborted already', async (name) => {
  const home = newHome()
  await expect(CALLS[name]?.(home)).rejects.toMatchObject(CANCELLED)
  expect(readdirSync(dirname(home))).toEqual([])
})

/** Every call on a session. */
const ON_SESSION: Record<string, (remote: Remote, local: string) => Promise<unknown>> = {
  rights: async (remote) => remote.rights({ signal }),
  list: async (remote) => Array.fromAsync(remote.list('.', { signal })),
  match: async (remote) => Array.fromAsync(remote.match('*', { signal })),
  stat: async (remote) => remote.stat('a', { signal }),
  get: async (remote, local) => remote.get('a', join(local, 'new'), { signal }),
  put: async (remote, local) => remote.put(join(local, 'b'), 'new', { signal }),
  getAll: async (remote, local) => remote.getAll(['a'], local, { signal }),
  putAll: async (remote, local) => remote.putAll([join(local, 'b')], '.', { signal }),
  getStream: async (remote) => remote.getStream('a', () => Promise.resolve(), { signal }),
  putStream: async (remote) => remote.putStream(threeBytes(), 'new', { signal }),
  remove: async (remote) => remote.remove('absent', { signal }),
  rename: async (remote) => remote.rename('absent', 'new', { signal }),
  mkdir: async (remote) => remote.mkdir('sub/sub', { signal }), // which fails anyway, without `parents`
  digest: async (remote) => remote.digest('a', 'md5', { signal }),
  restore: async (remote) => remote.restore({ signal }),
}

async function* threeBytes(): AsyncGenerator<Uint8Array> {
  yield new Uint8Array(3)
}

test('every call on a session ends by a signal that is aborted already, and the session goes on', async () => {
  const { address, root } = await sharingMachine({ rights: RIGHTS })
  const remote = await connectedMachine(address)
  const local = tempFolder()
  writeFileSync(join(root, 'a'), 'a')
  writeFileSync(join(local, 'b'), 'b')
  const methods = Object.getOwnPropertyNames(Object.getPrototypeOf(remote))
  expect(methods.filter((name) => !['constructor', 'close', 'abort', 'lost'].includes(name)).toSorted()).toEqual(
    Object.keys(ON_SESSION).toSorted(),
  )
  for (const [name, call] of Object.entries(ON_SESSION)) {
    const ended = await call(remote, local).then(
      (summary) => (summary as { error?: { code: string } } | undefined)?.error?.code, // of a job
      (error: { code?: string }) => error.code,
    )
    expect([name, ended]).toEqual([name, 'ERR_ABORTED'])
  }
  expect(namesIn(local)).toEqual(['b'])
  expect(namesIn(root)).toEqual(['a'])
  expect(await remote.stat('a')).toMatchObject({ size: 1 })
})

// All of it would end by itself, later.
describe('a signal that is aborted in the middle', { timeout: 8_000 }, () => {
  test('ends a connection to a machine that says nothing', async () => {
    const { address, asked } = await silentMachine()
    const stop = new AbortController()
    const connecting = connect(address, { home: newHome(), signal: stop.signal })
    void asked.then(() => setTimeout(() => stop.abort(cause), 500))
    await expect(connecting).rejects.toMatchObject(CANCELLED)
  })

  test('ends a pairing with a machine that says nothing, and nothing is kept of it', async () => {
    const { address, asked } = await silentMachine()
    const stop = new AbortController()
    const home = newHome()
    const pairing = pair(WRONG_CODE, { home, address, signal: stop.signal })
    void asked.then(() => setTimeout(() => stop.abort(cause), 500)) // the stream stands here too by then
    await expect(pairing).rejects.toMatchObject(CANCELLED)
    expect(await new PeerStore(home).read()).toEqual([])
  })

  test('ends the wait for a person who is asked for a code', async () => {
    const { address } = await sharingMachine({ peers: 'paired', pairing: true })
    const stop = new AbortController()
    const askCode = async (): Promise<string> => {
      setImmediate(() => stop.abort(cause))
      return new Promise(() => undefined)
    }
    const connecting = connect(address, { home: newHome(), signal: stop.signal, introduction: { askCode } })
    await expect(connecting).rejects.toMatchObject(CANCELLED)
  })

  test('ends a code that is shown', async () => {
    const stop = new AbortController()
    const onReady = (): void => stop.abort(cause)
    const offering = offerPairing({ home: newHome(), listen: LISTEN, onReady, signal: stop.signal })
    expect(await outcome(offering)).toBe('ERR_ABORTED')
  })

  test('ends the wait for peers that do not answer', async () => {
    const home = newHome()
    const peer = await stranger(home)
    const stop = new AbortController()
    const server = createServer(() => stop.abort(cause)).listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => void server.close())
    const addresses = [`/ip4/127.0.0.1/tcp/${(server.address() as AddressInfo).port}`]
    const knocking = reachable([{ ...peer, addresses }], { home, patience: 600_000, signal: stop.signal })
    await expect(knocking).rejects.toMatchObject(CANCELLED)
  })

  test('ends the wait for another program that has the peers', async () => {
    const home = newHome()
    const lock = join(home, 'peers.lock')
    mkdirSync(lock, { recursive: true })
    writeFileSync(join(lock, crypto.randomUUID()), '')
    const stop = new AbortController()
    setTimeout(() => stop.abort(cause), 100)
    const changing = new PeerStore(home).change(() => expect.unreachable('it is locked'), { signal: stop.signal })
    await expect(changing).rejects.toMatchObject({ code: 'ERR_ABORTED', cause })
  })

  test('ends a share and its sessions, once', async () => {
    const stop = new AbortController()
    const { share: served, address, events } = await sharingMachine({ signal: stop.signal })
    const remote = await connectedMachine(address)
    stop.abort()
    await expect.poll(() => events.map(({ type }) => type)).toEqual(['opened', 'closed'])
    await served.close()
    expect(await outcome(remote.stat('.'))).toBe('ERR_CLOSED')
    expect(await outcome(connect(address, { home: newHome() }))).toBe('ERR_UNREACHABLE')
  })
})
