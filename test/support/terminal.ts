import { execFile, execFileSync, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { onTestFinished, vi } from 'vitest'
import { BIN } from './cli.ts'
import { tempFolder } from './tmp.ts'

const run = promisify(execFile)

export interface TerminalOptions {
  /** Puts a command line somewhere else, such as into a namespace. */
  readonly exec?: (args: readonly string[]) => string[]
  readonly cwd?: string
  readonly env?: Record<string, string>
  readonly columns?: number
  readonly rows?: number
}

/** Returns why no terminal can be had here, `null` if one can. To be asked once, for `test.skipIf`. */
export function terminalUsable(): string | null {
  return spawnSync('tmux', ['-V']).status === 0 ? null : 'no tmux'
}

/**
 * A real terminal with a shell that knows `sft`, as a person sits at it. The prompt is the exit status of the command
 * before, in brackets.
 */
export class Terminal {
  readonly #server: string

  /** Opens a terminal; everything in it is gone at the end of the test. */
  static async open({ exec, cwd, env = {}, columns = 110, rows = 50 }: TerminalOptions = {}): Promise<Terminal> {
    const server = `sft-${process.pid}-${randomBytes(4).toString('hex')}`
    const shell = ['bash', '--norc', '--noprofile', '-i']
    const path = `${commandFolder()}:${process.env['PATH'] ?? ''}`
    const terminal = new Terminal(server)
    onTestFinished(() => void spawnSync('tmux', ['-L', server, 'kill-server']))
    const size = ['-x', `${columns}`, '-y', `${rows}`]
    const command = ['-L', server, '-f', '/dev/null', 'new-session', '-d', ...size, '--', ...(exec?.(shell) ?? shell)]
    execFileSync('tmux', command, { cwd, env: { ...process.env, ...env, PS1: '[$?] ', PATH: path } })
    await terminal.exit()
    return terminal
  }

  private constructor(server: string) {
    this.#server = server
  }

  /** Types a line, and the Enter key unless told otherwise. */
  async type(text: string, { enter = true } = {}): Promise<void> {
    if (text !== '') await this.#tmux('send-keys', '-l', '--', text)
    if (enter) await this.press('Enter')
  }

  /** Presses a key, by the name that tmux has for it: `Enter`, `C-c`. */
  async press(key: string): Promise<void> {
    await this.#tmux('send-keys', key)
  }

  /** Returns everything that was printed since the terminal was cleared, as it is seen; wrapped lines as one. */
  async screen(): Promise<string> {
    const text = await this.#tmux('capture-pane', '-p', '-J', '-S', '-')
    return text.replaceAll(/ +$/gm, '').trimEnd()
  }

  /** Waits until the screen matches, and returns the first group of that, or all of it without one. */
  async waitForText(wanted: string | RegExp, timeout = 15_000): Promise<string> {
    return vi.waitFor(
      async () => {
        const screen = await this.screen()
        const at = typeof wanted === 'string' ? screen.indexOf(wanted) : -1
        const match = typeof wanted === 'string' ? (at < 0 ? null : [wanted]) : wanted.exec(screen)
        if (match === null) throw new Error(`"${String(wanted)}" is not on the screen:\n${screen}`)
        return match[1] ?? match[0] ?? ''
      },
      { timeout, interval: 50 },
    )
  }

  /** Waits until the shell is back, and returns the exit status of what ran. */
  async exit(timeout = 20_000): Promise<number> {
    return Number(await this.waitForText(/(?:^|\n)\[(\d+)\]$/, timeout))
  }

  /** Runs a command to its end. */
  async run(line: string): Promise<{ exit: number; screen: string }> {
    await this.clear()
    await this.type(line)
    await this.waitForText(line.slice(0, 20))
    const exit = await this.exit()
    return { exit, screen: await this.screen() }
  }

  /** Empties the screen; to be called while the shell waits. */
  async clear(): Promise<void> {
    await this.press('C-l')
    await vi.waitFor(async () => {
      await this.#tmux('clear-history')
      if (!/^\[\d+\]$/.test(await this.screen())) throw new Error('the screen is not clear')
    }, 5_000)
  }

  async resize(columns: number, rows: number): Promise<void> {
    await this.#tmux('resize-window', '-x', `${columns}`, '-y', `${rows}`)
  }

  async #tmux(...args: readonly string[]): Promise<string> {
    const { stdout } = await run('tmux', ['-L', this.#server, ...args])
    return stdout
  }
}

/** A folder with the command `sft` in it. */
function commandFolder(): string {
  const folder = tempFolder()
  const path = join(folder, 'sft')
  writeFileSync(path, `#!/bin/sh\nexec '${process.execPath}' '${BIN}' "$@"\n`)
  chmodSync(path, 0o755)
  return folder
}
