/** What is transferred: random bytes, so that nothing can be packed, and their MD5, to know them again. */
import { createHash, randomFillSync } from 'node:crypto'
import { closeSync, mkdirSync, openSync, readdirSync, readSync, statSync, writeSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Task } from './contender.ts'

const MIB = 1024 * 1024
const SMALL = 4096
const FILES_PER_FOLDER = 100

/** Makes a file of `size` random bytes. */
export function makeFile(path: string, size: number): void {
  const block = Buffer.alloc(MIB)
  const descriptor = openSync(path, 'wx')
  for (let left = size; left > 0; left -= block.byteLength) {
    randomFillSync(block)
    writeSync(descriptor, block, 0, Math.min(left, block.byteLength))
  }
  closeSync(descriptor)
}

/** Makes a folder with `files` files of 4 KiB, 100 to a folder. */
export function makeTree(path: string, files: number): void {
  for (let made = 0; made < files; made += 1) {
    const folder = join(path, `folder-${String(Math.floor(made / FILES_PER_FOLDER)).padStart(3, '0')}`)
    mkdirSync(folder, { recursive: true })
    makeFile(join(folder, `file-${String(made % FILES_PER_FOLDER).padStart(2, '0')}`), SMALL)
  }
}

/** Reads all of it, so that the next to read it needs no disk, and returns the MD5 and the size of each file. */
export function describe(path: string): Map<string, string> {
  if (statSync(path).isFile()) return new Map([['', describeFile(path)]])
  const names = readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => !entry.isDirectory())
  return new Map(
    names
      .map((entry) => join(entry.parentPath, entry.name))
      .map((file) => [file.slice(path.length), describeFile(file)]),
  )
}

function describeFile(path: string): string {
  const hash = createHash('md5')
  const block = Buffer.allocUnsafe(MIB)
  const descriptor = openSync(path, 'r')
  let size = 0
  for (let read = readSync(descriptor, block); read > 0; read = readSync(descriptor, block)) {
    hash.update(block.subarray(0, read))
    size += read
  }
  closeSync(descriptor)
  return `${size} bytes, MD5 ${hash.digest('hex')}`
}

const described = new Map<string, Map<string, string>>()

/**
 * Checks that each receiver has what was sent: every file, with its size and MD5, and nothing else.
 *
 * @throws {Error} If it is not so; names the first difference.
 */
export function checkReceived({ source, into }: Task): void {
  const sent = described.get(source) ?? describe(source)
  described.set(source, sent)
  for (const folder of into) {
    const received = describe(join(folder, basename(source)))
    for (const [path, what] of sent) {
      if (received.get(path) !== what) {
        throw new Error(`${basename(source)}${path} arrived as ${received.get(path)}, was ${what}`)
      }
    }
    if (received.size !== sent.size) throw new Error(`${received.size} files arrived, ${sent.size} were sent`)
  }
}
