import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ERRORS, EXITS } from '../../src/index.ts'
import { RIGHTS } from '../../src/wire/rights.ts'
import { sft } from '../support/cli.ts'
import { LINES, SCHEMA, type Schema } from '../support/json-lines.ts'
import { tempFolder } from '../support/tmp.ts'

const page = readFileSync(new URL('../../docs/json.md', import.meta.url), 'utf8')

/** Returns the rows of the tables between two headings of the page, as they are written. */
function rowsOf(heading: string): string[] {
  const [, section = ''] = page.split(`\n## ${heading}\n`)
  const [text = ''] = section.split('\n## ')
  return text
    .split('\n')
    .filter((line) => line.startsWith('| ') && !/^\| (?:type|check|field|status|flag) \|/.test(line))
}

/** What every check of the doctor has, which its page says once. */
const VERDICT = new Set(['check', 'status', 'found', 'advice', 'code'])

/** Returns the row that the page has to have for a line. */
function rowFor({ description = '', 'x-commands': commands = [], properties = {}, required = [] }: Schema): string {
  const isCheck = properties['type']?.const === 'check'
  const fields = Object.entries(properties)
    .filter(([name]) => name !== 'v' && name !== 'type' && !(isCheck && VERDICT.has(name)))
    .map(([name, schema]) => `\`${name}\`${required.includes(name) ? '' : '?'}${valuesOf(schema)}`)
    .join(', ')
  return isCheck
    ? `| \`${String(properties['check']?.const)}\` | ${description} | ${fields} |`
    : `| \`${String(properties['type']?.const)}\` | ${commands.join(', ')} | ${description} | ${fields} |`
}

function valuesOf({ const: only, enum: values = only === undefined ? [] : [only] }: Schema): string {
  return values.length === 0 ? '' : ` (${values.map(String).join(', ')})`
}

/** Returns the name of every field of a schema and of what is in it. */
function fieldsIn(schema: unknown): string[] {
  if (typeof schema !== 'object' || schema === null) return []
  const own = 'properties' in schema ? Object.keys(schema.properties as object) : []
  return [...own, ...Object.values(schema).flatMap(fieldsIn)]
}

test('the page has every line of the schema with its fields, and no other', () => {
  expect(rowsOf('Lines')).toEqual([...LINES.values()].map(rowFor))
})

test('the page says of every field what it is, and of no other', () => {
  const told = rowsOf('Fields').flatMap((row) => [...(row.split(' | ')[0] ?? '').matchAll(/`(\w+)`/g)])
  const names = told.map(([, name = '']) => name)
  expect(names).toHaveLength(new Set(names).size)
  expect(new Set(names)).toEqual(new Set(fieldsIn(SCHEMA.$defs)))
})

test('every line bears the version and a type, and both are required', () => {
  for (const { properties, required } of LINES.values()) {
    expect(properties).toMatchObject({ v: { const: 1 }, type: { const: expect.any(String) } })
    expect(required?.slice(0, 2)).toEqual(['v', 'type'])
  }
})

test('the schema knows the same errors, exit statuses and rights as the program', () => {
  expect(SCHEMA.$defs?.['errorCode']?.enum).toEqual(Object.keys(ERRORS))
  expect(SCHEMA.$defs?.['exit']?.enum).toEqual(Object.keys(EXITS).map(Number))
  expect(SCHEMA.$defs?.['right']?.enum).toEqual(RIGHTS)
})

test('the page has the table of exit statuses that the program has', () => {
  const codes = Object.entries(ERRORS)
  const rows = Object.entries(EXITS).map(([exit, means]) => {
    const those = codes.filter(([, numbers]) => numbers.exit === Number(exit)).map(([code]) => `\`${code}\``)
    return `| ${exit} | ${means} | ${those.join(', ')} |`
  })
  expect(rowsOf('Exit status')).toEqual(rows)
})

test('README.md says the same of every exit status that it names', () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
  const [, table = ''] = readme.split('| exit | means | exit | means |\n')
  const cells = (table.split('\n\n')[0] ?? '').split('\n').flatMap((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
  const named: [string, string][] = []
  for (let index = 0; index < cells.length; index += 2) {
    const [exits = '', means = ''] = cells.slice(index, index + 2)
    if (!/^\d/.test(exits)) continue
    if (!exits.includes(',')) named.push([exits, means])
    else for (const [nth, exit] of exits.split(', ').entries()) named.push([exit, means.split(', ')[nth] ?? ''])
  }
  expect(named.length).toBeGreaterThan(10)
  expect(Object.fromEntries(named)).toEqual(
    Object.fromEntries(Object.entries(EXITS).filter(([exit]) => named.some(([known]) => known === exit))),
  )
})

test('every command has lines in the schema', async () => {
  const { stdout } = await sft(['--help'], { home: join(tempFolder(), 'home') })
  const commands = [...stdout.matchAll(/^ {2}([a-z]+) /gm)].map(([, name = '']) => name)
  const described = [...LINES.values()].flatMap((line) => line['x-commands'] ?? []).map((name) => name.split(' ')[0])
  expect(new Set(commands.filter((name) => name !== 'sft' && name !== 'help'))).toEqual(
    new Set(described.filter((name) => name !== 'all')),
  )
})
