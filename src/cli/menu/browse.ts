import { SftError, type SftErrorCode } from '../../index.ts'
import type { Output } from '../output.ts'
import type { Row } from './list-view.ts'
import { choose, type Listing } from './list.ts'
import { readFolder } from './read-folder.ts'
import { typeLine } from './text.ts'
import type { Leaf, Tree } from './tree.ts'

/** What a person looks for in folders. */
export interface Wish {
  /** What it is for, escaped, in front of the folder: "Get from". */
  readonly title: string
  /** What can be taken: one entry, several, one folder, or nothing, where it is only for looking. */
  readonly takes: 'one' | 'several' | 'folder' | 'nothing'
  /** What the row is called that takes the folder which is open; `null` where that cannot be taken. */
  readonly whole?: (folder: string) => string | null
  /** What the row is called for typing a path, and how to read what is typed. */
  readonly typed?: { readonly label: string; readonly read?: (text: string) => string }
  /** Whether what is neither a file nor a folder can be taken too. */
  readonly takesOthers?: boolean
}

/** What a row stands for. */
type Step =
  | { readonly go: 'open'; readonly path: string }
  | { readonly go: 'take'; readonly path: string }
  | { readonly go: 'up' | 'marked' | 'whole' | 'typed' }

/** After these every further folder would fail with the same. */
export const FATAL: ReadonlySet<SftErrorCode> = new Set(['ERR_CLOSED', 'ERR_TIMEOUT', 'ERR_DECRYPT', 'ERR_PROTOCOL'])

/** A person's way through the folders of a tree: kept, so that who comes back finds it as it was. */
export class Browser {
  readonly #tree: Tree
  readonly #output: Output
  readonly #signal: AbortSignal | undefined
  /** The folders that were opened one after the other; the last is the one that is seen. */
  readonly #opened: [string, ...string[]]
  readonly #marks = new Set<string>()
  /** The row to begin on. */
  #at: string | undefined

  constructor(tree: Tree, { output, signal }: { output: Output; signal?: AbortSignal }) {
    this.#tree = tree
    this.#output = output
    this.#signal = signal
    this.#opened = [tree.start]
  }

