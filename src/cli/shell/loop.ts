import { listLocalFolder, SftError, shortId } from '../../index.ts'
import type { Session } from '../context.ts'
import { escapeText } from '../escape.ts'
import { takeInterrupts } from '../termination.ts'
import { cutStart } from '../width.ts'
import { complete } from './completion.ts'
import { Editor } from './editor.ts'
import { Interpreter } from './interpreter.ts'
import type { ApplySettings } from './table.ts'
import { TypedLines } from './typed.ts'

/** Columns of a prompt that say where the shell is. */
const PROMPT_WIDTH = 40

/**
 * Lets a person type commands until they have enough. A command that fails or is stopped with Ctrl-C leads back to the
 * prompt.
 *
 * @param peer - The peer as it was named.
 */
export async function runShell(
  session: Session,
  { peer, applySettings }: { peer: string; applySettings: ApplySettings },
): Promise<number> {
  const { remote, output, signal } = session
  const interpreter = new Interpreter(session, { interactive: true, folder: process.cwd(), applySettings })
  const history = new TypedLines(output)
  await history.load()
  const { place, commands } = interpreter
  const editor = new Editor(history, async (typed, over) =>
    complete(typed, {
      commands,
      place,
      // Connecting again is for a command to do, which can say so.
      listRemote: (folder, late) =>
        remote.lost ? none() : remote.list(folder, { signal: AbortSignal.any([signal, late]) }),
      listLocal: (folder) => listLocalFolder(folder),
      signal: over,
    }),
  )
  const name = escapeText(peer.startsWith('/') ? shortId(remote.peerId) : peer)
  output.talk(`Connected to ${name}. "help" lists the commands, "exit" ends.`)
  let interruptions = 0
  try {
    for (;;) {
      takeInterrupts(() => editor.interrupt())
      const prompt = `${cutStart(`${name}:${escapeText(place.shown)}`, PROMPT_WIDTH)}> `
      const typed = await editor.next(prompt, signal)
      if (typed.type === 'end') break
      interruptions = typed.type === 'interrupted' && typed.empty ? interruptions + 1 : 0
      if (interruptions === 2) output.talk('"exit" or Ctrl-D ends the shell.')
      if (typed.type === 'interrupted') continue
      await runLine(interpreter, editor, typed.line)
      if (interpreter.ended || signal.aborted) break
    }
  } finally {
    takeInterrupts(null)
    await history.store()
  }
  return session.exitOnSignal() ?? 0
}

/** Runs one line, which Ctrl-C stops. */
async function runLine(interpreter: Interpreter, editor: Editor, line: string): Promise<void> {
  const stop = new AbortController()
  takeInterrupts(() => {
    editor.forget()
    stop.abort(new SftError('ERR_ABORTED', 'interrupted'))
  })
  await interpreter.run(line, stop.signal)
}

async function* none(): AsyncGenerator<never> {
  // There is nothing to list.
}
