/** What the executable begins with: as bin/sft.js, without what looks after the version of Node.js. */
import { setFlagsFromString } from 'node:v8'
import './exe-home.ts' // before what asks for a home while it is loaded
import { main } from '../src/cli/main.ts'

setFlagsFromString('--semi-space-growth-factor=1') // why: bin/sft.js
setFlagsFromString('--no-parallel-scavenge')
void main(process.argv.slice(2)).then((exit) => process.exit(exit))
