/** A program that keeps one session with a share for hours and does what it is told by its parent: one message a call. */
import { createHash } from 'node:crypto'
import type * as library from '../src/index.ts'
import { pause } from './far-end.ts'

/** What it can be asked for, each with its arguments and what comes back. */
export interface SessionCalls {
  list: (path: string) => Promise<number>
  getAll: (paths: string[], into: string) => Promise<number>
  putAll: (paths: string[], into: string) => Promise<number>
  get: (path: string, into: string) => Promise<void>
  put: (from: string, path: string) => Promise<void>
  rename: (path: string, to: string) => Promise<void>
  remove: (path: string) => Promise<void>
  mkdir: (path: string) => Promise<void>
  digest: (path: string) => Promise<string>
  /** Reads a file so slowly that the share has to wait; returns the MD5 of what came. */
  readSlowly: (path: string, pauseEach: number) => Promise<string>
  /** Begins to fetch a file, and gives up. */
  giveUp: (path: string, into: string, after: number) => Promise<void>
  /** Another session, of this machine too, for one question. */
  visit: (path: string) => Promise<number>
}

export interface Call {
  readonly id: number
  readonly name: keyof SessionCalls
  readonly args: readonly unknown[]
}

export interface Answer {
  readonly id: number
  readonly value?: unknown
  /** The code of the error, or its text if it has none. */
  readonly error?: string
}

const [address = '', built = ''] = process.argv.slice(2)
const { connect, SftError } = (await import(built)) as typeof library
const remote = await connect(address)

async function visit(path: string): Promise<number> {
  const other = await connect(address)
  try {
    return (await other.stat(path)).size
  } finally {
    await other.close()
  }
}

const calls: SessionCalls = {
  list: async (path) => (await Array.fromAsync(remote.list(path, { recursive: true }))).length,
  async getAll(paths, into) {
    const { files, error } = await remote.getAll(paths, into)
    if (error) throw error
    return files
  },
  async putAll(paths, into) {
    const { files, error } = await remote.putAll(paths, into)
    if (error) throw error
    return files
  },
  get: async (path, into) => void (await remote.get(path, into)),
  put: async (from, path) => void (await remote.put(from, path)),
  rename: async (path, to) => remote.rename(path, to),
  remove: async (path) => remote.remove(path),
  mkdir: async (path) => remote.mkdir(path),
  digest: async (path) => Buffer.from(await remote.digest(path)).toString('hex'),
  async readSlowly(path, pauseEach) {
    const hash = createHash('md5')
    await remote.getStream(path, async (bytes) => {
      hash.update(bytes)
      await pause(pauseEach)
    })
    return hash.digest('hex')
  },
  giveUp: async (path, into, after) => void (await remote.get(path, into, { signal: AbortSignal.timeout(after) })),
  visit,
}

process.on('message', ({ id, name, args }: Call) => {
  const call = calls[name] as (...given: readonly unknown[]) => Promise<unknown>
  const answer = (said: Answer): void => void process.send?.(said)
  call(...args).then(
    (value) => answer({ id, value }),
    (error: unknown) => answer({ id, error: error instanceof SftError ? error.code : String(error) }),
  )
})
process.on('disconnect', () => process.exit())
process.send?.({ id: 0 } satisfies Answer)
