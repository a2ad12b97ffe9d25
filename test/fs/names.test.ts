import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ERRORS, RIGHTS, SftError, type Remote } from '../../src/index.ts'
import { ProtocolClient } from '../../src/protocol/client.ts'
import { nameFault, parseRemotePath } from '../../src/wire/path.ts'
import { connectedMachine, sharingMachine, type SharingMachine } from '../support/machines.ts'
import { memorySource } from '../support/memory-file.ts'
import { nodePair } from '../support/nodes.ts'
import { RawClient, type Operation } from '../support/raw-client.ts'
import { names, snapshot } from '../support/snapshot.ts'
import { tempFolder } from '../support/tmp.ts'

async function connected(): Promise<SharingMachine & { remote: Remote; local: string }> {
  const machine = await sharingMachine({ rights: RIGHTS })
  return { ...machine, remote: await connectedMachine(machine.address), local: tempFolder() }
}

describe('names that a shell, a terminal or a parser would trip over', () => {
  const NAMES = [
    '-rf',
    '--',
    '-',
    '~x',
    '~root',
    'new\nline',
    'carriage\rreturn',
    'tab\tbed',
    '$(x)',
    '`x`',
    '"quoted"',
    "'quoted'",
    '|pipe;rm -r *&>x<',
    '*?[a-z]{b,c}',
    '😀👩‍👩‍👧',
    'ünïcödé',
    'שלום',
    '\u202egnp.exe',
    '\u001b[2Jescape',
    '\u0007bell',
    '\u009b1Ac1',
    ' leading and trailing ',
    '...',
    '.hidden',
    '%2e%2e',
    '{}',
    '__proto__',
    'constructor',
    'CON',
    'nul.jpg.txt',
    'COM1',
    'LPT9.txt',
    'CONIN$',
    'COM¹',
    'PROGRA~1',
    'file:stream',
    'trailing.',
    'ab:c',
    '\ufeffbom',
    '\u{10ffff}',
    'identity.key',
  ]

  test.each(NAMES)('N08, N09 and N13: %j round-trips as plain bytes', async (name) => {
    const { remote, root, outside, local } = await connected()
    const before = snapshot(outside, root)
    const [source, fetched] = [join(local, `from ${name}`), join(local, name)]
    writeFileSync(source, `the file ${name}`)
    const md5 = createHash('md5').update(`the file ${name}`).digest()

    await remote.put(source, name)
    expect(readFileSync(join(root, name), 'utf8')).toBe(`the file ${name}`)
    expect(await remote.stat(name)).toMatchObject({ path: name, type: 'file' })
    expect(await Array.fromAsync(remote.list())).toMatchObject([{ path: name, type: 'file' }])
    await remote.get(name, fetched)
    expect(readFileSync(fetched, 'utf8')).toBe(`the file ${name}`)
    expect(Buffer.from(await remote.digest(name))).toEqual(md5)
    await remote.mkdir('in')
    await remote.rename(name, `in/${name}`)
    await remote.mkdir(name)
    expect(await Array.fromAsync(remote.list('.', { recursive: true }))).toHaveLength(3)
    await remote.remove(`in/${name}`)
    await remote.remove(name)
    expect(readdirSync(root, { recursive: true })).toEqual(['in'])
    expect(snapshot(outside, root)).toEqual(before)
  })
})

