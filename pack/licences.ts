/** What the licences of bundled packages ask for: their names and texts go wherever their code goes. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Metafile } from 'esbuild'

interface Manifest {
  readonly name: string
  readonly version: string
  readonly license?: string
}

/** Returns the packages of which there is code in what was built, as folders, sorted. */
export function bundledPackages({ outputs }: Metafile): string[] {
  const inputs = Object.values(outputs).flatMap(({ inputs }) => Object.entries(inputs))
  const folders = inputs.flatMap(([path, { bytesInOutput }]) => {
    const [folder] = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path) ?? []
    return folder === undefined || bytesInOutput === 0 ? [] : [folder]
  })
  return [...new Set(folders)].toSorted()
}

/** Returns one text with the licence of every package. @throws Error naming one that says nothing of its licence. */
export function licenceTexts(folders: readonly string[]): string {
  const sections = folders.map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest
    const texts = readdirSync(folder)
      .filter((file) => /^(?:licen[cs]e|notice)/i.test(file))
      .map((file) => readFileSync(join(folder, file), 'utf8').trim())
    if (license === undefined && texts.length === 0) throw new Error(`${name} says nothing of its licence`)
    return [`${name} ${version}: ${license ?? 'see below'}`, ...texts].join('\n\n')
  })
  return `${sections.join(`\n\n${'-'.repeat(80)}\n\n`)}\n`
}
