import { renameSync } from 'node:fs'

// Puts a link in place of an entry and back again, as fast as it can, until it is killed or its parent is gone; prints
// once in a while how often the link was there.
const [place, entryAside, linkAside] = process.argv.slice(2) as [string, string, string]
const parent = process.ppid
process.stdout.write('0\n')
for (let flips = 0; process.ppid === parent; process.stdout.write(`${flips}\n`)) {
  for (let round = 0; round < 1_000; round += 1) {
    renameSync(place, entryAside)
    renameSync(linkAside, place)
    flips += 1
    renameSync(place, linkAside)
    renameSync(entryAside, place)
  }
}
