import { basename } from 'node:path'
import { joinPath, SftError, type Remote, type RemotePath } from '../../index.ts'
import { forEachPath, remotePath, withHint, withRemote, type PeerOptions, type Session } from '../context.ts'
import { escapeText } from '../escape.ts'
import { formatHex } from '../format.ts'
import { Progress } from '../progress.ts'

export interface PutOptions extends PeerOptions {
  readonly output?: string
  readonly overwrite?: boolean
}

/** `sft put PEER FILE...`: stores files. */
export async function put(peer: string, files: readonly string[], options: PutOptions): Promise<number> {
  return withRemote(peer, options, async (session) => {
    const output = options.output ?? '.'
    const target = remotePath(output)
    const intoFolder = await isFolderTarget(session.remote, output, files.length > 1)
    return forEachPath(
      files,
      session,
      async (file) =>
        putOne(session, file, intoFolder ? joinPath(target, basename(file)) : target, options.overwrite === true),
      (file) => ({ path: file, to: intoFolder && target !== '.' ? `${target}/` : target }),
    )
  })
}

async function putOne(session: Session, file: string, path: RemotePath, overwrite: boolean): Promise<void> {
  const { remote, output, signal } = session
  const progress = new Progress(escapeText(file), !output.json)
  try {
    const { size, md5 } = await remote.put(file, path, {
      signal,
      overwrite,
      onBegin: ({ size }) => progress.begin(size),
      onProgress: (bytes) => progress.add(bytes),
    })
    progress.clear()
    output.object('file', { source: file, path, size, md5: formatHex(md5) })
    output.talk(`${escapeText(path)}: ${progress.outcome}, verified by the peer`)
  } catch (error) {
    throw withHint(error, 'ERR_EXISTS', 'replace a file with --overwrite, or store under another name with -o')
  } finally {
    progress.clear()
  }
}

/** Tells whether files go into `target` under their own names: it is a folder, is written as one, or several go there. */
async function isFolderTarget(remote: Remote, target: string, several: boolean): Promise<boolean> {
  const path = remotePath(target)
  if (path === '.' || target.endsWith('/') || several) return true
  try {
    return (await remote.stat(path)).type === 'directory'
  } catch (error) {
    // Nothing there, or a share that does not let us look: then it is the name of the file.
    if (error instanceof SftError && (error.code === 'ERR_NOT_FOUND' || error.code === 'ERR_DENIED')) return false
    throw error
  }
}
