import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const DIST = 'dist'

/** What only the prompt library says. */
const TELLING = 'User force closed the prompt'

/** Returns the files of dist/ that are loaded along with one, and what those load. */
function loadedWith(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen
  seen.add(file)
  const source = readFileSync(join(DIST, file), 'utf8')
  for (const [, name = ''] of source.matchAll(/^(?:import .*|import |\} from )"\.\/([^"]+)";$/gm)) {
    loadedWith(name, seen)
  }
  return seen
}

function holds(file: string): boolean {
  return readFileSync(join(DIST, file), 'utf8').includes(TELLING)
}

test('the menu and what it is made of are loaded by nothing but the menu', () => {
  const loaded = loadedWith('sft.js')
  expect(loaded.size).toBeGreaterThan(1)
  expect([...loaded].filter(holds)).toEqual([])
  expect(readdirSync(DIST).filter((file) => file.endsWith('.js') && holds(file))).toHaveLength(1)
})