describe('N11: a name of 255 bytes', () => {
  test.each(['x'.repeat(255), `${'é'.repeat(127)}x`, `${'😀'.repeat(63)}xyz`])(
    'works for every action: %s',
    async (name) => {
      expect(Buffer.byteLength(name)).toBe(255)
      const { remote, root, local } = await connected()
      writeFileSync(join(local, 'a'), 'long')
      await remote.put(join(local, 'a'), name)
      await remote.put(join(local, 'a'), name, { overwrite: true })
      await expect(remote.put(join(local, 'a'), name)).rejects.toMatchObject({ code: 'ERR_EXISTS' })
      await remote.get(name, join(local, name))
      expect(readFileSync(join(local, name), 'utf8')).toBe('long')
      expect(await remote.digest(name)).toHaveLength(16)
      await remote.rename(name, 'short')
      await remote.mkdir(name)
      await remote.rename('short', `${name}/${name}`)
      expect(await Array.fromAsync(remote.list(name))).toMatchObject([{ path: `${name}/${name}`, size: 4 }])
      await remote.remove(`${name}/${name}`)
      await remote.remove(name)
      expect(names(root)).toEqual([])
    },
  )

  test('is one byte short of what is refused', async () => {
    const { remote, root } = await connected()
    await expect(remote.mkdir('x'.repeat(256))).rejects.toMatchObject({ code: 'ERR_PATH' })
    await expect(remote.mkdir('é'.repeat(128))).rejects.toMatchObject({ code: 'ERR_PATH' })
    expect(names(root)).toEqual([])
  })
})

describe('N03: a local name that is no path', () => {
  const NAMES = [
    Buffer.from([0x66, 0xff, 0x6f]),
    Buffer.from([0xed, 0xa0, 0x80]),
    Buffer.from('back\\slash'),
    Buffer.from('c:x'),
  ]

  test('is listed as unlistable with its bytes, and beside it everything else', async () => {
    const { remote, root, local } = await connected()
    mkdirSync(join(root, 'in'))
    for (const name of NAMES) {
      writeFileSync(Buffer.concat([Buffer.from(`${root}/`), name]), 'x')
      writeFileSync(Buffer.concat([Buffer.from(`${root}/in/`), name]), 'x')
    }
    writeFileSync(join(root, 'good'), 'x')
    writeFileSync(join(root, 'f\ufffdo'), 'replacement')
    const entries = await Array.fromAsync(remote.list('.', { recursive: true }))
    const listed = entries.flatMap((entry) => (entry.type === 'unlistable' ? [] : [entry.path]))
    expect(listed.toSorted()).toEqual(['f\ufffdo', 'good', 'in'])
    const unlistable = entries.flatMap((entry) =>
      entry.type === 'unlistable' ? [Buffer.from(entry.name).toString('latin1')] : [],
    )
    const expected = NAMES.flatMap((name) => [name.toString('latin1'), `in/${name.toString('latin1')}`])
    expect(unlistable.toSorted()).toEqual(expected.toSorted())
    // The name with a replacement character is that of another file, and stays it.
    await remote.get('f\ufffdo', join(local, 'got'))
    expect(readFileSync(join(local, 'got'), 'utf8')).toBe('replacement')
  })

  test('is reached by no action', async () => {
    const pair = await nodePair()
    for (const name of NAMES) writeFileSync(Buffer.concat([Buffer.from(`${pair.root}/`), name]), 'x')
    const raw = await RawClient.open(pair)
    const before = snapshot(pair.outside)
    for (const name of NAMES) {
      for (const operation of ['get', 'stat', 'delete', 'renameFrom', 'replace', 'md5'] satisfies Operation[]) {
        expect((await raw.ask(operation, name)).error).toBe(ERRORS.ERR_PATH.wire)
      }
    }
    expect(snapshot(pair.outside)).toEqual(before)
  })
})

