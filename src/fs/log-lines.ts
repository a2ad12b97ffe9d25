import { constants } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { SftError } from '../errors.ts'
import { logFiles } from './append-log.ts'
import { errno, fileError } from './errno.ts'

/** More than any line of a log has, in bytes: what is longer is none. */
const MAX_LINE = 128 * 1024

const CHUNK = 64 * 1024

/**
 * Yields the lines of a log and of its old ones, the oldest first, in bounded memory; `null` for one that is too long to
 * be any. Empty ones are left out. Nothing at all if there is no log.
 *
 * @throws {@link SftError} `ERR_WRONG_TYPE` for what is no file, or the code of a failure to read.
 */
export async function* readLogLines(path: string): AsyncGenerator<string | null, void, undefined> {
  const opened = new Map<string, FileHandle>()
  try {
    // The newest first: one that becomes an old one meanwhile is met twice, which shows, and not missed.
    for (const file of logFiles(path)) {
      const handle = await openIfThere(file)
      if (!handle) continue
      const stats = await handle.stat()
      const key = `${stats.dev} ${stats.ino}`
      if (!stats.isFile()) {
        await handle.close()
        throw new SftError('ERR_WRONG_TYPE', `cannot read ${file}: it is not a file`)
      }
      if (opened.has(key)) await handle.close()
      else opened.set(key, handle)
    }
    for (const handle of [...opened.values()].toReversed()) yield* linesOf(handle)
  } catch (error) {
    throw fileError(error, `cannot read the log ${path}`)
  } finally {
    for (const handle of opened.values()) await handle.close()
  }
}

async function openIfThere(path: string): Promise<FileHandle | null> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    if (errno(error) === 'ENOENT') return null
    throw fileError(error, `cannot read the log ${path}`)
  }
}

async function* linesOf(handle: FileHandle): AsyncGenerator<string | null, void, undefined> {
  const chunk = Buffer.alloc(CHUNK)
  let line = ''
  let tooLong = false
  for (;;) {
    const { bytesRead } = await handle.read(chunk, 0, CHUNK, null)
    if (bytesRead === 0) break
    const pieces = chunk.toString('latin1', 0, bytesRead).split('\n') // a log is ASCII; other bytes are no line of one
    for (const [index, piece] of pieces.entries()) {
      if (index > 0) {
        if (tooLong) yield null
        else if (line !== '') yield line
        ;[line, tooLong] = ['', false]
      }
      if (line.length + piece.length > MAX_LINE) [line, tooLong] = ['', true]
      if (!tooLong) line += piece
    }
  }
  if (tooLong) yield null
  else if (line !== '') yield line
}
