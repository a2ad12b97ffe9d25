/** Builds dist/: the command line and the library, bundled and split so that a command loads only what it uses, and types. */
import { execFileSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { build } from 'esbuild'

rmSync('dist', { recursive: true, force: true })

await build({
  entryPoints: { sft: 'src/cli/main.ts', index: 'src/index.ts' },
  outdir: 'dist',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node22.18',
  minifySyntax: true,
  legalComments: 'none',
  // Has a binary beside its code, and may be missing.
  external: ['sodium-native'],
  // Some bundled packages are CommonJS and call require for what Node has built in.
  banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  logLevel: 'warning',
})

execFileSync('tsc', ['--project', 'tsconfig.types.json'], { stdio: 'inherit' })
