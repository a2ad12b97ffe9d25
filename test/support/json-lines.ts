import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'

/** A JSON Schema, as far as docs/json.schema.json uses it. */
export interface Schema {
  readonly description?: string
  /** The commands that print such a line; `all` for every one. */
  readonly 'x-commands'?: readonly string[]
  readonly properties?: Record<string, Schema>
  readonly required?: readonly string[]
  readonly items?: Schema
  readonly anyOf?: readonly Schema[]
  readonly $ref?: string
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly $defs?: Record<string, Schema>
}

/** docs/json.schema.json: what `--json` prints. */
export const SCHEMA = JSON.parse(
  readFileSync(new URL('../../docs/json.schema.json', import.meta.url), 'utf8'),
) as Schema

const DEFINITIONS = SCHEMA.$defs ?? {}

/** The schema of each line, by its name in the schema. */
export const LINES: ReadonlyMap<string, Schema> = new Map(
  (SCHEMA.anyOf ?? []).map(({ $ref = '' }) => {
    const name = $ref.replace('#/$defs/', '')
    return [name, DEFINITIONS[name] ?? {}]
  }),
)

/** Commands whose lines `sft batch` prints too. */
const IN_BATCH = new Set(['ls', 'get', 'put', 'rm', 'mv', 'mkdir', 'hash'])

const ajv = new Ajv2020({ strict: false, allErrors: true })
ajv.addSchema(closed(SCHEMA) as object, 'lines')

/**
 * Returns the names, in the schema, of all lines that a command printed with `--json`, in order.
 *
 * @param command - With its subcommand if it has some, as the schema names it: `peers rename`.
 * @throws if a line is none that the schema has for this command, or has a field that is not there.
 */
export function documentedLines(command: string, stdout: string): string[] {
  if (stdout !== '' && !/^(?:[\x20-\x7e]+\n)+$/.test(stdout)) throw new Error(`not lines of ASCII: ${stdout}`)
  return stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => nameOf(command, JSON.parse(line) as Record<string, unknown>))
}

function nameOf(command: string, object: Record<string, unknown>): string {
  const alike = [...LINES].filter(([, { properties = {}, 'x-commands': commands = [] }]) => {
    const told = ['type', 'kind', 'check'].every((key) => {
      const { const: only, enum: values = only === undefined ? undefined : [only] } = properties[key] ?? {}
      return values?.includes(object[key]) ?? true
    })
    const isOfLine = command === 'batch' && commands.some((name) => IN_BATCH.has(name))
    return told && (isOfLine || commands.includes('all') || commands.includes(command))
  })
  const [name = ''] = alike.map(([found]) => found)
  const validate = ajv.getSchema(`lines#/$defs/${name}`)
  if (alike.length === 1 && validate?.(object) === true) return name
  const why = alike.length === 1 ? ajv.errorsText(validate?.errors) : `${alike.length} lines of the schema are like it`
  throw new Error(`sft ${command} printed ${JSON.stringify(object)}: ${why}`)
}

/** Returns a schema that allows no field but those it has. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed)
  if (typeof schema !== 'object' || schema === null) return schema
  const inner = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]))
  return 'properties' in schema && 'required' in schema ? { ...inner, additionalProperties: false } : inner
}
