import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { ERRORS, share, SftError } from '../../src/index.ts'
import { SharedFolder } from '../../src/fs/shared-folder.ts'
import { ProtocolClient } from '../../src/protocol/client.ts'
import { parseRemotePath, type RemotePath } from '../../src/wire/path.ts'
import { flip } from '../support/flip.ts'
import { hostileNames } from '../support/hostile-names.ts'
import { connectedMachine } from '../support/machines.ts'
import { memorySource, MemorySink } from '../support/memory-file.ts'
import { askForNames } from '../support/names-attack.ts'
import { nodePair, type NodePair } from '../support/nodes.ts'
import { OPERATIONS, OWN, PLANTED, RawClient, type Operation } from '../support/raw-client.ts'
import { sessionPair } from '../support/session-pair.ts'
import { names, snapshot } from '../support/snapshot.ts'
import { tempFolder } from '../support/tmp.ts'

const PATH = ERRORS.ERR_PATH.wire
const NOT_FOUND = ERRORS.ERR_NOT_FOUND.wire
const EXISTS = ERRORS.ERR_EXISTS.wire
const WRONG_TYPE = ERRORS.ERR_WRONG_TYPE.wire

/** A provider whose root lies among files that no peer may reach, and a client that asks for anything. */
async function surrounded(): Promise<NodePair & { raw: RawClient; expectOutsideUntouched: () => void }> {
  const pair = await nodePair()
  const { outside, root } = pair
  mkdirSync(join(outside, 'victim/folder/empty'), { recursive: true })
  mkdirSync(join(outside, 'share-evil'))
  writeFileSync(join(outside, 'secret.txt'), 'secret')
  writeFileSync(join(outside, 'share-evil/x'), 'sibling')
  writeFileSync(join(outside, 'victim/secret.txt'), 'secret')
  writeFileSync(join(outside, 'victim/folder/deep.txt'), 'deep')
  chmodSync(join(outside, 'victim/secret.txt'), 0o640)
  symlinkSync('victim/secret.txt', join(outside, 'link-outside'))
  writeFileSync(join(root, OWN), 'own')
  mkdirSync(join(root, 'a'))
  writeFileSync(join(root, 'a/inner.txt'), 'inner')
  for (const name of ['victim/secret.txt', 'victim/folder', 'victim', 'secret.txt']) {
    utimesSync(join(outside, name), 1_000_000_000, 1_000_000_000)
  }
  const before = snapshot(outside, root)
  const expectOutsideUntouched = (): void => expect(snapshot(outside, root)).toEqual(before)
  return { ...pair, raw: await RawClient.open(pair), expectOutsideUntouched }
}

/**
 * Asks for every operation on every path, and returns those that were not refused as no path at all. Asserts that the
 * session serves on after each path and that nothing changes inside or outside the root.
 */
async function accepted(paths: readonly (string | Uint8Array)[]): Promise<[string, Operation, number][]> {
  const { raw, root, outside, expectOutsideUntouched } = await surrounded()
  const before = snapshot(outside)
  const found: [string, Operation, number][] = []
  for (const path of paths) {
    for (const operation of OPERATIONS) {
      const { error } = await raw.ask(operation, path)
      if (error !== PATH) found.push([String(path), operation, error])
    }
    expect((await raw.ask('stat', OWN)).error).toBe(0)
  }
  expectOutsideUntouched()
  expect(snapshot(outside)).toEqual(before)
  expect(names(root)).toEqual(['a', OWN])
  for (const path of paths.filter((one) => typeof one === 'string'))
    expect(() => parseRemotePath(path)).toThrow(/^the path /)
  return found
}

/** Puts a component at the start, in the middle and at the end of a path. */
function everywhere(component: string): string[] {
  return [component, `${component}/x`, `a/${component}`, `a/${component}/x`, `a/${component}/${component}/secret.txt`]
}

