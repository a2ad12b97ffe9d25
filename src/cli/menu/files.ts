import { SftError, type Entry } from '../../index.ts'
import type { Session } from '../context.ts'
import { escapeText } from '../escape.ts'
import { formatBytes, formatTime } from '../format.ts'
import { cutStart } from '../width.ts'
import { Browser, FATAL } from './browse.ts'
import { choosePeer, describeTarget, targetOptions, type Target } from './choose-peer.ts'
import { commandLine, expandHome, localArgument, renamedPath, type Line } from './line.ts'
import { choose, confirm } from './list.ts'
import { typeLine } from './text.ts'
import { localTree, remoteTree } from './tree.ts'
import { visit } from './visit.ts'

/** What a person does with the files of another machine, each as the command line that it comes to. */

/** Most columns of a folder that is named beside a choice. */
const MOST_SHOWN = 50

/** How to type a path of this machine. */
export const TYPED_HERE = { label: 'Type a path', read: (text: string) => expandHome(text, process.env['HOME']) }

/** Get files: which machine, what of its share, and where to put it. */
export async function get(): Promise<Line | null> {
  return withShare('Get files from', async (session, target) => {
    const [from, here] = [browserOf(session, target), new Browser(localTree(), session)]
    for (;;) {
      const paths = await from.browse({
        title: 'Get from',
        takes: 'several',
        whole: (folder) => (folder === '.' ? 'Everything in this share' : 'This whole folder'),
        typed: { label: 'Type a path or a pattern' },
      })
      if (paths === null) return null
      const output = await chooseDestination(session, here)
      if (output !== null) return commandLine('get', [target.peer, ...paths], ['-o', output, ...targetOptions(target)])
    }
  })
}

/** Send files: which machine, what of this one, and where in the share. */
export async function send(): Promise<Line | null> {
  return withShare('Send files to', async (session, target) => {
    const [here, there] = [new Browser(localTree(), session), browserOf(session, target)]
    const mayList = (await session.remote.rights()).has('list')
    for (;;) {
      const files = await here.browse({ title: 'Send from', takes: 'several', typed: TYPED_HERE })
      if (files === null) return null
      const into = mayList
        ? await there.browse({
            title: 'Put into',
            takes: 'folder',
            whole: (folder) => (folder === '.' ? 'Here, at the top of the share' : 'Into this folder'),
            typed: { label: 'Type a folder of the share' },
          })
        : ['.']
      if (into === null) continue
      const [folder = '.'] = into
      const output = folder === '.' ? [] : ['-o', `${folder.replace(/\/+$/, '')}/`]
      const sources = files.map((file) => localArgument(file, process.cwd()))
      return commandLine('put', [target.peer, ...sources], [...output, ...targetOptions(target)])
    }
  })
}

/** List: which machine, and which folder of its share. */
export async function list(): Promise<Line | null> {
  return withShare('List the share of', async (session, target) => {
    const folders = await browserOf(session, target).browse({
      title: 'Look into',
      takes: 'nothing',
      whole: () => 'Print what is here',
      typed: { label: 'Type a folder' },
    })
    if (folders === null) return null
    const [folder = '.'] = folders
    return commandLine('ls', [target.peer, ...(folder === '.' ? [] : [folder])], targetOptions(target))
  })
}

/** Delete: which machine, what of its share, and whether that is meant. */
export async function remove(): Promise<Line | null> {
  return withShare('Delete in the share of', async (session, target) => {
    const place = browserOf(session, target)
    for (;;) {
      const paths = await place.browse({
        title: 'Delete from',
        takes: 'several',
        whole: (folder) => (folder === '.' ? null : 'This folder, which has to be empty'),
        typed: { label: 'Type a path' },
        takesOthers: true,
      })
      if (paths === null) return null
      const where = `In the share of ${describeTarget(target)}:`
      const title = [where, ...nameLines(paths), 'Delete for good?'].join('\n')
      const what = paths.length === 1 ? 'it' : `these ${paths.length}`
      const answers = { no: `No, keep ${what}`, yes: `Yes, delete ${what}` }
      if (await confirm(title, answers, session.signal)) {
        return commandLine('rm', [target.peer, ...paths], targetOptions(target))
      }
    }
  })
}

