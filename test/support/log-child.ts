import { AppendLog } from '../../src/fs/append-log.ts'

/** Writes numbered lines to a log that another program writes to as well: `PATH NAME COUNT MAX_BYTES`. */
const [path = '', name = '', count = '', maxBytes = ''] = process.argv.slice(2)
const log = new AppendLog(path, {
  lossLine: (lost) => `lost ${lost}`,
  onFault: (error) => {
    throw error
  },
  maxBytes: Number(maxBytes),
})
for (let index = 0; index < Number(count); index += 1) {
  log.append(`${name} ${index} ${'x'.repeat(40)}`)
  // A few at a time, so that both write at the same time.
  if (index % 200 === 0) await new Promise((resolve) => setTimeout(resolve, 120))
}
await log.close()
process.exit(0)