describe('a path that is no path is refused by every action and the session goes on', () => {
  test('P01: one that climbs out with ..', async () => {
    expect(
      await accepted([...everywhere('..'), '../secret.txt', 'a/../../victim/secret.txt', '../../../../../etc/passwd']),
    ).toEqual([])
  })

  test('P02: one that starts at the root of the file system', async () => {
    expect(
      await accepted([
        '/',
        '//',
        '/etc/passwd',
        '//etc/passwd',
        '/own.txt',
        '\\',
        '\\etc\\passwd',
        '\\own.txt',
        '~/\\',
      ]),
    ).toEqual([])
  })

  test('P03: one with a drive letter, a server or a device of Windows', async () => {
    const roots = ['C:', 'c:evil', 'C:\\x', 'C:/x', 'z:/x/y', '\\\\srv\\share', '\\\\?\\C:\\x', '\\\\.\\PhysicalDrive0']
    expect(await accepted([...roots, ...roots.map((path) => `a/${path}`), '//srv/share', '//?/C:/x', '//./x'])).toEqual(
      [],
    )
  })

  test('P04: one with a backslash in a name', async () => {
    expect(
      await accepted(['..\\secret.txt', 'a\\inner.txt', 'a/..\\..\\victim', 'own.txt\\', 'a\\..\\own.txt', 'x\\y/z']),
    ).toEqual([])
  })

  test('P05: one that climbs to a sibling whose name starts like the root', async () => {
    expect(
      await accepted(['../share-evil/x', '../share-evil', '../share/own.txt', 'a/../../share-evil/x', '-evil/../x/..']),
    ).toEqual([])
  })

  test('P18: one of too many components or bytes', async () => {
    const tooDeep = Array.from({ length: 256 }, () => 'a').join('/')
    const tooLong = Array.from({ length: 18 }, () => 'x'.repeat(240)).join('/')
    const long = Array.from({ length: 60 }, () => 'x'.repeat(130)).join('/')
    expect(
      await accepted([tooDeep, tooLong, long, 'x'.repeat(256), `a/${'é'.repeat(128)}`, `${'x'.repeat(256)}/y`]),
    ).toEqual([])
  })

  test('P19 and N02: one that is not valid UTF-8', async () => {
    const bytes = (...values: number[]): Buffer => Buffer.from(values)
    const overlong = [bytes(0xc0, 0xae, 0xc0, 0xae, 0x2f, 0x78), bytes(0xc0, 0xaf, 0x78), bytes(0xe0, 0x80, 0xaf)]
    const broken = [bytes(0xff), bytes(0xfe, 0xff), bytes(0x78, 0xe2, 0x82), bytes(0x80), bytes(0xf5, 0x80, 0x80, 0x80)]
    expect(await accepted([...overlong, ...broken, Buffer.concat([Buffer.from('a/'), bytes(0xff)])])).toEqual([])
  })

  test('N01: one with a NUL byte', async () => {
    expect(await accepted(['\0', 'own.txt\0', 'own.txt\0.png', '\0own.txt', 'a/\0/x', 'a\0/../../victim'])).toEqual([])
  })

  test('N04: one with a lone surrogate', async () => {
    const lone = [Buffer.from([0xed, 0xa0, 0x80]), Buffer.from([0x78, 0xed, 0xb0, 0x80])]
    expect(await accepted(lone)).toEqual([])
    for (const text of ['\ud800', 'x\udc00', '\udc00\ud800']) expect(() => parseRemotePath(text)).toThrow(SftError)
  })

  test('N10: one that is not in its canonical form', async () => {
    const forms = [
      '',
      './own.txt',
      './',
      'a//inner.txt',
      'a/./inner.txt',
      'a/',
      'own.txt/',
      'a/inner.txt/',
      'a/.',
      './.',
    ]
    expect(await accepted([...forms, '..', 'a//', '///'])).toEqual([])
  })
})

test('P18: a path of 10,000 components or 60 KiB ends its own session only', async () => {
  const pair = await surrounded()
  const before = snapshot(pair.outside)
  for (const path of [Array.from({ length: 10_000 }, () => 'a').join('/'), 'x'.repeat(60_000)]) {
    for (const operation of OPERATIONS) {
      const raw = await RawClient.open(pair)
      raw.send(operation, path)
      await raw.ended()
    }
  }
  await expect
    .poll(() => pair.endings.map((error) => error instanceof SftError && error.code))
    .toEqual(Array.from({ length: 2 * OPERATIONS.length }, () => 'ERR_PROTOCOL'))
  expect((await pair.raw.ask('stat', OWN)).error).toBe(0)
  expect(snapshot(pair.outside)).toEqual(before)
})

