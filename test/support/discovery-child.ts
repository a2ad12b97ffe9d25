/** Runs a Discovery in a namespace: options as JSON in the first argument, commands on stdin, events on stdout. */
import { createInterface } from 'node:readline'
import { Discovery } from '../../src/net/discovery.ts'

interface Options {
  readonly peerId: string
  /** Its address to announce, if it announces any. */
  readonly addresses?: readonly string[]
}

const { peerId, addresses } = JSON.parse(process.argv[2] ?? '{}') as Options
let pairing = false
const say = (event: string, value: unknown): void => void process.stdout.write(`${JSON.stringify({ event, value })}\n`)

const discovery = await Discovery.start({
  peerId,
  ...(addresses !== undefined && { advert: () => ({ addresses, pairing }) }),
})
discovery.onHeard((heard) => say('heard', heard))
say('started', discovery.problems)

const commands: Record<string, (argument: string) => unknown> = {
  list: () => say('list', discovery.heard()),
  problems: () => say('problems', discovery.problems),
  memory: () => {
    globalThis.gc?.()
    say('memory', process.memoryUsage().heapUsed)
  },
  query: () => discovery.query(),
  pairing: (on) => {
    pairing = on === 'on'
    discovery.announce()
  },
  find: async (wanted) => {
    for await (const address of discovery.find(wanted, AbortSignal.timeout(8_000))) say('found', address)
    say('search over', null)
  },
  stop: async () => {
    await discovery.stop()
    say('stopped', null)
  },
  leave: () => process.stdin.destroy(), // nothing but the discovery is left
}

createInterface(process.stdin).on('line', (line) => {
  const [command = '', argument = ''] = line.split(' ')
  void commands[command]?.(argument)
})