describe('N05: the composed and the decomposed form of a name', () => {
  const FORMS = [
    ['é.txt'.normalize('NFC'), 'é.txt'.normalize('NFD')],
    ['é.txt'.normalize('NFD'), 'é.txt'.normalize('NFC')],
    ['한글'.normalize('NFC'), '한글'.normalize('NFD')],
    ['ắ'.normalize('NFD'), 'ắ'.normalize('NFC')],
  ] as const

  test.each(FORMS)('collide on every action that makes a name: %s', async (there, asked) => {
    expect(there).not.toBe(asked)
    const { remote, root, local } = await connected()
    writeFileSync(join(root, there), 'there')
    writeFileSync(join(root, 'own'), 'own')
    mkdirSync(join(root, 'folder'))
    writeFileSync(join(local, 'a'), 'new')
    const before = snapshot(root)
    for (const overwrite of [false, true]) {
      await expect(remote.put(join(local, 'a'), asked, { overwrite })).rejects.toMatchObject({ code: 'ERR_EXISTS' })
      await expect(remote.rename('own', asked, { overwrite })).rejects.toMatchObject({ code: 'ERR_EXISTS' })
      await expect(remote.rename('folder', asked, { overwrite })).rejects.toMatchObject({ code: 'ERR_EXISTS' })
    }
    for (const parents of [false, true]) {
      await expect(remote.mkdir(asked, { parents })).rejects.toMatchObject({ code: 'ERR_EXISTS' })
    }
    expect(snapshot(root)).toEqual(before)
  })

  test.each(FORMS)('collide when the second one is a folder: %s', async (there, asked) => {
    const { remote, root, local } = await connected()
    mkdirSync(join(root, there))
    writeFileSync(join(local, 'a'), 'new')
    await expect(remote.mkdir(asked)).rejects.toMatchObject({ code: 'ERR_EXISTS' })
    await expect(remote.put(join(local, 'a'), asked)).rejects.toMatchObject({ code: 'ERR_EXISTS' })
    expect(names(root)).toEqual([there])
  })

  test.each(FORMS)('may become one another by a rename: %s', async (there, asked) => {
    const { remote, root } = await connected()
    writeFileSync(join(root, there), 'there')
    await remote.rename(there, asked)
    expect(names(root)).toEqual([asked])
    expect(readFileSync(join(root, asked), 'utf8')).toBe('there')
  })

  test.each(FORMS)('never take the place of one another where both exist: %s', async (one, other) => {
    const { remote, root } = await connected()
    mkdirSync(join(root, one))
    mkdirSync(join(root, other))
    for (const overwrite of [false, true]) {
      await expect(remote.rename(one, other, { overwrite })).rejects.toMatchObject({ code: 'ERR_EXISTS' })
    }
    expect(names(root)).toEqual([one, other].toSorted())
  })

  test('of two uploads at once leave one file', async () => {
    const pair = await nodePair()
    const client = await ProtocolClient.open(await pair.openStream(), pair.clientInit)
    await client.put(parseRemotePath('é'.normalize('NFC')), memorySource('composed'), {})
    await expect(
      client.put(parseRemotePath('é'.normalize('NFD')), memorySource('x'), { overwrite: true }),
    ).rejects.toMatchObject({
      code: 'ERR_EXISTS',
    })
    expect(names(pair.root)).toEqual(['é'.normalize('NFC')])
    await client.close()
  })
})

describe('the rule for names', () => {
  test.each(['', '.', '..', '\ud800', 'a\0', 'a/b', '\\', 'a\\b', 'C:', 'c:x', 'x'.repeat(256)])(
    'refuses %j',
    (name) => {
      expect(nameFault(name)).toMatch(/^(is|has|contains|starts)/)
      expect(() => parseRemotePath(`a/${name}/b`)).not.toThrow(TypeError)
    },
  )

  test.each(['a', '...', '.a', 'ab:', '1:', ':', 'x'.repeat(255), '~', '%2f', ' '])('allows %j', (name) => {
    expect(nameFault(name)).toBeNull()
    expect(parseRemotePath(`a/${name}/b`)).toBe(`a/${name}/b`)
  })

  test('N02: bytes that are not UTF-8 are refused at the wire and never replaced', async () => {
    const pair = await nodePair()
    const raw = await RawClient.open(pair)
    for (const bytes of [
      [0xff],
      [0xc3],
      [0xe2, 0x82],
      [0xf0, 0x9f, 0x98],
      [0xc0, 0x80],
      [0xf8, 0x88, 0x80, 0x80, 0x80],
    ]) {
      const path = Buffer.concat([Buffer.from('name '), Buffer.from(bytes)])
      for (const operation of ['put', 'mkdir', 'renameTo'] satisfies Operation[]) {
        expect((await raw.ask(operation, path)).error).toBe(ERRORS.ERR_PATH.wire)
      }
    }
    expect(names(pair.root)).toEqual([])
    expect(() => parseRemotePath('\udfff')).toThrow(SftError)
  })
})
