/**
 * Checks the delay proxy, `npm run bench:delay` (20 s): that a byte there and back takes twice the delay and opening a
 * connection as much again, that a stream passes fast (500 MB/s and more on an idle machine) and whole, and that one
 * nobody reads stops its sender.
 */
import { fork, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { parseArgs } from 'node:util'
import { startProxy } from './far-end.ts'
import { cpuSeconds } from './processes.ts'
import { median } from './table.ts'

const MIB = 1024 * 1024
const DELAY = 25
const { values } = parseArgs({
  options: { role: { type: 'string' }, port: { type: 'string' }, size: { type: 'string' } },
})

async function listen(onConnection: (socket: Socket) => void): Promise<{ server: Server; port: number }> {
  const server = createServer({ noDelay: true }, onConnection)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { server, port: (server.address() as AddressInfo).port }
}

async function dial(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  await once(socket, 'connect')
  return socket
}

/** Sends and waits for the answer, again and again: milliseconds of the first round trip, and the others in order. */
async function pingPong(port: number, rounds: number): Promise<{ first: number; times: number[] }> {
  const started = performance.now()
  const socket = await dial(port)
  const times: number[] = []
  for (let round = 0; round <= rounds; round += 1) {
    const sent = round === 0 ? started : performance.now()
    socket.write('!')
    await once(socket, 'data')
    times.push(performance.now() - sent)
  }
  socket.end()
  const [first = 0, ...others] = times
  return { first, times: others.toSorted((a, b) => a - b) }
}

/** Sends `size` bytes from a process of its own and takes them here; bytes per second from the first to the last. */
async function stream(size: number, delay: number | null): Promise<{ rate: number; cpu: number }> {
  const { promise, resolve } = Promise.withResolvers<number>()
  const { server, port } = await listen((socket) => {
    let received = 0
    let first = 0
    socket.on('data', (bytes) => {
      first ||= performance.now()
      received += bytes.byteLength
      if (received === size) resolve((size / (performance.now() - first)) * 1000)
    })
  })
  const proxy = delay === null ? null : await startProxy(port, delay, tmpdir())
  const sender: ChildProcess = fork(import.meta.filename, [
    '--role=sender',
    `--port=${proxy?.port ?? port}`,
    `--size=${size}`,
  ])
  const rate = await promise
  const cpu = proxy ? cpuSeconds(proxy.pid) : 0
  sender.kill()
  await proxy?.stop()
  server.close()
  return { rate, cpu }
}

/** Sends as much as is taken while nobody reads, for two seconds: bytes that found room on the way. */
async function unread(): Promise<number> {
  const { server, port } = await listen((socket) => socket.pause())
  const proxy = await startProxy(port, DELAY, tmpdir())
  const socket = await dial(proxy.port)
  const block = Buffer.alloc(MIB)
  const send = (): void => {
    while (socket.write(block));
  }
  socket.on('drain', send)
  socket.on('error', () => undefined)
  send()
  await new Promise((resolve) => setTimeout(resolve, 2000))
  const taken = socket.bytesWritten - socket.writableLength
  socket.destroy()
  await proxy.stop()
  server.close()
  return taken
}

/** Sends random bytes to somebody who sends them back: tells whether the same came back, in order, with its end. */
async function intact(): Promise<boolean> {
  const { server, port } = await listen((socket) => socket.pipe(socket))
  const proxy = await startProxy(port, DELAY, tmpdir())
  const socket = await dial(proxy.port)
  const sent = randomBytes(64 * MIB)
  socket.end(sent)
  const received = await socket.toArray()
  await proxy.stop()
  server.close()
  return sent.equals(Buffer.concat(received as Buffer[]))
}

if (values.role === 'sender') {
  const socket = await dial(Number(values.port))
  const block = Buffer.alloc(256 * 1024)
  let left = Number(values.size)
  const send = (): void => {
    while (left > 0) {
      const part = block.subarray(0, left)
      left -= part.byteLength
      if (!socket.write(part)) return
    }
  }
  socket.on('drain', send)
  send()
} else {
  const { server, port } = await listen((socket) => socket.pipe(socket))
  const proxy = await startProxy(port, DELAY, tmpdir())
  const { first, times } = await pingPong(proxy.port, 100)
  await proxy.stop()
  server.close()
  const ms = (value = 0): string => `${value.toFixed(1)} ms`
  console.log(`first answer on a new connection: ${ms(first)} (${4 * DELAY} is exact)`)
  console.log(
    `there and back: median ${ms(median(times))}, least ${ms(times[0])}, most ${ms(times.at(-1))} (${2 * DELAY} is exact)`,
  )
  for (const delay of [null, 0, DELAY]) {
    const { rate, cpu } = await stream(2048 * MIB, delay)
    const where = delay === null ? 'without the proxy' : `delayed by ${delay} ms`
    console.log(`2 GiB ${where}: ${(rate / 1e6).toFixed(0)} MB/s, of the proxy ${(cpu / 2).toFixed(2)} CPU s per GiB`)
  }
  const taken = (await unread()) / MIB
  console.log(`taken though nobody reads: ${taken.toFixed(1)} MiB (more than 64 is a defect)`)
  const same = await intact()
  console.log(`64 MiB there and back: ${same ? 'intact, in order, to the end' : 'DIFFER'}`)
  if (!same || taken > 64) process.exitCode = 1
}
