import { expect, test } from 'vitest'
import type { SftErrorCode } from '../../src/errors.ts'
import { attackedPair, codeOf } from '../support/aftermath.ts'
import {
  CONTENT,
  EXCHANGES,
  expectNoParts,
  forEachIndex,
  prepare,
  recordShape,
  runExchange,
} from '../support/small-exchange.ts'
import { cutEverywhere, SMALL_SESSIONS } from '../support/small-sessions.ts'
import { tempFolder } from '../support/tmp.ts'
import { cutAfter } from '../support/wire-recorder.ts'

test.for(EXCHANGES)('F03 C01 C02 a %s cut at every byte, %s', { timeout: 60_000 }, async ([kind, direction]) => {
  const pair = await attackedPair({ deadlines: { handshake: 3_000, record: 3_000, stall: 5_000 } })
  const place = { ...pair, local: tempFolder() }
  prepare(place)
  const shape = (await recordShape(place, kind, await pair.openStream()))[direction]
  expect(await pair.ending()).toBeNull()
  const otherwise: unknown[] = []
  await forEachIndex(shape.bytes, 4, async (count) => {
    const stream = cutAfter(await pair.openStream(), direction, count)
    const { call, session, committed } = await runExchange(place, kind, `cut-${count}`, stream)
    // An end without the final record is never taken for an orderly one, a part of the file never for the file.
    const partial = count < shape.safeFrom
    if (session !== 'ERR_CLOSED' || (partial && (committed || call !== 'ERR_CLOSED')))
      otherwise.push({ count, call, session, committed })
  })
  expect(otherwise).toEqual([])
  await expect.poll(() => pair.endings.length, { timeout: 5_000, interval: 3 }).toBe(1 + shape.bytes)
  // What the provider says last may be cut without its knowing: the client had closed the session in order by then.
  const sensible = new Set<SftErrorCode | null>(direction === 'outgoing' ? ['ERR_CLOSED'] : ['ERR_CLOSED', null])
  const endings = pair.endings.slice(1).map(codeOf)
  expect(endings.filter((code) => !sensible.has(code))).toEqual([])
  await expectNoParts(place, 'cut-')
  await pair.expectUnharmed({ source: CONTENT, ...(kind === 'put' && { shape: CONTENT }) })
})

test.for(SMALL_SESSIONS)('F03 C01 C02 a session with a $what cut all over, either way', async (session) => {
  for (const direction of ['outgoing', 'incoming'] as const) {
    expect(await cutEverywhere(session, direction, 17)).toMatchObject({ hangs: [], wrong: [] })
  }
})
