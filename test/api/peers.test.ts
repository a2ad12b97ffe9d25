import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  appendFileSync,
  chmodSync,
  chownSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { SftError } from '../../src/errors.ts'
import { machineName } from '../../src/home.ts'
import { generateIdentity } from '../../src/net/identity.ts'
import { choosePeer, PeerStore } from '../../src/peers.ts'
import { blockPeer, removePeer, renamePeer, type Peer } from '../../src/trust/peers.ts'
import { parseRemotePath } from '../../src/wire/path.ts'
import { machineNameFault } from '../../src/wire/machine-name.ts'
import { names } from '../support/snapshot.ts'
import { tempFolder } from '../support/tmp.ts'
import { unprivileged } from '../support/unprivileged.ts'

const MODULE = new URL('../../src/peers.ts', import.meta.url).href
const IDS = (await Promise.all(Array.from({ length: 12 }, generateIdentity))).map(({ peerId }) => peerId)
const [ID = '', ID2 = ''] = IDS
const SECRET = new Uint8Array(32).fill(7)
const ADDRESS = '/ip4/192.0.2.1/tcp/4001'
const SECRET_TEXT = Buffer.from(SECRET).toString('base64url')
const LINE = `ana ${ID} list ${SECRET_TEXT}`

/** A home with this content of its peers file, if any. */
function homeWith(content?: string | Uint8Array): { home: string; path: string; store: PeerStore } {
  const home = join(tempFolder(), 'home')
  const path = join(home, 'peers')
  if (content !== undefined) {
    mkdirSync(home, { mode: 0o700 })
    writeFileSync(path, content, { mode: 0o600 })
  }
  return { home, path, store: new PeerStore(home) }
}

/** As {@link homeWith}, with ana in it, seen so many seconds ago. */
function homeSeen(seconds: number, addresses = ''): ReturnType<typeof homeWith> {
  return homeWith(`${LINE} seen=${new Date(Date.now() - seconds * 1_000).toISOString()}${addresses}\n`)
}

async function onlyPeer(store: PeerStore): Promise<Peer> {
  const [peer, ...more] = await store.read()
  if (!peer || more.length > 0) throw new Error('there is not one peer')
  return peer
}

