/**
 * Makes `build/sft`: one file that runs where no Node.js is installed, out of the Node.js that runs this, for the system it
 * runs on. Threads, WebAssembly and on Linux the native build of libsodium are in it.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { build, type BuildOptions, type Plugin } from 'esbuild'
import { inject } from 'postject'
import { bundledPackages, licenceTexts } from './licences.ts'

const STAGE = 'build/exe'
const NODE = 'https://github.com/nodejs/node'
const ADDON = `node_modules/sodium-native/prebuilds/${process.platform}-${process.arch}/sodium-native.node`
const THREADS = {
  'small-files-worker.js': 'src/fs/small-files-worker.ts',
  'hash-worker.js': 'src/crypto/hash-worker.ts',
}

/** Without code beside the file and without `import()`, neither of which there is in an executable. */
const COMMON = {
  bundle: true,
  format: 'cjs',
  platform: 'node',
  target: `node${process.versions.node}`,
  minifySyntax: true,
  legalComments: 'none',
  logLevel: 'warning',
  metafile: true,
  define: { 'import.meta.url': '"file:///sft.js"' },
  supported: { 'dynamic-import': false },
} as const satisfies BuildOptions

const withAddon = process.platform === 'linux' && existsSync(ADDON)

/** Puts what an executable has in the place of what lies beside the code elsewhere. */
const inPlace: Plugin = {
  name: 'in-place',
  setup(bundler) {
    const [threads, own] = [resolve('pack/exe-threads.ts'), resolve('src')]
    bundler.onResolve({ filter: /^node:worker_threads$/ }, ({ importer }) =>
      importer.startsWith(own) ? { path: threads } : null,
    )
    if (!withAddon) return
    bundler.onResolve({ filter: /^sodium-native$/ }, () => ({ path: resolve('node_modules/sodium-native/index.js') }))
    bundler.onResolve({ filter: /^\.\/binding$/ }, ({ importer }) =>
      importer.includes('/node_modules/sodium-native/') ? { path: 'binding', namespace: 'addon' } : null,
    )
    bundler.onLoad({ filter: /.*/, namespace: 'addon' }, () => ({
      contents: "module.exports = require('./pack/exe-addon.ts').loadAddon()",
      resolveDir: process.cwd(),
    }))
  },
}

rmSync(STAGE, { recursive: true, force: true })
mkdirSync(STAGE, { recursive: true })
const assets: Record<string, string> = {}
for (const [name, source] of Object.entries(THREADS)) {
  assets[name] = `${STAGE}/${name}`
  await build({ ...COMMON, entryPoints: [source], outfile: assets[name] })
}
if (withAddon) {
  assets['sodium-native.node'] = `${STAGE}/sodium-native.node`
  copyFileSync(ADDON, assets['sodium-native.node'])
  strip(assets['sodium-native.node'])
}
const { metafile } = await build({
  ...COMMON,
  entryPoints: ['pack/exe-main.ts'],
  outfile: `${STAGE}/sft.cjs`,
  plugins: [inPlace],
  external: withAddon ? [] : ['sodium-native'],
})
const config = {
  main: `${STAGE}/sft.cjs`,
  output: `${STAGE}/sft.blob`,
  disableExperimentalSEAWarning: true,
  useCodeCache: true,
  assets,
}
writeFileSync(`${STAGE}/config.json`, JSON.stringify(config))
execFileSync(process.execPath, ['--experimental-sea-config', `${STAGE}/config.json`], {
  stdio: ['ignore', 'ignore', 'inherit'],
})

const exe = `${STAGE}/sft`
copyFileSync(process.execPath, exe)
chmodSync(exe, 0o755)
const stripped = strip(exe)
await inject(exe, 'NODE_SEA_BLOB', readFileSync(`${STAGE}/sft.blob`), {
  sentinelFuse: 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2',
})
copyFileSync(exe, 'build/sft')
const packages = [...bundledPackages(metafile), ...(withAddon ? ['node_modules/sodium-native'] : [])]
writeFileSync('build/THIRD-PARTY.txt', licenceTexts([...new Set(packages)]) + licenceOfNode())
const megabytes = (statSync('build/sft').size / 1e6).toFixed(1)
console.log(`build/sft: ${megabytes} MB${stripped ? '' : ' (not stripped: there is no strip)'}`)

/** Takes symbols away that only debuggers need, where the tool for it is installed. */
function strip(path: string): boolean {
  return process.platform === 'linux' && spawnSync('strip', [path], { stdio: 'ignore' }).status === 0
}

/** The licence of Node.js and of all that is in it, where it came with it. */
function licenceOfNode(): string {
  const places = [
    `node_modules/node/node_modules/node-${process.platform}-${process.arch}/LICENSE`,
    resolve(process.execPath, '../../LICENSE'),
  ]
  const path = places.find((place) => existsSync(place))
  if (path === undefined) console.warn('the licence of Node.js did not come with it: only named, not included')
  const text = path === undefined ? `See ${NODE}/blob/v${process.versions.node}/LICENSE\n` : readFileSync(path, 'utf8')
  return `\n${'-'.repeat(80)}\n\nNode.js ${process.versions.node}\n\n${text}`
}
