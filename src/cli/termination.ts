/** How a command ends before it is done: by a signal, or because its output cannot be written. */
import { ERRORS } from '../errors.ts'

/** Exit status when nobody reads our output any more, as shells count the signal for it. */
const UNREAD = 141

/** Exit status when what stdout leads to takes no more, as a full disk. */
const UNWRITTEN = ERRORS.ERR_NO_SPACE.exit

/** Exit status by signal, as shells count: 128 and its number. */
const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const

/** The exit status if stdout could not be written. */
let outputLost: number | null = null

/** Who takes Ctrl-C instead of the end of the command; `null` if nobody does. */
let takesInterrupts: (() => void) | null = null

/** Whether signals are listened to: once, however many commands run one after the other. */
let listening = false

/** How this process ends early: at once, until a command has something to put in order first. */
let terminate: (exit: number) => void = (exit) => process.exit(exit)

/**
 * Calls `onEnd` with the exit status at the first SIGINT, SIGTERM or SIGHUP, or when stdout cannot be written; at a
 * second one the process ends at once. Takes the place of what was to be called so far.
 */
export function onTermination(onEnd: (exit: number) => void): void {
  let ending = false
  terminate = (exit) => {
    if (ending) process.exit(exit)
    ending = true
    clearEcho()
    onEnd(exit)
  }
  if (listening) return
  listening = true
  for (const [signal, exit] of Object.entries(SIGNALS)) {
    process.on(signal, () => {
      if (signal !== 'SIGINT' || takesInterrupts === null) return terminate(exit)
      clearEcho()
      takesInterrupts()
    })
  }
}

/** Has Ctrl-C call `take` from now on instead of ending the command, or end it again with `null`. */
export function takeInterrupts(take: (() => void) | null): void {
  takesInterrupts = take
}

/** Writes over the ^C that the terminal echoes. */
function clearEcho(): void {
  if (process.stderr.isTTY && process.env['TERM'] !== 'dumb') process.stderr.write('\r\u001b[2K')
}

/**
 * Ends the command when stdout cannot be written: whoever reads it has enough (`sft ls … | head`). A listener for SIGPIPE
 * would not do: it would also hear of every connection that a peer closed.
 */
export function endWhenUnread(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (outputLost !== null) return // of what is still written on the way out
    outputLost = error.code === 'EPIPE' ? UNREAD : UNWRITTEN
    if (outputLost === UNWRITTEN) process.stderr.write(`sft: cannot write the output: ${error.message}\n`)
    terminate(outputLost)
  })
}

/** Returns whether a command ended with `exit` because its output could not be written, which is all said then. */
export function isOutputLost(exit: number): boolean {
  return exit === UNREAD || exit === UNWRITTEN
}

/** Waits until everything written is out, and returns the exit status: `exit` unless some of it could not be written. */
export async function exitWhenWritten(exit: number): Promise<number> {
  for (const stream of [process.stdout, process.stderr]) await new Promise((resolve) => stream.write('', resolve))
  await new Promise((resolve) => setImmediate(resolve)) // the callback of a failed write comes before its event
  return outputLost ?? exit
}
