import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { constant, constantFrom, integer, nat, oneof, record, type Arbitrary } from 'fast-check'
import type { SftErrorCode } from '../../src/errors.ts'
import { parseRemotePath } from '../../src/wire/path.ts'
import { RIGHTS } from '../../src/wire/rights.ts'
import { codeOf } from './aftermath.ts'
import { HostilePeer } from './hostile-peer.ts'
import type { MemoryShare } from './memory-share.ts'
import { requestOf } from './protobuf.ts'

/** One thing a client can say. `to` chooses one of its requests, the latest being 0; one it never made where there is none. */
type Step =
  | { readonly say: 'put'; readonly size: number }
  | { readonly say: 'data'; readonly to: number; readonly length: number }
  | { readonly say: 'rest'; readonly to: number }
  | { readonly say: 'end'; readonly to: number; readonly lie: 'none' | 'size' | 'digest' | 'error' }
  | { readonly say: 'success' | 'failure' | 'begin'; readonly to: number }
  | { readonly say: 'get' | 'stat' | 'badRequest' | 'reusedId' | 'welcome' | 'credit' | 'pause' }

const to = nat({ max: 3 })
export const step: Arbitrary<Step> = oneof(
  { weight: 6, arbitrary: record({ say: constant('put' as const), size: nat({ max: 4 }) }) },
  {
    weight: 4,
    arbitrary: record({ say: constant('data' as const), to, length: integer({ min: 1, max: 4 }) }),
  },
  { weight: 6, arbitrary: record({ say: constant('rest' as const), to }) },
  {
    weight: 8,
    arbitrary: record({
      say: constant('end' as const),
      to,
      lie: constantFrom(
        'none' as const,
        'none' as const,
        'none' as const,
        'size' as const,
        'digest' as const,
        'error' as const,
      ),
    }),
  },
  {
    weight: 1,
    arbitrary: record({ say: constantFrom('success' as const, 'failure' as const, 'begin' as const), to }),
  },
  {
    weight: 3,
    arbitrary: record({
      say: constantFrom('get' as const, 'stat' as const, 'badRequest' as const, 'credit' as const, 'pause' as const),
    }),
  },
  { weight: 1, arbitrary: record({ say: constantFrom('reusedId' as const, 'welcome' as const) }) },
)

/** What a client said of one upload, as the specification counts it. */
interface Upload {
  readonly id: number
  readonly size: number
  readonly sent: number[]
  state: 'open' | 'good' | 'bad'
}

/** Says the steps to the real provider and keeps the books about them. */
class Speaker {
  /** Uploads that were announced, filled and ended without a fault, before the first message that is not allowed. */
  readonly uploads: Upload[] = []
  /** Whether a message was sent for which the provider has to end the session, or may have to. */
  broken = false
  readonly #peer: HostilePeer
  readonly #run: number
  #lastId = 0

  constructor(peer: HostilePeer, run: number) {
    this.#peer = peer
    this.#run = run
  }

