import { PeerStore } from '../../src/index.ts'
import { startShare, twoMachines, type TwoMachines } from './cli.ts'
import { acquaint } from './pairing.ts'
import { Terminal, type TerminalOptions } from './terminal.ts'

/** What the menu asks first, and whenever it is back. */
export const TOP = 'What would you like to do?'

export interface MenuScene extends TwoMachines {
  readonly env: Record<string, string>
  /** The address of the share, and what it told so far. */
  readonly address: string
  readonly events: readonly Record<string, unknown>[]
  /** Opens a terminal of the client, in its folder. */
  readonly open: (options?: TerminalOptions) => Promise<Terminal>
  /** Opens a terminal with the menu in it. */
  readonly openMenu: (options?: TerminalOptions) => Promise<Terminal>
}

/** A share that a client knows as `ana-laptop`, with these flags, and terminals of that client. */
export async function menuScene(flags: readonly string[] = ['-w']): Promise<MenuScene> {
  const machines = twoMachines()
  const { sharer, client, root, local } = machines
  await acquaint({ home: client.home, name: 'desktop' }, { home: sharer.home, name: 'ana-laptop' })
  const { address, peerId, events } = await startShare(root, flags, sharer)
  await new PeerStore(client.home).noteSeen(peerId, address)
  const env = { SFT_HOME: client.home, SFT_NO_DISCOVERY: '1' }
  const open = async (options: TerminalOptions = {}): Promise<Terminal> =>
    Terminal.open({ cwd: local, ...options, env: { ...env, ...options.env } })
  const openMenu = async (options?: TerminalOptions): Promise<Terminal> => {
    const terminal = await open(options)
    await terminal.type('clear; sft')
    await terminal.waitForText(TOP)
    return terminal
  }
  return { ...machines, env, address, events, open, openMenu }
}

/** Chooses a row by typing a part of it, once the list it is in is there. */
export async function pick(terminal: Terminal, text: string): Promise<void> {
  await terminal.waitForText(text)
  await terminal.type(text, { enter: false })
  await terminal.waitForText(new RegExp(`^> .*${text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')}`, 'm'))
  await terminal.press('Enter')
}

/** Chooses a machine that is known, once the list of them is there. */
export async function pickPeer(terminal: Terminal, name = 'ana-laptop'): Promise<void> {
  await terminal.waitForText(new RegExp(`^> ${name} `, 'm'))
  await terminal.press('Enter')
}

/** Goes on with so many entries that are marked. */
export async function pickMarked(terminal: Terminal, count: number): Promise<void> {
  await terminal.press('Home')
  await terminal.waitForText(new RegExp(`^> +Go on with the ${count} marked$`, 'm'))
  await terminal.press('Enter')
}
