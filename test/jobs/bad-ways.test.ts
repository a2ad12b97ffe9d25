import { join } from 'node:path'
import { expect, test } from 'vitest'
import { connect, PeerStore, type JobEvent } from '../../src/index.ts'
import { getAll } from '../../src/jobs/get.ts'
import { Link } from '../../src/jobs/link.ts'
import { ProtocolClient } from '../../src/protocol/client.ts'
import { badWay, type BadWay } from '../support/bad-way.ts'
import { differences, jobMachines, noted, only, writeRandom, type JobMachines } from '../support/jobs.ts'
import { sharingMachine } from '../support/machines.ts'
import { memoryShare } from '../support/memory-share.ts'
import { acquaint } from '../support/pairing.ts'
import { tempFolder } from '../support/tmp.ts'

const MIB = 1024 * 1024

/** Two machines that reach each other by a bad way only. */
async function machinesBy(open: (address: string) => Promise<BadWay>): Promise<JobMachines & { way: BadWay }> {
  const { promise, resolve } = Promise.withResolvers<BadWay>()
  const machines = await jobMachines({}, async (address) => {
    const way = await open(address)
    resolve(way)
    return way.address
  })
  return { ...machines, way: await promise }
}

test('W03: with a round trip of 300 ms and losses, a tree goes there and back', async () => {
  const { root, local, get, put } = await machinesBy(async (address) => badWay(address, { delay: 150, lossOneIn: 50 }))
  writeRandom(join(root, 'down', 'large'), 2 * MIB)
  writeRandom(join(local, 'up', 'large'), 2 * MIB)
  for (let index = 0; index < 100; index += 1) {
    writeRandom(join(root, 'down', `${index}`), 2_000)
    writeRandom(join(local, 'up', `${index}`), 2_000)
  }
  for (const ran of await Promise.all([get(['down']), put(['up'])])) {
    expect(ran.summary).toMatchObject({ files: 101, failed: 0, error: null })
    expect(only(ran, 'reconnecting')).toEqual([])
  }
  expect(differences(root, local)).toEqual([])
}, 60_000)

test.each(['get', 'put'] as const)(
  'W05: bytes that a way alters cost a connection and never a %s',
  async (direction) => {
    const flips = direction === 'get' ? [2 * MIB, 40_000] : [3_000, 4_000]
    const machines = await machinesBy(async (address) => badWay(address, { flips }))
    const { root, local, way } = machines
    const from = direction === 'get' ? root : local
    writeRandom(join(from, 'tree', 'large'), 8 * MIB)
    for (let index = 0; index < 100; index += 1) writeRandom(join(from, 'tree', `${index}`), 2_000)
    const ran = await machines[direction](['tree'])
    expect(ran.summary).toMatchObject({ failed: 0, ended: false, error: null })
    expect(differences(root, local)).toEqual([])
    expect(way.flipped()).toBeGreaterThan(0)
    expect(only(ran, 'reconnected').length).toBeGreaterThan(0)
  },
  60_000,
)

test('W06: a peer that is at another address in the middle of a file is found there by its ID', async () => {
  const [laptop, desktop] = ['laptop', 'desktop'].map((name) => ({ name, home: join(tempFolder(), 'home') }))
  if (!laptop || !desktop) throw new Error('two machines')
  const machine = await sharingMachine({ peers: 'paired', home: laptop.home })
  const [here, there] = [await badWay(machine.address, {}), await badWay(machine.address, {})]
  await acquaint(laptop, desktop, { one: here.address })
  writeRandom(join(machine.root, 'large'), 25 * MIB)
  const local = tempFolder()
  const remote = await connect('laptop', { home: desktop.home })
  let sent = 0
  const ran = await noted(
    {
      onEvent: (event) => {
        if (event.type !== 'progress' || sent > 10 * MIB || (sent += event.bytes) <= 10 * MIB) return
        void new PeerStore(desktop.home).noteSeen(machine.share.peerId, there.address).then(() => here.close())
      },
    },
    async (options) => remote.getAll(['large'], local, options),
  )
  await remote.close()
  expect(ran.summary).toMatchObject({ files: 1, failed: 0, error: null })
  expect(only(ran, 'reconnected')).toHaveLength(1)
  expect(only(ran, 'begin')[1]?.offset).toBeGreaterThan(MIB)
  expect(differences(machine.root, local)).toEqual([])
}, 60_000)

test('W10: fifty sessions that break in one file leave it as it was', async () => {
  const [share, local] = [await memoryShare(), tempFolder()]
  writeRandom(join(share.root, 'large'), 48 * MIB)
  let [cuts, since, reconnected] = [0, 0, 0]
  let cut = (): void => undefined
  const open = async (): Promise<ProtocolClient> => {
    const { stream } = share.open()
    cut = () => stream.abort(new Error('cut'))
    return ProtocolClient.open(stream, share.clientInit)
  }
  const link = new Link(await open(), { open, onEvent: ({ type }) => (reconnected += Number(type === 'reconnected')) })
  const onEvent = (event: JobEvent): void => {
    if (event.type === 'begin') since = 0
    if (event.type !== 'progress' || cuts === 50) return
    const [before, enough] = [since, cuts === 0 ? 2 * MIB : 0.2 * MIB]
    since += event.bytes
    if (before >= enough || since < enough) return
    cuts += 1
    cut()
  }
  const links = { files: link, lists: () => Promise.resolve(link), peerId: 'somebody' }
  const ran = await noted({ onEvent }, async (options) => getAll(links, ['large'], local, options))
  await link.close()
  expect(ran.summary).toMatchObject({ files: 1, failed: 0, error: null })
  expect({ cuts, reconnected }).toEqual({ cuts: 50, reconnected: 50 })
  expect(only(ran, 'restarted')).toEqual([])
  expect(differences(share.root, local)).toEqual([])
}, 60_000)
