import { cutEnd } from './width.ts'

/**
 * Clears this line and all below. Not all at once from the first column: in the first line that would clear the screen,
 * and tmux keeps in its history what was on a screen that is cleared.
 */
const CLEAR = '\r\u001b[K\u001b[C\u001b[J\r'

/** Lets a terminal cut lines that are too long, instead of wrapping them: it may be narrower than it told so far. */
const [CUT, WRAP] = ['\u001b[?7l', '\u001b[?7h']

/**
 * Lines at the bottom of a terminal that are written over and taken away again; nothing anywhere else.
 *
 * The cursor waits at the beginning of the first one. So what is cleared never reaches above them, even if the terminal
 * became narrower and wrapped them, or if other programs wrote to it meanwhile.
 */
export class LiveLines {
  readonly enabled: boolean
  #shown = ''

  /** @param wanted - Whether lines are to be shown at all. */
  constructor(wanted = true) {
    this.enabled = wanted && process.stderr.isTTY && process.env['TERM'] !== 'dumb'
  }

  /** The characters that fit on a line. */
  get width(): number {
    return Math.max((process.stderr.columns || 80) - 1, 1)
  }

  /** Shows these lines, each escaped and cut to what fits, in place of the ones before. */
  show(lines: readonly string[]): void {
    if (!this.enabled) return
    const rows = Math.max((process.stderr.rows || 24) - 1, 1)
    const fitting = lines.slice(0, rows).map((line) => cutEnd(line, this.width))
    const up = fitting.length > 1 ? `\u001b[${fitting.length - 1}A` : ''
    if (this.#shown === '') this.#guard()
    // Columns are part of what is compared: a terminal that was resized has to be drawn anew.
    const shown = `${process.stderr.columns}\n${fitting.join('\n')}`
    if (shown === this.#shown) return
    process.stderr.write(`${CLEAR}${CUT}${fitting.join('\r\n')}${WRAP}${up}\r`)
    this.#shown = shown
  }

  /** Takes the lines away. */
  clear(): void {
    if (this.#shown === '') return
    this.#shown = ''
    process.off('exit', this.#onExit)
    process.off('SIGTSTP', this.#onSuspend)
    process.stderr.write(CLEAR)
  }

  /** Takes the lines away for what `print` writes, as `Output.above` does. */
  readonly printAbove = (print: () => void): void => {
    this.clear()
    print()
  }

  /** Takes the lines away too when the process ends at once, or is suspended with Ctrl-Z. */
  #guard(): void {
    process.on('exit', this.#onExit)
    process.on('SIGTSTP', this.#onSuspend)
  }

  readonly #onExit = (): void => this.clear()

  readonly #onSuspend = (): void => {
    this.clear()
    process.kill(process.pid, 'SIGSTOP')
  }
}
