import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Where inputs lie that once did harm: a folder for each decoder, in it a file for each input, in hexadecimal. */
const FOLDER = fileURLToPath(new URL('regressions', import.meta.url))

/** Keeps an input for good; returns the path of its file. */
export function keep(decoder: string, bytes: Buffer): string {
  const folder = join(FOLDER, decoder.replaceAll(' ', '-'))
  mkdirSync(folder, { recursive: true })
  const path = join(folder, `${createHash('sha256').update(bytes).digest('hex').slice(0, 16)}.hex`)
  writeFileSync(path, `${bytes.toString('hex')}\n`)
  return path
}

/** Returns the inputs that were kept for a decoder. */
export function kept(decoder: string): Buffer[] {
  const folder = join(FOLDER, decoder.replaceAll(' ', '-'))
  let names: string[]
  try {
    names = readdirSync(folder)
  } catch {
    return [] // nothing was ever kept
  }
  return names.map((name) => Buffer.from(readFileSync(join(folder, name), 'utf8').trim(), 'hex'))
}
