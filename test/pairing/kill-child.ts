/**
 * Runs the command line of sft in this process, which kills itself at one step of the pairing: the first argument says at
 * which, the others are the command. Messages count from 1 in the order of docs/pairing.md, over both sides.
 */
import fsPromises from 'node:fs/promises'
import { flushCompileCache, syncBuiltinESMExports } from 'node:module'
import { main } from '../../src/cli/main.ts'
import { Node, type PeerStream, type ProtocolHandler } from '../../src/net/node.ts'
import { PeerStore } from '../../src/peers.ts'
import type { ByteStream } from '../../src/protocol/types.ts'
import { PAIR_PROTOCOL_ID } from '../../src/wire/pairing.ts'

const [step = '', ...argv] = process.argv.slice(2)

flushCompileCache() // for the next, as this one will not come to its end

const die = (): void => void process.kill(process.pid, 'SIGKILL')

function reach(here: string): void {
  if (here === step) die()
}

/** Waits for a time in which what was written goes out, then dies. */
async function dieLater(): Promise<never> {
  setTimeout(die, 150)
  return new Promise(() => undefined)
}

/** Returns a stream that counts the messages of a pairing, each of which is one write and one frame. */
function counted(stream: ByteStream, first: 1 | 2): ByteStream {
  let sent = first - 2
  let received = first === 1 ? 0 : -1
  async function* source(): AsyncGenerator<Uint8Array> {
    for await (const bytes of stream.source) {
      received += 2 // this side answers each message before the next can come
      reach(`received ${received}`)
      if (step === `sent ${sent}`) await dieLater()
      yield bytes.subarray()
    }
    if (step === `sent ${sent}`) await dieLater()
  }
  return {
    source: source(),
    get full() {
      return stream.full
    },
    take: (length) => stream.take(length),
    write: (bytes) => {
      sent += 2
      reach(`sending ${sent}`)
      stream.write(bytes)
    },
    drained: async () => stream.drained(),
    close: async () => {
      if (step === `sent ${sent}`) await dieLater()
      await stream.close()
    },
    abort: (error) => stream.abort(error),
  }
}

/* Each is called as the method it was. */
const { handle, dial } = Node.prototype as {
  [Name in 'handle' | 'dial']: (this: Node, ...args: Parameters<Node[Name]>) => ReturnType<Node[Name]>
}
Node.prototype.handle = async function (protocol: string, handler: ProtocolHandler) {
  const onStream = (peer: PeerStream): void => handler.onStream({ ...peer, stream: counted(peer.stream, 2) })
  return handle.call(this, protocol, {
    admits: (peerId) => handler.admits(peerId),
    onStream: protocol === PAIR_PROTOCOL_ID ? onStream : (peer) => handler.onStream(peer),
  })
}
Node.prototype.dial = async function (...args: Parameters<typeof dial>) {
  const peer = await dial.apply(this, args)
  return args[1] === PAIR_PROTOCOL_ID ? { ...peer, stream: counted(peer.stream, 1) } : peer
}

const { change } = PeerStore.prototype as {
  change: (this: PeerStore, ...args: Parameters<PeerStore['change']>) => ReturnType<PeerStore['change']>
}
PeerStore.prototype.change = async function (make) {
  reach('locking')
  const peers = await change.call(this, (before) => {
    reach('locked')
    return make(before)
  })
  reach('unlocked')
  return peers
}

const { rename } = fsPromises
fsPromises.rename = async (from, to) => {
  const storing = String(to).endsWith('/peers')
  if (storing) reach('renaming')
  await rename(from, to)
  if (storing) reach('renamed')
}
syncBuiltinESMExports()

process.exitCode = await main(argv)