/** Rename: which machine, what of its share, its new name, and whether to replace what has that. */
export async function rename(): Promise<Line | null> {
  return withShare('Rename in the share of', async (session, target) => {
    const place = browserOf(session, target)
    for (;;) {
      const [path] =
        (await place.browse({
          title: 'Rename in',
          takes: 'one',
          whole: (folder) => (folder === '.' ? null : 'This folder'),
          typed: { label: 'Type a path' },
          takesOthers: true,
        })) ?? []
      if (path === undefined) return null
      const answer = await typeLine(
        {
          title: `${escapeText(path)}\nNew name:`,
          hint: 'with a "/" in it, its path from the top of the share',
          initial: path.slice(path.lastIndexOf('/') + 1),
        },
        session.signal,
      )
      if (!('chosen' in answer) || answer.chosen === '') continue
      const to = renamedPath(path, answer.chosen)
      const taken = to === path ? null : await fileAt(session, to)
      if (taken) {
        const there = `  ${formatBytes(taken.size)}  ${formatTime(taken.mtime)}`
        const title = ['There is already:', ...nameLines([to]), there, 'Replace it?'].join('\n')
        const answers = { no: 'No, keep both', yes: 'Yes, replace it: what it holds is lost' }
        if (!(await confirm(title, answers, session.signal))) continue
      }
      const options = [...(taken ? ['--overwrite'] : []), ...targetOptions(target)]
      return commandLine('mv', [target.peer, path, to], options)
    }
  })
}

/** Chooses a machine and does `work` with its share; goes back to the machines where `work` comes to nothing. */
async function withShare(
  title: string,
  work: (session: Session, target: Target) => Promise<Line | null>,
): Promise<Line | null> {
  for (;;) {
    const target = await choosePeer(title)
    if (target === null || target === 'none') return null
    const visited = await visit(target, async (session) => work(session, target))
    if (visited === 'failed') return null
    if (visited.result !== null) return visited.result
  }
}

/** Lets a person choose where on this machine files go; the folder that the program runs in, unless another is wanted. */
async function chooseDestination({ signal }: Session, here: Browser): Promise<string | null> {
  const cwd = process.cwd()
  for (;;) {
    const answer = await choose<'here' | 'other'>(
      {
        title: 'Put what arrives',
        rows: [
          { id: 'here', label: 'here', notes: [cutStart(escapeText(cwd), MOST_SHOWN)], value: 'here' },
          { id: 'other', label: 'into another folder…', value: 'other', opens: true },
        ],
      },
      signal,
    )
    if (!('chosen' in answer)) return null
    if (answer.chosen === 'here') return '.'
    const wish = { title: 'Put into', takes: 'folder', whole: () => 'Into this folder', typed: TYPED_HERE } as const
    const [folder] = (await here.browse(wish)) ?? []
    if (folder !== undefined) return localArgument(folder, cwd)
  }
}

/** Returns the file of a share at a path, `null` if there is none, or none that can be seen. */
async function fileAt({ remote, signal }: Session, path: string): Promise<Entry | null> {
  try {
    const entry = await remote.stat(path, { signal })
    return entry.type === 'file' ? entry : null
  } catch (error) {
    const fatal = error instanceof SftError && FATAL.has(error.code)
    if (signal.aborted || fatal || !(error instanceof SftError)) throw error
    return null // of whatever is wrong with the path, the command tells
  }
}

function browserOf(session: Session, target: Target): Browser {
  return new Browser(remoteTree(session, describeTarget(target)), session)
}

/** Names what a question is about, each in a line of its own, the first of many. */
function nameLines(paths: readonly string[], most = 5): string[] {
  const names = paths.slice(0, most).map((path) => `  ${escapeText(path)}`)
  return paths.length > most ? [...names, `  and ${paths.length - most} more`] : names
}
