/**
 * Cuts the types of the library down to what its index reaches, so that they need no package: the compiler writes the
 * types of every file, and many of those are about libp2p, which is bundled and not installed.
 */
import { globSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'

/** A declaration at the top of a file, with the comment before it. */
interface Declaration {
  readonly name: string
  readonly text: string
  /** Every word of it outside of comments. */
  readonly words: ReadonlySet<string>
}

/** A name that a file has from another one, or from a package. */
interface Link {
  readonly specifier: string
  /** The file, as it lies below the folder; the specifier itself for a package. */
  readonly target: string
  /** What it is called there. */
  readonly name: string
  /** Whether the file uses it, passes it on, or both. */
  readonly kinds: ReadonlySet<'import' | 'export'>
}

interface File {
  readonly declarations: readonly Declaration[]
  /** By the name it has here. */
  readonly links: ReadonlyMap<string, Link>
}

const DECLARATION = /^(?:export )?(?:declare )?(?:abstract )?(?:class|const|enum|function|interface|type) (\w+)/m
const LINK = /^(import|export)\s+(?:type\s+)?([^;]*?)\s+from\s+['"]([^'"]+)['"];/m
/** What the compiler writes begins every statement at the start of a line, and nothing else with such a word there. */
const STATEMENT = /^(?=(?:export|import|declare|interface|type|class|const)\b)/m
const COMMENTS_AT_END = /(?:\/\*\*(?:(?!\*\/)[^])*\*\/\s*)+$/

/**
 * Removes from `folder` what `index`, a file in it, does not reach.
 *
 * @returns The packages that what is left still needs.
 */
export function trimTypes(folder: string, index: string): string[] {
  const files = new Map(globSync('**/*.d.ts', { cwd: folder }).map((path) => [path, parse(folder, path)]))
  const used = new Map<string, Set<string>>()
  const packages = new Set<string>()
  const use = (path: string, name: string): void => {
    const file = files.get(path)
    if (!file) return void packages.add(path)
    const names = used.get(path) ?? new Set()
    used.set(path, names)
    if (names.has(name)) return
    names.add(name)
    const link = file.links.get(name)
    if (link) return use(link.target, link.name)
    for (const { text, words } of file.declarations.filter((one) => one.name === name)) {
      if (text.includes('import(')) throw new Error(`${name} of ${path} imports a type in its middle`)
      for (const word of words) if (has(file, word)) use(path, word)
    }
  }
  for (const name of files.get(index)?.links.keys() ?? []) use(index, name)
  for (const [path, file] of files) {
    const names = used.get(path)
    if (!names) rmSync(join(folder, path))
    else if (path !== index) writeFileSync(join(folder, path), print(file, names))
  }
  return [...packages]
}

function has({ declarations, links }: File, word: string): boolean {
  return links.has(word) || declarations.some(({ name }) => name === word)
}

function parse(folder: string, path: string): File {
  const declarations: Declaration[] = []
  const links = new Map<string, Link>()
  let comments = ''
  for (const part of readFileSync(join(folder, path), 'utf8').split(STATEMENT)) {
    const text = comments + part
    comments = COMMENTS_AT_END.exec(part)?.[0] ?? ''
    const statement = comments === '' ? text : text.slice(0, -comments.length)
    const code = statement.replace(/\/\*[^]*?\*\//g, '')
    const [, name] = DECLARATION.exec(code) ?? []
    if (name !== undefined) {
      declarations.push({ name, text: statement, words: new Set(code.match(/[A-Za-z_$][\w$]*/g)) })
      continue
    }
    const [, kind = 'import', clause = '', specifier = ''] = LINK.exec(code) ?? []
    if (clause === '' && /^export \{\s*\w/.test(code)) throw new Error(`${path} exports what it declares elsewhere`)
    const target = specifier.startsWith('.')
      ? normalize(join(dirname(path), specifier.replace(/\.ts$/, '.d.ts')))
      : specifier
    for (const one of clause.replace(/[{}]/g, '').split(',')) {
      const [original = '', alias = original] = one
        .trim()
        .replace(/^type /, '')
        .split(' as ')
      if (original === '') continue
      const kinds = new Set(links.get(alias)?.kinds).add(kind as 'import' | 'export')
      links.set(alias, { specifier, target, name: clause.startsWith('{') ? original : 'default', kinds })
    }
  }
  return { declarations, links }
}

/** Writes a file again, with the names that are used and nothing else. */
function print({ declarations, links }: File, names: ReadonlySet<string>): string {
  const imports = [...links].filter(([alias]) => names.has(alias))
  return [
    ...imports.flatMap(([alias, { specifier, name, kinds }]) => {
      const clause = name === 'default' ? alias : `{ ${name === alias ? name : `${name} as ${alias}`} }`
      return [...kinds].map((kind) => `${kind} type ${clause} from '${specifier}';\n`)
    }),
    ...declarations.filter(({ name }) => names.has(name)).map(({ text }) => text),
    'export {};\n', // what is not exported stays so
  ].join('')
}
