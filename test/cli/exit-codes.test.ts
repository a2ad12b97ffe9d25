import { spawnSync } from 'node:child_process'
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { loadIdentity, type ExitStatus } from '../../src/index.ts'
import {
  BIN,
  finish,
  sft,
  start,
  startShare,
  transfersUnderWay,
  twoMachines,
  type ShareProcess,
  type TwoMachines,
} from '../support/cli.ts'
import { loopDisk, loopDisksUsable } from '../support/loop-disk.ts'
import { tempFolder } from '../support/tmp.ts'

vi.setConfig({ testTimeout: 60_000 }) // many programs start, also on a busy machine

/** What a way to an exit status has to work with. */
interface Scene extends TwoMachines {
  readonly share: ShareProcess
}

/** A share that may be read, with what there is to fetch. */
async function scene(): Promise<Scene> {
  const machines = twoMachines()
  const { root, local, sharer } = machines
  mkdirSync(join(root, 'folder'))
  for (const name of ['a', 'taken']) writeFileSync(join(root, name), name)
  writeFileSync(join(local, 'taken'), 'another')
  writeFileSync(join(root, 'endless'), '')
  truncateSync(join(root, 'endless'), 8_000_000_000)
  return { ...machines, share: await startShare(root, ['--open'], sharer) }
}

/** Runs a command line in which `A` stands for the share, to its end. */
async function exitOf(
  { share, client }: Scene,
  line: string,
  env: Record<string, string> = {},
): Promise<number | null> {
  const args = line.split(' ').map((word) => (word === 'A' ? share.address : word))
  return (await sft(args, { ...client, env })).exit
}

/** Starts to fetch what never ends, does something to it, and returns how it ended. */
async function during(
  { share, client, local }: Scene,
  act: (child: ReturnType<typeof start>) => void,
): Promise<number | null> {
  const get = start(['get', share.address, 'endless', '--retry-for', '0', '--json'], client)
  const ending = finish(get)
  await transfersUnderWay(local)
  act(get)
  return (await ending).exit
}

/** Where the files of this process may have so many blocks of 512 bytes. */
function withFilesOf(blocks: number, { share, client }: Scene, line: string): number | null {
  const script = `ulimit -f ${blocks}; exec "$@"`
  const args = line.split(' ').map((word) => (word === 'A' ? share.address : word))
  const env = { ...process.env, SFT_NO_DISCOVERY: '1', SFT_HOME: client.home }
  return spawnSync('sh', ['-c', script, 'sh', process.execPath, BIN, ...args], { cwd: client.cwd, env }).status
}

/** A real way to every exit status. */
const WAYS: Record<ExitStatus, Record<string, (scene: Scene) => Promise<number | null> | number | null>> = {
  0: {
    'a file that arrives': async (scene) => exitOf(scene, 'get A a'),
    'a file that is there': async (scene) => {
      await exitOf(scene, 'get A a')
      return exitOf(scene, 'get A a')
    },
    'a conflict that is left out on purpose': async (scene) => exitOf(scene, 'get A taken --on-conflict skip'),
    help: async (scene) => exitOf(scene, 'get --help'),
  },
  1: { 'a folder where a file is needed': async (scene) => exitOf(scene, 'get A folder -o -') },
  2: {
    'a command that is none': async (scene) => exitOf(scene, 'gte A a'),
    'an argument that is missing': async (scene) => exitOf(scene, 'get A'),
    'a path that is none': async (scene) => exitOf(scene, 'get A ../a'),
  },
  3: {
    'a name that nobody has': async (scene) => exitOf(scene, 'ls bob'),
    'a machine that is not there': async (scene) => {
      scene.share.child.kill('SIGKILL')
      await new Promise((resolve) => scene.share.child.once('close', resolve))
      return exitOf(scene, 'ls A')
    },
  },
  4: {
    'a path that is not there': async (scene) => exitOf(scene, 'get A nope'),
    'a folder that is not there to share': async (scene) => exitOf(scene, 'share nope --no-discovery'),
  },
  5: {
    'a right that is not given': async (scene) => exitOf(scene, 'rm A a'),
    'a share for others': async (scene) => {
      const { peerId } = await loadIdentity(join(tempFolder(), 'home'))
      const other = await startShare(scene.root, ['--peer', peerId], scene.sharer)
      return exitOf(scene, `ls ${other.address}`)
    },
  },
  6: {
    'another machine at the address': async (scene) => {
      const { peerId } = await loadIdentity(join(tempFolder(), 'home'))
      return exitOf(scene, `ls ${scene.share.address.replace(/[^/]+$/, peerId)}`)
    },
    'a key that others can read': async (scene) => {
      await exitOf(scene, 'id')
      spawnSync('chmod', ['644', join(scene.client.home, 'identity.key')])
      return exitOf(scene, 'id')
    },
  },
  7: {
    'one file of two': async (scene) => exitOf(scene, 'get A a nope'),
    'one digest of two': async (scene) => exitOf(scene, 'hash A nope a'),
  },
  8: {
    'a file in the way': async (scene) => exitOf(scene, 'get A taken'),
    'a folder that is not empty': async (scene) => {
      writeFileSync(join(scene.root, 'folder', 'file'), '')
      const writable = await startShare(scene.root, ['--open', '-w'], scene.sharer)
      return exitOf(scene, `rm ${writable.address} folder`)
    },
  },
  10: { 'a share that is killed': async (scene) => during(scene, () => void scene.share.child.kill('SIGKILL')) },
  11: {
    'files that may not become so large': (scene) => withFilesOf(4_000, scene, 'get A endless'),
    ...(loopDisksUsable() && {
      'a full disk': async (scene: Scene) => exitOf(scene, `get A endless -o ${loopDisk(4).folder}/`),
    }),
  },
  129: { SIGHUP: async (scene) => during(scene, (get) => void get.kill('SIGHUP')) },
  130: { SIGINT: async (scene) => during(scene, (get) => void get.kill('SIGINT')) },
  141: { 'a reader that is gone': async (scene) => during(scene, (get) => void get.stdout?.destroy()) },
  143: { SIGTERM: async (scene) => during(scene, (get) => void get.kill('SIGTERM')) },
}

const rows = Object.entries(WAYS).flatMap(([exit, ways]) =>
  Object.entries(ways).map(([what, way]) => [Number(exit), what, way] as const),
)

test.each(rows)('exit status %i: %s', async (exit, _, way) => {
  expect(await way(await scene())).toBe(exit)
})
