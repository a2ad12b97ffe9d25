import { asSftError, SftError } from '../errors.ts'
import type { Entry, FileInfo } from '../wire/message.ts'
import { baseName, joinPath, parseRemotePath, ROOT, type RemotePath } from '../wire/path.ts'
import { globDepth, isGlob, parseGlob } from './filter.ts'
import { Frontier } from './frontier.ts'
import type { SourceTree } from './tree.ts'

/** Something that was named to be copied and is not there, or what else is wrong with it. */
export interface Missing {
  /** As it was named. */
  readonly name: string
  readonly error: SftError
}

/** An entry that was named to be copied, and what it will be called. */
export interface Root {
  readonly entry: Entry
  readonly to: RemotePath
}

/** A tree in which a file may be described though not looked at. */
export interface NamedTree extends SourceTree {
  /** Describes a file as it is told to whoever fetches it. */
  describe(path: RemotePath): Promise<FileInfo>
}

/** What became of something that was named: one entry, of which a pattern may bring many. */
export type Named = Root | Missing

/**
 * Yields the entries that paths and patterns name, each once; what lies below one that a pattern matched is not matched
 * again. A path that is not there, or a pattern that nothing matches, is yielded as that.
 */
export async function* findNamed(tree: NamedTree, paths: readonly string[]): AsyncGenerator<Entry | Missing> {
  const seen = new Set<string>()
  const isNew = (path: string): boolean => {
    if (paths.length === 1) return true
    if (seen.has(path)) return false
    seen.add(path)
    return true
  }
  for (const name of paths) {
    try {
      if (!isGlob(name) || (await isThere(tree, name))) {
        const entry = await lookAt(tree, parseRemotePath(name))
        expectCopied(entry)
        if (isNew(entry.path)) yield entry
        continue
      }
      let found = false
      for await (const entry of match(tree, name)) {
        found = true
        if (isNew(entry.path)) yield entry
      }
      if (found) continue
      throw new SftError('ERR_NOT_FOUND', `nothing matches "${name}"; "sft ls" shows what is there`, { step: 'ls' })
    } catch (error) {
      yield { name, error: asSftError(error, 'ERR_INTERNAL', 'it could not be looked at') }
    }
  }
}

/** What is wrong with a destination that would have to be a folder. */
export function noFolder(destination: string): SftError {
  return new SftError('ERR_EXISTS', `"${destination}" is there and no folder; choose another destination`)
}

/**
 * Throws unless an entry that was named for itself is one that can be copied. In a folder or among what a pattern matches
 * it is just left out.
 *
 * @throws {@link SftError} `ERR_WRONG_TYPE`
 */
function expectCopied({ path, type }: Entry): void {
  if (type === 'link') {
    throw new SftError(
      'ERR_WRONG_TYPE',
      `"${path}" is a symbolic link, and a share follows none; name what it points to`,
    )
  }
  if (type === 'other') throw new SftError('ERR_WRONG_TYPE', `"${path}" is neither a file nor a folder`)
}

/** Describes an entry; of one that may be fetched but not looked at, what is told of a file to fetch it. */
async function lookAt(tree: NamedTree, path: RemotePath): Promise<Entry> {
  try {
    return await tree.stat(path)
  } catch (error) {
    if (!(error instanceof SftError) || error.code !== 'ERR_DENIED') throw error
    return { path, type: 'file', ...(await tree.describe(path)) }
  }
}

/** A file may be called as a pattern is written. */
async function isThere(tree: SourceTree, path: string): Promise<boolean> {
  try {
    await tree.stat(parseRemotePath(path))
    return true
  } catch (error) {
    if (error instanceof SftError && (error.code === 'ERR_NOT_FOUND' || error.code === 'ERR_PATH')) return false
    throw error
  }
}

/** How a pattern is matched. */
export interface MatchOptions {
  /** The folder that the pattern starts from; the root if absent. */
  readonly below?: RemotePath
  /** Whether a wildcard also stands for names that begin with a dot; so it does if absent. */
  readonly dot?: boolean
}

/** Yields what a pattern matches, looking no deeper than it reaches. */
export async function* match(
  tree: Pick<SourceTree, 'list'>,
  pattern: string,
  { below = ROOT, dot = true }: MatchOptions = {},
): AsyncGenerator<Entry> {
  const { base, matches } = parseGlob(pattern, dot)
  const deepest = globDepth(pattern)
  const inner = (path: string): string => (below === ROOT ? path : path.slice(below.length + 1))
  const frontier = new Frontier<RemotePath>()
  for (let folder: RemotePath | null = base === '.' ? below : joinPath(below, base); folder !== null;) {
    const names: string[] = []
    for await (const entry of tree.list(folder)) {
      if (entry.type === 'unlistable') continue
      if (matches(inner(entry.path))) yield entry
      else if (entry.type === 'directory' && inner(entry.path).split('/').length < deepest)
        frontier.expectRoom(names.push(baseName(entry.path)))
    }
    frontier.add(folder, names)
    const next = frontier.take()
    folder = next && joinPath(next.level, next.name)
  }
}
