import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { namespacesUsable } from '../support/namespaces.ts'
import { CODE, expectPaired, lan, type LanMachine, WRONG_CODE } from '../support/pairing.ts'
import { terminalUsable, type Terminal } from '../support/terminal.ts'

vi.setConfig({ testTimeout: 60_000 }) // many programs start, also on a busy machine

const missing = namespacesUsable() ?? terminalUsable()

const beach = randomBytes(300_000)

/** Shares a photo at a terminal, and returns that and the code it shows. */
async function sharing(machine: LanMachine): Promise<{ terminal: Terminal; code: string }> {
  writeFileSync(join(machine.photos, 'beach.jpg'), beach)
  const terminal = await machine.terminal()
  await terminal.type('sft share ./photos')
  return { terminal, code: await terminal.waitForText(CODE) }
}

function expectBeach({ folder }: LanMachine): void {
  expect(readFileSync(join(folder, 'beach.jpg'))).toEqual(beach)
}

describe.skipIf(missing !== null)(
  `a first run at real terminals${missing === null ? '' : ` (skipped: ${missing})`}`,
  () => {
    test('the first fetch by name asks once for the code, and never again', async () => {
      const [ana, desktop] = lan('ana-laptop', 'desktop')
      const { terminal: there, code } = await sharing(ana)
      const here = await desktop.terminal()

      await here.type('sft get ana-laptop beach.jpg')
      await here.waitForText(/\nCode:$/)
      await here.type(code)
      expect(await here.exit()).toBe(0)
      expectBeach(desktop)
      await there.waitForText(/paired as "desktop"/)
      await expectPaired(ana, desktop)

      const fetchAgain = async (): Promise<void> => {
        const { exit, screen } = await here.run('time sft get ana-laptop beach.jpg --overwrite')
        expect(exit).toBe(0)
        expect(screen).not.toContain('Code:')
        process.stdout.write(`sft get NAME, once paired: ${/real\s+(\S+)/.exec(screen)?.[1] ?? '?'}\n`)
      }
      await fetchAgain()

      await there.press('C-c')
      expect(await there.exit()).toBe(130)
      await there.clear()
      await there.type('sft share ./photos')
      await there.waitForText(/for "desktop"/)
      await fetchAgain()
    })

    test('a machine shows a code, and the other pairs by it as an argument or at a prompt', async () => {
      const [ana, desktop] = lan('ana-laptop', 'desktop')
      const [there, here] = await Promise.all([ana.terminal(), desktop.terminal()])
      for (const typed of ['as an argument', 'at the prompt']) {
        await there.clear()
        await there.type('sft pair')
        const code = await there.waitForText(CODE)
        await here.clear()
        if (typed === 'as an argument') {
          await here.type(`sft pair ${code}`)
        } else {
          await here.type('sft pair -')
          await here.waitForText(/\nCode:$/)
          await here.type(code.toUpperCase().replaceAll('-', ' ')) // as somebody may hear it
        }
        expect(await here.exit()).toBe(0)
        expect(await there.exit()).toBe(0)
        expect(await here.screen()).toContain('Paired with "ana-laptop"')
        expect(await there.screen()).toContain('Paired with "desktop"')
        await expectPaired(ana, desktop)
      }
    })

    test('C14: a wrong code is told on both screens and used up, and the next try gets a new one', async () => {
      const [ana, desktop] = lan('ana-laptop', 'desktop')
      const { terminal: there, code } = await sharing(ana)
      const here = await desktop.terminal()
      await here.type('sft get ana-laptop beach.jpg')
      await here.waitForText(/\nCode:$/)
      await here.type(WRONG_CODE)
      expect(await here.exit()).toBe(6)
      expect(await here.screen()).toMatch(/sft: .*the codes differ, or somebody stands in between/)
      await there.waitForText(/a wrong code was typed, or somebody stands in between/)
      expect(existsSync(join(desktop.home, 'peers'))).toBe(false)
      expect(await ana.peers()).toEqual([])

      // A new code comes at most every ten seconds, however often somebody asks.
      const next = async (): Promise<string> => {
        for (;;) {
          await here.clear()
          await here.type('sft get ana-laptop beach.jpg')
          await here.waitForText(/\nCode:$/)
          const shown = (await there.screen()).split('\n').findLast((line) => /^ {2}[a-z]+-[a-z]+-[a-z]+$/.test(line))
          if (shown !== undefined && shown.trim() !== code) return shown.trim()
          await here.press('C-c')
          await here.exit()
        }
      }
      const another = await next()
      await here.type(another)
      expect(await here.exit()).toBe(0)
      expectBeach(desktop)
      await expectPaired(ana, desktop)
    })

    test('nonsense at the prompt is asked for again, and Ctrl-C there leaves nothing behind', async () => {
      const [ana, desktop] = lan('ana-laptop', 'desktop')
      const { code } = await sharing(ana)
      const here = await desktop.terminal()
      const settings = async (): Promise<string> => (await here.run('stty -g')).screen.split('\n')[1] ?? ''
      const before = await settings()

      await here.clear()
      await here.type('sft get ana-laptop beach.jpg')
      await here.waitForText(/\nCode:$/)
      await here.press('C-c')
      expect(await here.exit()).toBe(130)
      expect(await here.screen()).not.toMatch(/Error|at .*\.js/)
      expect(existsSync(join(desktop.home, 'peers'))).toBe(false)
      expect(existsSync(join(desktop.folder, 'beach.jpg'))).toBe(false)
      expect(await settings()).toBe(before)

      await here.clear()
      await here.type('sft get ana-laptop beach.jpg')
      await here.waitForText(/\nCode:$/)
      await here.type('it is on the tip of my tongue')
      await here.waitForText(/a code is 3 words.*\nCode:$/)
      await here.type('ocean-canyon-xyzzy')
      await here.waitForText(/"xyzzy" is not a word of a code.*\nCode:$/)
      await here.type(code) // which nothing of this has used up
      expect(await here.exit()).toBe(0)
      expectBeach(desktop)
    })

    test('among several machines that show a code a person chooses', async () => {
      const [ana, bob, desktop] = lan('ana-laptop', 'bob-laptop', 'desktop')
      const [, { code }] = await Promise.all([sharing(ana), sharing(bob)])
      const here = await desktop.terminal()
      await here.resize(60, 20) // one that is narrow
      await here.type('sft get bob beach.jpg')
      await here.waitForText(/Which one \(1-2\)\?$/)
      const screen = await here.screen()
      expect(screen).toContain((await ana.peerId()).slice(-8))
      await here.type('7')
      await here.waitForText(/Which one \(1-2\)\? 7\nWhich one \(1-2\)\?$/)
      await here.type(new RegExp(String.raw`^ *(\d) .*${bob.on.ip}\b`, 'm').exec(screen)?.[1] ?? '')
      await here.waitForText(/\nCode:$/)
      await here.type(code)
      expect(await here.exit()).toBe(0)
      expectBeach(desktop)
      expect(await desktop.peers()).toMatchObject([{ name: 'bob', peerId: await bob.peerId() }])
      expect(await ana.peers()).toEqual([])
    })
  },
)
