import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import type * as Promises from 'node:fs/promises'
import { lstat } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { LocalFileSource } from '../../src/fs/file-source.ts'
import { openDescriptors } from '../support/snapshot.ts'
import { tempFolder } from '../support/tmp.ts'

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof Promises>()
  return { ...real, lstat: vi.fn<(path: string) => Promise<unknown>>(real.lstat) }
})

/** Does `swap` after the next look at a path, before its caller learns what was there. */
async function swapAfterLook(swap: () => void): Promise<void> {
  const { lstat: look } = await vi.importActual<typeof Promises>('node:fs/promises')
  vi.mocked(lstat as (path: string, options?: object) => Promise<unknown>).mockImplementationOnce(
    async (path, options) => {
      const stats = await look(path, options)
      swap()
      return stats
    },
  )
}

test.each<[string, (path: string, outside: string) => void, string]>([
  ['a link', (path, outside) => symlinkSync(outside, path), 'ELOOP'],
  ['a pipe', (path) => void execFileSync('mkfifo', [path]), 'ERR_WRONG_TYPE'],
  ['a folder', (path) => mkdirSync(path), 'ERR_WRONG_TYPE'],
  ['nothing', () => undefined, 'ENOENT'],
])(
  'a file that turns into %s between the look and the opening is refused without waiting',
  async (_what, plant, code) => {
    const folder = tempFolder()
    const outside = join(tempFolder(), 'outside')
    const path = join(folder, 'f')
    writeFileSync(outside, 'outside')
    writeFileSync(path, 'inside')
    const before = openDescriptors()
    await swapAfterLook(() => {
      rmSync(path)
      plant(path, outside)
    })
    await expect(LocalFileSource.open(path)).rejects.toMatchObject({ code })
    expect(openDescriptors()).toBe(before)
    expect(readFileSync(outside, 'utf8')).toBe('outside')
  },
)
