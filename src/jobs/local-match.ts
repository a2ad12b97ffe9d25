import { listLocalFolder } from '../fs/local-files.ts'
import { localPathOf } from '../fs/local-path.ts'
import type { RemotePath } from '../wire/path.ts'
import { match } from './find.ts'

/**
 * Yields the paths of this machine that a pattern matches, from `folder` on and written as the pattern is. As in every
 * shell, a wildcard does not stand for names that begin with a dot. Folders behind links are not looked into.
 *
 * @throws {@link SftError} `ERR_PATH` for `..` behind a name, or as {@link listLocalFolder}.
 */
export async function* matchLocal(folder: string, pattern: string): AsyncGenerator<string> {
  const [start = ''] = /^(?:\/+|(?:\.{1,2}\/+)*)/.exec(pattern) ?? []
  const root = start.startsWith('/') ? '/' : localPathOf(folder, start)
  const tree = { list: (path: RemotePath) => listLocalFolder(root, { path }) }
  for await (const { path } of match(tree, pattern.slice(start.length), { dot: false })) yield `${start}${path}`
}