describe('the peers', () => {
  test('are none without a file, which is not made by looking', async () => {
    const { home, store } = homeWith()
    expect(await store.read()).toEqual([])
    await store.noteSeen(ID)
    expect(() => statSync(home)).toThrow()
  })

  test('are kept in a file that says what it is, for its owner alone', async () => {
    const { home, path, store } = homeWith()
    await store.keepPaired({ peerId: ID, name: 'ana', secret: SECRET })
    expect(statSync(path).mode & 0o7777).toBe(0o600)
    expect(names(home)).toEqual(['peers'])
    const [first, second, line] = readFileSync(path, 'utf8').split('\n')
    expect(`${first}${second}`).toMatch(/^# .*secrets.*# .*"sft peers"/)
    expect(line).toMatch(new RegExp(`^ana ${ID} default ${SECRET_TEXT} seen=`))
  })

  test.each<[string, string | Uint8Array, RegExp]>([
    ['a line is malformed', `# mine\n${LINE}\nbob\n`, /^\S+\/peers: line 3 of the peers file: .*; correct that line$/],
    ['a line is not UTF-8', Buffer.from(`# mine\n${LINE}\n# \xff\n${LINE}`, 'latin1'), /peers: line 3 .*not UTF-8/],
    ['its last line is not UTF-8', Buffer.from(`# mine\n# \xc3`, 'latin1'), /peers: line 2 .*not UTF-8/],
    ['a zero is in it', `# mine\n\0`, /line 2/],
    ['it is marked as UTF-8 by an invisible character', `\uFEFF${LINE}`, /line 1 .*U\+FEFF/],
    ['it is far too large', Buffer.alloc(1024 * 1024 + 1, '#'), /far too large/],
  ])('are not read if %s', async (_why, content, message) => {
    const { path, store } = homeWith(content)
    for (const failing of [store.read(), store.change((peers) => peers)]) {
      await expect(failing).rejects.toMatchObject({ code: 'ERR_IDENTITY', message: expect.stringMatching(message) })
    }
    await store.noteSeen(ID)
    expect(readFileSync(path)).toEqual(Buffer.from(content))
  })

  test('are not read if others can read them', async () => {
    const { path, store } = homeWith(LINE)
    chmodSync(path, 0o640)
    await expect(store.read()).rejects.toMatchObject({
      code: 'ERR_IDENTITY',
      message: expect.stringContaining('chmod'),
    })
    await expect(store.change(() => [])).rejects.toMatchObject({ code: 'ERR_IDENTITY' })
    expect(readFileSync(path, 'utf8')).toBe(LINE)
  })
})

describe('a change of the peers', () => {
  test('is returned as it is stored, and leaves comments alone', async () => {
    const { path, store } = homeWith(`# mine\n\n${LINE}\n`)
    const changed = await store.change((peers) => renamePeer(peers, 'ana', 'bea'))
    expect(changed).toEqual(await store.read())
    expect(readFileSync(path, 'utf8')).toBe(`# mine\n\n${LINE.replace('ana', 'bea')}\n`)
  })

  test.each<[string, (peers: readonly Peer[]) => readonly Peer[]]>([
    ['none', (peers) => [...peers]],
    ['the same again', (peers) => blockPeer(peers, 'ana', false)],
    [
      'one that fails',
      () => {
        throw new Error('no')
      },
    ],
    ['one that cannot be written', (peers) => peers.map((peer) => ({ ...peer, name: 'a b' }))],
  ])('that is %s writes nothing', async (_what, change) => {
    const { home, path, store } = homeWith(`  ${LINE}   blocked  \n`.replace('blocked', ''))
    const [before, content] = [statSync(path), readFileSync(path, 'utf8')]
    await store.change(change).catch(() => undefined)
    const after = statSync(path)
    expect([after.ino, after.mtimeMs]).toEqual([before.ino, before.mtimeMs])
    expect(readFileSync(path, 'utf8')).toBe(content)
    expect(names(home)).toEqual(['peers'])
  })

  test('passes on what it throws', async () => {
    const { store } = homeWith(LINE)
    await expect(store.change((peers) => removePeer(peers, 'bob'))).rejects.toMatchObject({ code: 'ERR_UNKNOWN_PEER' })
  })

  test('K12: is never lost to others, of eight programs', async () => {
    const { home, store } = homeWith()
    const script = `
      const { PeerStore } = await import(${JSON.stringify(MODULE)})
      const [home, peerId, first] = process.argv.slice(1)
      const store = new PeerStore(home)
      await store.keepPaired({ peerId, name: 'peer', secret: new Uint8Array(32) })
      for (let round = 0; round < 5; round += 1) {
        await store.change((peers) => peers.map((peer) =>
          peer.peerId === first ? peer : { ...peer, addresses: ['/' + (Number((peer.addresses[0] ?? '/0').slice(1)) + 1)] }
        ))
      }`
    await store.keepPaired({ peerId: IDS[8] ?? '', name: 'counter', secret: SECRET })
    const programs = IDS.slice(0, 8).map((peerId) => {
      const args = ['--input-type=module', '-e', script, home, peerId, 'none']
      const child = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'] })
      onTestFinished(() => void child.kill('SIGKILL'))
      return once(child, 'exit')
    })
    expect(await Promise.all(programs)).toEqual(programs.map(() => [0, null]))
    const peers = await store.read()
    expect(peers.find(({ name }) => name === 'counter')?.addresses).toEqual(['/40'])
    expect(new Set(peers.map(({ peerId }) => peerId))).toEqual(new Set(IDS.slice(0, 9)))
    expect(names(home)).toEqual(['peers'])
  })

  test('is not written by a program that lost its lock meanwhile', async () => {
    const { path, store } = homeWith(LINE)
    const losing = store.change(() => {
      rmSync(`${path}.lock`, { recursive: true })
      return []
    })
    await expect(losing).rejects.toMatchObject({ code: 'ERR_BUSY', message: expect.stringContaining(`${path}.lock`) })
    expect(readFileSync(path, 'utf8')).toBe(LINE)
  })

  test('removes what killed programs were about to write', async () => {
    const { home, store } = homeWith(LINE)
    const part = join(home, `.${crypto.randomUUID()}.part`)
    writeFileSync(part, 'secret')
    utimesSync(part, 0, 0)
    await store.change(() => [])
    expect(names(home)).toEqual(['peers'])
  })
})

describe('watching the peers', () => {
  /** Watches until the end of the test; each content as names, or the code of the error. */
  function watching(store: PeerStore): { seen: string[]; stop: () => void } {
    const seen: string[] = []
    const stop = store.watch((peers) => {
      seen.push(peers instanceof SftError ? peers.code : peers.map(({ name }) => name).join(' '))
    })
    onTestFinished(stop)
    return { seen, stop }
  }

  const SOON = { timeout: 5_000, interval: 5 }

  test('begins with what is there, in a folder that it makes', async () => {
    const { seen } = watching(homeWith(LINE).store)
    await expect.poll(() => seen, SOON).toEqual(['ana'])
    const { home, store } = homeWith()
    const { seen: nothing } = watching(store)
    await expect.poll(() => nothing, SOON).toEqual([''])
    expect(statSync(home).mode & 0o7777).toBe(0o700)
    await store.keepPaired({ peerId: ID, name: 'ana', secret: SECRET })
    await expect.poll(() => nothing, SOON).toEqual(['', 'ana'])
  })

  test('shows each content, and why there is none to show', async () => {
    const { path, store } = homeWith(LINE)
    const { seen } = watching(store)
    await expect.poll(() => seen.at(-1), SOON).toBe('ana')
    appendFileSync(path, '\nbob')
    await expect.poll(() => seen.at(-1), SOON).toBe('ERR_IDENTITY')
    writeFileSync(path, LINE.replace('ana', 'bea'))
    await expect.poll(() => seen.at(-1), SOON).toBe('bea')
    chmodSync(path, 0o644)
    await expect.poll(() => seen.at(-1), SOON).toBe('ERR_IDENTITY')
    chmodSync(path, 0o600)
    await expect.poll(() => seen.at(-1), SOON).toBe('bea')
    rmSync(path)
    await expect.poll(() => seen.at(-1), SOON).toBe('')
  })

  test('does not show the same content again', async () => {
    const { path, store } = homeWith(LINE)
    const { seen } = watching(store)
    await expect.poll(() => seen, SOON).toEqual(['ana'])
    utimesSync(path, 0, 0)
    writeFileSync(path, LINE)
    await sleep(300)
    expect(seen).toEqual(['ana'])
  })

  test('misses no change made right after it was begun', async () => {
    for (let round = 0; round < 20; round += 1) {
      const { store } = homeWith(LINE)
      const { seen } = watching(store)
      await sleep(Math.random() * 5)
      await store.change((peers) => renamePeer(peers, 'ana', 'bea'))
      await expect.poll(() => seen.at(-1), SOON).toBe('bea')
    }
  })

  test('goes on in a folder that took the place of the old one, and ends with an error without any', async () => {
    const { home, path, store } = homeWith(LINE)
    const { seen } = watching(store)
    await expect.poll(() => seen.at(-1), SOON).toBe('ana')
    mkdirSync(`${home}.new`, { mode: 0o700 })
    writeFileSync(`${home}.new/peers`, LINE.replace('ana', 'bea'), { mode: 0o600 })
    renameSync(home, `${home}.old`)
    renameSync(`${home}.new`, home)
    await expect.poll(() => seen.at(-1), SOON).toBe('bea')
    writeFileSync(path, LINE.replace('ana', 'cleo'))
    await expect.poll(() => seen.at(-1), SOON).toBe('cleo')
    renameSync(home, `${home}.gone`)
    await expect.poll(() => seen.at(-1), SOON).toBe('ERR_NOT_FOUND')
  })

  test('tells of a folder that cannot be made', async () => {
    const outer = tempFolder()
    writeFileSync(join(outer, 'file'), '')
    const { seen } = watching(new PeerStore(join(outer, 'file/home')))
    await expect.poll(() => seen, SOON).toEqual(['ERR_NOT_FOUND'])
  })

  test('ends when it is stopped, at once or later', async () => {
    const { path, store } = homeWith(LINE)
    const [early, late] = [watching(store), watching(store)]
    early.stop()
    await expect.poll(() => late.seen, SOON).toEqual(['ana'])
    late.stop()
    writeFileSync(path, '')
    await sleep(300)
    expect([early.seen, late.seen]).toEqual([[], ['ana']])
  })

  test('ends when it is stopped while the file is read', async () => {
    const comments = '# nothing\n'.repeat(50_000)
    const rounds = Array.from({ length: 60 }, async (_, round) => {
      const { seen, stop } = watching(homeWith(`${comments}${LINE}`).store)
      await sleep(round)
      stop()
      const before = seen.length
      await sleep(200)
      expect(seen).toHaveLength(before)
    })
    await Promise.all(rounds)
  })
})

describe('a peer that was seen', () => {
  test('has the time and the address, first and once', async () => {
    const { store } = homeSeen(300, ` address=/ip4/192.0.2.2/tcp/1 address=${ADDRESS}`)
    const before = Date.now()
    await store.noteSeen(ID, `${ADDRESS}/p2p/${ID}`)
    const { addresses, lastSeen } = await onlyPeer(store)
    expect(addresses).toEqual([ADDRESS, '/ip4/192.0.2.2/tcp/1'])
    expect(lastSeen?.getTime()).toBeGreaterThanOrEqual(before)
  })

  test('has at most eight addresses, the newest', async () => {
    const { store } = homeSeen(300)
    for (let port = 1; port <= 10; port += 1) await store.noteSeen(ID, `/ip4/192.0.2.1/tcp/${port}`)
    const { addresses } = await onlyPeer(store)
    expect(addresses).toEqual([10, 9, 8, 7, 6, 5, 4, 3].map((port) => `/ip4/192.0.2.1/tcp/${port}`))
  })

  test('keeps an address of this machine itself only while there is no other', async () => {
    const { store } = homeSeen(300)
    for (const [added, kept] of [
      ['/ip4/127.0.0.1/tcp/1', ['/ip4/127.0.0.1/tcp/1']],
      ['/ip6/::1/tcp/2', ['/ip6/::1/tcp/2', '/ip4/127.0.0.1/tcp/1']],
      [ADDRESS, [ADDRESS]],
      ['/ip4/127.0.0.1/tcp/1', [ADDRESS]],
      ['/ip6/::ffff:127.0.0.1/tcp/1', [ADDRESS]],
      ['/ip6/::ffff:7f00:1/tcp/1', [ADDRESS]],
      ['/dns4/localhost/tcp/1', [ADDRESS]],
    ] as const) {
      await store.noteSeen(ID, added)
      expect((await onlyPeer(store)).addresses).toEqual(kept)
    }
  })

  test.each<[string, number, string | undefined, boolean]>([
    ['a while ago', 70, undefined, true],
    ['just now', 50, undefined, false],
    ['just now at the same address', 50, ADDRESS, false],
    ['just now at another address', 50, '/ip4/192.0.2.9/tcp/1', true],
    ['by a clock that was ahead', -3_600, undefined, true],
  ])('%s is written only if that says something new', async (_when, seconds, address, writes) => {
    const { path, store } = homeSeen(seconds, ` address=${ADDRESS}`)
    const before = statSync(path).ino
    await store.noteSeen(ID, address)
    expect(statSync(path).ino !== before).toBe(writes)
  })

  test('is not noted if it is unknown, or where nothing can be written, which is no failure', async () => {
    const { home, path, store } = homeSeen(300)
    const content = readFileSync(path, 'utf8')
    await store.noteSeen(ID2, ADDRESS)
    await store.noteSeen(ID, 'no multiaddr')
    await store.noteSeen('ana', ADDRESS)
    expect(readFileSync(path, 'utf8')).toBe(content)
    await unprivileged([], async () => store.noteSeen(ID, ADDRESS)) // whom the folder refuses everything
    expect(readFileSync(path, 'utf8')).toBe(content)
    expect(names(home)).toEqual(['peers'])
  })

  test('is not noted in a folder that is read-only', async () => {
    const { home, path } = homeSeen(300)
    chmodSync(home, 0o555)
    if (process.getuid?.() === 0) {
      // Root may write anywhere, so the file is that of a user whom permissions bind.
      chownSync(path, 65_534, 65_534)
      chmodSync(join(home, '..'), 0o755)
    }
    const script = `
      const { PeerStore } = await import(${JSON.stringify(MODULE)})
      if (process.getuid() === 0) process.setuid(65534)
      const store = new PeerStore(process.argv[1])
      await store.noteSeen(process.argv[2], '/ip4/192.0.2.9/tcp/1')
      const [peer] = await store.read()
      process.stdout.write(JSON.stringify(peer.addresses))`
    const child = spawn(process.execPath, ['--input-type=module', '-e', script, home, ID], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    let printed = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text))
    expect(await once(child, 'close')).toEqual([0, null])
    expect(printed).toBe('[]')
  })
})

