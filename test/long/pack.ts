/**
 * Packs sft as it is published to npm, installs that into empty folders, with and without its optional part, and has one
 * copy share with another: `npm run pack:check`. It takes about 2 minutes and asks the npm registry for sodium-native.
 *
 * `--compare` also installs the repository as it is, with all that is bundled, to see what the difference is.
 */
import { execFileSync } from 'node:child_process'
import { globSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { inspect, parseArgs } from 'node:util'
import packageJson from '../../package.json' with { type: 'json' }
import { exchange } from '../support/installed.ts'

const { values } = parseArgs({ options: { compare: { type: 'boolean', default: false } } })
const print = (line: string): void => void process.stdout.write(`${line}\n`)
const base = mkdtempSync(join(tmpdir(), 'sft-pack-'))
const tarball = resolve('build', `${packageJson.name}-${packageJson.version}.tgz`)
const failures: unknown[] = []

interface Variant {
  readonly name: string
  readonly tarball: string
  readonly flags: readonly string[]
  /** Whether libsodium's native build has to be in use. */
  readonly native: boolean
}

function bytesBelow(folder: string): number {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => lstatSync(join(folder, name)))
    .reduce((sum, stats) => sum + (stats.isFile() ? stats.size : 0), 0)
}

async function check({ name, tarball: packed, flags, native }: Variant): Promise<void> {
  const prefix = join(base, name.replaceAll(' ', '-'))
  mkdirSync(prefix)
  const options = ['--prefix', prefix, '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error']
  execFileSync('npm', ['install', ...options, ...flags, packed], { stdio: ['ignore', 'ignore', 'inherit'] })
  const [modules, sft] = flags.includes('--global')
    ? [join(prefix, 'lib/node_modules'), join(prefix, 'bin/sft')]
    : [join(prefix, 'node_modules'), join(prefix, 'node_modules/.bin/sft')]
  const packages = globSync('{,**/node_modules/}{@*/,}*/package.json', { cwd: modules }).length
  const megabytes = (bytesBelow(modules) / 1e6).toFixed(1)
  const env = { PATH: process.env['PATH'] ?? '' }
  const version = execFileSync(sft, ['--version'], { env, encoding: 'utf8' }).trim()
  if (version !== packageJson.version) throw new Error(`it calls itself ${version}`)

  const folder = join(prefix, 'files')
  mkdirSync(folder)
  const loaded = await exchange({ command: [sft], env, folder, inside: folder })
  if (loaded.native !== null && loaded.native !== native) throw new Error(`native libsodium loaded: ${loaded.native}`)

  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(join(modules, 'sft'), join(folder, 'node_modules/sft'))
  writeFileSync(
    join(folder, 'library.mjs'),
    "import { share } from 'sft'; if (typeof share !== 'function') throw share",
  )
  execFileSync(process.execPath, [join(folder, 'library.mjs')], { stdio: 'inherit' })
  print(`${name.padEnd(32)} ${megabytes.padStart(6)} MB  ${String(packages).padStart(4)} packages  works`)
}

print('Packs, installs and tries sft as it is published; about 2 minutes.')
try {
  execFileSync(process.execPath, ['pack/npm.ts'], { stdio: ['ignore', 'ignore', 'inherit'] })
  const variants: Variant[] = [
    { name: 'published', tarball, flags: ['--global'], native: true },
    // With --global npm takes no notice of it.

    { name: 'published, no optional part', tarball, flags: ['--omit=optional'], native: false },
  ]
  if (values.compare) {
    execFileSync('npm', ['pack', '--ignore-scripts', '--pack-destination', base], { stdio: 'ignore' })
    const whole = join(base, `${packageJson.name}-${packageJson.version}.tgz`)
    variants.push({
      name: 'with all that is bundled',
      tarball: whole,
      flags: ['--global', '--ignore-scripts'],
      native: true,
    })
  }
  for (const variant of variants) {
    await check(variant).catch((error: unknown) => {
      failures.push(error)
      print(`${variant.name.padEnd(32)} FAILED`)
    })
  }
  for (const error of failures) process.stderr.write(`${inspect(error)}\n`)
} finally {
  rmSync(base, { recursive: true, force: true })
}
process.exitCode = failures.length > 0 ? 1 : 0
