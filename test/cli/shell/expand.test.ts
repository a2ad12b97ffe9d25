import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Output } from '../../../src/cli/output.ts'
import type { Session } from '../../../src/cli/context.ts'
import { Arguments } from '../../../src/cli/shell/expand.ts'
import { Place } from '../../../src/cli/shell/place.ts'
import { splitWords } from '../../../src/cli/shell/words.ts'
import { parseRemotePath } from '../../../src/index.ts'
import { connectedMachine, sharingMachine } from '../../support/machines.ts'
import { tempFolder } from '../../support/tmp.ts'

interface Scene {
  readonly root: string
  /** Returns what the words of a line name, typed in a folder. */
  readonly paths: (line: string, folder?: string) => Promise<string[]>
  readonly sources: (line: string, folder?: string) => Promise<string[]>
}

async function scene(): Promise<Scene> {
  const { address, root } = await sharingMachine()
  const remote = await connectedMachine(address)
  const { signal } = new AbortController()
  const session: Session = { remote, output: new Output(true), signal, exitOnSignal: () => undefined, again: null }
  const typed = (line: string, folder = '.'): { args: Arguments; texts: string[] } => {
    const [words, place] = [splitWords(line), new Place(tempFolder())]
    place.enter(parseRemotePath(folder))
    return { args: new Arguments(place, words), texts: words.map(({ text }) => text) }
  }
  return {
    root,
    paths: async (line, folder) => {
      const { args, texts } = typed(line, folder)
      return (await args.remotePaths(texts, session)).toSorted()
    },
    sources: async (line, folder) => {
      const { args, texts } = typed(line, folder)
      return args.remoteSources(texts, session)
    },
  }
}

test('names and patterns become paths from the root, each once', async () => {
  const { root, paths } = await scene()
  mkdirSync(join(root, 'a'))
  for (const name of ['x', 'a/1', 'a/2', 'a/*']) writeFileSync(join(root, name), '')
  expect(await paths('../x ? 1 nope', 'a')).toEqual(['a/*', 'a/1', 'a/2', 'a/nope', 'x'])
  expect(await paths("'*' '?'", 'a')).toEqual(['a/*', 'a/?'])
  expect(await paths('*', 'a')).toEqual(['a/*']) // which is there
  expect(await paths("[12] '[12]'", 'a')).toEqual(['a/[12]']) // typed both ways, so it stands for itself
  await expect(paths('1 nope*', 'a')).rejects.toMatchObject({ code: 'ERR_NOT_FOUND' })
})

test('a pattern that very much matches is refused, and for a transfer left to the transfer', async () => {
  const { root, paths, sources } = await scene()
  mkdirSync(join(root, 'many'))
  for (let index = 0; index <= 10_000; index += 1) writeFileSync(join(root, 'many', `${index}`), '')
  await expect(paths('*', 'many')).rejects.toMatchObject({
    code: 'ERR_USAGE',
    message: expect.stringContaining('10000'),
  })
  expect(await sources('* 1', 'many')).toEqual(['many/*', 'many/1'])
})

test('a quoted name that is not there never becomes the pattern it looks like', async () => {
  const { root, sources } = await scene()
  mkdirSync(join(root, '[a]'))
  for (const name of ['x1', '[a]/1', '[a]/2']) writeFileSync(join(root, name), '')
  await expect(sources("'x*'")).rejects.toMatchObject({ code: 'ERR_NOT_FOUND' })
  writeFileSync(join(root, 'x*'), '')
  expect(await sources("'x*' x1")).toEqual(['x*', 'x1'])
  expect((await sources('*', '[a]')).toSorted()).toEqual(['[a]/1', '[a]/2'])
})
