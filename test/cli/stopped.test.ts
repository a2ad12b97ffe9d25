import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { finish, objects, start, startShare, twoMachines } from '../support/cli.ts'

/** Stops one of the processes for a while, and then perhaps another one, until `over`. @returns How often. */
async function stopAgainAndAgain(
  processes: readonly { kill(signal: NodeJS.Signals): boolean }[],
  over: Promise<unknown>,
): Promise<number> {
  const ended = new AbortController()
  void over.then(() => ended.abort())
  let stops = 0
  while (!ended.signal.aborted) {
    const stopped = processes[Math.floor(Math.random() * processes.length)]
    stopped?.kill('SIGSTOP')
    await sleep(100 + Math.random() * 500)
    stopped?.kill('SIGCONT')
    stops += 1
    await sleep(50 + Math.random() * 150)
  }
  return stops
}

test.each(['yamux', 'mplex'])(
  'two ends that stand still again and again do with one connection (%s)',
  async (muxer) => {
    const { sharer, client, root, local } = twoMachines()
    mkdirSync(join(local, 'tree'))
    for (let number = 0; number < 1_000; number += 1) {
      writeFileSync(join(local, 'tree', `${number}`), randomBytes(number % 20 === 0 ? 1_000_000 : 3_000))
    }
    const { address, child } = await startShare(root, ['-w', '--open'], sharer)
    for (const args of [
      ['put', address, 'tree'],
      ['get', address, 'tree', '-o', 'back/'],
    ]) {
      const command = start([...args, '--json', '--muxer', muxer], client)
      const ending = finish(command)
      const stops = await stopAgainAndAgain([child, command], ending)
      const { exit, stdout } = await ending
      expect(exit).toBe(0)
      expect(stops).toBeGreaterThan(2)
      expect(objects(stdout).filter(({ type }) => type === 'reconnecting')).toEqual([])
      expect(objects(stdout).at(-1)).toMatchObject({ type: 'done', files: 1_000, skipped: 0, failed: 0 })
    }
    execFileSync('diff', ['-r', 'tree', 'back/tree'], { cwd: local })
  },
  120_000,
)
