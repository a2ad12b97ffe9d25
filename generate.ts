/** Generates src/wire/messages.ts from its .proto; the generated code does not hold our strictest compiler flags. */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'

const target = 'src/wire/messages.ts'
execFileSync('protons', ['src/wire/messages.proto', '--output', 'src/wire'], { stdio: 'inherit' })
const note = '// Generated from messages.proto by `npm run generate`: do not edit.\n// @ts-nocheck\n'
writeFileSync(target, note + readFileSync(target, 'utf8'))
