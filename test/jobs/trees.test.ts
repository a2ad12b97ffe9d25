import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, lstatSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { differences, failures, jobMachines, namesBelow, skipped, write } from '../support/jobs.ts'
import { tempFolder } from '../support/tmp.ts'

/** Names that are hard on whoever takes them apart. */
const ODD = [
  ' leading and trailing ',
  'new\nline',
  '\u00e9 composed',
  'e\u0301 decomposed, another word',
  '-rf',
  '--help',
  '*',
  '[a].txt',
  '{x,y}',
  '!no',
  '#hash%20',
  '~',
  '$HOME',
  'ünï😀',
  'x'.repeat(255),
  '..two dots',
  '...',
  '.hidden',
  'con.txt',
]

test('names of every kind go there and back', async () => {
  const { local, root, put, get } = await jobMachines()
  for (const name of ODD) {
    write(join(local, 'tree', name), name)
    if (name.length < 255) write(join(local, 'tree', `folder ${name}`, name), name)
  }
  const up = await put(['tree'])
  expect(failures(up)).toEqual({})
  expect(up.summary).toMatchObject({ files: 2 * ODD.length - 1, failed: 0, ended: false })
  expect(differences(join(local, 'tree'), join(root, 'tree'))).toEqual([])

  const down = await get(['tree'], {}, join(local, 'back'))
  expect(down.summary).toMatchObject({ files: 2 * ODD.length - 1, failed: 0 })
  expect(differences(join(local, 'tree'), join(local, 'back', 'tree'))).toEqual([])
})

test('what a path cannot say is left out by name, and the rest goes across', async () => {
  const { local, root, put, get } = await jobMachines()
  for (const base of [local, root]) {
    mkdirSync(join(base, 'tree'))
    for (const name of [Buffer.from([0x62, 0xff]), Buffer.from('back\\slash'), Buffer.from('c:drive')])
      writeFileSync(Buffer.concat([Buffer.from(`${base}/tree/`), name]), 'x')
    write(join(base, 'tree', 'good'))
  }
  const reasons = ['unlistable', 'unlistable', 'unlistable']
  const up = await put(['tree'], {}, 'up')
  expect(Object.values(skipped(up))).toEqual(reasons)
  expect(Object.keys(skipped(up)).toSorted()[0]).toBe(join(local, 'tree', 'back\\slash'))
  expect(namesBelow(join(root, 'up'))).toEqual(['tree', 'tree/good'])
  const down = await get(['tree'], {}, join(local, 'down'))
  expect(Object.values(skipped(down))).toEqual(reasons)
  expect(namesBelow(join(local, 'down'))).toEqual(['tree', 'tree/good'])
})

test('links, pipes and sockets are left out and not followed, wherever they point', async () => {
  const { local, root, put, get } = await jobMachines()
  const secret = tempFolder()
  write(join(secret, 'secret.txt'))
  for (const base of [local, root]) {
    const tree = join(base, 'tree')
    write(join(tree, 'a.txt'))
    symlinkSync('a.txt', join(tree, 'in'))
    symlinkSync(secret, join(tree, 'out'))
    symlinkSync('nowhere', join(tree, 'dangling'))
    symlinkSync('.', join(tree, 'loop'))
    execFileSync('mkfifo', [join(tree, 'pipe')])
    const server = createServer().listen(join(tree, 'socket'))
    onTestFinished(() => void server.close())
    await new Promise((resolve) => server.once('listening', resolve))
  }
  const reasons = { in: 'link', out: 'link', dangling: 'link', loop: 'link', pipe: 'special', socket: 'special' }
  const named = (folder: string): Record<string, string> =>
    Object.fromEntries(Object.entries(reasons).map(([name, reason]) => [`${folder}/${name}`, reason]))
  const up = await put(['tree'], {}, 'up')
  expect(up.summary).toMatchObject({ files: 1, skipped: 6, failed: 0 })
  expect(skipped(up)).toEqual(named(join(local, 'tree')))
  expect(namesBelow(join(root, 'up', 'tree'))).toEqual(['a.txt'])
  const down = await get(['tree'], {}, join(local, 'down'))
  expect(skipped(down)).toEqual(named('tree'))
  expect(namesBelow(join(local, 'down', 'tree'))).toEqual(['a.txt'])
})

test('a link that the user names is followed to send it, and an error to fetch it', async () => {
  const { local, root, put, get } = await jobMachines()
  write(join(local, 'real', 'a.txt'), 'a')
  symlinkSync('real', join(local, 'folder-link'))
  symlinkSync('real/a.txt', join(local, 'file-link'))
  expect((await put(['folder-link', 'file-link'])).summary).toMatchObject({ files: 2, failed: 0 })
  expect(namesBelow(root)).toEqual(['file-link', 'folder-link', 'folder-link/a.txt'])
  expect(lstatSync(join(root, 'file-link')).isFile()).toBe(true)
  symlinkSync('folder-link', join(root, 'link'))
  execFileSync('mkfifo', [join(root, 'pipe')])
  const ran = await get(['link', 'pipe', 'file-link', '[lp]i*'], {}, join(local, 'down'))
  expect(failures(ran)).toEqual({ link: 'ERR_WRONG_TYPE', pipe: 'ERR_WRONG_TYPE' })
  expect(ran.summary.error?.message).toBe('"link" is a symbolic link, and a share follows none; name what it points to')
  expect(ran.summary).toMatchObject({ files: 1, failed: 2 })
  expect(skipped(ran)).toEqual({ link: 'link', pipe: 'special' }) // by the pattern
})