describe('a peer that was paired', () => {
  test('is added with the rights a share gives everybody, and a number if its name is taken', async () => {
    const { store } = homeWith(LINE)
    const before = Date.now()
    const kept = await store.keepPaired({ peerId: ID2, name: 'ana', secret: SECRET, address: `${ADDRESS}/p2p/${ID2}` })
    expect(kept).toEqual({
      name: 'ana-2',
      peerId: ID2,
      rights: null,
      grants: [],
      secret: SECRET,
      blocked: false,
      addresses: [ADDRESS],
      lastSeen: kept.lastSeen,
    })
    expect(kept.lastSeen?.getTime()).toBeGreaterThanOrEqual(before)
    expect((await store.read()).at(-1)).toEqual(kept)
  })

  test('again keeps its name, rights and grants, and gets the new secret', async () => {
    const { store } = homeWith(`${LINE} address=/ip4/192.0.2.2/tcp/1`)
    const grants = [{ share: null, path: parseRemotePath('inbox'), rights: new Set(['put'] as const) }]
    const [before] = await store.change((peers) => peers.map((peer) => ({ ...peer, grants })))
    const secret = new Uint8Array(32).fill(9)
    const kept = await store.keepPaired({ peerId: ID, name: 'other', secret, address: ADDRESS })
    expect(kept).toEqual({
      ...before,
      secret,
      lastSeen: kept.lastSeen,
      addresses: [ADDRESS, '/ip4/192.0.2.2/tcp/1'],
    })
    expect(await store.read()).toEqual([kept])
  })

  test('is refused while it is blocked, with what to do', async () => {
    const { path, store } = homeWith(`${LINE} blocked\n`)
    const pairing = store.keepPaired({ peerId: ID, name: 'ana', secret: new Uint8Array(32) })
    await expect(pairing).rejects.toMatchObject({ code: 'ERR_DENIED' })
    await expect(pairing).rejects.toThrow('sft peers unblock ana')
    expect(readFileSync(path, 'utf8')).toBe(`${LINE} blocked\n`)
  })
})