  async say(step: Step): Promise<void> {
    switch (step.say) {
      case 'put': {
        const id = ++this.#lastId
        const action = {
          type: 'put',
          path: parseRemotePath(this.name(id)),
          overwrite: false,
          offset: 0,
          stream: false,
        } as const
        this.#peer.send({
          type: 'request',
          id,
          action: { ...action, file: { size: step.size, mtime: 0n, executable: false } },
        })
        this.uploads.push({ id, size: step.size, sent: [], state: 'open' })
        return
      }
      case 'data':
        this.#data(this.#upload(step.to), step.length)
        return
      case 'rest': {
        const upload = this.#upload(step.to)
        const missing = upload ? upload.size - upload.sent.length : 0
        if (missing > 0) this.#data(upload, missing)
        return
      }
      case 'end':
        this.#end(this.#upload(step.to), step.lie)
        return
      case 'success':
      case 'failure':
        // The word on a file is never the sender's. A failure for what is over may cross its end, and is ignored then.
        this.#peer.send({
          type: 'result',
          id: this.#upload(step.to)?.id ?? 99_999,
          error: step.say === 'success' ? 0 : 16,
        })
        this.broken = true
        return
      case 'begin':
        this.#peer.send({
          type: 'begin',
          id: this.#upload(step.to)?.id ?? 99_999,
          file: { size: 1, mtime: 0n, executable: false },
        })
        this.broken = true
        return
      case 'get':
      case 'stat': {
        const path = parseRemotePath('absent')
        const action =
          step.say === 'get'
            ? ({ type: 'get', path, offset: 0, length: null } as const)
            : ({ type: 'stat', path } as const)
        this.#peer.send({ type: 'request', id: ++this.#lastId, action })
        return
      }
      case 'badRequest':
        this.#peer.sendEncoded(requestOf(++this.#lastId, 'stat'))
        return
      case 'reusedId':
        this.#peer.sendEncoded(requestOf(Math.max(1, this.#lastId), 'stat'))
        if (this.#lastId > 0) this.broken = true
        else this.#lastId = 1
        return
      case 'welcome':
        this.#peer.send({ type: 'welcome', rights: new Set(RIGHTS) })
        this.broken = true
        return
      case 'credit':
        this.#peer.send({ type: 'credit', bytes: 0 })
        return
      case 'pause':
        await new Promise((resolve) => setImmediate(resolve))
    }
  }

  name(id: number): string {
    return `${this.#run}-${id}`
  }

  #upload(to: number): Upload | undefined {
    return this.uploads.at(-1 - to)
  }

  #data(upload: Upload | undefined, length: number): void {
    const bytes = Array.from({ length }, (_, index) => index + (upload?.sent.length ?? 0))
    this.#peer.sendData(upload?.id ?? 99_999, Uint8Array.from(bytes))
    if (upload?.state !== 'open') this.broken = true
    else upload.sent.push(...bytes)
  }

  #end(upload: Upload | undefined, lie: 'none' | 'size' | 'digest' | 'error'): void {
    const sent = Uint8Array.from(upload?.sent ?? [])
    this.#peer.send({
      type: 'end',
      id: upload?.id ?? 99_999,
      error: lie === 'error' ? 10 : 0,
      size: sent.byteLength + (lie === 'size' ? 1 : 0),
      md5: createHash('md5')
        .update(sent)
        .update(lie === 'digest' ? 'x' : '')
        .digest(),
    })
    if (upload?.state !== 'open') this.broken = true
    else upload.state = lie === 'none' && upload.sent.length === upload.size && !this.broken ? 'good' : 'bad'
  }
}

/** How a run went: what the specification asks for, and what happened. */
interface Run {
  readonly broken: boolean
  /** How the provider's session ended. */
  readonly ending: SftErrorCode | null
  /** The files of the good uploads and the ones that are there, as `name: bytes`. */
  readonly good: string[]
  readonly committed: string[]
  /** Answers to uploads that say the contrary of what is right. */
  readonly wrongAnswers: number[]
}

/** Has a client say these steps to a share, each run under names of its own. */
export async function runSteps(share: MemoryShare, run: number, steps: readonly Step[]): Promise<Run> {
  const { stream, ending } = share.open()
  const peer = await HostilePeer.open(stream, share.clientInit)
  const speaker = new Speaker(peer, run)
  for (const step of steps) {
    await speaker.say(step)
    if (speaker.broken) break
  }
  const wrongAnswers: number[] = []
  if (!speaker.broken) {
    // Every upload that was ended is answered, good or bad; then the session can be closed in order.
    const unanswered = new Set(speaker.uploads.filter(({ state }) => state !== 'open').map(({ id }) => id))
    while (unanswered.size > 0) {
      const result = await peer.receiveType('result')
      if (result === null) throw new Error('the session was ended without a fault')
      const upload = speaker.uploads.find(({ id }) => id === result.id)
      if (upload && (upload.state === 'good') !== (result.error === 0)) wrongAnswers.push(result.id)
      unanswered.delete(result.id)
    }
    peer.send({ type: 'close', error: 0 })
  }
  await stream.close()
  const code = codeOf(await ending)
  const contents = (name: string): string => `${name}: ${[...readFileSync(join(share.root, name))].join()}`
  const files = readdirSync(share.root).filter((name) => name.startsWith('.') || name.startsWith(`${run}-`))
  return {
    broken: speaker.broken,
    ending: code,
    good: speaker.uploads
      .filter(({ state }) => state === 'good')
      .map(({ id, sent }) => `${speaker.name(id)}: ${sent.join()}`)
      .toSorted(),
    committed: files.map(contents).toSorted(),
    wrongAnswers,
  }
}
