/**
 * Builds dist/: the command line and the library, bundled and split so that a command loads only what it uses, and the
 * types of the library and the manual pages. With `--if-stale` it does nothing when dist/ is newer than every source.
 */
import { execFileSync } from 'node:child_process'
import { globSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { build } from 'esbuild'
import packageJson from './package.json' with { type: 'json' }
import { bundledPackages, licenceTexts } from './pack/licences.ts'
import { trimTypes } from './pack/types.ts'
import type * as ManPages from './src/cli/man-pages.ts'

const newest = Math.max(
  ...['package.json', 'build.ts', 'tsconfig.types.json', ...globSync(['src/**/*.ts', 'pack/*.ts'])].map(
    (path) => statSync(path).mtimeMs,
  ),
)
const built = statSync('dist/sft.js', { throwIfNoEntry: false })?.mtimeMs ?? 0

if (!process.argv.includes('--if-stale') || built < newest) {
  const { metafile } = await build({
    entryPoints: {
      sft: 'src/cli/main.ts',
      index: 'src/index.ts',
      'small-files-worker': 'src/fs/small-files-worker.ts', // threads of their own
      'hash-worker': 'src/crypto/hash-worker.ts',
      'man-pages': 'src/cli/man-pages.ts', // for this build alone
    },
    outdir: 'dist',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node22.18',
    minifySyntax: true,
    legalComments: 'none',
    metafile: true,
    // Has a binary beside its code, and may be missing.
    external: Object.keys(packageJson.optionalDependencies),
    // Some bundled packages are CommonJS and call require for what Node has built in.
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    logLevel: 'warning',
  })
  for (const name of readdirSync('dist')) {
    if (name.endsWith('.js') && !(`dist/${name}` in metafile.outputs)) rmSync(`dist/${name}`) // of an earlier build
  }
  writeFileSync('dist/THIRD-PARTY.txt', licenceTexts(bundledPackages(metafile)))
  rmSync('dist/man', { recursive: true, force: true })
  mkdirSync('dist/man')
  const { manPages } = (await import(resolve('dist/man-pages.js'))) as typeof ManPages
  for (const [name, page] of manPages()) writeFileSync(`dist/man/${name}`, page)
  rmSync('dist/man-pages.js') // no part of the program
  execFileSync('tsc', ['--project', 'tsconfig.types.json'], { stdio: 'inherit' })
  const packages = trimTypes('dist/types', 'index.d.ts')
  if (packages.length > 0) throw new Error(`the types of the library need packages: ${packages.join(', ')}`)
}
