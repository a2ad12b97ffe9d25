/**
 * How late the event loop of a share is while 20 clients fetch at once: each a large file, then each a tree of small
 * files: `npm run bench:loop`.
 *
 * `--clients NUMBER` (default 20), `--size BYTES` of the large file (default 100 MiB), `--files NUMBER` of the tree
 * (default 1,000), `--folder PATH` for the work (default: a temporary one; it takes about 2.5 GB). With the defaults it takes about
 * a minute on a machine that does nothing else. Where it may, it lets the share go before everything else, as on a machine
 * of its own, and says how long it had to wait for a core all the same.
 */
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { pause, Standing } from './far-end.ts'
import type { Probed } from './probe.ts'
import { cpuSeconds } from './processes.ts'
import { copyOfBuild } from './sft.ts'
import { columns, runClient } from './watched.ts'

const { values } = parseArgs({
  options: {
    clients: { type: 'string', default: '20' },
    size: { type: 'string', default: `${100 * 1024 ** 2}` },
    files: { type: 'string', default: '1000' },
    folder: { type: 'string', default: tmpdir() },
  },
})
const [clients, size, files] = [Number(values.clients), Number(values.size), Number(values.files)]

/** The p99 that a share has to stay under, in milliseconds. */
const MOST = 50

const base = mkdtempSync(join(values.folder, 'sft-loop-'))
const [root, probe] = [join(base, 'share'), join(base, 'probe.json')]
console.log(`${clients} clients fetch ${size} bytes each, then ${files} small files each; about a minute`)
const rows = [['', 'p50 ms', 'p99 ms', 'max ms', 'looked', 'share, CPU s', 'waited s', 'seconds', 'MB/s']]
let wrong = 0
const [node, ...script] = copyOfBuild('.', base)
try {
  mkdirSync(join(root, 'tree'), { recursive: true })
  writeFileSync(join(root, 'large'), randomBytes(size)) // just written: in the page cache
  for (let index = 0; index < files; index += 1)
    writeFileSync(join(root, 'tree', `${index}`), randomBytes(1 + (index % 40) * 250))
  const listen = ['--listen', '/ip4/127.0.0.1/tcp/0', '--no-discovery', '--json']
  const importing = ['--import', join(import.meta.dirname, 'probe.ts')]
  const share = new Standing([node, ...importing, ...script, 'share', root, '--open', ...listen], join(base, 'log'), {
    SFT_HOME: join(base, 'home-share'),
    SFT_PROBE: probe,
  })
  const address = await share.until((said) => /"(\/ip4\/127[^"]+)"/.exec(said)?.[1])

  // Its first thread, whose delays are looked at; niceness counts for too little where there are groups of processes.
  if (spawnSync('chrt', ['--rr', '--pid', '1', String(share.pid)]).status !== 0)
    console.log('the share waits for a core as everything else does: only root, with chrt, lets it go first')

  /** Makes the probe write and begin anew. */
  const turn = async (): Promise<Probed> => {
    process.kill(share.pid, 'SIGUSR2')
    await pause(500)
    return JSON.parse(readFileSync(probe, 'utf8')) as Probed
  }

  const row = ({ delay }: Probed, name: string, ...rest: readonly string[]): void => {
    const figures = [delay.p50, delay.p99, delay.max].map((figure) => figure.toFixed(1))
    rows.push([name, ...figures, String(delay.count), ...rest])
  }

  await turn()
  await pause(5_000)
  row(await turn(), 'nobody there', '', '', '', '')
  for (const name of ['large', 'tree']) {
    const [started, before, waitedBefore] = [performance.now(), cpuSeconds(share.pid), waited(share.pid)]
    const fetching = Array.from({ length: clients }, async (_, index) => {
      const into = join(base, `${name}-${index}`)
      mkdirSync(into)
      return runClient(
        ['nice', '-n', '10', node, ...script],
        ['get', address, name, '-o', `${into}/`],
        base,
        `${name}-client-${index}`,
      )
    })
    const ended = await Promise.all(fetching)
    const seconds = (performance.now() - started) / 1000
    const [cpu, waiting] = [cpuSeconds(share.pid) - before, waited(share.pid) - waitedBefore]
    const source = bytesOf(join(root, name))
    const rate = (source.byteLength * clients) / seconds / 1e6
    const figures = [cpu, waiting, seconds].map((figure) => figure.toFixed(1))
    row(await turn(), `${clients} clients, ${name}`, ...figures, rate.toFixed(0))
    for (const [index, { exit, stderr }] of ended.entries()) {
      const into = join(base, `${name}-${index}`)
      const isSame = exit === 0 && source.equals(bytesOf(join(into, name)))
      if (!isSame) {
        wrong += 1
        console.log(`WRONG: client ${index}, ${name}: exit status ${exit}: ${stderr.trim()}`)
      }
      rmSync(into, { recursive: true })
    }
  }
  await share.stop()
} finally {
  rmSync(base, { recursive: true, force: true })
}
console.log(columns(rows))
const late = rows.slice(2).filter(([, , p99]) => Number(p99) >= MOST).length
console.log(
  `${late === 0 ? 'each' : 'not each'} p99 is under ${MOST} ms; ${wrong} clients with anything wrong; ` +
    `${availableParallelism()} cores for the share and its clients`,
)
process.exitCode = wrong + late === 0 ? 0 : 1

/** Seconds that the first thread of a process could have run and had no core. */
function waited(pid: number): number {
  const [, nanoseconds] = readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'utf8').split(' ')
  return Number(nanoseconds) / 1e9
}

/** Returns the bytes of a file, or those of all files of a folder in the order of their names. */
function bytesOf(path: string): Buffer {
  if (statSync(path).isFile()) return readFileSync(path)
  return Buffer.concat(
    readdirSync(path)
      .toSorted()
      .map((name) => readFileSync(join(path, name))),
  )
}
