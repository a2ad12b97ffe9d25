/**
 * Makes a Debian package of `build/sft`, which pack/exe.ts made: the executable, its licences, and manual pages and
 * completions where there are some. Needs `dpkg-deb`.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import packageJson from '../package.json' with { type: 'json' }

const { name, version } = packageJson
const ARCHITECTURES: Partial<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' }
const architecture = ARCHITECTURES[process.arch]
if (process.platform !== 'linux' || architecture === undefined) throw new Error('made on Linux for amd64 or arm64 only')
const EXE = 'build/sft'
const STAGE = 'build/deb'

/** Where each shell looks for what completes the commands of packages. */
const COMPLETIONS = {
  bash: 'usr/share/bash-completion/completions/sft',
  zsh: 'usr/share/zsh/vendor-completions/_sft',
  fish: 'usr/share/fish/vendor_completions.d/sft.fish',
}

/** The release of GCC, and so of the package, that brought a version of the symbols of libstdc++: two kinds of them. */
const GLIBCXX = versions('3.4.21=5.2 3.4.22=6 3.4.23=7 3.4.24=7.2 3.4.25=8 3.4.26=9 3.4.27=9.2 3.4.28=9.3 3.4.29=11')
const CXXABI = versions('1.3.9=5.2 1.3.10=6 1.3.11=7 1.3.12=9 1.3.13=11')

const stored: string[] = []

/** Puts a file into the package, in folders that everybody may enter. */
function store(path: string, content: string | Uint8Array, mode = 0o644): void {
  const target = join(STAGE, path)
  mkdirSync(dirname(target), { recursive: true, mode: 0o755 })
  writeFileSync(target, content)
  chmodSync(target, mode)
  stored.push(path)
}

function storeGzipped(path: string, content: string | Uint8Array): void {
  store(`${path}.gz`, gzipSync(content, { level: 9 }))
}

if (!existsSync(EXE)) throw new Error(`there is no ${EXE}; run: npm run build:exe`)
process.umask(0o022)
rmSync(STAGE, { recursive: true, force: true })
mkdirSync(join(STAGE, 'usr/bin'), { recursive: true })
copyFileSync(EXE, join(STAGE, 'usr/bin/sft'))
chmodSync(join(STAGE, 'usr/bin/sft'), 0o755)
stored.push('usr/bin/sft')

const maintainer = `${process.env['DEBFULLNAME'] ?? 'The sft maintainers'} <${process.env['DEBEMAIL'] ?? 'sft@example.invalid'}>`
const days = new Date(
  Number(process.env['SOURCE_DATE_EPOCH'] ?? Math.floor(statSync('package.json').mtimeMs / 1000)) * 1000,
)
const date = days.toUTCString().replace('GMT', '+0000')
const others = 'The licences of all that is in it besides, Node.js among it: THIRD-PARTY.txt.gz beside this file.'
store('usr/share/doc/sft/copyright', `${readFileSync('LICENSE', 'utf8')}\n${others}\n`)
storeGzipped('usr/share/doc/sft/THIRD-PARTY.txt', readFileSync('build/THIRD-PARTY.txt'))
storeGzipped(
  'usr/share/doc/sft/changelog',
  `${name} (${version}) unstable; urgency=medium\n\n  * See CHANGELOG.md.\n\n -- ${maintainer}  ${date}\n`,
)
storeGzipped('usr/share/doc/sft/CHANGELOG.md', readFileSync('CHANGELOG.md'))

for (const page of existsSync('dist/man') ? readdirSync('dist/man') : []) {
  const section = page.split('.').at(-1) ?? '1'
  storeGzipped(`usr/share/man/man${section}/${page}`, readFileSync(join('dist/man', page)))
}
for (const [shell, path] of Object.entries(COMPLETIONS)) {
  const { status, stdout } = spawnSync(EXE, ['completion', shell], { encoding: 'utf8' })
  if (status === 0 && stdout !== '') store(path, stdout)
  else console.log(`no completion for ${shell}: this sft has none`)
}

const sums = stored.map(
  (path) =>
    `${createHash('md5')
      .update(readFileSync(join(STAGE, path)))
      .digest('hex')}  ${path}\n`,
)
const kibibytes = Math.ceil(stored.reduce((sum, path) => sum + statSync(join(STAGE, path)).size, 0) / 1024)
mkdirSync(join(STAGE, 'DEBIAN'))
writeFileSync(join(STAGE, 'DEBIAN/md5sums'), sums.join(''))
writeFileSync(
  join(STAGE, 'DEBIAN/control'),
  [
    `Package: ${name}`,
    `Version: ${version}`,
    'Section: net',
    'Priority: optional',
    `Architecture: ${architecture}`,
    `Maintainer: ${maintainer}`,
    `Installed-Size: ${kibibytes}`,
    `Depends: ${dependencies().join(', ')}`,
    'Description: peer-to-peer, end-to-end encrypted file transfer',
    ' Moves files between two machines, encrypted end to end: no server,',
    ' no account, no internet needed. Two machines pair once by a code of',
    ' three words; every file that arrives is verified.',
    '',
  ].join('\n'),
)
const file = `build/${name}_${version}_${architecture}.deb`
execFileSync('dpkg-deb', ['--root-owner-group', '-Zxz', '--build', STAGE, file], {
  stdio: ['ignore', 'ignore', 'inherit'],
})
console.log(`${file}: ${(statSync(file).size / 1e6).toFixed(1)} MB, installed ${(kibibytes / 1000).toFixed(1)} MB`)

/**
 * Returns the packages that have the system's libraries in the versions whose symbols Node.js names. Those that the addon
 * names besides need not be there: without it there is WebAssembly.
 */
function dependencies(): string[] {
  const symbols = readFileSync(process.execPath).toString('latin1')
  const newest = (prefix: string): string => {
    const named = symbols.match(new RegExp(`(?<=\\0${prefix}_)\\d+(?:\\.\\d+)+(?=\\0)`, 'g')) ?? []
    return named.toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1) ?? ''
  }
  const libstdcxx = Math.max(GLIBCXX[newest('GLIBCXX')] ?? NaN, CXXABI[newest('CXXABI')] ?? NaN)
  if (Number.isNaN(libstdcxx)) throw new Error(`which libstdc++ has the symbols of Node.js ${process.versions.node}?`)
  return [`libc6 (>= ${newest('GLIBC')})`, 'libgcc-s1', `libstdc++6 (>= ${libstdcxx})`]
}

function versions(text: string): Partial<Record<string, number>> {
  return Object.fromEntries(text.split(' ').map((one) => [one.split('=')[0], Number(one.split('=')[1])] as const))
}
