import { basename, dirname, join, resolve } from 'node:path'

/** Takes a path of this machine apart: the folder it is in, and its name there, as it is written out in full. */
export function splitLocalPath(path: string): { folder: string; name: string } {
  const full = resolve(path)
  return { folder: dirname(full), name: basename(full) }
}

/** Names an entry below a folder of this machine. */
export function localPathOf(folder: string, path: string): string {
  return join(folder, path)
}
