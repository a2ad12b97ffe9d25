import { execFileSync, spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { tempFolder } from './tmp.ts'

/** A disk of its own that can lose its power. */
export interface LoopDisk {
  /** Where it is mounted. */
  readonly folder: string
  /** Returns a folder that shows the disk as it would be after a loss of power now: what was not synced is gone. */
  readonly afterPowerLoss: () => string
}

/** Tells whether such a disk can be made here. To be asked once, for `test.skipIf`. */
export function loopDisksUsable(): boolean {
  const script =
    'd=$(mktemp -d) && truncate -s 8M $d/i && $(command -v mkfs.ext4 || echo /usr/sbin/mkfs.ext4) -q $d/i && mkdir $d/m && mount -o loop $d/i $d/m'
  return spawnSync('sh', ['-c', `${script} && umount $d/m`], { stdio: 'ignore' }).status === 0
}

/** Makes an empty ext4 disk of `mebibytes`, until the test ends. */
export function loopDisk(mebibytes: number): LoopDisk {
  const base = tempFolder()
  const [image, folder] = [join(base, 'image'), join(base, 'disk')]
  execFileSync('truncate', ['-s', `${mebibytes}M`, image])
  execFileSync('mkfs.ext4', ['-q', image], { env: { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin:/sbin` } })
  mount(image, folder)
  return {
    folder,
    afterPowerLoss: () => {
      const [copy, later] = [join(base, 'image-later'), join(base, 'later')]
      copyFileSync(image, copy)
      mount(copy, later)
      return later
    },
  }
}

function mount(image: string, folder: string): void {
  mkdirSync(folder)
  execFileSync('mount', ['-o', 'loop', image, folder])
  onTestFinished(() => void execFileSync('umount', ['-l', folder]))
}
