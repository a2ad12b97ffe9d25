import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, lstatSync, renameSync, symlinkSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const CHILD = fileURLToPath(new URL('flip-child.ts', import.meta.url))

/** An entry that another process replaces by a link and puts back, over and over. */
export interface Flipping {
  /** Ends that, with the entry in its place. */
  readonly stop: () => Promise<void>
  /** How often the link was there so far, in thousands. */
  readonly flips: () => number
}

/** Starts to flip the entry at `place` and a link to `target`. Aside, they are called like it with a suffix. */
export async function startFlipping(place: string, target: string): Promise<Flipping> {
  const [entryAside, linkAside] = [`${place}.entry`, `${place}.link`]
  symlinkSync(target, linkAside)
  const child = spawn(process.execPath, [CHILD, place, entryAside, linkAside], { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  const lines = createInterface(child.stdout)
  let flips = 0
  lines.on('line', (line) => (flips = Number(line)))
  await once(lines, 'line')
  return {
    stop: async () => {
      child.kill('SIGKILL')
      await exited
      if (existsSync(place) && lstatSync(place).isSymbolicLink()) renameSync(place, linkAside)
      if (existsSync(entryAside)) renameSync(entryAside, place)
    },
    flips: () => flips,
  }
}
