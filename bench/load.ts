/**
 * Loads real shares as strangers can, and looks whether honest clients are served meanwhile: `npm run load`.
 *
 * Silent sockets by the second, from the honest client's address, from one other and from many; a thousand connections
 * that stay open; strangers that ask a share for every protocol. `--rate NUMBER` of silent sockets a second (default 50),
 * `--seconds NUMBER` of each kind of them (default 25), `--connections NUMBER` (default 1,000), `--strangers NUMBER`
 * (default 300), `--folder PATH` for the work (default: a temporary one). With the defaults it takes about 3 minutes.
 */
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { bundle } from './bundle.ts'
import { pause, Standing } from './far-end.ts'
import type * as load from './load-strangers.ts'
import { copyOfBuild } from './sft.ts'
import { columns, runClient, startShare } from './watched.ts'

const { values } = parseArgs({
  options: {
    rate: { type: 'string', default: '50' },
    seconds: { type: 'string', default: '25' },
    connections: { type: 'string', default: '1000' },
    strangers: { type: 'string', default: '300' },
    folder: { type: 'string', default: tmpdir() },
  },
})
const [rate, seconds, connections] = [Number(values.rate), Number(values.seconds), Number(values.connections)]

const DIALS = 20
const MOST_FAILED = 1

const base = mkdtempSync(join(values.folder, 'sft-load-'))
const root = join(base, 'share')
mkdirSync(root)
writeFileSync(join(root, 'large'), randomBytes(20 * 1024 ** 2))
for (let index = 0; index < 200; index += 1) {
  mkdirSync(join(root, 'tree', `${index % 8}`), { recursive: true })
  writeFileSync(join(root, 'tree', `${index % 8}`, `${index}`), randomBytes(index * 100))
}
let wrong = 0

function complain(what: string): void {
  wrong += 1
  console.log(`WRONG: ${what}`)
}

/** Runs a client as the machine that is let in. */
async function run(...args: string[]): Promise<{ exit: number | null; seconds: number; stderr: string }> {
  return runClient(program, args, base, 'honest')
}

console.log(
  `silent sockets, open connections and strangers beside honest clients; about ${Math.ceil((3 * seconds + 60) / 60) + 1} minutes`,
)
const program = copyOfBuild('.', base)
const strangers = (await import(await bundle('bench/load-strangers.ts'))) as typeof load
try {
  await silentSockets()
  await openConnections()
  await protocols()
} finally {
  rmSync(base, { recursive: true, force: true })
}
process.exitCode = wrong === 0 ? 0 : 1

/** Honest dials while sockets say nothing. */
async function silentSockets(): Promise<void> {
  const many = Array.from({ length: 50 }, (_, index) => `127.3.0.${index + 1}`)
  const sources = { 'from many addresses': many, 'from one other': ['127.3.0.1'], 'from the same': ['127.0.0.1'] }
  const rows = [
    [`${rate} silent a second`, 'opened', 'open in the end', 'honest dials', 'succeeded', 'median s', 'slowest s'],
  ]
  for (const [name, from] of Object.entries(sources)) {
    const share = await startShare(program, root, base)
    const silent = new strangers.SilentSockets(share.address, rate, from)
    await pause(4_000) // longer than one of them is kept
    const dials: ReturnType<typeof run>[] = []
    for (let dial = 0; dial < DIALS; dial += 1) {
      dials.push(run('ls', share.address))
      await pause(((seconds - 4) * 1_000) / DIALS)
    }
    const ended = await Promise.all(dials)
    const good = ended.filter(({ exit }) => exit === 0)
    const times = good.map((each) => each.seconds).toSorted((a, b) => a - b)
    const time = (index: number): string => (times.at(index) ?? Number.NaN).toFixed(2)
    rows.push([
      name,
      `${silent.opened}`,
      `${silent.open}`,
      `${DIALS}`,
      `${good.length}`,
      time(Math.floor(times.length / 2)),
      time(-1),
    ])
    if (good.length < DIALS - MOST_FAILED) complain(`${name}: ${ended.find(({ exit }) => exit !== 0)?.stderr.trim()}`)
    silent.stop()
    await share.stop()
  }
  console.log(columns(rows))
}