  /**
   * Lets a person walk on and take something.
   *
   * @returns The paths as the tree has them or as they were typed, at least one; `null` if the person went back.
   * @throws {@link SftError} if the first folder cannot be read, or the connection is over; the reason of the signal.
   */
  async browse(wish: Wish): Promise<readonly string[] | null> {
    for (;;) {
      const folder = this.#folder
      const step = await this.#look(wish)
      this.#at = folder // who comes back from a folder stands on it
      if (step === null) {
        if (this.#opened.length === 1) return null
        this.#opened.pop()
        continue
      }
      switch (step.go) {
        case 'open':
          this.#at = undefined
          this.#opened.push(step.path)
          break
        case 'up':
          this.#goUp(folder)
          break
        case 'take':
          this.#at = step.path
          return this.#marks.size > 0 ? [...this.#marks] : [step.path]
        case 'marked':
          this.#at = undefined
          return [...this.#marks]
        case 'whole':
          this.#at = undefined
          return [folder]
        case 'typed': {
          this.#at = undefined
          const answer = await typeLine({ title: `${wish.typed?.label ?? ''}:` }, this.#signal)
          if ('chosen' in answer && answer.chosen !== '') return [wish.typed?.read?.(answer.chosen) ?? answer.chosen]
        }
      }
    }
  }

  get #folder(): string {
    return this.#opened.at(-1) ?? this.#tree.start
  }

  #goUp(folder: string): void {
    const above = this.#tree.above(folder)
    if (above === null) return
    if (this.#opened.at(-2) === above) this.#opened.pop()
    else this.#opened.push(above)
  }

  /** Shows a folder. Returns what a person does there; `null` to go back, as from one that cannot be read. */
  async #look(wish: Wish): Promise<Step | null> {
    const folder = this.#folder
    try {
      return await look(this.#tree, folder, wish, { marks: this.#marks, at: this.#at, signal: this.#signal })
    } catch (error) {
      this.#signal?.throwIfAborted()
      if (!(error instanceof SftError) || FATAL.has(error.code) || this.#opened.length === 1) throw error
      this.#output.failure(error, { context: { path: folder } })
      return null
    }
  }
}

/** How a folder is shown. */
interface View {
  readonly marks: Set<string>
  /** The row to begin on. */
  readonly at: string | undefined
  readonly signal: AbortSignal | undefined
}

/** Shows one folder. Returns what a person does there, `null` to go back. */
async function look(tree: Tree, folder: string, wish: Wish, { marks, at, signal }: View): Promise<Step | null> {
  const failed = new AbortController()
  const several = wish.takes === 'several'
  const mostlyWhole = wish.takes === 'folder' || wish.takes === 'nothing'
  const listing = (leaves: readonly Leaf[], status = ''): Listing<Step> => ({
    rows: [...fixedRows(tree, folder, wish), ...leaves.toSorted(compare).map((leaf) => rowOf(leaf, wish))],
    status,
  })
  const answer = await choose<Step>(
    {
      ...listing([], 'reading…'),
      title: `${wish.title} ${tree.describe(folder)}`,
      enter: several ? 'opens or takes' : 'opens',
      ...(several && { marks, marked: (count) => fixedRow('marked', `Go on with the ${count} marked`) }),
      ...(at !== undefined ? { at } : mostlyWhole && { at: fixedRow('whole', '').id }),
      ...(tree.above(folder) !== null && { left: { go: 'up' } }),
      watch: (onChange) => {
        const stop = new AbortController()
        const tell = (leaves: readonly Leaf[], status: string): void => {
          if (!stop.signal.aborted) onChange(listing(leaves, status))
        }
        readFolder(tree.list(folder, stop.signal), tell).catch((error: unknown) => {
          if (!stop.signal.aborted) failed.abort(error)
        })
        return () => stop.abort(new SftError('ERR_ABORTED', 'nobody looks at it any more'))
      },
    },
    signal ? AbortSignal.any([signal, failed.signal]) : failed.signal,
  )
  return 'chosen' in answer ? answer.chosen : null
}

/** The rows above what is in a folder. */
function fixedRows(tree: Tree, folder: string, { whole, typed }: Wish): Row<Step>[] {
  const taken = whole?.(folder) ?? null
  return [
    ...(tree.above(folder) === null ? [] : [fixedRow('up', '../')]),
    ...(taken === null ? [] : [fixedRow('whole', taken)]),
    ...(typed ? [fixedRow('typed', `${typed.label}…`)] : []),
  ]
}

/** A row that stands for no entry; nor does its ID, as no path holds a NUL. */
function fixedRow(go: 'up' | 'marked' | 'whole' | 'typed', label: string): Row<Step> {
  return { id: `\0${go}`, label, value: { go }, pinned: true }
}

function rowOf({ path, label, kind, notes }: Leaf, { takes, takesOthers = false }: Wish): Row<Step> {
  const folder = kind === 'folder'
  const taken = takes === 'one' || takes === 'several'
  const usable = path !== null && (folder || (taken && (kind === 'file' || takesOthers)))
  return {
    id: path ?? `\0\0${label}`,
    label: folder ? `${label}/` : label,
    notes,
    value: path === null ? { go: 'marked' } : { go: folder ? 'open' : 'take', path },
    disabled: !usable,
    markable: usable && takes === 'several',
    opens: folder,
  }
}

// Always the same language, so that a folder looks the same on every machine.
const collator = new Intl.Collator('en', { numeric: true })

/** Folders first, and what is hidden last. */
function compare(a: Leaf, b: Leaf): number {
  return (
    Number(a.label.startsWith('.')) - Number(b.label.startsWith('.')) ||
    Number(b.kind === 'folder') - Number(a.kind === 'folder') ||
    collator.compare(a.label, b.label)
  )
}
