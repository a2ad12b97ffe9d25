/**
 * Packs what is published to npm: the built program, its types and documents, and a manifest that asks for nothing that
 * is bundled. The one of the repository asks for all of it, as it is there that it is bundled.
 */
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import packageJson from '../package.json' with { type: 'json' }

const STAGE = 'build/npm'

/** What of the manifest says what the package is, and not how it is made. */
const { name, version, description, keywords, license, bin, files, type, exports, engines, optionalDependencies } =
  packageJson

execFileSync(process.execPath, ['build.ts'], { stdio: 'inherit' })

rmSync(STAGE, { recursive: true, force: true })
mkdirSync(STAGE, { recursive: true })
for (const path of ['bin', 'dist', 'docs', 'README.md', 'LICENSE']) {
  cpSync(path, join(STAGE, path), { recursive: true, filter: (source) => source !== 'dist/cache' })
}
const man = existsSync('dist/man') ? readdirSync('dist/man').map((page) => `./dist/man/${page}`) : []
const what = {
  name,
  version,
  description,
  keywords,
  license,
  bin,
  ...(man.length > 0 && { man }),
  files,
  type,
  exports,
}
const manifest = { ...what, engines, optionalDependencies }
writeFileSync(join(STAGE, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`)
execFileSync('npm', ['pack', `./${STAGE}`, '--silent', '--pack-destination', 'build'], {
  stdio: ['ignore', 'ignore', 'inherit'],
})
console.log(`build/${name}-${version}.tgz`)
