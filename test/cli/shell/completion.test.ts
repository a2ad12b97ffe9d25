import { Command } from '@commander-js/extra-typings'
import { expect, test } from 'vitest'
import { complete, type Completion } from '../../../src/cli/shell/completion.ts'
import { Arguments } from '../../../src/cli/shell/expand.ts'
import { Place } from '../../../src/cli/shell/place.ts'
import { commandTable } from '../../../src/cli/shell/table.ts'
import { parseRemotePath, type Entry, type Unlistable } from '../../../src/index.ts'
import { hostileTexts, RAW_TEXT } from '../../support/hostile-texts.ts'

/** Completes against folders that hold these names, each a folder if it ends in a slash. */
async function completed(
  typed: string,
  folders: Record<string, Iterable<string>> = {},
  cwd = '.',
): Promise<Completion> {
  const { signal } = new AbortController()
  const place = new Place('/start')
  place.enter(parseRemotePath(cwd))
  const table = commandTable({
    place,
    args: new Arguments(place, []),
    flags: {},
    applySettings: () => Promise.resolve(),
    take: () => undefined,
    print: () => undefined,
  })
  return complete(typed, {
    commands: table.commands,
    place,
    listRemote: (folder) => entries(folder === '.' ? '' : `${folder}/`, folders[folder] ?? []),
    listLocal: (folder) => entries('', folders[folder] ?? []),
    signal,
  })
}

async function* entries(folder: string, names: Iterable<string>): AsyncGenerator<Entry | Unlistable> {
  for (const name of names) {
    const type = name.endsWith('/') ? 'directory' : 'file'
    const path = `${folder}${name.replace(/\/$/, '')}` as Entry['path'] // a hostile peer cannot send all of these
    yield { path, type, size: 0, mtime: 0n, executable: false }
  }
}

const inserted = (start: number, text: string): Completion => ({ type: 'insert', start, text })

test('commands are completed, and shown where several could be meant', async () => {
  expect(await completed('g')).toEqual(inserted(0, 'get '))
  expect(await completed('  mk')).toEqual(inserted(2, 'mkdir '))
  expect(await completed('l')).toEqual({ type: 'show', names: ['lcd', 'lls', 'lpwd', 'ls'] })
  expect(await completed('help mkd')).toEqual(inserted(5, 'mkdir '))
  expect(await completed('x')).toBeNull()
  expect(await completed('!ls ')).toBeNull()
  expect(new Command().commands).toEqual([])
})

test('options are completed, and what they take', async () => {
  expect(await completed('get --on')).toEqual(inserted(4, '--on-conflict '))
  expect(await completed('get --on-conflict ren')).toEqual(inserted(18, 'rename '))
  expect(await completed('mkdir --p')).toEqual(inserted(6, '--parents '))
  expect(await completed('get -- --on')).toBeNull()
  const folders = { '.': ['remote/'], './': [] }
  expect(await completed('get a -o loc', { ...folders, '.': ['local/'] })).toEqual(inserted(9, 'local/'))
  expect(await completed('put a -o rem', folders)).toEqual(inserted(9, 'remote/'))
})

test('paths of the share are completed step by step, and quoted as they are typed', async () => {
  const folders = { '.': ['photos/', 'my file.txt', "it's.txt"], photos: ['beach.jpg', 'beast.jpg'] }
  expect(await completed('get ph', folders)).toEqual(inserted(4, 'photos/'))
  expect(await completed('get photos/b', folders)).toEqual(inserted(4, 'photos/bea'))
  expect(await completed('get photos/bea', folders)).toEqual({ type: 'show', names: ['beach.jpg', 'beast.jpg'] })
  expect(await completed('get my', folders)).toEqual(inserted(4, 'my\\ file.txt '))
  expect(await completed('get my\\ f', folders)).toEqual(inserted(4, 'my\\ file.txt '))
  expect(await completed('get "my', folders)).toEqual(inserted(4, '"my file.txt" '))
  expect(await completed("get 'it", folders)).toEqual(inserted(4, "'it'\\''s.txt' "))
  expect(await completed('get "ph', folders)).toEqual(inserted(4, '"photos/'))
  expect(await completed('get be', folders, 'photos')).toEqual(inserted(4, 'bea'))
  expect(await completed('get ../my', folders, 'photos')).toEqual(inserted(4, '../my\\ file.txt '))
  expect(await completed('get /my', folders, 'photos')).toEqual(inserted(4, '/my\\ file.txt '))
  expect(await completed('get ../../my', folders, 'photos')).toBeNull()
  expect(await completed('cd my', folders)).toBeNull() // no folder
})

test('a name that begins with a dash does not become an option', async () => {
  expect(await completed('rm ', { '.': ['-rf'] })).toEqual(inserted(3, './-rf '))
})

test('names that a terminal could act on are neither inserted nor shown', async () => {
  const hostile = hostileTexts(200).map((text) => `a${text.replaceAll(/[/\0]/g, '_')}`)
  expect(await completed('get a', { '.': hostile.filter((name) => RAW_TEXT.test(name)) })).toBeNull()
  const shown = await completed('get a', { '.': [...hostile, 'a1', 'a2'] })
  expect(JSON.stringify(shown?.type === 'show' ? shown.names.join('') : shown?.text)).not.toMatch(RAW_TEXT)
  expect(await completed('get x', { '.': ['x\u001b[2J', 'x\u202etxt', 'x\n', 'xyz'] })).toEqual(inserted(4, 'xyz '))
})

test('a folder with very many names neither floods the terminal nor is read to its end', async () => {
  let read = 0
  function* endless(): Generator<string> {
    for (; ; read += 1) yield `name ${read}`
  }
  expect(await completed('get ', { '.': endless() })).toEqual({
    type: 'show',
    names: ['(too many entries to complete)'],
  })
  expect(read).toBeLessThan(100_000)
  const many = Array.from({ length: 1_000 }, (_, index) => `${index % 10}${index}`)
  expect(await completed('get ', { '.': many })).toEqual({ type: 'show', names: ['(1000 names; type more of one)'] })
})
