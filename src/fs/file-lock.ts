import { access, mkdir, readdir, rename, rmdir, utimes, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { SftError } from '../errors.ts'
import { errno, fileError } from './errno.ts'
import { lstatIfThere, unlinkIfThere } from './names.ts'
import { makePrivateFolder } from './private-file.ts'

/** How long a program waits for its turn, in milliseconds. */
const PATIENCE_MS = 10_000

/** A lock without a sign of life for this long is that of a program that was killed. */
const STALE_MS = 10_000

/** How often a program that holds a lock gives a sign of life, in milliseconds. */
const BEAT_MS = 2_000

/** What nobody who waits can still need: older than any wait, in milliseconds. */
const LITTER_MS = 60_000

/**
 * Does `work`, which takes milliseconds, while no other program of this user that locks `path` does; waits for its turn.
 * Ends with what `work` returns or throws, the lock free again. One left behind by a killed program is taken over, after
 * ten seconds.
 *
 * The lock is a folder with one file in it, named by who holds it. A folder prepared aside takes the name `path` only
 * where there is none or an empty one, and whoever frees a lock removes that one file: so no mistake about who holds it
 * can let two in, and a kill at any moment leaves nothing worse than a lock that is taken over.
 *
 * @param work - Gets `expectHeld`, which throws `ERR_BUSY` if this program stood still for so long that another one took
 * the lock over: to be asked before what cannot be undone.
 * @param signal - Ends the wait; what has begun is done to its end.
 * @throws {@link SftError} `ERR_BUSY` after ten seconds, naming the lock, `ERR_ABORTED`, or the code of another failure to
 * lock.
 */
export async function withFileLock<T>(
  path: string,
  work: (expectHeld: () => Promise<void>) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const holder = crypto.randomUUID()
  try {
    await acquire(path, holder, signal)
  } catch (error) {
    throw fileError(error, `cannot lock ${path}`)
  }
  const mine = join(path, holder)
  // Where it fails the lock is lost or grows old, which `expectHeld` and other programs see.
  const beat = setInterval(() => void touch(mine).catch(() => undefined), BEAT_MS).unref()
  try {
    return await work(async () => {
      try {
        await access(mine)
      } catch (error) {
        throw new SftError('ERR_BUSY', `the lock ${path} was lost while this program stood still; try again`, {
          cause: error,
        })
      }
    })
  } finally {
    clearInterval(beat)
    await release(path, holder)
  }
}

async function acquire(path: string, holder: string, signal: AbortSignal | undefined): Promise<void> {
  await makePrivateFolder(dirname(path))
  const aside = `${path}.${holder}`
  const deadline = performance.now() + PATIENCE_MS
  try {
    await mkdir(aside, { mode: 0o700 })
    await writeFile(join(aside, holder), '', { flag: 'wx', mode: 0o600 })
    while (!(await take(aside, holder, path))) {
      await removeStale(path)
      if (signal?.aborted === true) throw new SftError('ERR_ABORTED', 'cancelled', { cause: signal.reason })
      if (performance.now() > deadline) {
        throw new SftError('ERR_BUSY', `${path} is held by another program; try again, or remove it if none runs`)
      }
      await new Promise((resolve) => setTimeout(resolve, 1 + Math.random() * 20))
    }
  } catch (error) {
    await unlinkIfThere(join(aside, holder)).catch(() => undefined) // nothing may hide why it failed
    await rmdir(aside).catch(() => undefined)
    throw error
  }
  await removeLitter(path)
}

/** Gives a prepared folder the name of the lock, unless somebody holds it. */
async function take(aside: string, holder: string, path: string): Promise<boolean> {
  await touch(join(aside, holder)) // its age counts from now, not from when the wait began
  try {
    await rename(aside, path)
    return true
  } catch (error) {
    if (['ENOTEMPTY', 'EEXIST'].includes(errno(error) ?? '')) return false
    if (errno(error) !== 'ENOTDIR') throw error
    throw new SftError('ERR_WRONG_TYPE', `cannot lock ${path}: that is no folder; remove it`, { cause: error })
  }
}

/** Frees the lock if whoever holds it gave no sign of life for too long. By name: never another one than was looked at. */
async function removeStale(path: string): Promise<void> {
  for (const name of await readdirIfThere(path)) {
    const stats = UUID.test(name) ? await lstatIfThere(join(path, name)) : null
    // Ahead of the clock as well: a clock that was set back would keep it young for as long.
    if (stats && Math.abs(Date.now() - stats.mtimeMs) > STALE_MS) await unlinkIfThere(join(path, name))
  }
}

async function release(path: string, holder: string): Promise<void> {
  try {
    await unlinkIfThere(join(path, holder))
    await rmdir(path)
  } catch {
    // Another program has it already, or it frees itself by growing old: the work is done either way.
  }
}

/** Removes the folders of programs that were killed while they waited. */
async function removeLitter(path: string): Promise<void> {
  const [folder, prefix] = [dirname(path), `${basename(path)}.`]
  for (const name of await readdirIfThere(folder)) {
    const holder = name.slice(prefix.length)
    if (!name.startsWith(prefix) || !UUID.test(holder)) continue
    const aside = join(folder, name)
    const stats = await lstatIfThere(aside)
    if (!stats?.isDirectory() || Date.now() - stats.mtimeMs < LITTER_MS) continue
    await unlinkIfThere(join(aside, holder)).catch(() => undefined) // litter is not worth failing
    await rmdir(aside).catch(() => undefined)
  }
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

async function readdirIfThere(path: string): Promise<string[]> {
  try {
    return await readdir(path)
  } catch (error) {
    if (errno(error) === 'ENOENT') return []
    throw error
  }
}

async function touch(path: string): Promise<void> {
  const now = new Date()
  await utimes(path, now, now)
}
