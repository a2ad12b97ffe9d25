import { expect, test } from 'vitest'
import { hostileNames } from '../support/hostile-names.ts'
import { askForNames } from '../support/names-attack.ts'
import { report } from './figures.ts'

const NAMES = 2_200

test('no name leads out of a share, whatever is asked for it', async () => {
  const { requests, allowed, escapes } = await askForNames(hostileNames(NAMES))
  const note = `${requests} requests, ${allowed} of them inside the root`
  report({ what: 'names', count: NAMES, unit: 'names', violations: escapes.length, note })
  expect(escapes).toEqual([])
})
