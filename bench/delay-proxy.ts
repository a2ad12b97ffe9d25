/**
 * A long link on one machine: passes TCP connections on and delays every byte, as a program of its own:
 * `delay-proxy.ts --to PORT [--delay MILLISECONDS]`. Prints one JSON line with its port on 127.0.0.1.
 *
 * Each byte leaves exactly so long after it came, in order, at any rate; opening a connection costs the round trip it
 * costs on a long link. What TCP itself would do there (slow start, a window of the kernel) is not played.
 */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { parseArgs } from 'node:util'

/** Timers count whole milliseconds: what is due within the next half goes now. */
const SLACK = 0.5

/** Bytes that were due and that the other end did not take yet; above it, nothing more is read. */
const MOST_WAITING = 2 * 1024 * 1024

/** What came in at one moment, or the end of it, and when it has to leave. */
interface Parcel {
  readonly bytes: Buffer | null
  readonly due: number
}

/** Passes on what `from` sends, `delay` milliseconds later; stops reading it while `to` takes nothing. */
function forward(from: Socket, to: Socket, delay: number): void {
  const queue: Parcel[] = []
  let armed = false
  const deliver = (): void => {
    armed = false
    const now = performance.now() + SLACK
    to.cork() // one system call for all of them
    for (let parcel = queue[0]; parcel && parcel.due <= now; parcel = queue[0]) {
      queue.shift()
      if (parcel.bytes) to.write(parcel.bytes)
      else to.end()
    }
    to.uncork()
    if (to.writableLength > MOST_WAITING) from.pause()
    arm()
  }
  const arm = (): void => {
    const [next] = queue
    if (!next || armed) return
    armed = true
    setTimeout(deliver, Math.max(1, Math.floor(next.due - performance.now())))
  }
  const take = (bytes: Buffer | null): void => {
    queue.push({ bytes, due: performance.now() + delay })
    arm()
  }
  from.on('data', take)
  from.on('end', () => take(null))
  to.on('drain', () => from.resume())
}

const { values } = parseArgs({ options: { to: { type: 'string' }, delay: { type: 'string', default: '25' } } })
const port = Number(values.to)
const delay = Number(values.delay)

const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, (near) => {
  near.on('error', () => near.destroy())
  setTimeout(() => {
    const far = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
    far.on('error', () => near.destroy())
    far.on('close', (failed) => failed && near.destroy())
    near.on('close', (failed) => failed && far.destroy())
    near.on('error', () => far.destroy())
    forward(near, far, delay)
    near.resume()
    setTimeout(() => forward(far, near, delay), delay) // the other side learns of the connection half a round trip later
  }, 2 * delay)
})
server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ port: (server.address() as AddressInfo).port })))