test('P01, P06, P19 and N10: no hostile name leads out, whatever is asked for it', async () => {
  const { requests, allowed, escapes } = await askForNames(hostileNames(40))
  expect(escapes).toEqual([])
  expect(requests).toBe(40 * OPERATIONS.length)
  expect(allowed).toBeGreaterThan(5)
})

test('the connected client refuses by itself what is no path', async () => {
  const { outside, root } = await surrounded()
  const served = await share(root, {
    peers: 'any',
    home: join(tempFolder(), 'home'),
    listen: ['/ip4/127.0.0.1/tcp/0'],
    rights: ['list', 'get', 'put', 'overwrite', 'delete', 'rename', 'mkdir'],
  })
  onTestFinished(async () => served.close())
  const remote = await connectedMachine(served.addresses[0] ?? '')
  const before = snapshot(outside)
  const local = join(tempFolder(), 'local')
  writeFileSync(local, 'local')
  for (const path of ['../secret.txt', '/etc/passwd', 'a\\b', 'C:x', 'a//b', '', 'x\0', '\ud800']) {
    const calls: (() => Promise<unknown>)[] = [
      async () => {
        for await (const entry of remote.list(path)) throw new Error(`listed ${entry.type}`)
      },
      async () => remote.stat(path),
      async () => remote.get(path, `${local}.got`),
      async () => remote.put(local, path),
      async () => remote.remove(path),
      async () => remote.rename(path, 'b'),
      async () => remote.rename(OWN, path),
      async () => remote.mkdir(path, { parents: true }),
      async () => remote.digest(path),
    ]
    for (const call of calls) await expect(call()).rejects.toMatchObject({ code: 'ERR_PATH' })
  }
  expect(snapshot(outside)).toEqual(before)
})

describe('a symbolic link inside the share', () => {
  const WAYS: [string, (outside: string) => string][] = [
    ['with a relative target', () => '../victim'],
    ['with an absolute target', (outside) => join(outside, 'victim')],
    ['to a link that leads out', () => 'second'],
    ['to a folder of the share itself', () => 'a'],
  ]

  test.each(WAYS)('P06: %s is never followed as a folder on the way', async (_way, target) => {
    const { raw, root, outside, expectOutsideUntouched } = await surrounded()
    symlinkSync('../victim', join(root, 'second'))
    symlinkSync(target(outside), join(root, 'a/link'))
    symlinkSync(target(outside), join(root, 'link'))
    const before = snapshot(outside)
    const below = ['secret.txt', 'folder/deep.txt', 'folder/empty', 'new', 'folder/new', 'inner.txt', 'link/secret.txt']
    for (const path of ['link', 'a/link'].flatMap((link) => below.map((name) => `${link}/${name}`))) {
      for (const operation of OPERATIONS) {
        const { error, bytes } = await raw.ask(operation, path)
        // Making parents fails at the link itself, whose name is taken.
        expect([path, operation, error]).toEqual([path, operation, operation === 'mkdirAll' ? EXISTS : NOT_FOUND])
        expect(bytes.byteLength).toBe(0)
      }
    }
    expect(snapshot(outside)).toEqual(before)
    expectOutsideUntouched()
    expect((await raw.ask('get', OWN)).bytes.toString()).toBe('own')
  })

  test('P06: a recursive listing shows links and nothing behind them', async () => {
    const { raw, root, expectOutsideUntouched } = await surrounded()
    symlinkSync('../victim', join(root, 'a/link'))
    symlinkSync('..', join(root, 'up'))
    const { error, bytes } = await raw.ask('listAll', '.')
    expect(error).toBe(0)
    for (const shown of ['a/link', 'up', 'a/inner.txt', OWN]) expect(bytes.includes(shown)).toBe(true)
    for (const hidden of ['secret', 'victim', 'deep', 'share-evil', 'up/', 'link/'])
      expect(bytes.includes(hidden)).toBe(false)
    expectOutsideUntouched()
  })

  test('P07: at the end of a path is neither read nor listed nor written through', async () => {
    const { raw, root, expectOutsideUntouched } = await surrounded()
    symlinkSync('../secret.txt', join(root, 'file'))
    symlinkSync('../victim', join(root, 'folder'))
    symlinkSync('../not-there', join(root, 'dangling'))
    const expected: Partial<Record<Operation, number>> = {
      list: NOT_FOUND,
      listAll: NOT_FOUND,
      get: WRONG_TYPE,
      md5: WRONG_TYPE,
      sha256: WRONG_TYPE,
      put: EXISTS,
      renameTo: EXISTS,
      mkdir: EXISTS,
      mkdirAll: EXISTS,
      stat: 0,
    }
    for (const name of ['file', 'folder', 'dangling']) {
      for (const [operation, error] of Object.entries(expected)) {
        expect([name, operation, (await raw.ask(operation as Operation, name)).error]).toEqual([name, operation, error])
      }
      expect(lstatSync(join(root, name)).isSymbolicLink()).toBe(true)
    }
    expectOutsideUntouched()
  })

  test.each(['../secret.txt', '../victim', '../not-there'])(
    'P07: to %s is replaced, moved and deleted itself, never its target',
    async (target) => {
      const { raw, root, expectOutsideUntouched } = await surrounded()
      const place = join(root, 'link')
      const plant = (): void => {
        rmSync(place, { force: true })
        symlinkSync(target, place)
        writeFileSync(join(root, OWN), 'own')
      }

      plant()
      expect((await raw.ask('replace', 'link')).error).toBe(0)
      expect(readFileSync(place)).toEqual(PLANTED)
      expect(lstatSync(place).isFile()).toBe(true)

      plant()
      expect((await raw.ask('replaceTo', 'link')).error).toBe(0)
      expect(readFileSync(place, 'utf8')).toBe('own')
      expect(lstatSync(place).isFile()).toBe(true)

      plant()
      expect((await raw.ask('renameFrom', 'link')).error).toBe(0)
      const moved = names(root).find((name) => name.startsWith('moved-')) ?? ''
      expect(readlinkSync(join(root, moved))).toBe(target)
      expect(names(root)).not.toContain('link')

      plant()
      expect((await raw.ask('delete', 'link')).error).toBe(0)
      expect(names(root)).not.toContain('link')
      expectOutsideUntouched()
    },
  )
})

