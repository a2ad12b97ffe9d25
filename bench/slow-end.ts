/**
 * One end of a transfer whose disk takes only so many bytes a second, as a process of its own: a client that gets
 * (`slow-end.ts get RATE ADDRESS PATH TARGET`), or a share that is put to (`slow-end.ts share RATE FOLDER MUXER`).
 *
 * It is the real engine on a real node; only the sink waits. Prints one JSON line when it is ready, one at the end.
 */
import v8 from 'node:v8'
import { loadSodium } from '../src/crypto/load-sodium.ts'
import { createLocalFile } from '../src/fs/local-files.ts'
import { SharedFolder } from '../src/fs/shared-folder.ts'
import { generateIdentity } from '../src/net/identity.ts'
import { Node, type Muxer, type PeerStream } from '../src/net/node.ts'
import { ProtocolClient } from '../src/protocol/client.ts'
import { provide } from '../src/protocol/provider.ts'
import type { FileSink, FileStore } from '../src/protocol/types.ts'
import { PROTOCOL_ID } from '../src/wire/limits.ts'
import { parseRemotePath } from '../src/wire/path.ts'
import { RIGHTS } from '../src/wire/rights.ts'

v8.setFlagsFromString('--semi-space-growth-factor=1') // as bin/sft.js does

const [role, rateText, ...rest] = process.argv.slice(2)
const rate = Number(rateText)

/** Makes every write of `sink` last as long as a disk of that rate needs. */
function slow(sink: FileSink): FileSink {
  const started = performance.now()
  let written = 0
  return {
    kept: sink.kept,
    readKept: async (buffer, offset) => sink.readKept(buffer, offset),
    async write(bytes) {
      await sink.write(bytes)
      written += bytes.byteLength
      const due = started + (written / rate) * 1000
      const early = due - performance.now()
      if (early > 0) await new Promise((resolve) => setTimeout(resolve, early))
    },
    commit: async () => sink.commit(),
    setAside: async () => sink.setAside(),
    discard: async () => sink.discard(),
  }
}

const sodium = await loadSodium()
const identity = await generateIdentity()

if (role === 'get') {
  const [address = '', path = '', target = '', muxer = 'yamux'] = rest
  const node = await Node.start({ identity, muxers: [muxer as Muxer] })
  const { stream, idBytes } = await node.dial(address, PROTOCOL_ID)
  const client = await ProtocolClient.open(stream, { sodium, localId: node.idBytes, remoteId: idBytes })
  console.log(JSON.stringify({ type: 'ready' }))
  const { size } = await client.get(parseRemotePath(path), {}, async (file) =>
    slow(await createLocalFile(target, file, { overwrite: true })),
  )
  console.log(JSON.stringify({ type: 'done', size }))
  await client.close()
  await node.stop()
} else {
  const [folder = '', muxer = 'yamux'] = rest
  const shared = await SharedFolder.open(folder)
  const node = await Node.start({
    identity,
    listen: ['/ip4/127.0.0.1/tcp/0'],
    muxers: [muxer as Muxer],
  })
  const store: FileStore = {
    list: (path, recursive) => shared.list(path, recursive),
    stat: async (path) => shared.stat(path),
    open: async (path) => shared.open(path),
    create: async (path, file, options) => slow(await shared.create(path, file, options)),
    kept: async (path, file, keepFor) => shared.kept(path, file, keepFor),
    remove: async (path) => shared.remove(path),
    rename: async (from, to, overwrite) => shared.rename(from, to, overwrite),
    mkdir: async (path, parents) => shared.mkdir(path, parents),
  }
  const onStream = ({ stream, idBytes }: PeerStream): void => {
    const rights = new Set(RIGHTS)
    provide(stream, { sodium, localId: node.idBytes, remoteId: idBytes, store, rights: () => rights }).catch(
      (error: unknown) => console.error(error),
    )
  }
  await node.handle(PROTOCOL_ID, { admits: () => true, onStream })
  console.log(JSON.stringify({ type: 'ready', addresses: node.addresses }))
}
