import { SftError } from '../errors.ts'
import type { Entry, Unlistable } from '../wire/message.ts'
import { baseName, joinPath, type RemotePath } from '../wire/path.ts'
import type { Named } from './find.ts'
import { Frontier } from './frontier.ts'
import type { Names, SourceTree } from './tree.ts'

/** A folder of the target: tells what is in it, once it is there. */
export type Place = () => Promise<Names>

/** A folder of the source, and where it goes. */
export interface Branch {
  readonly path: RemotePath
  readonly to: RemotePath
  readonly place: Place
  /** Its path below what was named, with `/` at the end; empty for that itself. */
  readonly below: string
}

/** What a walk meets. */
export interface Visitor {
  /** Whether nothing further is of interest. */
  readonly ended: boolean
  /** Something that was named. Returns what is to be walked, if it is a folder. */
  root(named: Named): Promise<Branch | null>
  /** A folder in another one. Returns how it is walked, `null` if it is not. */
  folder(name: string, above: Branch): Promise<Branch | null>
  /** Anything else in a folder. */
  entry(entry: Entry, name: string, above: Branch): Promise<void>
  unlistable(entry: Unlistable): void
  failed(path: RemotePath, to: RemotePath, error: unknown): void
}

/** Folders that are looked into at a time. */
const FOLDERS_AT_ONCE = 16

/** Looks into everything that was named, some folders at a time and the inner ones first. */
export class Walk {
  readonly #tree: SourceTree
  readonly #visitor: Visitor
  readonly #frontier: Frontier<Branch>
  readonly #idle: (() => void)[] = []
  /** Sources of more folders: those that are looked into, and the list of what was named. */
  #busy = 1

  constructor(tree: SourceTree, visitor: Visitor, frontier = new Frontier<Branch>()) {
    this.#tree = tree
    this.#visitor = visitor
    this.#frontier = frontier
  }

  async run(named: AsyncIterable<Named>): Promise<void> {
    const lookers = Array.from({ length: FOLDERS_AT_ONCE }, async () => this.#look())
    try {
      for await (const one of named) {
        if (this.#visitor.ended) return
        const branch = await this.#visitor.root(one)
        if (branch) await this.#enter(branch)
      }
    } finally {
      this.#settle()
      await Promise.all(lookers)
    }
  }

  /** Lets go of what waits. */
  stop(): void {
    this.#frontier.clear()
    this.#wake()
  }

  async #look(): Promise<void> {
    for (;;) {
      const next = this.#visitor.ended ? null : this.#frontier.take()
      if (next) {
        this.#busy += 1
        try {
          await this.#step(next.level, next.name)
        } finally {
          this.#settle()
        }
      } else if (this.#busy === 0 || this.#visitor.ended) {
        return
      } else {
        await new Promise<void>((resolve) => this.#idle.push(resolve))
      }
    }
  }

  async #step(above: Branch, name: string): Promise<void> {
    try {
      const branch = await this.#visitor.folder(name, above)
      if (branch) await this.#enter(branch)
    } catch (error) {
      this.#visitor.failed(above.path, above.to, error)
    }
  }

  /** Passes on everything in a folder; the folders in it wait for their turn. */
  async #enter(branch: Branch): Promise<void> {
    const inner: string[] = []
    try {
      for await (const entry of this.#tree.list(branch.path)) {
        if (this.#visitor.ended) return
        if (entry.type === 'unlistable') {
          this.#visitor.unlistable(entry)
          continue
        }
        const name = baseName(entry.path)
        if (entry.type === 'directory') {
          this.#frontier.expectRoom(inner.length + 1)
          inner.push(name)
        } else {
          await this.#visitor.entry(entry, name, branch)
        }
      }
    } catch (error) {
      this.#visitor.failed(branch.path, branch.to, error)
    }
    if (this.#visitor.ended) return
    try {
      this.#frontier.add(branch, inner)
    } catch (error) {
      this.#visitor.failed(branch.path, branch.to, error)
    }
    this.#wake()
  }

  #settle(): void {
    this.#busy -= 1
    if (this.#busy === 0) this.#wake()
  }

  #wake(): void {
    for (const wake of this.#idle.splice(0)) wake()
  }
}

/** Joins the path of a folder and a name in it. @throws {@link SftError} `ERR_PATH` that names the folder. */
export function pathIn(folder: RemotePath, name: string): RemotePath {
  try {
    return joinPath(folder, name)
  } catch (error) {
    const why = error instanceof SftError ? error.message : 'it is no path'
    throw new SftError('ERR_PATH', `"${name}" cannot be copied: ${why}`, { cause: error })
  }
}
