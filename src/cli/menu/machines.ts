import { Output } from '../output.ts'
import { Browser } from './browse.ts'
import { choosePeer, targetOptions } from './choose-peer.ts'
import { TYPED_HERE } from './files.ts'
import { commandLine, localArgument, type Line } from './line.ts'
import { choose } from './list.ts'
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

/** Machines I know: all of them, with nothing to be asked. */
export function peers(): Promise<Line> {
  return Promise.resolve(commandLine('peers', []))
}

/** Doctor: which machine is not reached, if it is about one. */
export async function doctor(): Promise<Line | null> {
  const target = await choosePeer('Which machine is not reached?', 'none: look at this machine only')
  if (target === null) return null
  return target === 'none' ? commandLine('doctor', []) : commandLine('doctor', [target.peer], targetOptions(target))
}
