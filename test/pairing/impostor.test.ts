import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { startForger } from '../support/lan-machines.ts'
import { namespacesUsable } from '../support/namespaces.ts'
import { acquaint, lan, type LanMachine } from '../support/pairing.ts'
import { tempFolder } from '../support/tmp.ts'

vi.setConfig({ testTimeout: 60_000 }) // many programs start, also on a busy machine

const missing = namespacesUsable()

const beach = randomBytes(100_000)

/** Ana shares, Mallory lets anybody in to files of the same names, and a third machine is paired with Ana. */
async function scene(): Promise<[ana: LanMachine, mallory: LanMachine, desktop: LanMachine]> {
  const [ana, mallory, desktop] = lan('ana', 'ana', 'desktop')
  writeFileSync(join(ana.photos, 'beach.jpg'), beach)
  writeFileSync(join(mallory.photos, 'beach.jpg'), 'from somebody else')
  await acquaint(ana, desktop)
  return [ana, mallory, desktop]
}

async function fetchBeach(machine: LanMachine, ...flags: readonly string[]): Promise<string | number> {
  const to = join(tempFolder(), 'beach.jpg')
  const { exit, stderr } = await machine.sft('get', 'ana', 'beach.jpg', '-o', to, ...flags)
  if (exit === 0) expect(readFileSync(to)).toEqual(beach)
  return exit === 0 ? 0 : `${exit} ${stderr}`
}

describe.skipIf(missing !== null)(
  `somebody else on the network${missing === null ? '' : ` (skipped: ${missing})`}`,
  () => {
    test('A08 and W09: a machine that takes over the address of a peer is refused in the handshake', async () => {
      const [ana, mallory, desktop] = await scene()
      await ana.share()
      expect(await fetchBeach(desktop)).toBe(0) // and is known at its address from now on
      ana.on.linkDown()
      execFileSync('ip', ['-n', mallory.on.name, 'addr', 'replace', `${ana.on.ip}/24`, 'dev', 'eth0'])
      execFileSync('ip', ['-n', desktop.on.name, 'neigh', 'flush', 'dev', 'eth0']) // as the new owner would see to
      const { events } = await mallory.share('--open')
      expect(await fetchBeach(desktop)).toMatch(/^6 sft: [^\n]*another machine answers at [^\n]*key[^\n]*\n$/)
      expect(events.map(({ type }) => type)).toEqual(['ready']) // no session was begun there
    })

    test('W09: adverts of a peer that lead elsewhere let nobody in, and keep nobody from the peer itself', async () => {
      const [ana, mallory, desktop] = await scene()
      const { events } = await mallory.share('--open', '--no-discovery')
      const forge = await startForger(mallory.on)
      const strings = [`dnsaddr=/ip4/${mallory.on.ip}/tcp/7380/p2p/${await ana.peerId()}`]
      const forging = setInterval(() => void forge({ from: mallory.on.ip, strings }), 100)
      try {
        expect(await fetchBeach(desktop)).toMatch(/^6 sft: [^\n]*another machine answers at [^\n]*key[^\n]*\n$/)
        await ana.share()
        expect(await fetchBeach(desktop)).toBe(0)
      } finally {
        clearInterval(forging)
      }
      expect(events.map(({ type }) => type)).toEqual(['ready'])
    })

    test('W09: ten thousand forged adverts do not keep a fetch by name from its peer', async () => {
      const [ana, mallory, desktop] = await scene()
      await ana.share()
      const forge = await startForger(mallory.on)
      const [{ seconds }, fetched] = await Promise.all([
        forge({ from: mallory.on.ip, peers: 9_000, ports: { of: await ana.peerId(), count: 1_000 } }),
        fetchBeach(desktop),
      ])
      expect(fetched).toBe(0)
      process.stdout.write(`10,000 adverts in ${seconds.toFixed(1)} s\n`)
    })
  },
)