test('times, execution and empty folders are kept', async () => {
  const { local, root, put, get } = await jobMachines()
  write(join(local, 'tree', 'old'), 'old', 86_400)
  write(join(local, 'tree', 'before 1970'), 'older', -86_400)
  write(join(local, 'tree', 'run'), 'run', 1e9 + 0.5)
  chmodSync(join(local, 'tree', 'run'), 0o755)
  mkdirSync(join(local, 'tree', 'empty', 'inner'), { recursive: true })
  await put(['tree'])
  await get(['tree'], {}, join(local, 'down'))
  for (const tree of [join(root, 'tree'), join(local, 'down', 'tree')]) {
    expect(differences(join(local, 'tree'), tree)).toEqual([])
    expect(statSync(join(tree, 'old')).mtimeMs).toBe(86_400_000)
    expect(statSync(join(tree, 'before 1970')).mtimeMs).toBe(-86_400_000)
    expect(statSync(join(tree, 'run')).mtimeMs).toBe(1e12 + 500)
    expect(statSync(join(tree, 'run')).mode & 0o111).not.toBe(0)
    expect(statSync(join(tree, 'old')).mode & 0o111).toBe(0)
    expect(readdirSync(join(tree, 'empty', 'inner'))).toEqual([])
  }
})

test('many empty folders are all there when the job says so', async () => {
  const { local, root, put, get } = await jobMachines()
  for (let index = 0; index < 500; index += 1) mkdirSync(join(local, 'tree', `${index}`, 'in'), { recursive: true })
  const up = await put(['tree'])
  expect(up.summary).toMatchObject({ files: 0, folders: 1_001, failed: 0 })
  expect(differences(join(local, 'tree'), join(root, 'tree'))).toEqual([])
  const down = await get(['tree'], {}, join(local, 'down'))
  expect(down.summary).toMatchObject({ folders: 1_001 })
  expect(differences(join(local, 'tree'), join(local, 'down', 'tree'))).toEqual([])
})

test('a tree of a hundred levels goes there and back, and one that is too deep as far as paths reach', async () => {
  const { local, root, put, get } = await jobMachines()
  const deep = join(local, 'tree', ...Array.from({ length: 100 }, (_, index) => `level ${index}`))
  write(join(deep, 'bottom.txt'), 'bottom')
  expect((await put(['tree'])).summary).toMatchObject({ files: 1, failed: 0 })
  expect((await get(['tree'], {}, join(local, 'down'))).summary).toMatchObject({ files: 1, failed: 0 })
  expect(differences(join(local, 'tree'), join(local, 'down', 'tree'))).toEqual([])
  expect(differences(join(local, 'tree'), join(root, 'tree'))).toEqual([])

  write(join(local, 'far', ...Array.from({ length: 253 }, () => 'd'), 'fits.txt'), 'fits')
  write(join(local, 'far', 'near.txt'), 'near')
  const far = await put(['far'], {}, 'one')
  expect(far.summary).toMatchObject({ files: 1, failed: 1, ended: false })
  expect(Object.values(failures(far))).toEqual(['ERR_PATH'])
}, 60_000)

test('twenty thousand files of one folder go there and back within a bounded memory', async () => {
  const { local, put, get, root } = await jobMachines()
  mkdirSync(join(local, 'wide'))
  for (let index = 0; index < 20_000; index += 1) writeFileSync(join(local, 'wide', `file ${index}`), `${index}`)
  const before = process.memoryUsage().rss
  const up = await put(['wide'])
  expect(up.summary).toMatchObject({ files: 20_000, failed: 0 })
  const down = await get(['wide'], {}, join(local, 'down'))
  expect(down.summary).toMatchObject({ files: 20_000, failed: 0 })
  expect(differences(join(local, 'wide'), join(root, 'wide'))).toEqual([])
  expect(differences(join(local, 'wide'), join(local, 'down', 'wide'))).toEqual([])
  expect(process.memoryUsage().rss - before).toBeLessThan(500e6)
}, 120_000)

test('a real tree goes there and back', async () => {
  const { local, put, get, root } = await jobMachines()
  execFileSync('cp', ['-a', 'node_modules/@libp2p', 'node_modules/typescript', 'node_modules/protons', local])
  const sources = ['@libp2p', 'typescript', 'protons']
  const count = Number(spawnSync('sh', ['-c', `find ${local} -type f | wc -l`], { encoding: 'utf8' }).stdout)
  const up = await put(sources)
  expect(up.summary).toMatchObject({ files: count, failed: 0 })
  const isLeftOut = (line: string): boolean => /^Only in .*(\.bin|: \.bin)/.test(line)
  expect(differences(local, root).filter((line) => !isLeftOut(line))).toEqual([])
  const down = await get(sources, {}, join(local, 'down'))
  expect(down.summary).toMatchObject({ files: count, failed: 0 })
  expect(differences(root, join(local, 'down'))).toEqual([])
}, 120_000)
