import { SharedFolder } from '../../src/fs/shared-folder.ts'
import { SftError } from '../../src/errors.ts'
import { parseRemotePath } from '../../src/wire/path.ts'

// Stores COUNT files of 4 KiB in FOLDER, all at once, says so when the first is there, and prints how each one ended.
const [folder, count] = process.argv.slice(2) as [string, string]
const file = { size: 4096, mtime: 0n, executable: false }
const store = await SharedFolder.open(folder)
const outcomes = new Map<string, number>()
await Promise.all(
  Array.from({ length: Number(count) }, async (_, index) => {
    let outcome = 'stored'
    const sink = await store.create(parseRemotePath(`f${index}`), file, { overwrite: true, keepFor: 'peer' })
    try {
      await sink.write(Buffer.alloc(file.size, `${index} `))
      await sink.commit()
    } catch (error) {
      outcome = error instanceof SftError ? error.code : String(error)
      await sink.setAside()
    }
    if (outcomes.size === 0) process.stdout.write('begun\n')
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
  }),
)
await store.close()
process.stdout.write(`${[...outcomes].map(([outcome, times]) => `${outcome} ${times}`).join(', ')}\n`)
