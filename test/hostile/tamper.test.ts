import { expect, test } from 'vitest'
import { attackedPair, codeOf } from '../support/aftermath.ts'
import { memoryShare } from '../support/memory-share.ts'
import {
  CONTENT,
  EXCHANGES,
  expectNoParts,
  forEachIndex,
  prepare,
  recordShape,
  runExchange,
} from '../support/small-exchange.ts'
import { flipEverywhere, SMALL_SESSIONS } from '../support/small-sessions.ts'
import { tempFolder } from '../support/tmp.ts'
import { attacked, flipBit } from '../support/wire-recorder.ts'

/** A flipped length can only be found out by waiting for the bytes it announces. */
const DEADLINES = { handshake: 300, record: 100, stall: 30_000 }

test.for(EXCHANGES)(
  'C05 C18 every single bit flipped in a %s, %s: refused',
  { timeout: 60_000 },
  async ([kind, direction]) => {
    const share = await memoryShare({ deadlines: DEADLINES })
    const place = { ...share, local: tempFolder() }
    prepare(place)
    const shape = (await recordShape(place, kind, share.open().stream))[direction]
    const unnoticed: number[] = []
    const harmful: number[] = []
    await forEachIndex(shape.bytes * 8, 64, async (bit) => {
      const { stream, ending } = share.open()
      const meddled = attacked(stream, { [direction]: flipBit(bit) })
      const { call, session, committed } = await runExchange(place, kind, `flip-${bit}`, meddled)
      // Nobody may take the exchange for a good one, and without all its records no file may be there.
      const providerEnding = codeOf(await ending)
      if (call === null && session === null && providerEnding === null) unnoticed.push(bit)
      if (bit >>> 3 < shape.safeFrom && (committed || call === null)) harmful.push(bit)
    })
    expect({ unnoticed, harmful }).toEqual({ unnoticed: [], harmful: [] })
    await expectNoParts(place, 'flip-')
    // It still serves.
    expect(await runExchange(place, kind, 'fresh', share.open().stream)).toEqual({
      call: null,
      session: null,
      committed: true,
    })
  },
)

test.for(EXCHANGES)('C05 bits flipped in a %s, %s, between two nodes: refused', async ([kind, direction]) => {
  const pair = await attackedPair({ deadlines: DEADLINES })
  const place = { ...pair, local: tempFolder() }
  prepare(place)
  const shape = (await recordShape(place, kind, await pair.openStream()))[direction]
  expect(await pair.ending()).toBeNull()
  const unnoticed: number[] = []
  const harmful: number[] = []
  for (let byte = direction === 'outgoing' ? 0 : 3; byte < shape.bytes; byte += 11) {
    const stream = attacked(await pair.openStream(), { [direction]: flipBit(byte * 8 + (byte % 8)) })
    const { call, session, committed } = await runExchange(place, kind, `flip-${byte}`, stream)
    const ending = await pair.ending()
    if (call === null && session === null && ending === null) unnoticed.push(byte)
    if (byte < shape.safeFrom && committed) harmful.push(byte)
  }
  expect({ unnoticed, harmful }).toEqual({ unnoticed: [], harmful: [] })
  await expectNoParts(place, 'flip-')
  await pair.expectUnharmed({ source: CONTENT, ...(kind === 'put' && { shape: CONTENT }) })
})

test.for(SMALL_SESSIONS.slice(-3))(
  'C05 bits flipped in a session with a $what, either way: refused',
  async (session) => {
    for (const direction of ['outgoing', 'incoming'] as const) {
      expect(await flipEverywhere(session, direction, 97)).toMatchObject({ hangs: [], wrong: [] })
    }
  },
)
