import { shortId, type Peer } from '../../index.ts'
import { escapeText } from '../escape.ts'
import { Output } from '../output.ts'
import { Browser } from './browse.ts'
import { chooseKnown, choosePeer, targetOptions } from './choose-peer.ts'
import { TYPED_HERE } from './files.ts'
import { commandLine, localArgument, type Line } from './line.ts'
import { choose, confirm } from './list.ts'
import { typeLine } from './text.ts'
import { localTree } from './tree.ts'

/** What a person does with this machine and those it knows, each as the command line that it comes to. */

/** What others may do with a shared folder, in plain words, and the options that say so. */
const RIGHTS: readonly { readonly label: string; readonly options: readonly string[] }[] = [
  { label: 'look and fetch, nothing else', options: [] },
  { label: 'also add new files', options: ['--allow', 'list,get,put,mkdir'] },
  { label: 'everything: also change and delete what is there', options: ['--write'] },
  { label: 'only add files, without seeing what is there', options: ['--drop'] },
]

/** Share a folder: which one, and what others may do there. */
export async function share(): Promise<Line | null> {
  const browser = new Browser(localTree(), { output: new Output(false) })
  for (;;) {
    const whole = (): string => 'Share this folder'
    const [folder] = (await browser.browse({ title: 'Share', takes: 'folder', whole, typed: TYPED_HERE })) ?? []
    if (folder === undefined) return null
    const answer = await choose({
      title: 'Others may',
      rows: RIGHTS.map(({ label, options }) => ({ id: label, label, value: options })),
    })
    if ('chosen' in answer) return commandLine('share', [localArgument(folder, process.cwd())], answer.chosen)
  }
}

/** Pair with a machine: which of the two shows the code. */
export async function pair(): Promise<Line | null> {
  for (;;) {
    const answer = await choose<'show' | 'type'>({
      title: 'Pair with a machine: one shows a code, the other types it',
      rows: [
        { id: 'show', label: 'show a code here', value: 'show' },
        { id: 'type', label: 'type the code that the other one shows', value: 'type' },
      ],
    })
    if (!('chosen' in answer)) return null
    if (answer.chosen === 'show') return commandLine('pair', [])
    const hint = 'nothing: it is looked for on this network'
    const address = await typeLine({ title: 'Address of the other machine:', hint })
    if (!('chosen' in address)) continue
    const where = address.chosen.trim()
    return commandLine('pair', ['-'], where === '' ? [] : ['--addr', where])
  }
}

/** Shell: on which machine. */
export async function shell(): Promise<Line | null> {
  const target = await choosePeer('Type commands to the share of')
  return target === null || target === 'none' ? null : commandLine('shell', [target.peer], targetOptions(target))
}

/** Machines I know: all of them, or what becomes of one. */
export async function peers(): Promise<Line | null> {
  for (;;) {
    const peer = await chooseKnown('Machines I know', 'Print this list')
    if (peer === null) return null
    if (peer === 'none') return commandLine('peers', [])
    const line = await changePeer(peer)
    if (line !== null) return ['peers', ...line]
  }
}

/** Asks what becomes of a machine; makes the end of a command line of it. */
async function changePeer({ name, peerId, blocked }: Peer): Promise<Line | null> {
  const title = `${escapeText(name)}  ${shortId(peerId)}`
  const answer = await choose<'rename' | 'block' | 'unblock' | 'remove'>({
    title,
    rows: [
      { id: 'rename', label: 'Rename', notes: ['on this machine only'], value: 'rename' },
      blocked
        ? { id: 'block', label: 'Unblock', notes: ['it may connect again, with the rights it had'], value: 'unblock' }
        : { id: 'block', label: 'Block', notes: ['it cannot connect until it is unblocked'], value: 'block' },
      { id: 'remove', label: 'Remove', notes: ['to connect again, it has to pair again'], value: 'remove' },
    ],
  })
  if (!('chosen' in answer)) return null
  switch (answer.chosen) {
    case 'rename': {
      const hint = 'letters, digits, ".", "_" and "-"'
      const typed = await typeLine({ title: `${title}\nNew name:`, hint, initial: name })
      const to = 'chosen' in typed ? typed.chosen.trim() : ''
      return to === '' || to === name ? null : commandLine('rename', [name, to])
    }
    case 'remove': {
      const answers = { no: 'No, keep it', yes: 'Yes, remove it' }
      return (await confirm(`${title}\nForget it and what it may do here?`, answers))
        ? commandLine('remove', [name])
        : null
    }
    default:
      return commandLine(answer.chosen, [name])
  }
}

/** How many lines of the history are printed: what fits on most screens. */
const HISTORY_LINES = '30'

/** History: the latest of it, with nothing to be asked. */
export function history(): Promise<Line> {
  return Promise.resolve(commandLine('history', [], ['-n', HISTORY_LINES]))
}

/** Doctor: which machine is not reached, if it is about one. */
export async function doctor(): Promise<Line | null> {
  const target = await choosePeer('Which machine is not reached?', 'none: look at this machine only')
  if (target === null) return null
  return target === 'none' ? commandLine('doctor', []) : commandLine('doctor', [target.peer], targetOptions(target))
}
