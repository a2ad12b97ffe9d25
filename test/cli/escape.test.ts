import * as fc from 'fast-check'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { escapeBytes, escapeText } from '../../src/cli/escape.ts'
import { formatDigestLine } from '../../src/cli/format.ts'
import { cutEnd, textWidth } from '../../src/cli/width.ts'
import { objects, PATIENTLY, sft, startShare, startShareForPeople, twoMachines, type Finished } from '../support/cli.ts'

/** What a terminal acts on, or shows as something else than it is; line breaks are looked at apart. */
// eslint-disable-next-line no-control-regex
const RAW = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\u{e0000}-\u{e007f}]/u

/** Names a peer may give its files, at most 255 bytes each. */
const HOSTILE_NAMES = [
  '\u001b[31mred\u001b[1A',
  '\u001b]52;c;ZXZpbA==\u0007',
  '\u001b]8;;http:example\u001b\\'.replace('\\', ''),
  '\u009b31mC1\u009d',
  'back\b\b\b\u007f\r\rspace',
  'tab\tbell\u0007',
  'exe.\u202etxt',
  'isolate\u2066\u2069\u200e',
  'zero\u200bwidth\ufeff\u2060',
  'line\nforged.txt',
  'separators\u2028\u2029',
  'tags\u{e0041}\u{e007f}',
  'fillers\u3164\u115f',
  `zalgo${'\u0301'.repeat(110)}`,
]

test.each([
  ['plain ümläut 日本語 🎉.txt', 'plain ümläut 日本語 🎉.txt'],
  ['\u001b[31m', '\\x1b[31m'],
  ['\u009b31m', '\\x9b31m'],
  ['\u001b]52;c;ZXZpbA==\u0007', '\\x1b]52;c;ZXZpbA==\\x07'],
  ['a\nb\r\tc', 'a\\nb\\r\\tc'],
  ['a\\nb', 'a\\\\nb'],
  ['exe.\u202etxt', 'exe.\\u{202e}txt'],
  ['\u2066\u2069\u200b\ufeff', '\\u{2066}\\u{2069}\\u{200b}\\u{feff}'],
  ['\u2028\u2029', '\\u{2028}\\u{2029}'],
  ['\u{e0041}', '\\u{e0041}'],
  ['\u3164', '\\u{3164}'],
  ['\ud800', '\\u{d800}'],
  ['e\u0301 ❤\ufe0f', 'e\u0301 ❤\ufe0f'],
  [`o${'\u0301'.repeat(9)}k`, `o${'\u0301'.repeat(8)}\\u{301}k`],
])('escapes %j as %j', (text, escaped) => {
  expect(escapeText(text)).toBe(escaped)
})

test('bytes that are not UTF-8 are escaped one by one', () => {
  expect(escapeBytes(new Uint8Array([0x61, 0xff, 0x1b, 0x5c, 0xc3]))).toBe('a\\xff\\x1b\\x5c\\xc3')
  expect(escapeBytes(new TextEncoder().encode('ü\u202e'))).toBe('ü\\u{202e}')
})

test('T01, T02 and T04: no text gets through raw, and no two texts look the same', () => {
  const anyText = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({
      unit: fc.constantFrom('\\', 'x', 'u', '{', '1', 'b', '}', '\u001b', '\u202e', '\u0301', '\n', '\ud800'),
    }),
  )
  fc.assert(
    fc.property(anyText, (text) => {
      const escaped = escapeText(text)
      expect(escaped).not.toMatch(RAW)
      expect(escaped).not.toContain('\n')
      expect(unescape(escaped)).toBe(text)
    }),
    { numRuns: 2_000 },
  )
})

test('T08: a thousand marks on one letter and ten thousand columns stay one line that is cut to fit', () => {
  const escaped = escapeText(`a${'\u0301'.repeat(1_000)}`)
  expect(escaped).toMatch(/^a\u0301{8}(\\u\{301\}){992}$/)
  expect(textWidth(cutEnd(escaped, 79))).toBe(79)
  expect(cutEnd('x'.repeat(10_000), 79)).toBe(`${'x'.repeat(78)}…`)
  expect(escapeText('\u0301'.repeat(1_000_000)).length).toBeGreaterThan(1_000_000)
})

test('a line of digests holds its name as md5sum writes it', () => {
  expect(formatDigestLine('0'.repeat(32), 'a b')).toBe(`${'0'.repeat(32)}  a b`)
  expect(formatDigestLine('0'.repeat(32), 'a\nb\r\\')).toBe(`\\${'0'.repeat(32)}  a\\nb\\r\\\\`)
})

