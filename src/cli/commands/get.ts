import { baseName, resolveDestination, SftError } from '../../index.ts'
import { forEachPath, remotePath, withHint, withRemote, type PeerOptions, type Session } from '../context.ts'
import { escapeText } from '../escape.ts'
import { formatHex } from '../format.ts'
import { Progress } from '../progress.ts'

export interface GetOptions extends PeerOptions {
  readonly output?: string
  readonly overwrite?: boolean
}

/** `sft get PEER PATH...`: fetches files. */
export async function get(peer: string, paths: readonly string[], options: GetOptions): Promise<number> {
  return withRemote(peer, options, async (session) => {
    const destination = options.output ?? '.'
    if (destination === '-') throw new SftError('ERR_USAGE', 'writing to stdout is not there yet; name a file with -o')
    if (paths.length > 1) await resolveDestination(`${destination}/`, '') // several files need a folder
    return forEachPath(paths, session, async (path) => getOne(session, path, destination, options.overwrite === true))
  })
}

async function getOne(session: Session, text: string, destination: string, overwrite: boolean): Promise<void> {
  const { remote, output, signal } = session
  const path = remotePath(text)
  if (path === '.') throw new SftError('ERR_WRONG_TYPE', 'it is a folder; name the files in it')
  const target = await resolveDestination(destination, baseName(path))
  const progress = new Progress(escapeText(path), !output.json)
  try {
    const { size, md5 } = await remote.get(path, target, {
      signal,
      overwrite,
      onBegin: (file) => progress.begin(file.size),
      onProgress: (bytes) => progress.add(bytes),
    })
    progress.clear()
    output.object('file', { path, target, size, md5: formatHex(md5) })
    output.talk(`${escapeText(target)}: ${progress.outcome}, verified`)
  } catch (error) {
    throw withHint(
      error,
      'ERR_EXISTS',
      `${target} was not touched: --overwrite replaces a file, -o names another place`,
    )
  } finally {
    progress.clear()
  }
}
