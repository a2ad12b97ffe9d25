import { appendFileSync, chmodSync, renameSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { DigestMemory } from '../../src/fs/digest-memory.ts'
import { SharedFolder } from '../../src/fs/shared-folder.ts'
import { parseRemotePath } from '../../src/wire/path.ts'
import { tempFolder } from '../support/tmp.ts'

const MD5 = Buffer.alloc(16, 7)
const HOUR = 3_600_000_000_000n

/** A file, and what it was when its digest was noted, an hour after it was last changed. */
function remembered(memory: DigestMemory): { path: string; recall: () => Uint8Array | undefined } {
  const path = join(tempFolder(), 'a')
  writeFileSync(path, 'content')
  const recall = (): Uint8Array | undefined => memory.recall(statSync(path, { bigint: true }))
  const stats = statSync(path, { bigint: true })
  memory.remember(stats, MD5, stats.ctimeNs + HOUR)
  expect(recall()).toEqual(MD5)
  return { path, recall }
}

test.each<[string, (path: string) => void]>([
  ['was written anew with the same size and its old time', (path) => rewrite(path, 'CONTENT')],
  ['became longer', (path) => appendFileSync(path, '!')],
  ['has another time', (path) => utimesSync(path, 1, 1)],
  ['has other permissions, which its time stamps do not tell from other bytes', (path) => chmodSync(path, 0o600)],
  ['was replaced by another', (path) => replace(path)],
])('the digest of a file that %s is forgotten', (_what, change) => {
  const { path, recall } = remembered(new DigestMemory())
  change(path)
  expect(recall()).toBeUndefined()
})

test('the digest of a file that changed a moment ago is not noted: a change right after could go unseen', () => {
  const memory = new DigestMemory()
  const path = join(tempFolder(), 'a')
  writeFileSync(path, 'content')
  utimesSync(path, 1, 1) // an old time of its content does not hide it
  memory.remember(statSync(path, { bigint: true }), MD5)
  expect(memory.recall(statSync(path, { bigint: true }))).toBeUndefined()
})

test('digests of so many files are kept, the newest', () => {
  const memory = new DigestMemory()
  const { recall } = remembered(memory)
  const stats = statSync(tempFolder(), { bigint: true })
  for (let ino = 1n; ino <= 4_096n; ino += 1n) {
    memory.remember({ ...stats, ino: -ino }, MD5, stats.ctimeNs + HOUR)
  }
  expect(recall()).toBeUndefined()
  expect(memory.recall({ ...stats, ino: -1n })).toEqual(MD5)
})

test('a shared file is hashed once for as long as it stays what it is', async () => {
  const root = tempFolder()
  writeFileSync(join(root, 'large'), Buffer.alloc(1_000_000, 1))
  const store = await SharedFolder.open(root)
  onTestFinished(async () => store.close())
  const digest = async (): Promise<Uint8Array | undefined> => {
    const source = await store.open(parseRemotePath('large'))
    const { md5 } = source
    await source.verify()
    source.remember?.(MD5)
    await source.close()
    return md5
  }
  expect(await digest()).toBeUndefined()
  expect(await digest()).toBeUndefined() // written a moment ago
  await setTimeout(2_100)
  await digest()
  expect(await digest()).toEqual(MD5)
  rewrite(join(root, 'large'), 'x'.repeat(1_000_000))
  expect(await digest()).toBeUndefined()
})

function rewrite(path: string, content: string): void {
  const { atimeMs, mtimeMs } = statSync(path)
  writeFileSync(path, content)
  utimesSync(path, atimeMs / 1000, mtimeMs / 1000)
}

function replace(path: string): void {
  writeFileSync(`${path}.new`, 'content')
  renameSync(`${path}.new`, path)
}
