import { baseName, resolveDestination, SftError } from '../../index.ts'
import { forEachPath, remotePath, withRemote, type PeerOptions } from '../context.ts'
import { escapeText } from '../escape.ts'
import { formatBytes, formatHex } from '../format.ts'
import { Progress } from '../progress.ts'

export interface GetOptions extends PeerOptions {
  readonly output?: string
  readonly overwrite?: boolean
}

/** `sft get PEER PATH...`: fetches files. */
export async function get(peer: string, paths: readonly string[], options: GetOptions): Promise<number> {
  return withRemote(peer, options, async (session) => {
    const { remote, output, signal } = session
    const destination = options.output ?? '.'
    if (paths.length > 1) await resolveDestination(`${destination}/`, '') // several files need a folder
    return forEachPath(paths, session, async (text) => {
      const path = remotePath(text)
      if (path === '.') throw new SftError('ERR_WRONG_TYPE', 'it is a folder; name files in it')
      const target = await resolveDestination(destination, baseName(path))
      const progress = new Progress(escapeText(path), undefined, !output.json)
      try {
        const { size, md5 } = await remote.get(path, target, {
          signal,
          overwrite: options.overwrite === true,
          onProgress: (bytes) => progress.add(bytes),
        })
        progress.clear()
        output.object('file', { path, target, size, md5: formatHex(md5) })
        if (!output.json) output.talk(`${escapeText(target)}: ${formatBytes(size)}, verified`)
      } finally {
        progress.clear()
      }
    })
  })
}
