import { SftError, type Entry, type RemotePath, type SftErrorCode } from '../../index.ts'
import { listFolder, listMatches, printEntries, type LsOptions } from '../commands/ls.ts'
import { forEachPath, type Session, type Work } from '../context.ts'
import { escapeText } from '../escape.ts'
import type { Arguments } from './expand.ts'
import type { Place } from './place.ts'

/** The commands of a shell that look around in the share. */

/** `cd [PATH]`: goes to another folder of the share, or to its root. */
export function cd(place: Place, text = '/'): Work {
  return async (session) =>
    forEachPath([text], session, async () => {
      const folder = place.remotePath(text)
      if (folder !== '.') await expectFolder(session, folder)
      place.enter(folder)
    })
}

async function expectFolder({ remote, signal }: Session, path: RemotePath): Promise<void> {
  try {
    const { type } = await remote.stat(path, { signal })
    if (type === 'directory') return
    const link = type === 'link' ? 'a symbolic link, and a share follows none' : 'no folder'
    throw new SftError('ERR_WRONG_TYPE', `"${path}" is ${link}`)
  } catch (error) {
    // What may be written to and not looked at is what the user says it is.
    if (!(error instanceof SftError) || error.code !== 'ERR_DENIED') throw error
  }
}

/** `pwd`: prints the folder of the share. */
export function pwd(place: Place): Work {
  return async ({ output }) => {
    output.line(escapeText(place.shown))
    output.object('pwd', { path: place.remote })
    return Promise.resolve(0)
  }
}

/** `ls [PATH...]`: lists folders of the share, and what patterns match. */
export function ls(place: Place, args: Arguments, texts: readonly string[], options: LsOptions): Work {
  return async (session) =>
    forEachPath(texts.length === 0 ? ['.'] : texts, session, async (text) => {
      const matches = await args.matches(text, session)
      if (texts.length > 1) session.output.line(`${escapeText(text)}:`)
      if (matches === null) await listNamed(session, place, text, options)
      else await listMatches(session, matches, options, ({ path }) => place.nameOf(path))
    })
}

/** Lists what is in a folder, or shows the entry itself that is none. */
async function listNamed(session: Session, place: Place, text: string, options: LsOptions): Promise<void> {
  const path = place.remotePath(text)
  try {
    await listFolder(session, path, options)
  } catch (error) {
    if (!(error instanceof SftError) || !NO_FOLDER.has(error.code) || path === '.') throw error
    const entry = await session.remote.stat(path, { signal: session.signal })
    if (entry.type === 'directory') throw error
    await printEntries(session.output, only(entry), options, () => place.nameOf(path))
  }
}

/** What is said of a folder that is none. */
const NO_FOLDER: ReadonlySet<SftErrorCode> = new Set(['ERR_NOT_FOUND', 'ERR_WRONG_TYPE'])

async function* only(entry: Entry): AsyncGenerator<Entry> {
  yield await Promise.resolve(entry)
}
