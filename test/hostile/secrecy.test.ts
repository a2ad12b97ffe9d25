import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createLocalFile } from '../../src/fs/local-files.ts'
import { ProtocolClient } from '../../src/protocol/client.ts'
import { encodeMessage } from '../../src/wire/message.ts'
import { parseRemotePath } from '../../src/wire/path.ts'
import { RIGHTS } from '../../src/wire/rights.ts'
import { attackedPair } from '../support/aftermath.ts'
import { md5, memorySource } from '../support/hostile-provider.ts'
import { tempFolder } from '../support/tmp.ts'
import { attacked, Recording } from '../support/wire-recorder.ts'

const WINDOW = 8

/** Every 8 bytes in a row of `secret`. */
function windows(secret: Uint8Array): Set<string> {
  const text = Buffer.from(secret).toString('latin1')
  return new Set(Array.from({ length: text.length - WINDOW + 1 }, (_, start) => text.slice(start, start + WINDOW)))
}

/** The windows of `secret` that lie on the wire in clear. */
function leaked(wire: Uint8Array, secret: Uint8Array): string[] {
  const readable = windows(wire)
  return [...windows(secret)].filter((window) => readable.has(window))
}

/** Bytes that do not repeat and read as text. */
function distinctive(word: string, length: number): Buffer {
  let text = ''
  for (let line = 0; text.length < length; line += 1) text += `${word} line ${line} of the secret, ${line * 7919};\n`
  return Buffer.from(text.slice(0, length))
}

test.for(['yamux', 'mplex'] as const)(
  'no content, name or message is readable below the records (%s)',
  async (muxer) => {
    const pair = await attackedPair({ muxer })
    const [sent, received] = [new Recording(), new Recording()]
    const stream = attacked(await pair.openStream(), { outgoing: sent.meddle, incoming: received.meddle })
    const client = await ProtocolClient.open(stream, pair.clientInit)
    const [stored, fetched] = [distinctive('upward', 100_000), distinctive('downward', 100_000)]
    const names = ['stored-under-this-name.txt', 'fetched-by-this-name.txt', 'a-new-folder-name', 'renamed-to-this.txt']
    const [storedName = '', fetchedName = '', folderName = '', newName = ''] = names
    writeFileSync(join(pair.root, fetchedName), fetched)
    const folder = tempFolder()

    await client.get(parseRemotePath(fetchedName), {}, (file) =>
      createLocalFile(join(folder, 'copy'), file, { overwrite: false }),
    )
    await client.put(parseRemotePath(storedName), memorySource(stored), {})
    expect(await Array.fromAsync(client.list(parseRemotePath('.'), true))).toHaveLength(3)
    await client.mkdir(parseRemotePath(folderName), false)
    await client.rename(parseRemotePath(storedName), parseRemotePath(newName), false)
    const sha256 = await client.digest(parseRemotePath(newName), 'sha256')
    await client.close()
    await client.closed

    const requests = [
      encodeMessage({
        type: 'request',
        id: 2,
        action: { type: 'mkdir', path: parseRemotePath(folderName), parents: false },
      }),
      encodeMessage({ type: 'welcome', rights: new Set(RIGHTS) }),
      encodeMessage({ type: 'end', id: 1, error: 0, size: fetched.byteLength, md5: md5(fetched) }),
    ].filter((message) => message.byteLength >= WINDOW)
    const secrets = [
      stored,
      fetched,
      ...names.map((name) => Buffer.from(name)),
      md5(stored),
      md5(fetched),
      sha256,
      ...requests,
    ]
    expect(sent.bytes.byteLength).toBeGreaterThan(stored.byteLength)
    expect(received.bytes.byteLength).toBeGreaterThan(fetched.byteLength)
    for (const secret of secrets) {
      expect(leaked(sent.bytes, secret)).toEqual([])
      expect(leaked(received.bytes, secret)).toEqual([])
    }
  },
)

test('the search itself finds what is readable', () => {
  const secret = distinctive('upward', 1_000)
  expect(leaked(Buffer.concat([Buffer.alloc(100), secret.subarray(500, 508)]), secret)).toHaveLength(1)
})

test('the same file sent twice looks different each time', async () => {
  const pair = await attackedPair()
  const content = distinctive('upward', 10_000)
  const recordings = []
  for (const name of ['once.txt', 'twic.txt']) {
    const sent = new Recording()
    const client = await ProtocolClient.open(
      attacked(await pair.openStream(), { outgoing: sent.meddle }),
      pair.clientInit,
    )
    await client.put(parseRemotePath(name), memorySource(content), {})
    await client.close()
    await client.closed
    recordings.push(sent.bytes)
  }
  const [first = Buffer.alloc(0), second = Buffer.alloc(0)] = recordings
  expect(first.byteLength).toBe(second.byteLength)
  // Beyond the hello, whose protobuf tags are the same, nothing comes back.
  expect(leaked(second.subarray(80), first.subarray(80))).toEqual([])
  await pair.expectUnharmed({ 'once.txt': content, 'twic.txt': content })
})
