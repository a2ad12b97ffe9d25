/**
 * Puts a real tree with every odd name into an empty share, gets it down again, compares the two, and says what memory
 * both ends took: `npm run tree`.
 *
 * `--files NUMBER` at least (default 50,000), `--from DIR` to copy real content from, as often as it takes (default: the
 * packages of this repository; may be repeated), `--folder PATH` for the work (default: a temporary one; it takes three
 * times what is copied, about 6 GB). With the defaults it takes about 5 minutes.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { copyOfBuild } from './sft.ts'
import { columns, MemoryWatch, runClient, startShare, type Ended } from './watched.ts'

const { values } = parseArgs({
  options: {
    files: { type: 'string', default: '50000' },
    from: { type: 'string', multiple: true, default: ['node_modules'] },
    folder: { type: 'string', default: tmpdir() },
  },
})

/** Names that something on the way might trip over, of files and of folders. */
const ODD_NAMES = [
  ' space before',
  'space behind ',
  'it\'s "quoted" `twice` $HOME',
  'new\nline',
  'tab\tand\rreturn',
  'composed \u00e9\u00fc\u4e2d\u6587',
  '\u{1f389} party \u{1f468}\u200d\u{1f469}\u200d\u{1f467}',
  '-dash',
  '--on-conflict',
  '*glob?[a-z]{1,2}',
  'semi;colon & pipe | <more>',
  '.hidden',
  '...',
  '~',
  '%41#fragment?query',
  '\u202eright to left',
  'x'.repeat(255),
  `${'\u00fc'.repeat(127)}x`, // 255 bytes too
]

interface Tree {
  readonly files: number
  readonly bytes: number
}

/** Builds the tree. @returns What is in it to go across. */
function build(source: string): Tree {
  const odd = join(source, 'odd')
  for (const [index, name] of ODD_NAMES.entries()) {
    mkdirSync(join(odd, 'folders', name), { recursive: true })
    writeFileSync(join(odd, 'folders', name, name), `${index}`)
    writeFileSync(join(odd, name), '')
    if (index % 2 === 0) chmodSync(join(odd, name), 0o755)
    mkdirSync(join(odd, 'empty', name, 'and empty again'), { recursive: true })
  }
  writeFileSync(join(odd, 'back\\slash'), 'left out')
  mkdirSync(join(odd, 'links'))
  for (const [name, to] of Object.entries({
    'to a file': '../-dash',
    'to a folder': '../folders',
    'to itself': 'to itself',
    'to nowhere': 'nothing here',
    'to the outside': '/etc/hostname',
    'to above': '../..',
  }))
    symlinkSync(to, join(odd, 'links', name))
  for (let copy = 1, tree = measure(source); ; copy += 1) {
    for (const from of values.from) {
      if (tree.files >= Number(values.files)) return tree
      execFileSync('cp', ['-a', '--', resolve(from), join(source, `${basename(resolve(from))} ${copy}`)])
      tree = measure(source)
    }
    if (tree.files <= ODD_NAMES.length * 2 + 1) throw new Error('there is nothing to copy')
  }
}

function measure(folder: string): Tree {
  let [files, bytes] = [0, 0]
  for (const path of filesBelow(folder)) {
    if (path.includes('\\')) continue // which no share takes
    files += 1
    bytes += lstatSync(path).size
  }
  return { files, bytes }
}

/** Yields the files below a folder; what Node has for it follows links. */
function* filesBelow(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) yield* filesBelow(path)
    else if (entry.isFile()) yield path
  }
}

/** Compares two trees: names, contents, times of files and what may be executed. @returns The paths that differ. */
function differences(one: string, other: string): string[] {
  const { stdout, stderr } = spawnSync('diff', ['-r', '--no-dereference', one, other], {
    encoding: 'utf8',
    maxBuffer: 1024 ** 3,
  })
  const lines = `${stdout}${stderr}`.split('\n').filter((line) => line !== '')
  const differing = lines.map((line) => {
    const [, folder, name] = /^Only in (.*): (.*)$/.exec(line) ?? []
    return folder === undefined || name === undefined ? line : join(folder, name)
  })
  for (const path of filesBelow(other)) {
    const here = lstatSync(join(one, path.slice(other.length)), { throwIfNoEntry: false })
    const there = lstatSync(path)
    if (!here) continue // which diff said
    const isSame = Math.abs(here.mtimeMs - there.mtimeMs) < 1 && (here.mode & 0o100) === (there.mode & 0o100)
    if (!isSame) differing.push(`${path}: another time or mode`)
  }
  return differing
}

