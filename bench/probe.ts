/**
 * Looks at a program from inside, without the program having anything for it: `node --import ./bench/probe.ts …`. Writes
 * what it sees to the file `$SFT_PROBE` each five seconds and at the end; SIGUSR2 makes it begin its delays anew, and the
 * next SIGUSR2 write them.
 */
import { writeFileSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'

/** What the probe writes. */
export interface Probed {
  /** Bytes of JavaScript's heap in use, and of buffers outside it. */
  readonly heap: number
  readonly buffers: number
  /** How late timers were since the delays began anew, in milliseconds, and how many of them were looked at. */
  readonly delay: { readonly p50: number; readonly p99: number; readonly max: number; readonly count: number }
}

/** Milliseconds between the timers whose delay is measured; Node counts from when each was due. */
const RESOLUTION = 10

const NANOSECONDS = 1e6

const path = process.env['SFT_PROBE']
if (path !== undefined) {
  delete process.env['SFT_PROBE'] // it is not meant for children
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION })
  delays.enable()
  const write = (): void => {
    const { heapUsed, external } = process.memoryUsage()
    // A delay includes the time between two timers.
    const late = (nanoseconds: number): number => Math.max(0, nanoseconds / NANOSECONDS - RESOLUTION)
    const delay = {
      p50: late(delays.percentile(50)),
      p99: late(delays.percentile(99)),
      max: late(delays.max),
      count: delays.count,
    }
    writeFileSync(path, JSON.stringify({ heap: heapUsed, buffers: external, delay } satisfies Probed))
  }
  setInterval(write, 5_000).unref()
  process.on('SIGUSR2', () => {
    write()
    delays.reset()
  })
  process.on('exit', write)
}
