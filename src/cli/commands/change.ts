import { SftError } from '../../index.ts'
import { forEachPath, remotePath, withHint, type Work } from '../context.ts'
import { escapeText } from '../escape.ts'

/** `sft rm PEER PATH...`: deletes files and empty folders. */
export function rm(paths: readonly string[]): Work {
  return async (session) =>
    forEachPath(paths, session, async (text) => {
      const path = remotePath(text)
      if (path === '.') throw new SftError('ERR_PATH', 'the root of a share cannot be deleted; name what is in it')
      try {
        await session.remote.remove(path, session)
      } catch (error) {
        throw withHint(error, 'ERR_NOT_EMPTY', 'delete what is in it first')
      }
      session.output.object('deleted', { path })
      session.output.talk(`${escapeText(path)}: deleted`)
    })
}

/** `sft mv PEER OLD NEW`: renames or moves within a share. */
export function mv(from: string, to: string, options: { overwrite?: boolean }): Work {
  return async (session) =>
    forEachPath(
      [from],
      session,
      async () => {
        const [path, target] = [remotePath(from), remotePath(to)]
        if (path === '.' || target === '.') throw new SftError('ERR_PATH', 'the root of a share keeps its name')
        if (target.startsWith(`${path}/`)) throw new SftError('ERR_PATH', 'a folder cannot be moved into itself')
        try {
          await session.remote.rename(path, target, { signal: session.signal, overwrite: options.overwrite === true })
        } catch (error) {
          throw withHint(error, 'ERR_EXISTS', 'replace a file with --overwrite, or write the whole new path')
        }
        session.output.object('renamed', { path, to: target })
        session.output.talk(`${escapeText(path)} is now ${escapeText(target)}`)
      },
      (path) => ({ path, to }),
    )
}

/** `sft mkdir PEER PATH...`: makes folders. */
export function mkdir(paths: readonly string[], options: { parents?: boolean }): Work {
  const parents = options.parents === true
  return async (session) =>
    forEachPath(paths, session, async (text) => {
      const path = remotePath(text)
      try {
        await session.remote.mkdir(path, { signal: session.signal, parents })
      } catch (error) {
        if (parents) throw error
        throw withHint(
          withHint(error, 'ERR_NOT_FOUND', 'make the folders above it too with -p'),
          'ERR_EXISTS',
          'a folder that exists is accepted with -p',
        )
      }
      session.output.object('created', { path })
      session.output.talk(`${escapeText(path)}: created`)
    })
}
