import { hasIdentity } from '../../index.ts'
import { formatCommandLine } from '../job-text.ts'
import { Output } from '../output.ts'
import { onTermination } from '../termination.ts'
import * as files from './files.ts'
import type { Line } from './line.ts'
import { choose } from './list.ts'
import * as machines from './machines.ts'
import { endsAll, Terminated } from './visit.ts'

/** Runs a command line and returns its exit status. */
type Run = (line: Line) => Promise<number>

/** Something to do: asks for what has to be known, and makes a command line of it; `null` if the person went back. */
type Task = () => Promise<Line | null>

/** What there is to do, in words for people who have not read the help. */
const TASKS: readonly { readonly label: string; readonly note: string; readonly task: Task | null }[] = [
  { label: 'Share a folder', note: 'other machines fetch from it', task: machines.share },
  { label: 'Get files', note: 'from the share of another machine', task: files.get },
  { label: 'Send files', note: 'into the share of another machine', task: files.send },
  { label: 'List', note: 'what another machine shares', task: files.list },
  { label: 'Delete', note: 'in the share of another machine', task: files.remove },
  { label: 'Rename', note: 'in the share of another machine', task: files.rename },
  { label: 'Shell', note: 'type commands to a share', task: machines.shell },
  { label: 'Pair with a machine', note: 'once, by a code of three words', task: machines.pair },
  { label: 'Machines I know', note: 'who answers; rename, block, remove', task: machines.peers },
  { label: 'History', note: 'who did what on your shares', task: machines.history },
  { label: 'Doctor', note: 'why two machines do not talk', task: machines.doctor },
  { label: 'Exit', note: '', task: null },
]

const WELCOME = 'sft moves files straight between your machines, encrypted from end to end.'

/** Lets a person choose what to do until there is no more. Returns the exit status. */
export async function menu(run: Run): Promise<number> {
  const output = new Output(false)
  const told = new Set<string>()
  let at: string | undefined
  try {
    if (!(await hasIdentity())) output.talk(WELCOME)
    for (;;) {
      onTermination((exit) => process.exit(exit)) // there is nothing to put in order here
      const answer = await choose({
        title: 'What would you like to do?',
        escape: 'leaves',
        rows: TASKS.map(({ label, note, task }) => ({ id: label, label, notes: [note], value: { label, task } })),
        ...(at !== undefined && { at }),
      })
      if (!('chosen' in answer)) return answer.back === 'interrupt' ? 130 : 0
      const { label, task } = answer.chosen
      at = label
      if (task === null) return 0
      const exit = await perform(task, run, output, told)
      if (endsAll(exit)) return exit
    }
  } catch (error) {
    if (error instanceof Terminated) return error.exit
    return output.failure(error)
  }
}

/** Does one task. Returns the exit status of its command, 0 without one. */
async function perform(task: Task, run: Run, output: Output, told: Set<string>): Promise<number> {
  let line: Line | null
  try {
    line = await task()
  } catch (error) {
    if (error instanceof Terminated) throw error
    return output.failure(error)
  }
  if (line === null) return 0
  const exit = await run(line)
  const typed = formatCommandLine(line)
  if (worked(line, exit) && !told.has(typed)) {
    output.talk(`Next time: ${typed}`)
    told.add(typed)
  }
  output.talk('')
  return exit
}

/** Whether a command did what it was for; a share is ended by Ctrl-C. */
function worked([command]: Line, exit: number): boolean {
  return exit === 0 || (exit === 130 && command === 'share')
}
