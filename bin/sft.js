#!/usr/bin/env node
import { existsSync } from 'node:fs'
import module from 'node:module'
import { homedir } from 'node:os'
import { fileURLToPath } from 'node:url'
import v8 from 'node:v8'

// Nothing newer than Node 18 may stand in this file: it has to start everywhere to say what is missing.
const [major, minor] = process.versions.node.split('.').map(Number)
const program = new URL('../dist/sft.js', import.meta.url)

if (major < 22 || (major === 22 && minor < 18)) {
  console.error(`sft: needs Node.js 22.18 or newer, this is ${process.versions.node}`)
  process.exitCode = 1
} else if (!existsSync(program)) {
  console.error('sft: not built yet; run: npm run build')
  process.exitCode = 1
} else {
  withHome()
  // Data buffers lie outside V8's heap and are freed when its young generation is collected; kept small, that happens
  // often enough: measured 15 MiB instead of 65 MiB of growth in a share that sends 1 GiB, and less time in collections.
  v8.setFlagsFromString('--semi-space-growth-factor=1')
  v8.setFlagsFromString('--no-parallel-scavenge') // of so little: sharing it out costs more than it saves
  // Beside the code and not in a folder for all users: whoever can write the cache can run code as us.
  module.enableCompileCache(fileURLToPath(new URL('../dist/cache', import.meta.url)))
  const { main } = await import(program)
  process.exit(await main(process.argv.slice(2))) // at once, though timers of the network layer may run on
}

/** Where the system knows no home of this user: one that is not there, so that only what needs it fails, and says so. */
function withHome() {
  try {
    homedir()
  } catch {
    process.env.HOME = '/nonexistent'
  }
}
