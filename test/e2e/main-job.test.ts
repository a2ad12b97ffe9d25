import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { RIGHTS } from '../../src/index.ts'
import { ProtocolClient } from '../../src/protocol/client.ts'
import { parseRemotePath } from '../../src/wire/path.ts'
import { HostilePeer } from '../support/hostile-peer.ts'
import { connectedMachine, sharingMachine } from '../support/machines.ts'
import { nodePair } from '../support/nodes.ts'
import { tempFolder } from '../support/tmp.ts'

test('lists, fetches, stores, renames and deletes', async () => {
  const machine = await sharingMachine({ rights: RIGHTS })
  writeFileSync(join(machine.root, 'a.txt'), 'hello')
  const remote = await connectedMachine(machine.address)
  const local = tempFolder()

  expect(await Array.fromAsync(remote.list())).toMatchObject([{ path: 'a.txt', type: 'file', size: 5 }])
  const { md5 } = await remote.get('a.txt', join(local, 'a.txt'))
  expect(readFileSync(join(local, 'a.txt'), 'utf8')).toBe('hello')
  expect(Buffer.from(md5)).toEqual(createHash('md5').update('hello').digest())
  expect(Buffer.from(await remote.digest('a.txt'))).toEqual(Buffer.from(md5))

  await remote.mkdir('x/y', { parents: true })
  await remote.put(join(local, 'a.txt'), 'x/y/b.txt')
  await remote.rename('x/y/b.txt', 'c.txt')
  await remote.remove('x/y')
  expect(readFileSync(join(machine.root, 'c.txt'), 'utf8')).toBe('hello')
})

test('two nodes agree over a bare stream', async () => {
  const pair = await nodePair()
  writeFileSync(join(pair.root, 'a.txt'), 'hello')
  const client = await ProtocolClient.open(await pair.openStream(), pair.clientInit)
  expect(await client.stat(parseRemotePath('a.txt'))).toMatchObject({ size: 5 })
  await client.close()
  await expect.poll(() => pair.endings).toEqual([null])

  const peer = await HostilePeer.open(await pair.openStream(), pair.clientInit)
  expect((await peer.receive())?.type).toBe('welcome')
  peer.send({ type: 'request', id: 1, action: { type: 'stat', path: parseRemotePath('a.txt') } })
  expect(await peer.receive()).toMatchObject({ type: 'result', id: 1, error: 0 })
})