test('P13: a root that is replaced by a link after the start stays the folder that was opened', async () => {
  const { raw, root, outside } = await surrounded()
  const victim = join(outside, 'victim')
  const before = snapshot(victim)
  renameSync(root, `${root}.moved`)
  symlinkSync('victim', root)
  expect((await raw.ask('get', 'secret.txt')).error).toBe(NOT_FOUND)
  expect((await raw.ask('listAll', '.')).bytes.includes('secret')).toBe(false)
  expect((await raw.ask('get', OWN)).bytes.toString()).toBe('own')
  expect((await raw.ask('put', 'new.txt')).error).toBe(0)
  expect((await raw.ask('delete', 'secret.txt')).error).toBe(NOT_FOUND)
  expect((await raw.ask('renameFrom', 'folder')).error).toBe(NOT_FOUND)
  expect((await raw.ask('mkdir', 'made')).error).toBe(0)
  expect(names(`${root}.moved`)).toEqual(['a', 'made', 'new.txt', OWN])
  expect(snapshot(victim)).toEqual(before)
})

test('P16: storing over a hard link leaves the file outside as it is', async () => {
  const { raw, root, outside, expectOutsideUntouched } = await surrounded()
  linkSync(join(outside, 'secret.txt'), join(root, 'hard'))
  expect((await raw.ask('put', 'hard')).error).toBe(EXISTS)
  expect((await raw.ask('replace', 'hard')).error).toBe(0)
  expect(readFileSync(join(root, 'hard'))).toEqual(PLANTED)
  linkSync(join(outside, 'secret.txt'), join(root, 'hard2'))
  expect((await raw.ask('replaceTo', 'hard2')).error).toBe(0)
  expectOutsideUntouched()
})

