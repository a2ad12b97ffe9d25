import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import packageJson from '../../package.json' with { type: 'json' }
import { escapeRoff, manPages } from '../../src/cli/man-pages.ts'
import { commandLine } from '../../src/cli/program.ts'

const program = commandLine(() => undefined)
const pages = manPages()

test('there is a page for sft and for each command, and the package names them all', () => {
  const names = ['sft.1', ...program.commands.map((command) => `sft-${command.name()}.1`)]
  expect([...pages.keys()]).toEqual(names)
  expect(packageJson.man).toEqual(names.map((name) => `dist/man/${name}`))
})

test('the build wrote them', () => {
  expect(readdirSync('dist/man').toSorted()).toEqual([...pages.keys()].toSorted())
  for (const [name, text] of pages) expect(readFileSync(`dist/man/${name}`, 'utf8')).toBe(text)
})

test.each([...pages])('%s is well formed', (name, text) => {
  const title = name.replace(/\.1$/, '')
  const lines = text.split('\n')
  expect(lines.at(-1)).toBe('')
  expect(lines[0]).toBe(`.TH "${title.toUpperCase().replaceAll('-', '\\-')}" "1" "" "sft ${packageJson.version}" "sft"`)
  const sections = lines.flatMap((line) => /^\.SH "(.*)"$/.exec(line)?.[1] ?? [])
  expect(sections.slice(0, 3)).toEqual(['NAME', 'SYNOPSIS', 'DESCRIPTION'])
  expect(sections.slice(-2)).toEqual(['EXAMPLES', 'SEE ALSO'])
  expect(lines[2]).toMatch(new RegExp(`^${title.replaceAll('-', '\\\\-')} \\\\- \\S`))
  for (const line of lines.slice(0, -1)) {
    expect(line).toMatch(/^(?:\.(?:TH|SH|TP|B|BR|br|nf|fi)(?: .*)?|[^.'].*)$/)
    expect(line).not.toMatch(/^\.(?:B|BR)$|^ /)
    // No sign that roff would take for another one, and no escape but of one.
    expect(line.replace(/\\(?:-|&|\((?:dq|aq|rs|ha|ga|ti))/g, '')).not.toMatch(/[\\^`~-]/)
    // eslint-disable-next-line no-control-regex
    expect(line).toMatch(/^[\x20-\x7e]*$/)
  }
})

test('a page says of each option what --help says, and of its variable', () => {
  const get = pages.get('sft-get.1') ?? ''
  const item = (term: string): string | undefined => {
    const lines = get.split('\n')
    return lines[lines.indexOf(`.B ${term}`) + 1]
  }
  expect(item('\\-\\-bwlimit <rate>')).toMatch(/^most bytes a second.*variable: SFT_BWLIMIT$/)
  expect(item('\\-\\-on\\-conflict <what>')).toMatch(/: ask, skip, .*; without it: ask on a terminal/)
  expect(item('\\-o, \\-\\-output <dest>')).not.toMatch('variable')
  expect(item('peer')).toMatch(/^name of a paired machine/)
  expect(get).not.toContain('muxer')
  expect(get).toContain('.nf\nsft get ana\\-laptop holidays \\-o pictures/\n.fi')
  expect(pages.get('sft-peers.1')).toContain('.SH "SFT PEERS RENAME"')
})

test('text is printed as it is', () => {
  expect(escapeRoff(`.PP\n'x "q" a\\b ~/x ^y \`z\` a-b`)).toBe(
    '\\&.PP\n\\(aqx \\(dqq\\(dq a\\(rsb \\(ti/x \\(hay \\(gaz\\(ga a\\-b',
  )
})
