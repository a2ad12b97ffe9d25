import { execFileSync, spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { newOwnerTag } from '../../src/fs/owner.ts'
import { SharedFolder } from '../../src/fs/shared-folder.ts'
import type { CreateOptions, FileSink } from '../../src/protocol/types.ts'
import { parseRemotePath } from '../../src/wire/path.ts'
import { names, openDescriptors } from '../support/snapshot.ts'
import { tempFolder } from '../support/tmp.ts'
import { unprivileged } from '../support/unprivileged.ts'

const RECEIVE_CHILD = fileURLToPath(new URL('receive-child.ts', import.meta.url))
const MIB = 1024 * 1024
const DAY_MS = 86_400_000
const FILE = { size: 4 * MIB, mtime: 1_700_000_000_000_000_000n, executable: false }
const CONTENT = Buffer.from(Uint8Array.from({ length: FILE.size }, (_, offset) => (offset * 7 + (offset >> 9)) & 0xff))
const PARTS = '.sft-parts'
const path = parseRemotePath

/** Whether this user may mount disks of its own. */
const MAY_MOUNT =
  spawnSync('unshare', ['--map-root-user', '--mount', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0

describe.each([
  ['through descriptors', false],
  ['by path', true],
])('what is kept, %s', (_way, byPath) => {
  /** A store that must have let go of every descriptor at the end. */
  async function opened(root = tempFolder()): Promise<{ store: SharedFolder; root: string }> {
    const before = openDescriptors()
    const store = await SharedFolder.open(root, byPath)
    onTestFinished(async () => {
      await store.close()
      expect(openDescriptors()).toBe(before)
    })
    return { store, root }
  }

  async function create(store: SharedFolder, options: Partial<CreateOptions> = {}, at = 'f'): Promise<FileSink> {
    return store.create(path(at), FILE, { overwrite: false, keepFor: 'peer', ...options })
  }

  /** Leaves the first `bytes` of the file in the store, as an attempt does that is cut off. */
  async function setAside(
    store: SharedFolder,
    bytes: number,
    options: Partial<CreateOptions> = {},
    at = 'f',
  ): Promise<void> {
    const sink = await create(store, options, at)
    await sink.write(CONTENT.subarray(sink.kept, bytes))
    await sink.setAside()
    await sink.setAside()
    await sink.discard() // nothing any more
  }

  /** Gives the only part of a store the name it would have if a program that is gone had written it. */
  function abandon(root: string, owner = newOwnerTag().replace(/\.\d+\.\d*\.\d+$/, '.4194304.1.1')): string {
    const [part = ''] = names(root, PARTS)
    const name = part.replace(/[^-]+$/, owner)
    execFileSync('mv', [join(root, PARTS, part), join(root, PARTS, name)])
    return join(root, PARTS, name)
  }

  test('is continued after its bytes, which can be read back, and is gone in the end', async () => {
    const { store, root } = await opened()
    await setAside(store, 2 * MIB)
    expect(await store.kept(path('f'), FILE, 'peer')).toEqual({ bytes: 2 * MIB, changed: false })
    await setAside(store, 3 * MIB, { offset: 2 * MIB })
    expect(names(root, PARTS)).toHaveLength(1)
    const sink = await create(store, { offset: 3 * MIB })
    expect(sink.kept).toBe(3 * MIB)
    const read = Buffer.alloc(FILE.size)
    expect(await sink.readKept(read.subarray(0, MIB), 0)).toBe(MIB)
    expect(await sink.readKept(read.subarray(MIB), MIB)).toBe(2 * MIB)
    expect(await sink.readKept(read, 3 * MIB)).toBe(0)
    expect(read.subarray(0, 3 * MIB).equals(CONTENT.subarray(0, 3 * MIB))).toBe(true)
    await sink.write(CONTENT.subarray(3 * MIB))
    expect(await sink.readKept(read, 3 * MIB)).toBe(0) // what is new is not what was kept
    await sink.commit()
    expect(readFileSync(join(root, 'f')).equals(CONTENT)).toBe(true)
    expect(statSync(join(root, 'f')).mode & 0o777).toBe(0o666 & ~process.umask())
    expect(names(root)).toEqual(['f'])
  })

  test.each<[string, number, Partial<CreateOptions>]>([
    ['less than 1 MiB', MIB - 1, {}],
    ['a stream', 2 * MIB, { stream: true }],
    ['a file of nobody', 2 * MIB, { keepFor: undefined } as object],
  ])('is nothing of %s', async (_what, bytes, options) => {
    const { store, root } = await opened()
    await setAside(store, bytes, options)
    expect(await store.kept(path('f'), FILE, 'peer')).toEqual({ bytes: 0, changed: false })
    expect(names(root)).toEqual([])
  })

  test('A05: is for the same peer and path alone', async () => {
    const { store } = await opened()
    await setAside(store, 2 * MIB)
    for (const [at, peer] of [
      ['f', 'other'],
      ['f', ''],
      ['g', 'peer'],
    ] as const) {
      expect(await store.kept(path(at), FILE, peer)).toEqual({ bytes: 0, changed: false })
      await expect(create(store, { keepFor: peer, offset: 2 * MIB }, at)).rejects.toMatchObject({ code: 'ERR_CHANGED' })
    }
    expect(await store.kept(path('f'), FILE, 'peer')).toEqual({ bytes: 2 * MIB, changed: false })
  })

  test.each([
    ['size', { size: FILE.size + 1 }],
    ['time', { mtime: FILE.mtime + 1n }],
  ])('is removed once the file has another %s', async (_what, change) => {
    const { store, root } = await opened()
    await setAside(store, 2 * MIB)
    expect(await store.kept(path('f'), { ...FILE, ...change }, 'peer')).toEqual({ bytes: 0, changed: true })
    expect(names(root)).toEqual([])
    expect(await store.kept(path('f'), { ...FILE, ...change }, 'peer')).toEqual({ bytes: 0, changed: false })
  })

  test('is not continued at another offset, and stays', async () => {
    const { store, root } = await opened()
    await expect(create(store, { offset: 1 })).rejects.toMatchObject({ code: 'ERR_CHANGED' })
    expect(names(root)).toEqual([])
    await setAside(store, 2 * MIB)
    for (const offset of [1, 2 * MIB - 1, 2 * MIB + 1, FILE.size]) {
      await expect(create(store, { offset })).rejects.toMatchObject({ code: 'ERR_CHANGED' })
    }
    expect((await store.kept(path('f'), FILE, 'peer')).bytes).toBe(2 * MIB)
  })

  test('is dropped by whoever starts over, or discards it', async () => {
    const { store, root } = await opened()
    await setAside(store, 2 * MIB)
    const again = await create(store)
    expect(again.kept).toBe(0)
    expect(await store.kept(path('f'), FILE, 'peer')).toEqual({ bytes: 0, changed: false })
    await again.discard()
    expect(names(root)).toEqual([])
    await setAside(store, 2 * MIB)
    await (await create(store, { offset: 2 * MIB })).discard()
    expect(names(root)).toEqual([])
  })

  test('is continued by exactly one of many at once', async () => {
    const { store, root } = await opened()
    for (let round = 0; round < 10; round += 1) {
      await setAside(store, 2 * MIB)
      const outcomes = await Promise.allSettled(
        Array.from({ length: 8 }, async () => create(store, { offset: 2 * MIB })),
      )
      const sinks = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
      expect(sinks).toHaveLength(1)
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'ERR_CHANGED' })
      }
      for (const sink of sinks) await sink.discard()
    }
    expect(names(root)).toEqual([])
  })

  test('is not what another sink of this process still writes', async () => {
    const { store } = await opened()
    const sink = await create(store)
    await sink.write(CONTENT.subarray(0, 2 * MIB))
    expect(await store.kept(path('f'), FILE, 'peer')).toEqual({ bytes: 0, changed: false })
    await expect(create(store, { offset: 2 * MIB })).rejects.toMatchObject({ code: 'ERR_CHANGED' })
    await setAside(store, MIB)
    await sink.setAside()
    expect((await store.kept(path('f'), FILE, 'peer')).bytes).toBe(2 * MIB)
  })

  test('stays the longer one when two are cut off', async () => {
    const { store, root } = await opened()
    const [short, long] = [await create(store), await create(store)]
    await short.write(CONTENT.subarray(0, MIB))
    await long.write(CONTENT.subarray(0, 2 * MIB))
    await long.setAside()
    await short.setAside()
    expect(names(root, PARTS)).toHaveLength(1)
    expect((await store.kept(path('f'), FILE, 'peer')).bytes).toBe(2 * MIB)
  })

  test('K07: is never a file that has its final name already: that is not written to, and the part goes', async () => {
    const { store, root } = await opened()
    await setAside(store, 2 * MIB)
    const part = abandon(root)
    linkSync(part, join(root, 'f')) // where a program was killed between the two steps of its last act
    expect((await store.kept(path('f'), FILE, 'peer')).bytes).toBe(0)
    await expect(create(store, { offset: 2 * MIB, overwrite: true })).rejects.toMatchObject({ code: 'ERR_CHANGED' })
    await opened(root)
    expect(names(root)).toEqual(['f'])
    expect(statSync(join(root, 'f')).size).toBe(2 * MIB)
  })

  test.each(['link', 'folder', 'pipe'])('P14: is never a %s', async (kind) => {
    const { store, root } = await opened()
    await setAside(store, 2 * MIB)
    const part = join(root, PARTS, names(root, PARTS)[0] ?? '')
    const outside = join(tempFolder(), 'outside')
    writeFileSync(outside, Buffer.alloc(2 * MIB))
    unlinkSync(part)
    if (kind === 'link') symlinkSync(outside, part)
    else if (kind === 'folder') mkdirSync(part)
    else execFileSync('mkfifo', [part])
    expect((await store.kept(path('f'), FILE, 'peer')).bytes).toBe(0)
    await expect(create(store, { offset: 2 * MIB })).rejects.toMatchObject({ code: 'ERR_CHANGED' })
    if (kind === 'folder') rmSync(part, { recursive: true })
    expect(readFileSync(outside).equals(Buffer.alloc(2 * MIB))).toBe(true)
  })

  test('K14: is removed after a week, and what a killed program left too small at once', async () => {
    const root = tempFolder()
    const first = await opened(root)
    await setAside(first.store, 2 * MIB)
    abandon(root)
    expect((await (await opened(root)).store.kept(path('f'), FILE, 'peer')).bytes).toBe(2 * MIB)
    writeFileSync(join(root, PARTS, (names(root, PARTS)[0] ?? '').replace(/^./, 'x')), 'not ours')
    truncateTo(join(root, PARTS, names(root, PARTS).find((name) => !name.startsWith('x')) ?? ''), MIB - 1)
    await opened(root)
    expect(names(root, PARTS)).toHaveLength(1)
    rmSync(join(root, PARTS), { recursive: true })

    await setAside(first.store, 2 * MIB)
    await later(6 * DAY_MS, async () => {
      await opened(root)
      expect(names(root, PARTS)).toHaveLength(1)
    })
    await later(8 * DAY_MS, async () => {
      await opened(root)
      expect(names(root)).toEqual([])
    })
  })

  test('is in use for a week if it is another machine’s', async () => {
    const { store, root } = await opened()
    await setAside(store, 2 * MIB)
    abandon(root, newOwnerTag().replace(/^\w{16}/, '0'.repeat(16)))
    await opened(root)
    expect((await store.kept(path('f'), FILE, 'peer')).bytes).toBe(0)
    await create(store).then(async (sink) => sink.discard())
    expect(names(root, PARTS)).toHaveLength(1)
    await later(8 * DAY_MS, async () => {
      await opened(root)
      expect(names(root)).toEqual([])
    })
  })

  test('is not removed while this program writes it, however old it is', async () => {
    const { store, root } = await opened()
    const sink = await create(store)
    await later(30 * DAY_MS, async () => {
      await (await SharedFolder.open(root, byPath)).close()
      expect(names(root, PARTS)).toHaveLength(1)
    })
    await sink.discard()
  })

  test('R18: is at most 256 files, of which the oldest go', async () => {
    const { store, root } = await opened()
    await setAside(store, MIB, {}, 'oldest')
    for (let index = 0; index < 256; index += 1) {
      const name = (names(root, PARTS)[0] ?? '').replace(/^\w{32}/, index.toString(16).padStart(32, '0'))
      writeFileSync(join(root, PARTS, name), Buffer.alloc(MIB))
    }
    await setAside(store, MIB, {}, 'newest')
    expect(names(root, PARTS)).toHaveLength(256)
    expect((await store.kept(path('oldest'), FILE, 'peer')).bytes).toBe(0)
    expect((await store.kept(path('newest'), FILE, 'peer')).bytes).toBe(MIB)
  })

  test('lies in a folder that is made private', async () => {
    const { store, root } = await opened()
    mkdirSync(join(root, PARTS))
    writeFileSync(join(root, PARTS, 'other'), 'so that it is not made anew')
    chmodSync(join(root, PARTS), 0o777)
    await setAside(store, MIB)
    expect(statSync(join(root, PARTS)).mode & 0o7777).toBe(0o700)
  })

  test.runIf(process.geteuid?.() === 0)('lies in no folder of another user', async () => {
    const { store, root } = await opened()
    mkdirSync(join(root, PARTS))
    chownSync(join(root, PARTS), 12_345, 12_345)
    await setAside(store, MIB)
    expect(names(root, PARTS)).toEqual([])
    expect(names(root)).toEqual([PARTS, `${PARTS}-0`])
    expect(await Array.fromAsync(store.list(path('.'), true))).toEqual([])
    expect((await store.kept(path('f'), FILE, 'peer')).bytes).toBe(MIB)
    mkdirSync(join(root, 'sub'))
    await setAside(store, MIB, {}, 'sub/g')
    expect(names(root, 'sub')).toEqual([])
  })

  test('is refused where everything is in its way', async () => {
    const { store, root } = await opened()
    for (const name of [PARTS, `${PARTS}-${process.geteuid?.()}`]) writeFileSync(join(root, name), 'in the way')
    await expect(create(store)).rejects.toMatchObject({ code: 'ERR_FILE', message: expect.stringContaining(PARTS) })
  })

  test('lies beside the file where nothing may be written at the root', async () => {
    const { store, root } = await opened()
    mkdirSync(join(root, 'sub'))
    chmodSync(join(root, 'sub'), 0o777)
    await unprivileged([root], async () => {
      chmodSyncAsRoot(root, 0o555)
      await setAside(store, 2 * MIB, {}, 'sub/f')
      expect(names(root, 'sub')).toHaveLength(1)
      expect((await store.kept(path('sub/f'), FILE, 'peer')).bytes).toBe(2 * MIB)
      const sink = await create(store, { offset: 2 * MIB }, 'sub/f')
      await sink.write(CONTENT.subarray(2 * MIB))
      await sink.commit()
    })
    chmodSync(root, 0o755)
    expect(names(root, 'sub')).toEqual(['f'])
    expect(names(root)).toEqual(['sub'])
  })

  test('ends with an error when somebody removes it during a transfer', async () => {
    const { store, root } = await opened()
    const sink = await create(store)
    await sink.write(CONTENT.subarray(0, 2 * MIB))
    rmSync(join(root, PARTS), { recursive: true })
    const other = await create(store, {}, 'other') // in a new folder
    await expect(sink.commit()).rejects.toMatchObject({ code: 'ERR_NOT_FOUND' })
    await other.write(CONTENT)
    await other.commit()
    expect(names(root)).toEqual(['other'])
  })

  test('ends with an error when somebody removes it before it is set aside', async () => {
    const { store, root } = await opened()
    const sink = await create(store)
    await sink.write(CONTENT.subarray(0, 2 * MIB))
    rmSync(join(root, PARTS), { recursive: true })
    await expect(sink.setAside()).rejects.toMatchObject({ code: 'ERR_NOT_FOUND' })
    expect(names(root)).toEqual([])
  })

  test('is not asked for where there is no folder for the file', async () => {
    const { store } = await opened()
    await expect(store.kept(path('no/f'), FILE, 'peer')).rejects.toMatchObject({ code: 'ERR_NOT_FOUND' })
  })

  test('S02: needs as much room as the file still has to come', async () => {
    const { store, root } = await opened()
    const size = 2 ** 52
    const before = names(root)
    await expect(
      store.create(path('f'), { ...FILE, size }, { overwrite: false, keepFor: 'peer' }),
    ).rejects.toMatchObject({ code: 'ERR_NO_SPACE', message: expect.stringMatching(/[\d.]+ MB too few/) })
    expect(names(root)).toEqual(before)
  })

  test.runIf(MAY_MOUNT).each([
    ['another disk', 'mount -t tmpfs none "$1/sub"'],
    ['a folder of the same disk mounted there', 'mount --bind "$1/other" "$1/sub"'],
  ])('S08: lies beside a file that is on %s', (_what, mount) => {
    if (byPath && mount.includes('bind')) return // devices are all that tells disks apart then
    const root = tempFolder()
    for (const name of ['sub', 'other']) mkdirSync(join(root, name))
    const receive = [
      process.execPath,
      RECEIVE_CHILD,
      root,
      'sub/f',
      String(2 * MIB),
      'peer',
      String(MIB),
      String(byPath),
    ]
    const script = `${mount} && shift && "$@" && ls -A "$3" "$3/sub"`
    const output = execFileSync('unshare', ['--map-root-user', '--mount', 'sh', '-c', script, 'sh', root, ...receive])
    expect(output.toString().split('\n').slice(0, 4)).toEqual(['0', String(MIB), String(2 * MIB), 'done'])
    expect(output.toString()).toContain(`${root}/sub:\nf\n`)
    expect(output.toString()).not.toContain(PARTS)
  })

  test.runIf(MAY_MOUNT)('is continued once there is room again', () => {
    const root = tempFolder()
    const receive = [
      process.execPath,
      RECEIVE_CHILD,
      root,
      'f',
      String(3 * MIB),
      'peer',
      String(MIB / 4),
      String(byPath),
    ]
    // The child fails in the middle, as its file grows slower than the disk is filled; then the filler goes.
    const script = [
      'mount -t tmpfs -o size=4m none "$1" || exit 9; root=$1; shift',
      '("$@" & pid=$!; dd if=/dev/zero of="$root/filler" bs=64k count=16 2>/dev/null; wait $pid) 2>/dev/null',
      'rm -f "$root/filler"; "$@"; ls -A "$root"; wc -c <"$root/f"',
    ].join('\n')
    const output = execFileSync('unshare', ['--map-root-user', '--mount', 'sh', '-c', script, 'sh', root, ...receive])
    expect(output.toString()).toMatch(new RegExp(`done\nf\n *${3 * MIB}\n$`))
  })
})

/** Does `work` with the clock of this program ahead by so many milliseconds. */
async function later(milliseconds: number, work: () => Promise<void>): Promise<void> {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + milliseconds })
  try {
    await work()
  } finally {
    vi.useRealTimers()
  }
}

function truncateTo(file: string, bytes: number): void {
  expect(existsSync(file)).toBe(true)
  writeFileSync(file, CONTENT.subarray(0, bytes))
}

/** Changes a mode in the middle of what another user does. */
function chmodSyncAsRoot(folder: string, mode: number): void {
  const user = process.geteuid?.()
  if (user !== undefined && process.getuid?.() === 0) process.seteuid?.(0)
  chmodSync(folder, mode)
  if (user !== undefined) process.seteuid?.(user)
}
