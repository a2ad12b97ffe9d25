import { endSession } from '../client.ts'
import { openSession } from '../connect.ts'
import { loadSodium } from '../crypto/load-sodium.ts'
import { SftError } from '../errors.ts'
import { interfaceOf, tryTcp } from '../net/answer.ts'
import type { Node } from '../net/node.ts'
import type { ProtocolClient } from '../protocol/client.ts'
import type { Peer } from '../trust/peers.ts'
import { PROTOCOL_ID } from '../wire/limits.ts'
import { ANSWER_TIME, TCP_TIME } from './deadlines.ts'
import { describeRefusal, describeRights, describeSecrets, problem, SILENT, WAYS, type Finding } from './findings.ts'

const ROUND_TRIPS = 5

/** What the speed is measured with: so many bytes, or so many milliseconds of them. */
const PROBE = { bytes: 16 * 1024 * 1024, time: 2_000 }

/** Opens a session, which proves that both sides want it, and measures it. */
export async function* examineSession(
  node: Node,
  addresses: readonly string[],
  known: Peer | null,
  signal: AbortSignal,
): AsyncGenerator<Finding> {
  let client: ProtocolClient
  let address: string
  try {
    const [sodium, stream] = await Promise.all([loadSodium(), node.dial(addresses, PROTOCOL_ID, signal)])
    address = stream.address
    client = await openSession(stream, { node, sodium, known, signal })
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof SftError && error.code === 'ERR_DECRYPT') {
      yield { check: 'admission', status: 'ok', found: 'the share there lets this machine in' }
      yield describeSecrets(known)
    } else {
      yield describeRefusal(error, known)
    }
    return
  }
  try {
    yield { check: 'admission', status: 'ok', found: 'the share there lets this machine in' }
    yield known
      ? { check: 'pairing', same: true, status: 'ok', found: 'both machines have the same pairing secret' }
      : {
          check: 'pairing',
          same: null,
          status: 'skipped',
          found: 'the two are not paired, and the share lets this machine in all the same',
        }
    yield describeRights(await client.rights())
    yield await measureRoundTrip(client, signal)
    yield await measureSpeed(client, signal)
    yield await describePath(address, signal)
  } finally {
    await endSession(client)
  }
}

async function measureRoundTrip(client: ProtocolClient, signal: AbortSignal): Promise<Finding> {
  const times: number[] = []
  const late = AbortSignal.timeout(ANSWER_TIME)
  try {
    for (let trip = 0; trip < ROUND_TRIPS; trip += 1) {
      const start = performance.now()
      await client.probe(1, { signal: AbortSignal.any([late, signal]) })
      times.push(performance.now() - start)
    }
  } catch (error) {
    signal.throwIfAborted()
    const failure = late.aborted ? new SftError('ERR_TIMEOUT', SILENT) : error
    return { check: 'roundTrip', milliseconds: null, ...problem(failure) }
  }
  const median = times.toSorted((a, b) => a - b)[Math.floor(ROUND_TRIPS / 2)] ?? 0
  const milliseconds = Number(median.toPrecision(3))
  return { check: 'roundTrip', milliseconds, status: 'ok', found: `a request and its answer take ${milliseconds} ms` }
}

async function measureSpeed(client: ProtocolClient, signal: AbortSignal): Promise<Finding> {
  const enough = AbortSignal.timeout(PROBE.time)
  const start = performance.now()
  let bytes = 0
  try {
    const onProgress = (more: number): void => void (bytes += more)
    await client.probe(PROBE.bytes, { signal: AbortSignal.any([enough, signal]), onProgress })
  } catch (error) {
    signal.throwIfAborted()
    const failure = !enough.aborted ? error : bytes === 0 ? new SftError('ERR_TIMEOUT', SILENT) : null
    if (failure !== null) return { check: 'speed', bytesPerSecond: null, ...problem(failure) }
  }
  const bytesPerSecond = Math.round((bytes / (performance.now() - start)) * 1_000)
  const speed = `${Number((bytesPerSecond / 1e6).toPrecision(3))} MB/s`
  return { check: 'speed', bytesPerSecond, status: 'ok', found: `data comes from there at ${speed}` }
}

async function describePath(address: string, signal: AbortSignal): Promise<Finding> {
  const tcp = await tryTcp(address, TCP_TIME, signal)
  const local = tcp.state === 'open' ? interfaceOf(tcp.localIp) : null
  const way = local ? WAYS[local.scope](local.name) : 'by an interface that could not be told'
  return {
    check: 'path',
    address,
    direct: true,
    interface: local?.name ?? null,
    scope: local?.scope ?? null,
    status: 'ok',
    found: `the connection is direct, ${way}`,
  }
}
