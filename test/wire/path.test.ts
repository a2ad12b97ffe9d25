import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MAX_DEPTH, MAX_NAME_BYTES, MAX_PATH_BYTES } from '../../src/wire/limits.ts'
import {
  baseName,
  components,
  decodeName,
  decodePath,
  encodePath,
  joinPath,
  nameFault,
  parseRemotePath,
  ROOT,
} from '../../src/wire/path.ts'
import { decodesOrRefuses, failureOf, refusal } from './decodes.ts'

/** A path of exactly this many bytes, of short names. */
const pathOf = (bytes: number): string => 'aaaaaaa/'.repeat(Math.ceil(bytes / 8)).slice(0, bytes - 1) + 'a'
const deep = (names: number): string => Array<string>(names).fill('a').join('/')

describe('accepts', () => {
  test.each([
    'a',
    'a/b/c',
    '...',
    '..a',
    'a..',
    '.a',
    ' ',
    'a ',
    'a.',
    'CON',
    'ab:c',
    '1:a',
    ':a',
    '-r',
    '%2e%2e/%2f',
    '\u212a:a', // the sign for kelvin, which a careless fold takes for a k
    '\u017f:a', // the long s
    '\u2215', // a slash only to the eye
    '\uff0e\uff0e/a',
    '\ufeff',
    'a\tb\nc\rd\u001be',
    '\u202e',
    '\ufffd',
    '__proto__/constructor',
  ])('%j', (text) => {
    expect(parseRemotePath(text)).toBe(text)
    expect(decodePath(encodePath(parseRemotePath(text)))).toBe(text)
  })
})

describe('refuses', () => {
  test.each([
    '',
    '..',
    '../a',
    'a/..',
    'a/../b',
    './a',
    'a/.',
    'a/./b',
    './.',
    '/',
    '/a',
    'a/',
    'a//b',
    '//',
    'a\\b',
    '\\',
    '..\\..',
    'C:',
    'c:a',
    'Z:/a',
    'a/z:b',
    'a:b',
    '\\\\host\\share',
    'a\0',
    '\0',
    '\ud800',
    'a/\udc00b',
  ])('%j', (text) => {
    expect(refusal(() => parseRemotePath(text))).toBe('ERR_PATH')
  })

  test('bytes that are not UTF-8, rather than replacing them', () => {
    for (const bytes of [[0xff], [0x61, 0x80], [0xc0, 0x80], [0xc1, 0xbf], [0xe0, 0x80, 0xaf], [0xed, 0xbf, 0xbf]]) {
      expect(refusal(() => decodePath(Uint8Array.from(bytes)))).toBe('ERR_PATH')
    }
  })
})

describe('limits', () => {
  test.each([1, MAX_NAME_BYTES - 1, MAX_NAME_BYTES])('a name may have %i bytes', (length) => {
    expect(decodePath(Buffer.alloc(length, 'a'))).toHaveLength(length)
  })

  test('a name may not have 256 bytes, however few characters they are', () => {
    expect(refusal(() => parseRemotePath('a'.repeat(MAX_NAME_BYTES + 1)))).toBe('ERR_PATH')
    expect(parseRemotePath('é'.repeat(127))).toHaveLength(127)
    expect(refusal(() => parseRemotePath('é'.repeat(128)))).toBe('ERR_PATH')
    expect(refusal(() => parseRemotePath(`a/${'🙂'.repeat(64)}`))).toBe('ERR_PATH')
  })

  test('a path may have 255 names and not 256', () => {
    expect(components(parseRemotePath(deep(MAX_DEPTH - 1)))).toHaveLength(MAX_DEPTH - 1)
    expect(components(parseRemotePath(deep(MAX_DEPTH)))).toHaveLength(MAX_DEPTH)
    expect(refusal(() => parseRemotePath(deep(MAX_DEPTH + 1)))).toBe('ERR_PATH')
  })

  test('a path may have 4,096 bytes and not 4,097', () => {
    const names = (length: number): string => `${`${'a'.repeat(254)}/`.repeat(16)}${'a'.repeat(length)}`
    expect(parseRemotePath(names(15))).toHaveLength(MAX_PATH_BYTES - 1)
    expect(parseRemotePath(names(16))).toHaveLength(MAX_PATH_BYTES)
    expect(refusal(() => parseRemotePath(names(17)))).toBe('ERR_PATH')
    expect(refusal(() => decodePath(new TextEncoder().encode(names(17))))).toBe('ERR_PATH')
    expect(refusal(() => parseRemotePath(`${'é'.repeat(127)}/`.repeat(16) + 'é'.repeat(9)))).toBe('ERR_PATH')
  })

  test('a path beyond all limits is refused without looking at its names', () => {
    expect(refusal(() => parseRemotePath(pathOf(50_000_000)))).toBe('ERR_PATH')
    expect(refusal(() => decodePath(new Uint8Array(50_000_000)))).toBe('ERR_PATH')
  })
})

describe('names', () => {
  test('are judged as a path of one component is, save that the root is no name', () => {
    const property = fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (name) => {
      const isPath = decodesOrRefuses(() => parseRemotePath(name), new Uint8Array(0)) === name
      return (nameFault(name) === null) === (isPath && name !== ROOT && !name.includes('/'))
    })
    expect(failureOf(property)).toBeUndefined()
  })

  test('hold no separator', () => {
    expect(nameFault('a/b')).toBe('contains a separator inside a name')
  })

  test('are decoded exactly or not at all', () => {
    const property = fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      const name = decodeName(bytes)
      return name === null || Buffer.from(name).equals(bytes)
    })
    expect(failureOf(property)).toBeUndefined()
    expect(decodeName(Uint8Array.of(0xff))).toBeNull()
    expect(decodeName(Uint8Array.of(0xef, 0xbb, 0xbf))).toBe('\ufeff')
  })
})

describe('the parts of a path', () => {
  test('of the root are none', () => {
    expect(components(ROOT)).toEqual([])
    expect(baseName(ROOT)).toBe('.')
  })

  test('join to the path again', () => {
    const path = parseRemotePath('a/b/c')
    expect(components(path)).toEqual(['a', 'b', 'c'])
    expect(baseName(path)).toBe('c')
    expect(joinPath(parseRemotePath('a/b'), 'c')).toBe(path)
    expect(joinPath(ROOT, 'a')).toBe('a')
  })

  test.each(['', '..', '.', '/a', 'b/', 'b\\c', 'c:', 'a\0'])('do not join with %j', (name) => {
    expect(refusal(() => joinPath(parseRemotePath('a'), name))).toBe('ERR_PATH')
  })

  test('do not join to a path beyond the limits', () => {
    expect(refusal(() => joinPath(parseRemotePath(deep(MAX_DEPTH)), 'a'))).toBe('ERR_PATH')
  })
})

test('takes any bytes as they are or refuses them', () => {
  const pieces = fc.constantFrom('..', '.', '/', '\\', 'a', 'C:', '\0', 'é', ' ')
  const likely = fc.array(pieces, { maxLength: 12 }).map((parts) => new TextEncoder().encode(parts.join('')))
  const property = fc.property(fc.oneof(fc.uint8Array({ maxLength: 400 }), likely), (bytes) => {
    const outcome = decodesOrRefuses(decodePath, bytes)
    if (outcome === 'ERR_PATH') return true
    const names = outcome === ROOT ? [] : outcome.split('/')
    return Buffer.from(outcome).equals(bytes) && names.every((name) => nameFault(name) === null)
  })
  expect(failureOf(property, 2_000)).toBeUndefined()
})