describe('P17: what is neither file nor folder', () => {
  const READING: Operation[] = ['get', 'md5', 'sha256']

  test('a pipe or socket is refused without waiting for it', async () => {
    const { raw, root, expectOutsideUntouched } = await surrounded()
    execFileSync('mkfifo', [join(root, 'pipe')])
    const server = createServer().listen(join(root, 'socket'))
    onTestFinished(() => void server.close())
    await once(server, 'listening')
    for (const name of ['pipe', 'socket']) {
      for (const operation of READING) expect((await raw.ask(operation, name)).error).toBe(WRONG_TYPE)
      expect((await raw.ask('put', name)).error).toBe(EXISTS)
      expect((await raw.ask('list', name)).error).toBe(NOT_FOUND)
      expect((await raw.ask('stat', name)).error).toBe(0)
      expect((await raw.ask('renameTo', name)).error).toBe(EXISTS)
    }
    expect((await raw.ask('listAll', '.')).error).toBe(0)
    expect((await raw.ask('replace', 'pipe')).error).toBe(0)
    expect(readFileSync(join(root, 'pipe'))).toEqual(PLANTED)
    expect((await raw.ask('delete', 'socket')).error).toBe(0)
    expect((await raw.ask('get', OWN)).bytes.toString()).toBe('own')
    expectOutsideUntouched()
  })

  test('a device is refused without opening it', async () => {
    const store = await SharedFolder.open('/dev')
    onTestFinished(async () => store.close())
    const client = await sessionPair({ store, rights: () => new Set(['list', 'get']) })
    for (const name of ['null', 'zero', 'tty', 'random'].map(parseRemotePath)) {
      expect(await client.stat(name)).toMatchObject({ type: 'other', size: 0 })
      const fetched = client.get(name, {}, () => Promise.resolve(new MemorySink()))
      await expect(fetched).rejects.toMatchObject({ code: 'ERR_WRONG_TYPE' })
      await expect(client.digest(name, 'md5')).rejects.toMatchObject({ code: 'ERR_WRONG_TYPE' })
    }
  })
})

test('P19: a name that looks encoded is that very name', async () => {
  const { raw, root, expectOutsideUntouched } = await surrounded()
  const literal = [
    '%2e%2e%2fsecret.txt',
    '%2e%2e',
    '..%2fsecret.txt',
    '\uff0e\uff0e',
    '．．／secret.txt',
    '...',
    '..x',
    '%00',
    '%c0%ae',
  ]
  for (const name of literal) {
    expect((await raw.ask('get', name)).error).toBe(NOT_FOUND)
    expect((await raw.ask('get', `${name}/secret.txt`)).error).toBe(NOT_FOUND)
    expect((await raw.ask('put', name)).error).toBe(0)
    expect((await raw.ask('get', name)).bytes).toEqual(PLANTED)
  }
  expect(names(root)).toEqual([...literal, 'a', OWN].toSorted())
  expectOutsideUntouched()
})

