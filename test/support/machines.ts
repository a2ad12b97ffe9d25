import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import {
  connect,
  share,
  type ConnectOptions,
  type Remote,
  type Share,
  type ShareEvent,
  type ShareOptions,
} from '../../src/index.ts'
import { shareFolder, tempFolder } from './tmp.ts'

/** A share in this process, on a real node on loopback, with everything that happened on it. */
export interface SharingMachine {
  readonly share: Share
  /** The folder it serves. */
  readonly root: string
  /** A folder around the root, to see whether anything outside the root changes. */
  readonly outside: string
  readonly address: string
  readonly events: ShareEvent[]
}

/** Serves a new empty folder, to any peer and with the rights given, until the test ends. */
export async function sharingMachine(options: ShareOptions = {}): Promise<SharingMachine> {
  const { outside, root } = shareFolder()
  const events: ShareEvent[] = []
  const started = await share(root, {
    peers: 'any',
    home: join(tempFolder(), 'home'),
    listen: ['/ip4/127.0.0.1/tcp/0'],
    onEvent: (event) => events.push(event),
    ...options,
  })
  onTestFinished(async () => started.close())
  return { share: started, root, outside, address: started.addresses[0] ?? '', events }
}

/** Connects to a share with an identity of its own, until the test ends. */
export async function connectedMachine(address: string, options: ConnectOptions = {}): Promise<Remote> {
  const remote = await connect(address, { home: join(tempFolder(), 'home'), ...options })
  onTestFinished(async () => remote.close())
  return remote
}
