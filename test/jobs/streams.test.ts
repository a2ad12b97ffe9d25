import { createHash } from 'node:crypto'
import { createReadStream, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { spawn } from 'node:child_process'
import { expect, test } from 'vitest'
import { outcome } from '../support/aftermath.ts'
import { differences, jobMachines, namesBelow, write, writeRandom } from '../support/jobs.ts'

async function* chunks(...sizes: number[]): AsyncGenerator<Uint8Array> {
  for (const size of sizes) {
    yield new Uint8Array(size).fill(size % 251)
    await Promise.resolve()
  }
}

test.each([[[]], [[0]], [[1]], [[0, 0, 5, 0]], [[65_408, 65_409, 1]], [[3_000_000, 7, 1_000_000]]])(
  'a stream of chunks of %j bytes goes there and back',
  async (sizes) => {
    const { root, remote } = await jobMachines()
    const { size, md5 } = await remote.putStream(chunks(...sizes), 'stream')
    const stored = readFileSync(join(root, 'stream'))
    const expected: Uint8Array[] = []
    for await (const chunk of chunks(...sizes)) expected.push(chunk)
    expect(stored.equals(Buffer.concat(expected))).toBe(true)
    expect(size).toBe(stored.byteLength)
    expect(Buffer.from(md5)).toEqual(createHash('md5').update(stored).digest())
    const back: Buffer[] = []
    await remote.getStream('stream', (bytes) => {
      back.push(Buffer.from(bytes))
      return Promise.resolve()
    })
    expect(Buffer.concat(back).equals(stored)).toBe(true)
  },
)

test('three hundred megabytes stream there and back within a little memory', async () => {
  const { root, remote } = await jobMachines()
  const chunk = new Uint8Array(1_000_000).fill(9)
  async function* many(): AsyncGenerator<Uint8Array> {
    for (let index = 0; index < 300; index += 1) yield await Promise.resolve(chunk)
  }
  const before = process.memoryUsage().rss
  expect((await remote.putStream(many(), 'stream')).size).toBe(300_000_000)
  let received = 0
  await remote.getStream('stream', (bytes) => {
    received += bytes.byteLength
    return Promise.resolve()
  })
  expect(received).toBe(300_000_000)
  expect(process.memoryUsage().rss - before).toBeLessThan(250e6)
  expect(namesBelow(root)).toEqual(['stream'])
}, 60_000)

test('a slow reader is not sent more than it can take in', async () => {
  const { root, remote } = await jobMachines()
  write(join(root, 'large'), '')
  truncateSync(join(root, 'large'), 1_000_000_000)
  const { promise: going, resolve: begin } = Promise.withResolvers<void>()
  const { promise: gate, resolve: open } = Promise.withResolvers<void>()
  let received = 0
  const before = process.memoryUsage().rss
  const stop = new AbortController()
  const got = remote.getStream(
    'large',
    async (bytes) => {
      begin()
      await gate
      received += bytes.byteLength
      if (received > 50_000_000) stop.abort()
    },
    { signal: stop.signal },
  )
  await going
  await new Promise((resolve) => setTimeout(resolve, 500))
  expect(received).toBe(0)
  expect(process.memoryUsage().rss - before).toBeLessThan(150e6)
  open()
  expect(await outcome(got)).toBe('ERR_ABORTED')
})

test('a reader that fails ends the transfer with its error, and the session goes on', async () => {
  const { root, remote } = await jobMachines()
  writeRandom(join(root, 'large'), 20_000_000)
  let calls = 0
  const failing = async (): Promise<void> => ((calls += 1) > 3 ? Promise.reject(new Error('pipe closed')) : undefined)
  await expect(remote.getStream('large', failing)).rejects.toThrow('pipe closed')
  expect((await remote.getStream('large', async () => Promise.resolve())).size).toBe(20_000_000)
})

test('of a source that fails midway nothing is left, and the session goes on', async () => {
  const { root, remote } = await jobMachines()
  async function* failing(): AsyncGenerator<Uint8Array> {
    yield* chunks(5_000_000)
    throw new Error('source broke')
  }
  await expect(remote.putStream(failing(), 'stream')).rejects.toThrow('source broke')
  await expect.poll(() => namesBelow(root)).toEqual([])
  expect((await remote.putStream(chunks(5), 'stream')).size).toBe(5)
})

test('a stream does not replace a file unless told to', async () => {
  const { root, remote } = await jobMachines()
  write(join(root, 'a'), 'old')
  expect(await outcome(remote.putStream(chunks(100_000, 100_000), 'a'))).toBe('ERR_EXISTS')
  expect(readFileSync(join(root, 'a'), 'utf8')).toBe('old')
  await remote.putStream(chunks(3), 'a', { overwrite: true })
  expect(readFileSync(join(root, 'a')).byteLength).toBe(3)
})

test.each(['by its signal', 'because the share closed'] as const)(
  'a stream that nothing more comes from can be ended, %s',
  async (how) => {
    const { share, root, remote } = await jobMachines()
    const silent = new PassThrough()
    silent.write(new Uint8Array(100_000))
    const stop = new AbortController()
    const put = outcome(remote.putStream(silent, 'stream', { signal: stop.signal }))
    await expect.poll(() => namesBelow(root).length).toBeGreaterThan(0)
    if (how === 'by its signal') stop.abort()
    else await share.close()
    expect(await put).toBe(how === 'by its signal' ? 'ERR_ABORTED' : 'ERR_CLOSED')
    await expect.poll(() => namesBelow(root)).toEqual([])
  },
)

test('a stream that nothing more comes from ends when the share refuses it', async () => {
  for (const [rights, code] of [
    [['list'], 'ERR_DENIED'],
    [['list', 'put'], 'ERR_EXISTS'],
  ] as const) {
    const { root, remote } = await jobMachines({ rights })
    write(join(root, 'taken'), 'taken')
    for (const first of [0, 100_000]) {
      const silent = new PassThrough()
      if (first > 0) silent.write(new Uint8Array(first))
      expect(await outcome(remote.putStream(silent, 'taken'))).toBe(code)
    }
    expect(await remote.stat('taken')).toMatchObject({ size: 5 }) // and the session goes on
  }
})

test('an archive goes through as it is made and as it is unpacked', async () => {
  const { root, local, remote } = await jobMachines()
  for (let index = 0; index < 50; index += 1) write(join(local, 'tree', `${index}`), `${index}`.repeat(1_000))
  await remote.putStream(spawn('tar', ['c', '-C', local, 'tree']).stdout as AsyncIterable<Uint8Array>, 'tree.tar')
  writeFileSync(join(local, 'again'), '')
  const unpack = spawn('tar', ['x', '-C', root])
  const ended = new Promise((resolve) => unpack.on('close', resolve))
  await remote.getStream('tree.tar', async (bytes) => {
    if (!unpack.stdin.write(Buffer.from(bytes))) await new Promise((resolve) => unpack.stdin.once('drain', resolve))
  })
  unpack.stdin.end()
  expect(await ended).toBe(0)
  expect(differences(join(local, 'tree'), join(root, 'tree'))).toEqual([])
})

test('a file of this machine can be streamed as it is', async () => {
  const { root, local, remote } = await jobMachines()
  const bytes = writeRandom(join(local, 'a'), 1_000_000)
  await remote.putStream(createReadStream(join(local, 'a')) as AsyncIterable<Uint8Array>, 'a')
  expect(readFileSync(join(root, 'a')).equals(bytes)).toBe(true)
})
