import { forEachPath, remotePath, withRemote, type PeerOptions } from '../context.ts'
import { formatDigestLine, formatHex } from '../format.ts'

/** `sft hash PEER PATH...`: prints digests that the other machine computes, in the format of `md5sum`. */
export async function hash(
  peer: string,
  paths: readonly string[],
  options: PeerOptions & { sha256?: boolean },
): Promise<number> {
  const algorithm = options.sha256 === true ? 'sha256' : 'md5'
  return withRemote(peer, options, (session) =>
    forEachPath(paths, session, async (text) => {
      const path = remotePath(text)
      const digest = formatHex(await session.remote.digest(path, algorithm, session))
      session.output.object('digest', { path, algorithm, digest })
      session.output.line(formatDigestLine(digest, path))
    }),
  )
}
