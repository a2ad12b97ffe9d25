import { createHash } from 'node:crypto'
import { lstatSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { SftError, type SftErrorCode } from '../../src/errors.ts'
import { ProtocolClient } from '../../src/protocol/client.ts'
import { parseRemotePath } from '../../src/wire/path.ts'
import { nodePair, type NodePair, type NodePairOptions } from './nodes.ts'

/** Everything below a folder: what each path holds, a file by its digest. */
export function tree(folder: string): Record<string, string> {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).toSorted()
  return Object.fromEntries(paths.map((path) => [path, contentOf(join(folder, path))]))
}

function contentOf(path: string): string {
  const stats = lstatSync(path)
  return stats.isFile() ? createHash('sha256').update(readFileSync(path)).digest('hex') : `mode ${stats.mode}`
}

/** A provider under attack: what it serves is in `kept.txt`, and nothing of it may change. */
export interface AttackedPair extends NodePair {
  /** Waits for the end of the next session that nobody asked about yet; returns its code, `null` for an orderly end. */
  readonly ending: () => Promise<SftErrorCode | null>
  /**
   * Asserts that the tree is what it was, inside and outside the root, but for the files of the root given here with
   * their contents; that no incomplete file is left; and that the provider serves a new honest client.
   */
  readonly expectUnharmed: (added?: Record<string, string | Uint8Array>) => Promise<void>
}

/** Two real nodes, one of which is about to be attacked. */
export async function attackedPair(options: NodePairOptions = {}): Promise<AttackedPair> {
  const pair = await nodePair(options)
  writeFileSync(join(pair.outside, 'outside.txt'), 'not shared')
  writeFileSync(join(pair.root, 'kept.txt'), 'kept')
  const before = tree(pair.outside)
  let asked = 0
  const ending = async (): Promise<SftErrorCode | null> => {
    const index = asked++
    await expect.poll(() => pair.endings.length, { timeout: 5_000, interval: 3 }).toBeGreaterThan(index)
    return codeOf(pair.endings[index] ?? null)
  }
  return {
    ...pair,
    ending,
    expectUnharmed: async (added = {}) => {
      const expected: Record<string, string> = { ...before }
      for (const [name, content] of Object.entries(added))
        expected[`share/${name}`] = createHash('sha256').update(content).digest('hex')
      await expect.poll(() => tree(pair.outside), { timeout: 5_000, interval: 3 }).toEqual(expected)
      const client = await ProtocolClient.open(await pair.openStream(), pair.clientInit)
      expect(await client.stat(parseRemotePath('kept.txt'))).toMatchObject({ type: 'file', size: 4 })
      const sessions = pair.endings.length
      await client.close()
      await client.closed
      await expect.poll(() => pair.endings.length, { timeout: 5_000, interval: 3 }).toBeGreaterThan(sessions)
      asked = pair.endings.length
    },
  }
}

/** Returns the code of a typed error; fails the test for any other error. */
export function codeOf(error: unknown): SftErrorCode | null {
  if (error === null) return null
  if (!(error instanceof SftError)) throw new Error('the error is not typed', { cause: error })
  return error.code
}

/** Waits for a promise and returns the code it rejected with, `null` if it did not. */
export async function outcome(promise: Promise<unknown>): Promise<SftErrorCode | null> {
  try {
    await promise
    return null
  } catch (error) {
    return codeOf(error)
  }
}