describe('a peer is meant', () => {
  const peer = (name: string, peerId: string): Peer => ({
    name,
    peerId,
    rights: null,
    grants: [],
    secret: SECRET,
    blocked: false,
    addresses: [],
    lastSeen: null,
  })
  const ana = peer('ana', `12D3KooW${'a'.repeat(36)}abcdefgh`)
  const bob = peer('bob', `12D3KooW${'a'.repeat(36)}bbcdefgh`)

  test.each([
    ['its name', 'ana'],
    ['its peer ID', ana.peerId],
    ['the end of its peer ID', 'abcdefgh'],
    ['that as a terminal shows it', '…abcdefgh'],
  ])('by %s', (_how, text) => {
    expect(choosePeer([ana, bob], text)).toBe(ana)
  })

  test.each([['cdefgh'], ['bcdefgh'], ['…cdefgh']])('by %s, which can be two: both are named', (text) => {
    expect(() => choosePeer([ana, bob], text)).toThrow(
      expect.objectContaining({ code: 'ERR_USAGE', message: expect.stringMatching(/"ana" .* and "bob" /) }),
    )
  })

  test.each(['defgh', '…defgh', '', '…', 'an', 'ANA', 'ABCDEFGH', `${ana.peerId}x`, '12D3KooW'])(
    'by %j: none is',
    (text) => {
      expect(() => choosePeer([ana, bob], text)).toThrow(
        expect.objectContaining({ code: 'ERR_UNKNOWN_PEER', message: expect.stringContaining('sft peers') }),
      )
    },
  )

  test('by the end of its ID, which is the name of another: both are named', () => {
    const impostor = { ...bob, name: 'abcdefgh' }
    expect(() => choosePeer([impostor, ana], 'abcdefgh')).toThrow(expect.objectContaining({ code: 'ERR_USAGE' }))
    expect(choosePeer([impostor, ana], ana.peerId)).toBe(ana)
    expect(choosePeer([impostor, ana], impostor.peerId)).toBe(impostor)
  })
})

describe('the name of this machine', () => {
  /** Sets `$SFT_NAME` for one test. */
  function named(name: string): void {
    const old = process.env['SFT_NAME']
    onTestFinished(() => {
      if (old === undefined) delete process.env['SFT_NAME']
      else process.env['SFT_NAME'] = old
    })
    process.env['SFT_NAME'] = name
  }

  test('is that of the host', () => {
    named('')
    expect(machineNameFault(machineName())).toBeNull()
  })

  test('is what SFT_NAME says, composed', () => {
    named('zoe\u0308')
    expect(machineName()).toBe('zoë')
  })

  test.each(['a b', '-rf', `12D3KooW${'a'.repeat(44)}`])('is not %j', (name) => {
    named(name)
    expect(machineName).toThrow(
      expect.objectContaining({ code: 'ERR_USAGE', message: expect.stringMatching('SFT_NAME') }),
    )
  })
})
