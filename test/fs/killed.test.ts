import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { names } from '../support/snapshot.ts'
import { tempFolder } from '../support/tmp.ts'

const RECEIVE_CHILD = fileURLToPath(new URL('receive-child.ts', import.meta.url))
const MIB = 1024 * 1024
const SIZE = 24 * MIB
const BLOCK = 256 * 1024

/** The file that every receiver here receives. */
const CONTENT = Buffer.from(
  Uint8Array.from({ length: SIZE }, (_, offset) => (offset * 31 + (offset >>> 8) * 7 + (offset >>> 16) * 13) & 0xff),
)

interface Receiver {
  readonly child: ChildProcess
  readonly lines: AsyncIterator<string>
  readonly ended: Promise<unknown>
}

describe.each([
  ['through descriptors', 'false'],
  ['by path', 'true'],
])('a receiver that is killed, %s', (_way, byPath) => {
  function receiver(folder: string, path = 'f', peer = 'peer'): Receiver {
    const args = [RECEIVE_CHILD, folder, path, String(SIZE), peer, String(BLOCK), byPath]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    onTestFinished(() => void child.kill('SIGKILL'))
    return { child, lines: createInterface(child.stdout)[Symbol.asyncIterator](), ended: once(child, 'exit') }
  }

  async function next({ lines }: Receiver): Promise<string> {
    const { value } = (await lines.next()) as { value: string }
    return value
  }

  async function kill({ child, ended }: Receiver): Promise<void> {
    child.kill('SIGKILL')
    await ended
  }

  test('K01: at any moment leaves what the next one continues, until the file is there and nothing else', async () => {
    const folder = tempFolder()
    let reported = 0
    for (let round = 0; round < 8; round += 1) {
      const running = receiver(folder)
      const continued = Number(await next(running))
      expect(continued).toBeGreaterThanOrEqual(reported < MIB ? 0 : reported)
      reported = continued
      const blocks = 1 + Math.floor(Math.random() * 10)
      for (let block = 0; block < blocks && reported < SIZE; block += 1) reported = Number(await next(running))
      await kill(running)
      if (names(folder).includes('f')) break
      expect(names(folder)).toEqual(['.sft-parts'])
      expect(names(folder, '.sft-parts')).toHaveLength(1)
    }
    const last = receiver(folder)
    expect(Number(await next(last))).toBeGreaterThanOrEqual(
      reported < MIB || names(folder).includes('f') ? 0 : reported,
    )
    await last.ended
    expect(names(folder)).toEqual(['f'])
    expect(readFileSync(join(folder, 'f')).equals(CONTENT)).toBe(true)
  })

  test('is not continued while it lives, and two at once do not mix', async () => {
    const folder = tempFolder()
    const first = receiver(folder)
    for (let block = 0; block < 8; block += 1) await next(first)
    first.child.kill('SIGSTOP')
    const second = receiver(folder)
    expect(await next(second)).toBe('0')
    first.child.kill('SIGCONT')
    await Promise.all([first.ended, second.ended])
    expect(names(folder)).toEqual(['f'])
    expect(readFileSync(join(folder, 'f')).equals(CONTENT)).toBe(true)
  })

  test('is continued by one of two that start at once, and not for another peer', async () => {
    const folder = tempFolder()
    const first = receiver(folder)
    for (let block = 0; block < 20; block += 1) await next(first)
    await kill(first)
    const other = receiver(folder, 'f', 'other')
    expect(await next(other)).toBe('0')
    await kill(other)
    const both = [receiver(folder), receiver(folder)]
    const outcomes = await Promise.all(both.map(async ({ child, ended }) => ended.then(() => child.exitCode)))
    expect(outcomes.filter((code) => code === 0).length).toBeGreaterThanOrEqual(1)
    expect(readFileSync(join(folder, 'f')).equals(CONTENT)).toBe(true)
  })
})
