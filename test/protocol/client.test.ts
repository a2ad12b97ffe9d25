import { truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { ProtocolClient } from '../../src/protocol/client.ts'
import { SftError } from '../../src/errors.ts'
import { parseRemotePath } from '../../src/wire/path.ts'
import { memorySource } from '../support/hostile-provider.ts'
import { memoryShare } from '../support/memory-share.ts'
import { nodePair } from '../support/nodes.ts'

const path = parseRemotePath('a.txt')

test('keeps to the number of requests allowed at once, however many calls overlap', async () => {
  const pair = await nodePair()
  writeFileSync(join(pair.root, 'a.txt'), 'hello')
  const client = await ProtocolClient.open(await pair.openStream(), pair.clientInit)
  const entries = await Promise.all(Array.from({ length: 500 }, async () => client.stat(path)))
  expect(entries.every(({ size }) => size === 5)).toBe(true)
  await client.close()
})

test('a session that cannot be written to any more is over at once, though its stream has not ended for reading', async () => {
  const share = await memoryShare()
  writeFileSync(join(share.root, 'a.txt'), 'hello')
  const { stream } = share.open()
  let broken = false
  const client = await ProtocolClient.open(
    {
      source: stream.source,
      get full() {
        return stream.full
      },
      take: (length) => stream.take(length),
      write: (...parts) => {
        if (broken) throw new SftError('ERR_CLOSED', 'the connection was lost')
        stream.write(...parts)
      },
      drained: async () => stream.drained(),
      close: async () => stream.close(),
      abort: (error) => stream.abort(error),
    },
    share.clientInit,
  )
  await client.stat(path)
  broken = true
  await expect(client.put(parseRemotePath('b'), memorySource(Buffer.alloc(100_000)), {})).rejects.toMatchObject({
    code: 'ERR_CLOSED',
  })
  expect(client.ended).toBe(true)
})

test('does not count the time without requests as silence of the peer', async () => {
  const stall = 600
  const pair = await nodePair({ deadlines: { stall } })
  writeFileSync(join(pair.root, 'a.txt'), '')
  truncateSync(join(pair.root, 'a.txt'), 1_200_000_000) // a hole: long to hash, nothing to store
  const client = await ProtocolClient.open(await pair.openStream(), pair.clientInit)
  await client.stat(path)
  await new Promise((resolve) => setTimeout(resolve, 2 * stall))
  await expect(client.digest(path, 'sha256')).resolves.toHaveLength(32)
  await client.close()
})

test('does not take a clock that is set forward for silence of the peer', async () => {
  const stall = 600
  const pair = await nodePair({ deadlines: { stall } })
  writeFileSync(join(pair.root, 'a.txt'), '')
  truncateSync(join(pair.root, 'a.txt'), 600_000_000)
  const client = await ProtocolClient.open(await pair.openStream(), pair.clientInit)
  const digest = client.digest(path, 'sha256')
  const now = Date.now.bind(Date)
  const clock = vi.spyOn(Date, 'now').mockImplementation(() => now() + 3_600_000)
  onTestFinished(() => clock.mockRestore())
  await expect(digest).resolves.toHaveLength(32)
  await client.close()
})

test('ends a call by its signal and leaves the session usable', async () => {
  const pair = await nodePair()
  writeFileSync(join(pair.root, 'a.txt'), Buffer.alloc(50_000_000))
  const client = await ProtocolClient.open(await pair.openStream(), pair.clientInit)
  const cancelled = new AbortController()
  let received = 0
  let setAside = false
  const fetching = client.get(path, { signal: cancelled.signal }, async () => ({
    kept: 0,
    readKept: () => Promise.resolve(0),
    write: async (bytes) => {
      received += bytes.byteLength
      cancelled.abort()
    },
    commit: async () => expect.unreachable('a cancelled file is committed'),
    setAside: async () => void (setAside = true),
    discard: async () => expect.unreachable('a cancelled file is of use'),
  }))
  await expect(fetching).rejects.toMatchObject({ code: 'ERR_ABORTED' })
  expect(received).toBeLessThan(50_000_000)
  expect(setAside).toBe(true)
  expect(await client.stat(path)).toMatchObject({ size: 50_000_000 })
  await client.close()
  await expect.poll(() => pair.endings).toEqual([null])
})
