/**
 * Memory of both ends while one file goes to a reader that is slower than the network: `npm run bench:memory`.
 *
 * `--size BYTES` (default 2 GiB) and `--rate BYTES_PER_SECOND` (default 20 MiB) set how long it takes: with the defaults
 * four transfers of 103 s. Growth is peak resident memory less what the process had when it was ready to transfer.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { build } from 'esbuild'

const MIB = 1024 * 1024
const { values } = parseArgs({ options: { size: { type: 'string' }, rate: { type: 'string' } } })
const size = Number(values.size ?? 2048 * MIB)
const rate = Number(values.rate ?? 20 * MIB)

const folder = mkdtempSync(join(tmpdir(), 'sft-bench-'))
const [root, out, home] = [join(folder, 'root'), join(folder, 'out'), join(folder, 'home')]
mkdirSync(root)
mkdirSync(out)
const file = join(root, 'large')
const descriptor = openSync(file, 'w')
writeSync(descriptor, Buffer.alloc(MIB, 'sft'))
ftruncateSync(descriptor, size) // a hole for the rest: reading it costs no disk
closeSync(descriptor)

/** A process, its resident memory as it was when ready, and the most it had since. */
class Measured {
  readonly child: ChildProcess
  #ready = 0
  #peak = 0
  readonly #timer: NodeJS.Timeout

  constructor(args: readonly string[]) {
    this.child = spawn(process.execPath, args, {
      env: { ...process.env, SFT_HOME: home },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    this.#timer = setInterval(() => (this.#peak = Math.max(this.#peak, this.#resident())), 50)
  }

  /** Waits for a JSON line of that type; the first one marks the process as ready. */
  async event(type: string): Promise<Record<string, unknown>> {
    if (!this.child.stdout) throw new Error('no stdout')
    for await (const line of createInterface(this.child.stdout)) {
      const event = JSON.parse(line) as Record<string, unknown>
      if (event['type'] === type) return event
    }
    throw new Error(`ended without "${type}"`)
  }

  markReady(): void {
    this.#ready = this.#resident()
    this.#peak = this.#ready
  }

  get figures(): { ready: number; peak: number; growth: number } {
    const mib = (bytes: number): number => Math.round(bytes / MIB)
    return { ready: mib(this.#ready), peak: mib(this.#peak), growth: mib(this.#peak - this.#ready) }
  }

  stop(): void {
    clearInterval(this.#timer)
    this.child.kill()
  }

  #resident(): number {
    try {
      const [, pages] = readFileSync(`/proc/${this.child.pid}/statm`, 'utf8').split(' ')
      return Number(pages) * 4096
    } catch {
      return 0 // it has ended
    }
  }
}

// Bundled as the product is, or the memory of its loader would be measured. Under node_modules so that packages resolve.
const SLOW_END = 'node_modules/.cache/sft-bench/slow-end.js'
await build({
  entryPoints: ['bench/slow-end.ts'],
  outfile: SLOW_END,
  bundle: true,
  format: 'esm',
  platform: 'node',
  external: ['sodium-native'],
  banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
})

const LOOPBACK = ['--listen', '/ip4/127.0.0.1/tcp/0', '--no-discovery', '--json']

async function measure(direction: 'get' | 'put', muxer: string): Promise<void> {
  const share = new Measured(
    direction === 'get'
      ? ['bin/sft.js', 'share', root, '--open', '--muxer', muxer, ...LOOPBACK]
      : [SLOW_END, 'share', String(rate), out, muxer],
  )
  const { addresses } = (await share.event('ready')) as { addresses: string[] }
  const [address = ''] = addresses
  share.markReady()
  const target = join(out, `${direction}-${muxer}`)
  const client = new Measured(
    direction === 'get'
      ? [SLOW_END, 'get', String(rate), address, 'large', target, muxer]
      : ['bin/sft.js', 'put', address, file, '-o', `${direction}-${muxer}`, '--muxer', muxer, '--json'],
  )
  if (direction === 'get') await client.event('ready')
  else await new Promise((resolve) => setTimeout(resolve, 400)) // the command says nothing before its end
  client.markReady()
  const started = performance.now()
  await new Promise((resolve) => client.child.on('exit', resolve))
  const seconds = (performance.now() - started) / 1000
  if (statSync(target).size !== size) throw new Error('not complete')
  rmSync(target)
  const [sender, receiver] = direction === 'get' ? [share, client] : [client, share]
  for (const [name, end] of [
    ['sender', sender],
    ['receiver', receiver],
  ] as const) {
    const { ready, peak, growth } = end.figures
    console.log(
      `${direction}  ${muxer.padEnd(5)}  ${name.padEnd(8)}  ready ${String(ready).padStart(4)} MiB  peak ${String(peak).padStart(4)} MiB` +
        `  growth ${String(growth).padStart(4)} MiB   (${(size / MIB / seconds).toFixed(1)} MiB/s)`,
    )
  }
  share.stop()
  client.stop()
}

try {
  for (const muxer of ['yamux', 'mplex']) {
    await measure('get', muxer)
    await measure('put', muxer)
  }
} finally {
  rmSync(folder, { recursive: true })
}
