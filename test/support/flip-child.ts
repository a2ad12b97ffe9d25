import { renameSync } from 'node:fs'

// Puts a link in place of an entry and back again, as fast as it can, until it is killed or its parent is gone.
const [place, entryAside, linkAside] = process.argv.slice(2) as [string, string, string]
const parent = process.ppid
process.stdout.write('flipping\n')
while (process.ppid === parent) {
  for (let round = 0; round < 1_000; round += 1) {
    renameSync(place, entryAside)
    renameSync(linkAside, place)
    renameSync(place, linkAside)
    renameSync(entryAside, place)
  }
}