test('T01, T02 and T04: hostile names reach no terminal raw, on either side, from any command', async () => {
  const { sharer, client, root, local } = twoMachines()
  mkdirSync(join(root, 'sub'))
  for (const name of HOSTILE_NAMES) {
    writeFileSync(join(root, name), name)
    writeFileSync(join(root, 'sub', name), name)
  }
  writeFileSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0x1b, 0x5b, 0x6d, 0xff])]), '')
  const [people, programs] = await Promise.all([
    startShareForPeople(root, ['-w', '--open'], sharer),
    startShare(root, ['-w', '--open'], sharer),
  ])
  const printed: Finished[] = []
  const run = async (...args: string[]): Promise<Finished> => {
    const result = await sft(args, client)
    printed.push(result)
    return result
  }

  const listed = await run('ls', people.address, '-l')
  expect(listed).toMatchObject({ exit: 0, stderr: 'sft: \\x1b[m\\xff: its name cannot be shared\n' })
  expect(listed.stdout.split('\n')).toHaveLength(HOSTILE_NAMES.length + 2)
  expect((await run('ls', people.address, '-r')).stdout.split('\n')).toHaveLength(2 * HOSTILE_NAMES.length + 2)
  const entries = objects((await run('ls', programs.address, 'sub', '--json')).stdout)
  expect(entries.map(({ path }) => String(path)).toSorted()).toEqual(
    HOSTILE_NAMES.map((name) => `sub/${name}`).toSorted(),
  )

  expect(await run('get', people.address, ...HOSTILE_NAMES)).toMatchObject({ exit: 0 })
  for (const name of HOSTILE_NAMES) writeFileSync(join(local, name), 'another one')
  expect(await run('get', people.address, ...HOSTILE_NAMES)).toMatchObject({ exit: 8 }) // all differ
  expect(await run('get', programs.address, '--json', '-o', local, ...HOSTILE_NAMES)).toMatchObject({ exit: 8 })
  expect(await run('hash', programs.address, '--json', ...HOSTILE_NAMES)).toMatchObject({ exit: 0 })
  expect(await run('rm', people.address, ...HOSTILE_NAMES)).toMatchObject({ exit: 0 })
  expect(await run('rm', people.address, ...HOSTILE_NAMES)).toMatchObject({ exit: 4 }) // all are gone
  expect(await run('put', people.address, ...HOSTILE_NAMES)).toMatchObject({ exit: 0 })
  for (const name of HOSTILE_NAMES) writeFileSync(join(local, name), 'yet another one')
  expect(await run('put', programs.address, '--json', ...HOSTILE_NAMES)).toMatchObject({ exit: 8 })
  expect(await run('put', people.address, HOSTILE_NAMES[0] ?? '', '-o', 'x\u001b[m/')).toMatchObject({ exit: 4 })
  for (const [index, peer] of [people, programs].entries()) {
    const [from, to] = [HOSTILE_NAMES[index] ?? '', `moved\u001b[5m\u202e${index}`]
    expect(await run('mv', peer.address, from, to)).toMatchObject({ exit: 0 })
    expect(await run('mkdir', peer.address, `folder\u001b]0;title\u0007${index}`)).toMatchObject({ exit: 0 })
  }

  for (const { stdout, stderr } of [...printed, people.printed(), programs.printed()]) {
    expect(stdout).not.toMatch(RAW)
    expect(stderr).not.toMatch(RAW)
  }
  await expect.poll(() => people.printed().stderr, PATIENTLY).toContain('\\x1b]0;title\\x070')
  expect(people.printed().stderr).toContain('line\\nforged.txt')
  expect(people.printed().stderr).not.toMatch(/^forged/m)
  await expect.poll(() => programs.events.length, PATIENTLY).toBeGreaterThan(HOSTILE_NAMES.length)
  expect(people.printed().stderr).not.toMatch(RAW)
  expect(programs.printed().stdout).toMatch(/^[\x20-\x7e\n]+$/)
})

test('T03: hostile words on the command line are not echoed raw either', async () => {
  const { client } = twoMachines()
  const evil = '\u001b[31m\u202e\u009b\u0007'
  const lines = [[evil], [`--${evil}`], ['ls', evil], ['share', evil], ['get', 'peer', 'x', `-${evil}`], ['id', evil]]
  for (const args of lines) {
    const { exit, stdout, stderr } = await sft(args, client)
    expect(exit).toBeGreaterThan(1)
    expect(stdout).toBe('')
    expect(stderr).not.toMatch(RAW)
    expect(stderr).toContain('\\x1b[31m\\u{202e}\\x9b')
  }
})

/** Reads what {@link escapeText} wrote. */
function unescape(escaped: string): string {
  return escaped.replace(
    /\\(?:x([0-9a-f]{2})|u\{([0-9a-f]+)\}|(.))/g,
    (_all, byte?: string, code?: string, short?: string) =>
      short === undefined
        ? String.fromCodePoint(parseInt(byte ?? code ?? '', 16))
        : ({ n: '\n', r: '\r', t: '\t', '\\': '\\' }[short] ?? ''),
  )
}