/** Returns the paths that a command said it left out. */
function leftOut({ said }: Ended): string[] {
  return said.filter(({ type }) => type === 'skipped').map(({ path }) => String(path))
}

const base = mkdtempSync(join(values.folder, 'sft-tree-'))
const [source, root, down] = [join(base, 'source', 'tree'), join(base, 'share'), join(base, 'down')]
let wrong = 0

/** Says that a check failed. */
function complain(what: string, details: readonly string[] = []): void {
  wrong += 1
  console.log(`WRONG: ${what}`)
  for (const detail of details.slice(0, 20)) console.log(`  ${detail}`)
}

const rows = [['', 'begin', 'middle', 'end', 'peak', 'seconds', 'files/s', 'MB/s']]
const courses: string[] = []

async function move(direction: 'up' | 'down', args: readonly string[], tree: Tree, share: number): Promise<Ended> {
  const provider = new MemoryWatch(share)
  const client = await runClient(program, args, base, direction)
  provider.stop()
  if (client.exit !== 0) complain(`${direction}: exit status ${client.exit}`, client.stderr.split('\n'))
  const done = client.said.at(-1) ?? {}
  for (const line of client.said) {
    if (line['type'] === 'reconnecting') complain(`${direction}: the connection was lost: ${JSON.stringify(line)}`)
  }
  if (done['files'] !== tree.files) complain(`${direction}: ${String(done['files'])} files of ${tree.files}`)
  for (const [name, { course, peak, line }] of [
    [`${direction}  share`, provider],
    [`${direction}  client`, client.memory],
  ] as const) {
    const { seconds } = client
    const speed = [seconds, tree.files / seconds, tree.bytes / seconds / 1e6].map((figure) => figure.toFixed(0))
    const mib = [course.begin, course.middle, course.end, peak].map((figure) => `${figure} MiB`)
    rows.push([name, ...mib, ...(name.endsWith('client') ? speed : ['', '', ''])])
    courses.push(`${name}, ${line}`)
  }
  return client
}

console.log(`builds a tree of at least ${values.files} files, puts it up and gets it down; about 5 minutes`)
const program = copyOfBuild('.', base)
try {
  mkdirSync(root)
  const tree = build(source)
  console.log(`${tree.files} files, ${(tree.bytes / 1e6).toFixed(0)} MB`)

  const uploading = await startShare(program, root, base, ['-w'])
  const up = await move('up', ['put', uploading.address, source], tree, uploading.pid)
  await uploading.stop()
  const [differ, reported] = [differences(source, join(root, 'tree')), leftOut(up)].map((paths) =>
    paths.toSorted(),
  ) as [string[], string[]]
  const unreported = differ.filter((path) => !reported.includes(path))
  if (unreported.length > 0) complain('up: what differs and was not reported', unreported)
  const unfounded = reported.filter((path) => !differ.includes(path))
  if (unfounded.length > 0) complain('up: what was reported and does not differ', unfounded)

  const downloading = await startShare(program, root, base)
  const fetched = await move('down', ['get', downloading.address, 'tree', '-o', down], tree, downloading.pid)
  await downloading.stop()
  const differing = differences(join(root, 'tree'), join(down, 'tree'))
  if (differing.length > 0 || leftOut(fetched).length > 0) complain('down: what differs', differing)

  console.log(columns(rows))
  console.log(`resident MiB:\n${courses.join('\n')}`)
  console.log(
    `${reported.length} entries left out, each of them reported${wrong === 0 ? '; all the rest is the same' : ''}`,
  )
} finally {
  rmSync(base, { recursive: true, force: true })
}
process.exitCode = wrong === 0 ? 0 : 1
