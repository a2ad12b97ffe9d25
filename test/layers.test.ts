import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { expect, test } from 'vitest'

interface Layer {
  /** Layers, or single files of them, that it may import. */
  readonly local: readonly string[]
  /** What it may import from outside: packages, scopes (`@libp2p/`) and Node's own modules. */
  readonly outside: readonly string[]
}

/** The house of docs/architecture.md: data walks one way through it. */
const LAYERS: Record<string, Layer> = {
  errors: { local: [], outside: [] },
  wire: { local: ['errors'], outside: ['protons-runtime', 'uint8arraylist', 'uint8arrays/'] },
  crypto: {
    local: ['errors'],
    outside: ['libsodium-wrappers', 'sodium-native', '@noble/', '@scure/bip39/', 'node:crypto', 'node:worker_threads'],
  },
  protocol: { local: ['errors', 'wire', 'crypto'], outside: ['it-pipe', 'uint8arraylist'] },
  net: {
    local: ['errors', 'wire', 'crypto', 'protocol/types.ts'],
    outside: [
      'libp2p',
      '@libp2p/',
      '@chainsafe/',
      '@multiformats/',
      'uint8arraylist',
      'multicast-dns',
      'node:dgram',
      'node:net',
      'node:os',
    ],
  },
  fs: {
    local: ['errors', 'wire', 'crypto', 'protocol/types.ts'],
    outside: ['node:fs', 'node:fs/promises', 'node:path', 'node:worker_threads'],
  },
  trust: { local: ['errors', 'wire'], outside: [] },
  api: {
    local: ['errors', 'wire', 'crypto', 'protocol', 'net', 'fs', 'trust'],
    outside: ['env-paths', 'node:os', 'picomatch'],
  },
  cli: {
    local: ['index.ts', 'closest.ts', 'errors', 'wire/ascii-json.ts', 'wire/machine-name.ts', 'wire/rights.ts'],
    outside: [
      '@commander-js/extra-typings',
      '@inquirer/core',
      'smol-toml',
      'uqr',
      'node:child_process',
      'node:fs/promises', // units of systemd
      'node:os',
      'node:path',
      'node:readline',
      'node:readline/promises',
      'node:sea',
      'node:v8',
      'node:vm',
      'package.json',
    ],
  },
}

/** The files right under src/ that make up the public API. */
const API = new Set([
  'shell-history.ts',
  'cancel.ts',
  'closest.ts',
  'home.ts',
  'peers.ts',
  'reach.ts',
  'pair.ts',
  'pairing-desk.ts',
  'connect.ts',
  'introduction.ts',
  'share.ts',
  'share-event.ts',
  'admission.ts',
  'sessions.ts',
  'client.ts',
  'index.ts',
])

const files = globSync('src/**/*.ts').map((path) => path.replace(/^src\//, ''))

test('every file belongs to a layer', () => {
  expect(files.filter((file) => !(layerOf(file) in LAYERS))).toEqual([])
  expect(files.length).toBeGreaterThan(30)
})

test.each(files)('%s imports only what its layer may', (file) => {
  const layer = layerOf(file)
  const { local, outside } = LAYERS[layer] ?? { local: [], outside: [] }
  const forbidden = importsOf(file).filter((imported) => {
    if (!imported.startsWith('.'))
      return !outside.some((name) => imported === name || (name.endsWith('/') && imported.startsWith(name)))
    const target = normalize(join(dirname(file), imported))
    if (target === '../package.json') return !outside.includes('package.json')
    return layerOf(target) !== layer && !local.includes(layerOf(target)) && !local.includes(target)
  })
  expect(forbidden).toEqual([])
})

test('no file imports itself by way of others, not even a type', () => {
  const left = new Map(files.map((file) => [file, localImportsOf(file)]))
  for (let before = Infinity; left.size < before;) {
    before = left.size
    // What imports nothing that is left, or is imported by nothing that is left, is in no circle.
    for (const [file, imports] of left) if (!imports.some((one) => left.has(one))) left.delete(file)
    const imported = new Set([...left.values()].flat())
    for (const file of left.keys()) if (!imported.has(file)) left.delete(file)
  }
  expect([...left.keys()]).toEqual([])
})

test('only digest.ts takes Node’s own cryptography, so that the rest runs in a browser', () => {
  const takers = files.filter((file) => layerOf(file) === 'crypto' && importsOf(file).includes('node:crypto'))
  expect(takers).toEqual(['crypto/digest.ts'])
})

test('the help and the version need nothing of what moves files, so that they come at once', () => {
  const needed = new Set(['cli/main.ts'])
  for (const file of needed) {
    const source = readFileSync(`src/${file}`, 'utf8')
    for (const [, from = ''] of source.matchAll(/^(?:import|export)\s+(?!type\b)[\w{*][^'";]*?from '(\.[^']+\.ts)'/gm))
      needed.add(normalize(join(dirname(file), from)))
  }
  expect(needed).toContain('cli/groups/files.ts')
  expect(needed).not.toContain('index.ts')
})

function layerOf(file: string): string {
  if (API.has(file) || /^(?:jobs|doctor|log)\//.test(file)) return 'api'
  return file === 'errors.ts' ? 'errors' : (file.split('/')[0] ?? '')
}

function localImportsOf(file: string): string[] {
  const local = importsOf(file).filter((imported) => imported.startsWith('.'))
  return local.map((imported) => normalize(join(dirname(file), imported)))
}

function importsOf(file: string): string[] {
  const source = readFileSync(`src/${file}`, 'utf8')
  const pattern =
    /^(?:import|export)\s+(?:type\s+)?[\w{*][^'";]*?from '([^']+)'|^import '([^']+)'|\bimport\('([^']+)'\)/gm
  return [...source.matchAll(pattern)].map(([, from, bare, dynamic]) => from ?? bare ?? dynamic ?? '')
}
