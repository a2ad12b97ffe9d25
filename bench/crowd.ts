/**
 * One share, one client that gets a large file, and many others that get a small one each meanwhile: shows that every
 * small one is done while the large one still runs, that all bytes are right, and what memory it takes: `npm run crowd`.
 *
 * `--large SIZE` (default 10GiB), `--small SIZE` (default 20MiB), `--clients NUMBER` (default 50), `--at-once NUMBER` of
 * them that run at a time (default: all), `--folder PATH` for the work (default: a temporary one; it takes twice the large
 * file, about 22 GB). With the defaults it takes about 5 minutes; `--large 1GiB --clients 10` half a minute.
 */
import { createHash, randomFillSync } from 'node:crypto'
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { pause } from './far-end.ts'
import { copyOfBuild } from './sft.ts'
import { columns, MemoryWatch, runClient, startShare, type Ended } from './watched.ts'

const [MIB, GIB] = [1024 ** 2, 1024 ** 3]
const { values } = parseArgs({
  options: {
    large: { type: 'string', default: '10GiB' },
    small: { type: 'string', default: '20MiB' },
    clients: { type: 'string', default: '50' },
    'at-once': { type: 'string' },
    folder: { type: 'string', default: tmpdir() },
  },
})
const [large, small, clients] = [sizeOf(values.large), sizeOf(values.small), Number(values.clients)]
const atOnce = Number(values['at-once'] ?? clients)

function sizeOf(text: string): number {
  const [, number = '', unit = ''] = /^(\d+)(|MiB|GiB)$/.exec(text) ?? []
  if (number === '') throw new Error(`"${text}" is no size: write 20MiB or 10GiB`)
  return Number(number) * (unit === 'GiB' ? GIB : unit === 'MiB' ? MIB : 1)
}

/** Random bytes as a large file repeats them: as many as the memory of the machine has no trouble with. */
const PERIOD = GIB

/** Makes a file of random bytes, repeated from {@link PERIOD} on. @returns Its MD5. */
function makeFile(path: string, size: number): string {
  const [hash, block] = [createHash('md5'), Buffer.allocUnsafe(8 * MIB)]
  const [descriptor, again] = [openSync(path, 'w'), openSync(path, 'r')]
  for (let offset = 0; offset < size;) {
    if (offset < PERIOD) randomFillSync(block)
    else readSync(again, block, 0, block.byteLength, offset % PERIOD)
    const bytes = block.subarray(0, Math.min(block.byteLength, size - offset))
    hash.update(bytes)
    writeSync(descriptor, bytes)
    offset += bytes.byteLength
  }
  closeSync(descriptor)
  closeSync(again)
  return hash.digest('hex')
}

function md5Of(path: string): string {
  const [hash, block, descriptor] = [createHash('md5'), Buffer.allocUnsafe(8 * MIB), openSync(path, 'r')]
  for (let read = readSync(descriptor, block); read > 0; read = readSync(descriptor, block))
    hash.update(block.subarray(0, read))
  closeSync(descriptor)
  return hash.digest('hex')
}

const base = mkdtempSync(join(values.folder, 'sft-crowd-'))
const [root, into] = [join(base, 'share'), join(base, 'into')]
for (const folder of [root, into]) mkdirSync(folder)

/** Bytes of the large file that have arrived. */
function arrived(): number {
  const parts = join(into, 'large', '.sft-parts')
  if (!existsSync(parts)) return 0
  return readdirSync(parts).reduce(
    (sum, name) => sum + (statSync(join(parts, name), { throwIfNoEntry: false })?.size ?? 0),
    0,
  )
}

async function fetch(address: string, name: string): Promise<Ended> {
  mkdirSync(join(into, name))
  return runClient(program, ['get', address, name, '-o', `${join(into, name)}/`], base, name)
}

console.log(
  `one client gets ${values.large}, ${clients} others ${values.small} each meanwhile, ${atOnce} at a time; ` +
    `about ${Math.ceil((large / GIB) * 0.4 + clients * 0.02 + 0.3)} minutes`,
)
const program = copyOfBuild('.', base)
let wrong = 0
try {
  const names = Array.from({ length: clients }, (_, index) => `small-${index}`)
  const digests = new Map(
    [...names, 'large'].map((name) => [name, makeFile(join(root, name), name === 'large' ? large : small)]),
  )
  const share = await startShare(program, root, base)
  const memory = new MemoryWatch(share.pid)

  const largeEnd = new AbortController()
  const fetchingLarge = fetch(share.address, 'large').finally(() => largeEnd.abort())
  while (!largeEnd.signal.aborted && arrived() < 64 * MIB) await pause(50)
  const begun = performance.now()
  const inTime = new Set<string>()
  const ended = new Map<string, Ended>()
  const waiting = names.values()
  const worker = async (): Promise<void> => {
    for (const name of waiting) {
      ended.set(name, await fetch(share.address, name))
      if (!largeEnd.signal.aborted) inTime.add(name)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  const [crowdSeconds, arrivedPart] = [(performance.now() - begun) / 1000, arrived() / large]
  const got = await fetchingLarge
  ended.set('large', got)
  memory.stop()
  await share.stop()

  for (const [name, { exit, stderr }] of ended) {
    const there = exit === 0 && md5Of(join(into, name, name)) === digests.get(name)
    if (there) continue
    wrong += 1
    console.log(`WRONG: ${name}: exit status ${exit}, ${exit === 0 ? 'other bytes' : stderr.trim()}`)
  }
  if (inTime.size < clients) {
    wrong += 1
    console.log(`WRONG: ${clients - inTime.size} of ${clients} small ones ended after the large one`)
  }
  const times = names.map((name) => ended.get(name)?.seconds ?? Number.NaN).toSorted((a, b) => a - b)
  const seconds = (value = Number.NaN): string => `${value.toFixed(1)} s`
  const peaks = names.map((name) => ended.get(name)?.memory.peak ?? 0)
  console.log(
    columns([
      ['', 'files', 'fastest', 'median', 'slowest', 'all', 'peak memory'],
      [
        `small, ${values.small}`,
        String(clients),
        seconds(times[0]),
        seconds(times[Math.floor(times.length / 2)]),
        seconds(times.at(-1)),
        seconds(crowdSeconds),
        `${Math.max(...peaks)} MiB`,
      ],
      [`large, ${values.large}`, '1', '', '', '', seconds(got.seconds), `${got.memory.peak} MiB`],
      ['share', '', '', '', '', '', `${memory.peak} MiB`],
    ]),
  )
  console.log(
    `${inTime.size} of ${clients} small ones were done while the large one still ran, which had ${(arrivedPart * 100).toFixed(0)} % ` +
      `of its bytes then; ${ended.size - wrong} of ${ended.size} files have the right MD5`,
  )
  console.log(`share, resident MiB ${memory.line}`)
} finally {
  rmSync(base, { recursive: true, force: true })
}
process.exitCode = wrong === 0 ? 0 : 1
