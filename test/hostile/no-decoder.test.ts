import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** What could unpack more than was sent, by the names of packages and of parts of Node. */
const UNPACKERS = /zip|zlib|brotli|zstd|lz4|snappy|inflate|deflate|pako|\btar\b|tar-|unarchive|xz|bz2|7z|rar/

test('R13: nothing that a peer sends is unpacked: there is no decoder of archives or compressed data', () => {
  const { dependencies, optionalDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Record<
    'dependencies' | 'optionalDependencies',
    Record<string, string>
  >
  expect(Object.keys({ ...dependencies, ...optionalDependencies }).filter((name) => UNPACKERS.test(name))).toEqual([])
  const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  )
  const imports = sources.flatMap((name) => [
    ...readFileSync(join(ROOT, 'src', name), 'utf8').matchAll(/(?:from|import\(|require\() ?'([^']+)'/g),
  ])
  expect(imports.length).toBeGreaterThan(300)
  expect(imports.map(([, from = '']) => from).filter((from) => UNPACKERS.test(from))).toEqual([])
  const code = (name: string): string => readFileSync(join(ROOT, 'src', name), 'utf8')
  expect(sources.filter((name) => code(name).includes('DecompressionStream'))).toEqual([])
  // Only what a person types runs other programs: `!` in the shell, and systemctl for a service.
  expect(sources.filter((name) => code(name).includes('child_process')).toSorted()).toEqual([
    join('cli', 'commands', 'service.ts'),
    join('cli', 'shell', 'local-commands.ts'),
  ])
})

test('W11: the reader of streams that loses bytes between two reads is not used, and its package is past that', () => {
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { version: string }>
  }
  const versions = Object.entries(packages).filter(([name]) => name.endsWith('node_modules/@libp2p/utils'))
  expect(versions.length).toBeGreaterThan(0)
  for (const [, { version }] of versions) {
    const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number)
    expect(major * 1e6 + minor * 1e3 + patch).toBeGreaterThanOrEqual(7_004_001)
  }
  const code = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readFileSync(join(ROOT, 'src', name), 'utf8'))
  expect(code.join('\n')).not.toMatch(/lpStream|byteStream\(|pbStream/)
})
