import { expect, test } from 'vitest'
import type { WireDirection } from '../support/small-exchange.ts'
import { cutEverywhere, flipEverywhere, SMALL_SESSIONS, type Attacked } from '../support/small-sessions.ts'
import { report } from './figures.ts'

const CASES = SMALL_SESSIONS.flatMap((session) =>
  (['outgoing', 'incoming'] as const).map((direction) => [session.what, direction, session] as const),
)

function conclude(what: string, { sessions, hangs, wrong }: Attacked): void {
  report({
    what,
    count: sessions,
    unit: 'sessions',
    violations: hangs.length + wrong.length,
    note: `${hangs.length} hangs`,
  })
  expect({ hangs, wrong: wrong.slice(0, 20) }).toEqual({ hangs: [], wrong: [] })
}

const side = (direction: WireDirection): string => (direction === 'outgoing' ? 'asked' : 'answered')

test.for(CASES)('%s, %s, cut at every byte', async ([what, direction, session]) => {
  conclude(`cut: ${what}, ${side(direction)}`, await cutEverywhere(session, direction))
})

test.for(CASES)('%s, %s, every bit flipped', async ([what, direction, session]) => {
  conclude(`bits: ${what}, ${side(direction)}`, await flipEverywhere(session, direction))
})
