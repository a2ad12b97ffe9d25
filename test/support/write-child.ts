import { Folder } from '../../src/fs/folder.ts'
import { LocalFileSink } from '../../src/fs/file-sink.ts'
import { SftError } from '../../src/errors.ts'

// Stores a file of SIZE bytes as NAME in FOLDER, by path if BY_PATH says so, and prints the code of the error it meets.
const [folder, name, size, byPath] = process.argv.slice(2) as [string, string, string, string]
try {
  const file = { size: Number(size), mtime: 0n, executable: false }
  const sink = await LocalFileSink.create(await Folder.openLocal(folder, byPath === 'true'), name, file, {
    overwrite: true,
  })
  try {
    for (let left = file.size; left > 0; left -= 65_536)
      await sink.write(new Uint8Array(Math.min(left, 65_536)).fill(7))
    await sink.commit()
    process.stdout.write('stored')
  } catch (error) {
    await sink.discard()
    throw error
  }
} catch (error) {
  process.stdout.write(error instanceof SftError ? error.code : String(error))
}
