import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { SftError } from '../../src/errors.ts'
import { nodePair } from './nodes.ts'
import { OPERATIONS, OWN, RawClient } from './raw-client.ts'
import { snapshot } from './snapshot.ts'

/** What came of asking for names. */
export interface NamesAsked {
  readonly requests: number
  /** Requests that were not refused: they did something inside the root. */
  readonly allowed: number
  /** What happened outside the root, or came from there. */
  readonly escapes: readonly string[]
}

/** What stands in every file outside the root, so that no answer can hold it by chance. */
const MARK = 'outside-7f3a91'

/** Names between two looks at everything outside. */
const BLOCK = 25

/** Asks a real share over a real connection for every operation on every name, and looks what became of everything else. */
export async function askForNames(paths: readonly Uint8Array[]): Promise<NamesAsked> {
  const pair = await nodePair()
  const { outside, root } = pair
  mkdirSync(join(outside, 'victim/folder'), { recursive: true })
  mkdirSync(join(outside, 'share-evil'))
  for (const name of ['secret.txt', 'victim/secret.txt', 'victim/folder/deep.txt', 'share-evil/x', 'etc-passwd']) {
    writeFileSync(join(outside, name), `${MARK} ${name}`)
    utimesSync(join(outside, name), 1_000_000_000, 1_000_000_000)
  }
  prepare(root, outside)
  const before = snapshot(outside, root)
  const escapes: string[] = []
  let [requests, allowed] = [0, 0]
  let raw = await RawClient.open(pair)
  for (let at = 0; at < paths.length; at += BLOCK) {
    const block = paths.slice(at, at + BLOCK)
    for (const path of block) {
      for (const operation of OPERATIONS) {
        requests += 1
        try {
          const { error, bytes } = await raw.ask(operation, path)
          if (error === 0) allowed += 1
          if (bytes.includes(MARK)) escapes.push(`${operation} read ${JSON.stringify(Buffer.from(path).toString())}`)
        } catch (error) {
          if (!(error instanceof SftError) && String(error) !== 'Error: the session ended') throw error
          raw = await RawClient.open(pair) // what is far too long ends its session
        }
      }
    }
    const after = snapshot(outside, root)
    if (JSON.stringify(after, plain) !== JSON.stringify(before, plain)) {
      escapes.push(
        `one of ${JSON.stringify(block.map((path) => Buffer.from(path).toString()))} changed what is outside`,
      )
      expect(after).toEqual(before)
    }
    // The share holds the root by a descriptor, so it is emptied, not made anew.
    for (const name of readdirSync(root, { encoding: 'buffer' })) {
      rmSync(Buffer.concat([Buffer.from(`${root}/`), name]), { recursive: true, force: true })
    }
    prepare(root, outside)
  }
  return { requests, allowed, escapes }
}

function plain(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}` : value
}

/** Puts into the root what a peer may change, and traps that lead out of it. */
function prepare(root: string, outside: string): void {
  writeFileSync(join(root, OWN), 'own')
  mkdirSync(join(root, 'a'))
  writeFileSync(join(root, 'a/inner.txt'), 'inner')
  symlinkSync('../victim', join(root, 'link-to-victim'))
  symlinkSync(join(outside, 'secret.txt'), join(root, 'link-to-secret'))
  symlinkSync('../planted', join(root, 'link-to-nothing'))
  symlinkSync('.', join(root, 'link-to-root'))
  symlinkSync('../../victim', join(root, 'a/link-to-victim'))
  execFileSync('mkfifo', [join(root, 'pipe')])
}
