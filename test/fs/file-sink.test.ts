import { execFileSync, spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { SftError } from '../../src/errors.ts'
import { LocalFileSink } from '../../src/fs/file-sink.ts'
import { Folder } from '../../src/fs/folder.ts'
import type { CreateOptions } from '../../src/protocol/types.ts'
import type { FileInfo } from '../../src/wire/message.ts'
import { names, openDescriptors, snapshot } from '../support/snapshot.ts'
import { tempFolder } from '../support/tmp.ts'
import { unprivileged } from '../support/unprivileged.ts'

const WRITE_CHILD = fileURLToPath(new URL('../support/write-child.ts', import.meta.url))
const MTIME = 1_700_000_000_123_456_000n

/** Disks of its own that this user may mount: their names, what storing on them ends with, and how they are made so. */
const MOUNTS =
  spawnSync('unshare', ['--map-root-user', '--mount', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0
    ? ([
        ['a full disk', 'ERR_NO_SPACE', 'true'],
        ['a read-only disk', 'ERR_READ_ONLY', 'mount -o remount,bind,ro "$1"'],
      ] as const)
    : []

afterEach(() => {
  vi.restoreAllMocks()
})

describe.each([
  ['through descriptors', false],
  ['by path', true],
])('a file received %s', (_way, byPath) => {
  async function create(
    folder: string,
    options: Partial<CreateOptions & FileInfo> = {},
    name = 'f',
  ): Promise<LocalFileSink> {
    const { overwrite = false, beforeCommit, ...file } = options
    return LocalFileSink.create(
      await Folder.openLocal(folder, byPath),
      name,
      { size: 3, mtime: MTIME, executable: false, ...file },
      { overwrite, ...(beforeCommit && { beforeCommit }) },
    )
  }

  /** Stores a file of three bytes from start to end. */
  async function store(folder: string, options: Partial<CreateOptions & FileInfo> = {}, name = 'f'): Promise<void> {
    const sink = await create(folder, options, name)
    await sink.write(Buffer.from('new'))
    await sink.commit()
  }

  test('lies in a folder for its owner alone until it is complete', async () => {
    const folder = tempFolder()
    const sinks = await Promise.all([create(folder, {}, 'f'), create(folder, {}, 'g')])
    for (const sink of sinks) await sink.write(Buffer.from('new'))
    expect(names(folder)).toEqual(['.sft-parts'])
    expect(statSync(join(folder, '.sft-parts')).mode & 0o7777).toBe(0o700)
    const parts = names(folder, '.sft-parts')
    expect(parts).toHaveLength(2)
    for (const part of parts) expect(statSync(join(folder, '.sft-parts', part)).mode & 0o7777).toBe(0o600)
    expect(new Set(parts).size).toBe(2)
    for (const sink of sinks) await sink.commit()
    expect(names(folder)).toEqual(['f', 'g'])
  })

  test('appears whole, with its bytes in order', async () => {
    const folder = tempFolder()
    const before = openDescriptors()
    const sink = await create(folder)
    for (const text of ['one ', 'two ', '', 'three']) await sink.write(Buffer.from(text))
    expect(existsSync(join(folder, 'f'))).toBe(false)
    await sink.commit()
    expect(readFileSync(join(folder, 'f'), 'utf8')).toBe('one two three')
    await sink.discard() // nothing any more
    expect(names(folder)).toEqual(['f'])
    expect(openDescriptors()).toBe(before)
  })

  test('leaves nothing when it is discarded, once or twice', async () => {
    const folder = tempFolder()
    const before = openDescriptors()
    const sink = await create(folder)
    await sink.write(Buffer.from('new'))
    await sink.discard()
    await sink.discard()
    expect(names(folder)).toEqual([])
    expect(openDescriptors()).toBe(before)
  })

  test('A10: of two for one name exactly one gets it', async () => {
    const folder = tempFolder()
    for (let round = 0; round < 25; round += 1) {
      const name = `f${round}`
      const sinks = await Promise.all(['one', 'two'].map(async () => create(folder, {}, name)))
      await Promise.all(sinks.map(async (sink, index) => sink.write(Buffer.from(`by ${index}`))))
      const outcomes = await Promise.allSettled(sinks.map(async (sink) => sink.commit()))
      const winners = outcomes.flatMap(({ status }, index) => (status === 'fulfilled' ? [index] : []))
      expect(winners).toHaveLength(1)
      const lost = outcomes.find((outcome) => outcome.status === 'rejected')
      expect(lost?.reason).toMatchObject({ code: 'ERR_EXISTS' })
      expect(readFileSync(join(folder, name), 'utf8')).toBe(`by ${winners[0]}`)
    }
    expect(names(folder)).toHaveLength(25)
  })

  test('of two that may overwrite one stays, whole', async () => {
    const folder = tempFolder()
    const sinks = await Promise.all(['one', 'two'].map(async () => create(folder, { overwrite: true })))
    await Promise.all(sinks.map(async (sink, index) => sink.write(Buffer.from(`by ${index}`))))
    await Promise.all(sinks.map(async (sink) => sink.commit()))
    expect(readFileSync(join(folder, 'f'), 'utf8')).toMatch(/^by [01]$/)
    expect(names(folder)).toEqual(['f'])
  })

  test.each(['file', 'folder', 'link', 'dangling link', 'pipe'])(
    'does not touch a %s that took the name in the meantime',
    async (kind) => {
      const folder = tempFolder()
      const sink = await create(folder)
      await sink.write(Buffer.from('new'))
      plant(join(folder, 'f'), kind)
      const before = snapshot(join(folder, 'f'))
      await expect(sink.commit()).rejects.toMatchObject({ code: 'ERR_EXISTS' })
      expect(snapshot(join(folder, 'f'))).toEqual(before)
      await sink.discard()
      expect(names(folder).filter((name) => name.startsWith('.sft'))).toEqual([])
    },
  )

  test.each(['file', 'folder', 'link', 'dangling link', 'pipe'])(
    'is refused early where a %s has the name',
    async (kind) => {
      const folder = tempFolder()
      plant(join(folder, 'f'), kind)
      const before = snapshot(join(folder, 'f'))
      const descriptors = openDescriptors()
      await expect(create(folder)).rejects.toMatchObject({ code: 'ERR_EXISTS' })
      expect(snapshot(join(folder, 'f'))).toEqual(before)
      expect(openDescriptors()).toBe(descriptors)
    },
  )

  test('P07: replaces a link itself and never its target', async () => {
    const folder = tempFolder()
    const target = join(tempFolder(), 'target')
    writeFileSync(target, 'target')
    symlinkSync(target, join(folder, 'f'))
    await store(folder, { overwrite: true })
    expect(lstatSync(join(folder, 'f')).isFile()).toBe(true)
    expect(readFileSync(target, 'utf8')).toBe('target')
  })

  test('P16: leaves another name of the file it replaces as it is', async () => {
    const folder = tempFolder()
    const outside = join(tempFolder(), 'outside')
    writeFileSync(outside, 'outside')
    linkSync(outside, join(folder, 'f'))
    await store(folder, { overwrite: true })
    expect(readFileSync(outside, 'utf8')).toBe('outside')
    expect(readFileSync(join(folder, 'f'), 'utf8')).toBe('new')
    expect(statSync(outside).nlink).toBe(1)
  })

  test('never replaces a folder, empty or not, there before or since', async () => {
    const folder = tempFolder()
    mkdirSync(join(folder, 'f'))
    await expect(create(folder, { overwrite: true })).rejects.toMatchObject({ code: 'ERR_EXISTS' })
    const sink = await create(folder, { overwrite: true }, 'g')
    mkdirSync(join(folder, 'g'))
    await expect(sink.commit()).rejects.toMatchObject({ code: 'ERR_EXISTS' })
    expect(names(folder)).toEqual(['f', 'g'])
    expect(names(folder, 'g')).toEqual([])
  })

  test.each(['file', 'link', 'dangling link', 'pipe', 'hard link', 'link to a folder'])(
    'P14 and P15: is not written through a %s planted where its parts go',
    async (kind) => {
      const folder = tempFolder()
      const planted = join(folder, '.sft-parts')
      const outside = plant(planted, kind)
      const before = [snapshot(planted), snapshot(outside)]
      const sink = await create(folder)
      await sink.write(Buffer.from('new'))
      expect([snapshot(planted), snapshot(outside)]).toEqual(before)
      await sink.commit()
      expect(readFileSync(join(folder, 'f'), 'utf8')).toBe('new')
      expect(names(folder)).toEqual(['.sft-parts', 'f'])
      expect([snapshot(planted), snapshot(outside)]).toEqual(before)
    },
  )

  test.each([
    ['022', '644', '755'],
    ['027', '640', '750'],
    ['077', '600', '700'],
    ['000', '666', '777'],
  ])('A11: under umask %s has mode %s, or %s if it is executable', async (umask, plain, executable) => {
    const old = process.umask(Number.parseInt(umask, 8))
    onTestFinished(() => void process.umask(old))
    vi.resetModules() // the umask is read once
    const fresh = {
      ...(await import('../../src/fs/folder.ts')),
      ...(await import('../../src/fs/file-sink.ts')),
    }
    const folder = tempFolder()
    for (const [name, isExecutable, mode] of [
      ['plain', false, plain],
      ['program', true, executable],
    ] as const) {
      const file = { size: 0, mtime: MTIME, executable: isExecutable }
      const opened = await fresh.Folder.openLocal(folder, byPath)
      await (await fresh.LocalFileSink.create(opened, name, file, { overwrite: false })).commit()
      expect((statSync(join(folder, name)).mode & 0o7777).toString(8)).toBe(mode)
    }
  })

  test('A11: does not inherit the modes of what it replaces, least of all setuid', async () => {
    const folder = tempFolder()
    for (const executable of [false, true]) {
      writeFileSync(join(folder, 'f'), 'old')
      chmodSync(join(folder, 'f'), 0o6777)
      await store(folder, { overwrite: true, executable })
      const mode = statSync(join(folder, 'f')).mode & 0o7777
      expect(mode).toBe((executable ? 0o777 : 0o666) & ~process.umask())
    }
  })

  test.each([
    0n,
    1_000n,
    MTIME,
    1_699_999_999_999_999_000n,
    -1_000_000_000n,
    -86_400_000_001_000n,
    4_102_444_800_000_001_000n,
  ])('keeps the time %d to the microsecond', async (mtime) => {
    const folder = tempFolder()
    await store(folder, { mtime })
    const kept = statSync(join(folder, 'f'), { bigint: true }).mtimeNs
    expect(kept).toBeGreaterThan(mtime - 1_000n)
    expect(kept).toBeLessThan(mtime + 1_000n)
  })

  test.each([2n ** 63n - 1n, -(2n ** 63n) + 1n, 2n ** 62n, -(2n ** 62n), 10n ** 19n])(
    'S13: is stored all the same with the impossible time %d',
    async (mtime) => {
      const folder = tempFolder()
      await store(folder, { mtime })
      expect(readFileSync(join(folder, 'f'), 'utf8')).toBe('new')
    },
  )

  test('A04: is not stored when the last question is answered no', async () => {
    const folder = tempFolder()
    writeFileSync(join(folder, 'f'), 'old')
    const sink = await create(folder, {
      overwrite: true,
      beforeCommit: () => {
        throw new SftError('ERR_DENIED', 'no')
      },
    })
    await sink.write(Buffer.from('new'))
    await expect(sink.commit()).rejects.toMatchObject({ code: 'ERR_DENIED' })
    await sink.discard()
    expect(names(folder)).toEqual(['f'])
    expect(readFileSync(join(folder, 'f'), 'utf8')).toBe('old')
  })

  test('S06: does not make its folder anew when that was removed', async () => {
    const outer = tempFolder()
    const folder = join(outer, 'target')
    mkdirSync(folder)
    const before = openDescriptors()
    const sink = await create(folder)
    await sink.write(Buffer.from('new'))
    rmSync(folder, { recursive: true })
    await expect(sink.commit()).rejects.toMatchObject({ code: 'ERR_NOT_FOUND' })
    await sink.discard()
    expect(names(outer)).toEqual([])
    expect(openDescriptors()).toBe(before)
  })

  test('is never put into a folder that took the place of its own', async () => {
    const outer = tempFolder()
    const folder = join(outer, 'target')
    mkdirSync(folder)
    mkdirSync(join(outer, 'victim'))
    const sink = await create(folder)
    await sink.write(Buffer.from('new'))
    renameSync(folder, join(outer, 'moved'))
    symlinkSync('victim', folder)
    await Promise.allSettled([sink.commit()])
    await sink.discard()
    expect(names(outer, 'victim')).toEqual([])
    expect(readlinkSync(folder)).toBe('victim')
  })

  test.each([0, 1, 65_536, 300_000])('S01: leaves nothing when the disk takes %d bytes and no more', (limit) => {
    const folder = tempFolder()
    writeFileSync(join(folder, 'f'), 'old')
    const blocks = limit / 512 // what the shell counts in, rounded down
    const output = execFileSync('sh', [
      '-c',
      `ulimit -f ${Math.floor(blocks)}; exec "$@"`,
      'sh',
      process.execPath,
      WRITE_CHILD,
      folder,
      'f',
      '400000',
      String(byPath),
    ])
    expect(output.toString()).toBe('ERR_NO_SPACE')
    expect(names(folder)).toEqual(['f'])
    expect(readFileSync(join(folder, 'f'), 'utf8')).toBe('old')
  })

  test.each(MOUNTS)('S01 and S12: on %s ends with %s and leaves nothing', (_disk, code, mount) => {
    const folder = tempFolder()
    const script = `mount -t tmpfs -o size=256k none "$1" && printf old >"$1/f" && ${mount}; shift; "$@"; echo; ls -A "$3"; cat "$3/f"`
    const child = [process.execPath, WRITE_CHILD, folder, 'f', '400000', String(byPath)]
    const output = execFileSync('unshare', ['--map-root-user', '--mount', 'sh', '-c', script, 'sh', folder, ...child])
    expect(output.toString()).toBe(`${code}\nf\nold`)
  })

  test('S12: is refused in a folder that cannot be written to', async () => {
    const outer = tempFolder()
    const folder = join(outer, 'target')
    mkdirSync(folder)
    writeFileSync(join(folder, 'f'), 'old')
    chmodSync(folder, 0o555)
    await unprivileged([outer], async () => {
      for (const name of ['f', 'g']) {
        await expect(create(folder, { overwrite: true }, name)).rejects.toMatchObject({ code: 'ERR_READ_ONLY' })
      }
    })
    expect(names(folder)).toEqual(['f'])
    expect(readFileSync(join(folder, 'f'), 'utf8')).toBe('old')
    chmodSync(folder, 0o755)
  })
})

/** Puts something at a path; returns a folder or file it may lead to. */
function plant(path: string, kind: string): string {
  const outside = tempFolder()
  writeFileSync(join(outside, 'target'), 'target')
  switch (kind) {
    case 'file':
      writeFileSync(path, 'planted')
      break
    case 'folder':
      mkdirSync(path)
      break
    case 'link':
      symlinkSync(join(outside, 'target'), path)
      break
    case 'hard link':
      linkSync(join(outside, 'target'), path)
      break
    case 'link to a folder':
      symlinkSync(outside, path)
      break
    case 'pipe':
      execFileSync('mkfifo', [path])
      break
    default:
      symlinkSync(join(outside, 'nothing'), path)
  }
  return outside
}
