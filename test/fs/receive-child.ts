import { SharedFolder } from '../../src/fs/shared-folder.ts'
import { parseRemotePath } from '../../src/wire/path.ts'

// Receives PATH, SIZE bytes of `contentAt`, into FOLDER for PEER in blocks of BLOCK bytes, from where an earlier attempt
// was cut off, and prints what it continued at first and how many bytes it has after each block.
const [folder, path, size, peer, block, byPath] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
  string,
  string,
]
const file = { size: Number(size), mtime: 1_700_000_000_000_000_000n, executable: false }
const store = await SharedFolder.open(folder, byPath === 'true')
const { bytes: offset } = await store.kept(parseRemotePath(path), file, peer)
const sink = await store.create(parseRemotePath(path), file, { overwrite: true, keepFor: peer, offset })
process.stdout.write(`${sink.kept}\n`)
for (let at = sink.kept; at < file.size;) {
  const bytes = Buffer.alloc(Math.min(Number(block), file.size - at))
  for (let index = 0; index < bytes.byteLength; index += 1) bytes[index] = contentAt(at + index)
  await sink.write(bytes)
  at += bytes.byteLength
  process.stdout.write(`${at}\n`)
}
await sink.commit()
await store.close()
process.stdout.write('done\n')

function contentAt(offset: number): number {
  return (offset * 31 + (offset >>> 8) * 7 + (offset >>> 16) * 13) & 0xff
}
