import { expect, test } from 'vitest'
import { formatCommandLine } from '../../../src/cli/job-text.ts'
import { commandLine, expandHome, localArgument, renamedPath } from '../../../src/cli/menu/line.ts'

test('a command line is written as people type it', () => {
  expect(formatCommandLine(commandLine('get', ['ana', 'photos'], ['-o', '.']))).toBe('sft get ana photos -o .')
  expect(formatCommandLine(commandLine('peers', []))).toBe('sft peers')
})

test('what a shell would act on is quoted, and what a terminal would act on is written as an escape', () => {
  const names = ["it's", '$(id)', 'a b', '', '*', '\u001b[2J', 'line\nbreak', '~']
  expect(formatCommandLine(commandLine('rm', ['ana', ...names]))).toBe(
    String.raw`sft rm ana 'it'\''s' '$(id)' 'a b' '' '*' $'\033[2J' $'line\012break' '~'`,
  )
})

test('a name that begins with a hyphen is taken for no option', () => {
  expect(commandLine('get', ['ana', '-rf'], ['-o', '.'])).toEqual(['get', '-o', '.', '--', 'ana', '-rf'])
  expect(commandLine('pair', ['-'])).toEqual(['pair', '-'])
})

test('a path of this machine is as short as it can be, and never an option or a stream', () => {
  expect(localArgument('/home/ana', '/home/ana')).toBe('.')
  expect(localArgument('/home/ana/a/b', '/home/ana')).toBe('a/b')
  expect(localArgument('/home/bob', '/home/ana')).toBe('/home/bob')
  expect(localArgument('/home', '/home/ana')).toBe('/home')
  expect(localArgument('/home/ana/..x', '/home/ana')).toBe('..x')
  expect(localArgument('/home/ana/-', '/home/ana')).toBe('./-')
  expect(localArgument('/home/ana/-rf', '/home/ana')).toBe('./-rf')
})

test('~ is the folder of the user, and only at the beginning of a path', () => {
  expect(expandHome('~', '/home/ana')).toBe('/home/ana')
  expect(expandHome('~/a', '/home/ana')).toBe('/home/ana/a')
  expect(expandHome('~bob/a', '/home/ana')).toBe('~bob/a')
  expect(expandHome('a/~', '/home/ana')).toBe('a/~')
  expect(expandHome('~/a', undefined)).toBe('~/a')
})

test('a new name is one in the same folder, or a whole path', () => {
  expect(renamedPath('a/b/c.txt', 'd.txt')).toBe('a/b/d.txt')
  expect(renamedPath('c.txt', 'd.txt')).toBe('d.txt')
  expect(renamedPath('a/b/c.txt', 'x/d.txt')).toBe('x/d.txt')
})
