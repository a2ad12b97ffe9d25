import { forEachPath, remotePath, withRemote, type PeerOptions } from '../context.ts'
import { escapeText } from '../escape.ts'

/** `sft rm PEER PATH...`: deletes files and empty folders. */
export async function rm(peer: string, paths: readonly string[], options: PeerOptions): Promise<number> {
  return withRemote(peer, options, (session) =>
    forEachPath(paths, session, async (text) => {
      const path = remotePath(text)
      await session.remote.remove(path, session)
      session.output.object('deleted', { path })
      if (!session.output.json) session.output.talk(`${escapeText(path)}: deleted`)
    }),
  )
}

/** `sft mv PEER OLD NEW`: renames or moves within a share. */
export async function mv(
  peer: string,
  from: string,
  to: string,
  options: PeerOptions & { overwrite?: boolean },
): Promise<number> {
  return withRemote(peer, options, async ({ remote, output, signal }) => {
    const [path, target] = [remotePath(from), remotePath(to)]
    await remote.rename(path, target, { signal, overwrite: options.overwrite === true })
    output.object('renamed', { path, to: target })
    if (!output.json) output.talk(`${escapeText(path)} is now ${escapeText(target)}`)
    return 0
  })
}

/** `sft mkdir PEER PATH...`: makes folders. */
export async function mkdir(
  peer: string,
  paths: readonly string[],
  options: PeerOptions & { parents?: boolean },
): Promise<number> {
  return withRemote(peer, options, (session) =>
    forEachPath(paths, session, async (text) => {
      const path = remotePath(text)
      await session.remote.mkdir(path, { signal: session.signal, parents: options.parents === true })
      session.output.object('created', { path })
      if (!session.output.json) session.output.talk(`${escapeText(path)}: created`)
    }),
  )
}
