import { forEachPath, remotePath, type Work } from '../context.ts'
import { escapeText } from '../escape.ts'
import { formatDigestLine, formatHex } from '../format.ts'
import { LiveLines } from '../progress.ts'

/** `sft hash PEER PATH...`: prints digests that the other machine computes, in the format of `md5sum`. */
export function hash(paths: readonly string[], options: { sha256?: boolean }): Work {
  const algorithm = options.sha256 === true ? 'sha256' : 'md5'
  return async (session) =>
    forEachPath(paths, session, async (text) => {
      const { remote, output } = session
      const path = remotePath(text)
      const status = new LiveLines(output.progress)
      output.above = status.printAbove
      if (!output.json) status.show([`waiting for the peer to read ${escapeText(path)}`])
      try {
        const digest = formatHex(await remote.digest(path, algorithm, session))
        status.clear()
        output.object('digest', { path, algorithm, digest })
        // A terminal gets a name that is safe to show; a file or a pipe the one that `md5sum -c` has to find.
        output.line(process.stdout.isTTY ? `${digest}  ${escapeText(path)}` : formatDigestLine(digest, path))
      } finally {
        status.clear()
      }
    })
}
