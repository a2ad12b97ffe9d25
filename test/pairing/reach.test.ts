import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { PeerStore } from '../../src/index.ts'
import { namespacesUsable } from '../support/namespaces.ts'
import { acquaint, lan, type LanMachine } from '../support/pairing.ts'
import { tempFolder } from '../support/tmp.ts'

vi.setConfig({ testTimeout: 60_000 }) // many programs start, also on a busy machine

const missing = namespacesUsable()

const beach = randomBytes(100_000)

/** What a command said that failed, as one line. */
function complaint({ stderr }: { stderr: string }): string {
  expect(stderr).toMatch(/^sft: [^\n]+\n$/)
  return stderr
}

/** Fetches Ana's photo by her name, and returns 0 or the exit status with the complaint. */
async function fetchBeach(machine: LanMachine, ...flags: readonly string[]): Promise<string | number> {
  const to = join(tempFolder(), 'beach.jpg')
  const result = await machine.sft('get', 'ana', 'beach.jpg', '-o', to, ...flags)
  if (result.exit !== 0) return `${result.exit} ${complaint(result)}`
  expect(readFileSync(to)).toEqual(beach)
  return 0
}

/** Has a machine know these addresses of the only peer it has. */
async function knowAddresses({ home }: LanMachine, ...addresses: readonly string[]): Promise<void> {
  await new PeerStore(home).change((peers) => peers.map((peer) => ({ ...peer, addresses })))
}

describe.skipIf(missing !== null)(
  `reaching a peer on a network${missing === null ? '' : ` (skipped: ${missing})`}`,
  () => {
    test('where multicast is blocked, the last known address finds a peer, and --addr one that has moved', async () => {
      const [ana, desktop] = lan('ana', 'desktop')
      writeFileSync(join(ana.photos, 'beach.jpg'), beach)
      desktop.on.dropMulticast()
      const here = `/ip4/${ana.on.ip}/tcp/7380`
      await acquaint(ana, desktop, { one: here })
      await ana.share()
      expect(await fetchBeach(desktop)).toBe(0)

      await knowAddresses(desktop, '/ip4/10.77.0.99/tcp/7380') // nobody is there
      expect(await fetchBeach(desktop, '--addr', ana.on.ip)).toBe(0)
      expect((await desktop.peers())[0]?.addresses[0]).toBe(here) // and is tried first from now on
      expect(await fetchBeach(desktop)).toBe(0)

      await knowAddresses(desktop)
      const unknown = await fetchBeach(desktop)
      expect(unknown).toMatch(
        /^3 sft: [^;?]*"ana"[^;?]*not heard on this network; is "sft share" .*"sft doctor ana".*--addr/,
      )
      const stranger = await desktop.sft('get', 'bob', 'beach.jpg')
      expect(stranger.exit).toBe(3)
      expect(complaint(stranger)).toMatch(/no peer is called "bob".*"sft pair"/)
    })

    test('a peer is heard at an address that nobody knew, whatever else is known of it', async () => {
      const [ana, desktop] = lan('ana', 'desktop')
      writeFileSync(join(ana.photos, 'beach.jpg'), beach)
      await acquaint(ana, desktop, { one: '/ip4/10.77.0.99/tcp/7380' })
      await ana.share('--listen', `/ip4/${ana.on.ip}/tcp/0`) // a port that no two runs share
      expect(await fetchBeach(desktop)).toBe(0)
      expect(await fetchBeach(desktop, '--no-discovery')).toBe(0) // it was learnt
    })

    test('with the cable pulled, the error says what to look at', async () => {
      const [ana, desktop] = lan('ana', 'desktop')
      await acquaint(ana, desktop, { one: `/ip4/${ana.on.ip}/tcp/7380` })
      await ana.share()
      desktop.on.linkDown()
      const before = performance.now()
      expect(await fetchBeach(desktop)).toMatch(
        /^3 sft: cannot reach "ana": (no route|no answer)[^;?]*; (is "sft share"|are both machines) .*--addr/,
      )
      desktop.on.linkUp()
      ana.on.linkDown()
      const between = performance.now()
      expect(await fetchBeach(desktop)).toMatch(
        /^3 sft: cannot reach "ana": (no route|no answer)[^;?]*; (is "sft share"|are both machines) .*--addr/,
      )
      const seconds = [between - before, performance.now() - between].map((ms) => (ms / 1_000).toFixed(1))
      process.stdout.write(`own cable pulled: ${seconds[0]} s, that of the peer: ${seconds[1]} s\n`)
    })
  },
)
