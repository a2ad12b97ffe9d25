/** magic-wormhole, with a mailbox server of our own: both commands start with the clock, which runs until both ended. */
import { basename, join } from 'node:path'
import type { Contender, Setup, Task } from './contender.ts'
import { freePort, Standing } from './far-end.ts'

/** Transfers straight from sender to receiver. Nothing of it may run where a network beyond 127.0.0.1 can be seen. */
export function wormhole(folder: string): Contender {
  let runs = 0
  return {
    name: 'magic-wormhole',
    // It has one direction, which counts as a get; and its ends find the way to each other, so no proxy can stand there.
    does: ({ action, into, delay }) => action === 'get' && into.length === 1 && delay === 0,
    async setUp({ source, into: [target = ''] }: Task): Promise<Setup> {
      const port = await freePort()
      runs += 1
      const [channels, usage] = [join(folder, `channels-${runs}`), join(folder, `usage-${runs}`)]
      const plugin = ['wormhole-mailbox', `--port=tcp:${port}:interface=127.0.0.1`, `--channel-db=${channels}`]
      const log = join(folder, 'mailbox.log')
      const mailbox = new Standing(['twist3', ...plugin, `--usage-db=${usage}`], log)
      await mailbox.answers(port)
      const program = ['wormhole', '--relay-url', `ws://127.0.0.1:${port}/v1`, '--transit-helper', 'tcp:127.0.0.1:1']
      const code = `${runs}-bench-code`
      return {
        port,
        pid: null,
        commands: () => [
          { end: 'far', argv: [...program, 'send', '--hide-progress', '--code', code, source] },
          {
            end: 'near',
            argv: [
              ...program,
              'receive',
              '--hide-progress',
              '--accept-file',
              '-o',
              join(target, basename(source)),
              code,
            ],
          },
        ],
        stop: async () => mailbox.stop(),
      }
    },
  }
}
