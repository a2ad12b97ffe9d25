import { basename, resolve } from 'node:path'
import { build } from 'esbuild'

/**
 * Makes one JavaScript file of a program or a module of this repository, for what Node cannot run from its sources.
 *
 * @returns Its path.
 */
export async function bundle(source: string): Promise<string> {
  const outfile = resolve('node_modules/.cache/sft-bench', basename(source).replace(/\.ts$/, '.js'))
  await build({
    entryPoints: [source],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    packages: 'external',
    logLevel: 'warning',
  })
  return outfile
}
