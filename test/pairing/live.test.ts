import { appendFileSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { loadIdentity } from '../../src/index.ts'
import {
  finish,
  namesIn,
  sft,
  start,
  startShare,
  transfersUnderWay,
  twoMachines,
  type RunOptions,
  type ShareProcess,
} from '../support/cli.ts'
import { acquaint, PATIENTLY } from '../support/pairing.ts'
import { tempFolder } from '../support/tmp.ts'

vi.setConfig({ testTimeout: 60_000 }) // many programs start, also on a busy machine

/** A file that takes longer to fetch than anything that is done meanwhile; it holds zeros, which take no room. */
const HUGE = 8 * 1024 ** 3

interface Scene {
  /** The laptop shares, and changes who may do what; the others fetch from it. */
  readonly laptop: RunOptions
  readonly desktop: RunOptions & { readonly cwd: string }
  readonly tablet: RunOptions & { readonly cwd: string }
  readonly root: string
  readonly share: ShareProcess
  /** Runs a command of a client, at the laptop by its name. */
  readonly at: (client: RunOptions, command: string, ...args: readonly string[]) => ReturnType<typeof start>
}

/** Two machines that a third is paired with, which shares a huge file and a small one. */
async function scene(...flags: readonly string[]): Promise<Scene> {
  const { sharer: laptop, client: desktop, root } = twoMachines()
  const tablet = { home: join(tempFolder(), 'home'), cwd: tempFolder() }
  await acquaint({ ...laptop, name: 'laptop' }, { ...desktop, name: 'desktop' })
  await acquaint({ ...laptop, name: 'laptop' }, { ...tablet, name: 'tablet' })
  for (const file of ['huge', 'small']) writeFileSync(join(root, file), file)
  truncateSync(join(root, 'huge'), HUGE)
  const share = await startShare(root, flags, laptop)
  const at: Scene['at'] = (client, command, ...args) =>
    start([command, 'laptop', ...args, '--addr', share.address], client)
  return { laptop, desktop, tablet, root, share, at }
}

function eventsOf({ events }: ShareProcess, type: string): Record<string, unknown>[] {
  return events.filter((event) => event['type'] === type)
}

test.each([
  ['removed', ['peers', 'remove', 'desktop']],
  ['blocked', ['peers', 'block', 'desktop']],
] as const)('A03: a peer that is %s in the middle of a fetch is cut off, and nobody else is', async (_, change) => {
  const { laptop, desktop, tablet, share, at } = await scene()
  const fetching = finish(at(desktop, 'get', 'huge'))
  const other = at(tablet, 'get', 'huge')
  await Promise.all([transfersUnderWay(desktop.cwd), transfersUnderWay(tablet.cwd)])

  const before = performance.now()
  expect(await sft([...change], laptop)).toMatchObject({ exit: 0 })
  const changed = performance.now()
  const { exit, stderr } = await fetching
  process.stdout.write(
    `${change[1]}: ${Math.round(changed - before)} ms, cut ${Math.round(performance.now() - changed)} ms later: ${stderr}`,
  )
  expect(stderr).toMatch(/^Reconnecting, as [^\n]+\nsft: "laptop" does not let this machine in[^\n]+\n$/)
  expect(exit).toBe(5)
  expect(namesIn(desktop.cwd)).not.toContain('huge')

  const again = await finish(at(desktop, 'get', 'small'))
  expect(again).toMatchObject({
    exit: 5,
    stderr: expect.stringMatching(/^sft: "laptop" does not let this machine in[^\n]+\n$/),
  })
  expect(await finish(at(tablet, 'get', 'small'))).toMatchObject({ exit: 0 })
  expect(other.exitCode).toBeNull() // it is still at it
  other.kill('SIGINT')
  expect((await finish(other)).exit).toBe(130)
  expect(share.child.exitCode).toBeNull()
})

test('an upload whose right is taken away meanwhile is refused, and nothing of it stays', async () => {
  const { laptop, desktop, root, at } = await scene('--write')
  writeFileSync(join(desktop.cwd, 'upload'), '')
  truncateSync(join(desktop.cwd, 'upload'), 256e6)
  const put = at(desktop, 'put', 'upload')
  const storing = finish(put)
  await transfersUnderWay(root)
  put.kill('SIGSTOP') // so that it does not end first
  expect(await sft(['grant', 'desktop', 'none'], laptop)).toMatchObject({ exit: 0 })
  put.kill('SIGCONT')
  const { exit, stderr } = await storing
  expect({ exit, stderr }).toEqual({
    exit: 5,
    stderr: expect.stringMatching(/^sft: upload[^\n]*: the share does not allow it[^\n]*\n/m),
  })
  expect(namesIn(root)).toEqual(['huge', 'small'])

  expect(await finish(at(desktop, 'get', 'small'))).toMatchObject({ exit: 5 })
  expect(await sft(['grant', 'desktop', 'default'], laptop)).toMatchObject({ exit: 0 })
  expect(await finish(at(desktop, 'get', 'small'))).toMatchObject({ exit: 0 })
})

test('while the peers file is malformed nobody is let in, whoever was in is cut off, and all are when it is mended', async () => {
  const { laptop, desktop, tablet, share, at } = await scene()
  const path = join(laptop.home, 'peers')
  const fit = readFileSync(path)
  const fetching = finish(at(desktop, 'get', 'huge'))
  await transfersUnderWay(desktop.cwd)

  appendFileSync(path, 'this is no peer\n')
  expect([5, 10]).toContain((await fetching).exit)
  expect(eventsOf(share, 'peers')).toEqual([
    expect.objectContaining({ code: 'ERR_IDENTITY', message: expect.stringContaining('line') }),
  ])
  for (const client of [desktop, tablet]) expect((await finish(at(client, 'get', 'small'))).exit).toBe(5)
  expect(eventsOf(share, 'code')).toEqual([]) // one of them may be blocked

  writeFileSync(path, fit)
  await expect.poll(() => eventsOf(share, 'peers').length, PATIENTLY).toBe(2)
  expect(eventsOf(share, 'peers')[1]).not.toHaveProperty('code')
  for (const client of [desktop, tablet]) expect((await finish(at(client, 'get', 'small'))).exit).toBe(0)
})

test('W07: two machines that are paired fetch from each other', async () => {
  const { desktop, laptop, at } = await scene()
  const back = tempFolder()
  mkdirSync(join(desktop.cwd, 'photos'))
  writeFileSync(join(desktop.cwd, 'photos', 'beach'), 'sand')
  const { address } = await startShare(join(desktop.cwd, 'photos'), [], desktop)
  const [forth, there] = await Promise.all([
    finish(at(desktop, 'get', 'small')),
    sft(['get', 'desktop', 'beach', '--addr', address], { ...laptop, cwd: back }),
  ])
  expect([forth.exit, there.exit]).toEqual([0, 0])
  expect(readFileSync(join(back, 'beach'), 'utf8')).toBe('sand')
})

test('a peer with the right key but without the secret of the pairing gets nothing', async () => {
  const { laptop, desktop, share, at } = await scene()
  // As if somebody had copied the identity but not the peers, or the other side had paired anew.
  await acquaint({ ...desktop, name: 'desktop' }, { home: join(tempFolder(), 'home'), name: 'elsewhere' })
  const forged = readFileSync(join(desktop.home, 'peers'), 'utf8').replace(
    /( default )[\w-]{42}/,
    `$1${'A'.repeat(42)}`,
  )
  writeFileSync(join(desktop.home, 'peers'), forged)
  const { exit, stderr } = await finish(at(desktop, 'get', 'small'))
  expect(stderr).toMatch(/pair again/)
  expect(exit).not.toBe(0)
  expect(eventsOf(share, 'served')).toEqual([])
  expect((await loadIdentity(laptop.home)).peerId).toBe(share.peerId)
})
