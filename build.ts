/**
 * Builds dist/: the command line and the library, bundled and split so that a command loads only what it uses, and the
 * types of the library. With `--if-stale` it does nothing when dist/ is newer than every source.
 */
import { execFileSync } from 'node:child_process'
import { globSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { build } from 'esbuild'
import packageJson from './package.json' with { type: 'json' }
import { bundledPackages, licenceTexts } from './pack/licences.ts'
import { trimTypes } from './pack/types.ts'

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
  execFileSync('tsc', ['--project', 'tsconfig.types.json'], { stdio: 'inherit' })
  const packages = trimTypes('dist/types', 'index.d.ts')
  if (packages.length > 0) throw new Error(`the types of the library need packages: ${packages.join(', ')}`)
}