describe('while a folder of the share is flipped with a link that leads out', () => {
  const COUNT = 1_500
  const AT_ONCE = 8

  const REFUSED = new Set<string>(['ERR_NOT_FOUND', 'ERR_WRONG_TYPE', 'ERR_EXISTS'])

  /** Runs `work` for 0 to COUNT - 1, a few at once, and returns in which ways that ended. */
  async function attempt(work: (index: number) => Promise<void>): Promise<string[]> {
    const ways = new Set<string>()
    let next = 0
    const worker = async (): Promise<void> => {
      while (next < COUNT) {
        try {
          await work(next++)
          ways.add('done')
        } catch (error) {
          if (!(error instanceof SftError && REFUSED.has(error.code))) throw error
          ways.add('refused')
        }
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, worker))
    return [...ways].toSorted()
  }

  interface Race {
    readonly client: ProtocolClient
    readonly root: string
  }

  /** Flips `p` with a link to a folder that has entries of the same names, and asserts that these do not change. */
  async function race(
    files: number,
    work: (race: Race) => Promise<string[]>,
  ): Promise<{ ways: string[]; root: string }> {
    const pair = await nodePair()
    const victim = join(pair.outside, 'victim')
    for (const [folder, content] of [
      [join(pair.root, 'p'), 'inside'],
      [victim, 'outside'],
    ] as const) {
      mkdirSync(join(folder, 'sub'), { recursive: true })
      for (let index = 0; index < files; index += 1) writeFileSync(join(folder, `f${index}`), content)
    }
    writeFileSync(join(victim, 'only-outside'), 'outside')
    const before = snapshot(pair.outside, pair.root)
    const client = await ProtocolClient.open(await pair.openStream(), pair.clientInit)
    const flipping = await flip(join(pair.root, 'p'), victim)
    const ways = await work({ client, root: pair.root })
    await flipping.stop()
    await client.close()
    expect(snapshot(pair.outside, pair.root)).toEqual(before)
    expect(readdirSync(pair.root, { recursive: true }).filter((name) => String(name).includes('part'))).toEqual([])
    return { ways, root: pair.root }
  }

  const path = (text: string): RemotePath => parseRemotePath(text)

  test('P08: fetching never returns a byte from outside', async () => {
    const { ways } = await race(1, async ({ client }) =>
      attempt(async () => {
        const sink = new MemorySink()
        await client.get(path('p/f0'), {}, () => Promise.resolve(sink))
        expect(sink.text).toBe('inside')
      }),
    )
    expect(ways).toEqual(['done', 'refused'])
  })

  test('P08: storing never creates or replaces a file outside', async () => {
    const { ways } = await race(COUNT / 4, async ({ client }) =>
      attempt(async (index) => {
        await client.put(path(`p/${index % 2 ? 'new' : 'f'}${index >> 2}`), memorySource('stored'), { overwrite: true })
      }),
    )
    expect(ways).toEqual(['done', 'refused'])
  })

  test('P09: deleting never removes an entry outside', async () => {
    const { ways } = await race(COUNT, async ({ client }) =>
      attempt(async (index) => client.remove(path(`p/f${index}`))),
    )
    expect(ways).toEqual(['done', 'refused'])
  })

  test('P10: renaming moves nothing in or out on either side', async () => {
    const { ways, root } = await race(COUNT, async ({ client, root }) => {
      for (let index = 0; index < COUNT / 2; index += 1) writeFileSync(join(root, `own${index}`), 'own')
      return attempt(async (index) =>
        index % 2
          ? client.rename(path(`p/f${index}`), path(`out${index}`), index % 4 === 1)
          : client.rename(path(`own${index >> 1}`), path(`p/${index % 4 ? 'new' : 'f'}${index}`), index % 4 === 0),
      )
    })
    expect(ways).toEqual(['done', 'refused'])
    const moved = names(root).filter((name) => name.startsWith('out'))
    expect(moved.filter((name) => readFileSync(join(root, name), 'utf8') !== 'inside')).toEqual([])
  })

  test('P11: a listing, recursive or not, never shows an entry from outside', async () => {
    const seen = new Set<string>()
    const { ways } = await race(3, async ({ client }) =>
      attempt(async (index) => {
        const listing = index % 4 ? client.list(path('p'), false) : client.list(path('.'), true)
        for await (const entry of listing) seen.add(entry.type === 'unlistable' ? '?' : entry.path)
      }),
    )
    expect(ways).toEqual(['done', 'refused'])
    expect([...seen].filter((name) => name.includes('only-outside') || name === '?')).toEqual([])
    expect(seen).toContain('p/f2')
  })

  test('P12: making folders never makes one outside', async () => {
    const { ways } = await race(0, async ({ client }) =>
      attempt(async (index) => client.mkdir(path(`p/${index % 2 ? 'sub/' : ''}m${index}`), false)),
    )
    expect(ways).toEqual(['done', 'refused'])
  })

  test('P08: a file that is flipped itself is read or refused, never the file behind the link', async () => {
    const pair = await nodePair()
    writeFileSync(join(pair.outside, 'secret'), 'outside')
    writeFileSync(join(pair.root, 'f'), 'inside')
    const client = await ProtocolClient.open(await pair.openStream(), pair.clientInit)
    const flipping = await flip(join(pair.root, 'f'), '../secret')
    const ways = await attempt(async () => {
      const sink = new MemorySink()
      await client.get(path('f'), {}, () => Promise.resolve(sink))
      expect(sink.text).toBe('inside')
    })
    await flipping.stop()
    await client.close()
    expect(ways).toEqual(['done', 'refused'])
  })
})