/** Honest transfers while very many connections stand. */
async function openConnections(): Promise<void> {
  const share = await startShare(program, root, base, ['--write'])
  const standing = await strangers.openConnections(share.address, connections, 50)
  const [held, opened] = [readdirSync(`/proc/${share.pid}/fd`).length, standing.open()]
  const times: number[] = []
  for (let turn = 0; turn < 5; turn += 1) {
    const into = join(base, `into-${turn}`)
    mkdirSync(into)
    const fetched = await run('get', share.address, 'large', 'tree', '-o', `${into}/`)
    const stored = await run('put', share.address, join(into, 'large'), '-o', `stored-${turn}`)
    for (const { exit, stderr, seconds: time } of [fetched, stored]) {
      times.push(time)
      if (exit !== 0) complain(`a transfer beside open connections: exit status ${exit}: ${stderr.trim()}`)
    }
    execFileSync('diff', ['-r', join(root, 'tree'), join(into, 'tree')])
    const isSame = [join(into, 'large'), join(root, `stored-${turn}`)].every((path) =>
      readFileSync(path).equals(readFileSync(join(root, 'large'))),
    )
    if (!isSame) complain('a transfer beside open connections: other bytes')
    rmSync(into, { recursive: true })
  }
  const left = standing.open()
  if (opened < connections || left < connections) complain(`only ${opened} connections were open, ${left} in the end`)
  console.log(
    `${opened} connections open (${left} in the end, the share had ${held} descriptors): ${times.length} transfers there and back, ` +
      `all bytes the same, slowest ${Math.max(...times).toFixed(1)} s`,
  )
  await standing.stop()
  await share.stop()
}

/** What strangers reach at a share for one peer, and, so that nothing means something, at one for all. */
async function protocols(): Promise<void> {
  const open = await startShare(program, root, base)
  const letIn = await strangers.tryProtocols(open.address, 5)
  if (letIn.agreed < 5) complain('strangers reach nothing of a share for any peer')
  await open.stop()
  const env = { ...process.env, SFT_HOME: join(base, 'home-honest') }
  const [node, ...script] = program
  const peerId = execFileSync(node, [...script, 'id'], { env, encoding: 'utf8' }).trim()
  const listen = ['--listen', '/ip4/127.0.0.1/tcp/0', '--no-discovery', '--json']
  const log = join(base, 'named.log')
  const share = new Standing([...program, 'share', root, '--peer', peerId, ...listen], log, {
    SFT_HOME: join(base, 'share-home'),
  })
  const address = await share.until((said) => /"(\/ip4\/127[^"]+)"/.exec(said)?.[1])
  const before = await run('ls', address)
  const { strangers: count, asked, agreed, answered } = await strangers.tryProtocols(address, Number(values.strangers))
  const after = await run('ls', address)
  for (const { exit, stderr } of [before, after]) if (exit !== 0) complain(`the named peer: ${stderr.trim()}`)
  const events = readFileSync(log, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { type: string; peerId?: string })
  const ofOthers = events.filter((event) => event.type !== 'ready' && event.peerId !== peerId).length
  const ofNamed = events.length - 1 - ofOthers
  if (asked < count) complain(`strangers got past Noise only ${asked} times`)
  if (agreed + answered + ofOthers > 0 || ofNamed === 0)
    complain('strangers reached something, or the named peer nothing')
  console.log(
    `${count} strangers asked for ${asked} streams of 5 protocols: ${agreed} agreed upon, ${answered} answers, ` +
      `${ofOthers} events of theirs in the share (${ofNamed} of the named peer); at a share for any peer ${letIn.agreed} of ${letIn.asked}`,
  )
  await share.stop()
}
