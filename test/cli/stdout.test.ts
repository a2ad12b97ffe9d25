import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { loadIdentity } from '../../src/index.ts'
import {
  finish,
  LOOPBACK,
  md5Of,
  PATIENTLY,
  sft,
  start,
  startShare,
  startShareForPeople,
  twoMachines,
} from '../support/cli.ts'
import { acquaint } from '../support/pairing.ts'

vi.setConfig({ testTimeout: 90_000 }) // many programs start, also on a busy machine

/** A command line, the status it ends with, and the data it prints: all that may be on stdout. */
type Row = readonly [line: string, exit: number, data: string | RegExp]

const NOTHING = ''

test.each([false, true])(
  'nothing but data is on stdout, whatever happens, whether quiet (%s) or not',
  async (quiet) => {
    const { sharer, client, root, local } = twoMachines()
    const { peerId } = await loadIdentity(client.home)
    await acquaint({ home: sharer.home, name: 'ana' }, { home: client.home, name: 'bob' })
    mkdirSync(join(root, 'folder'))
    for (const name of ['a', 'b', 'folder/c']) writeFileSync(join(root, name), name)
    for (const name of ['up', 'b']) writeFileSync(join(local, name), 'local')
    const { address } = await startShare(root, ['-w', '--open'], sharer)
    const md5 = md5Of(Buffer.from('a'))
    const rows: Row[] = [
      ['id', 0, `${peerId}\n`],
      ['id more', 2, NOTHING],
      ['ls A', 0, 'a\nb\nfolder/\n'],
      ['ls A nope', 4, NOTHING],
      ['ls A -r -l', 0, /^( +\S+( k?B)?  \S+ \S+  \S+\n){4}$/],
      ['hash A a', 0, `${md5}  a\n`],
      ['hash A a nope', 7, `${md5}  a\n`],
      ['get A a', 0, NOTHING],
      ['get A a nope', 7, NOTHING],
      ['get A b', 8, NOTHING],
      ['get A a -o -', 0, 'a'],
      ['get A nope -o -', 4, NOTHING],
      ['get A folder --dry-run', 0, 'folder   folder\nnew      folder/c\n'],
      ['put A up', 0, NOTHING],
      ['put A nope', 4, NOTHING],
      ['mkdir A new', 0, NOTHING],
      ['mkdir A folder', 8, NOTHING],
      ['mv A up folder/up', 0, NOTHING],
      ['mv A up folder/up', 4, NOTHING],
      ['rm A folder/up', 0, NOTHING],
      ['rm A folder/up', 4, NOTHING],
      ['rm A new', 0, NOTHING],
      ['peers', 0, /^ana  …\S{8}  default  just now  here\n$/],
      ['peers what', 2, NOTHING],
      ['peers block ana', 0, NOTHING],
      ['peers unblock ana', 0, NOTHING],
      ['peers rename ana zoe', 0, NOTHING],
      ['peers rename ana zoe', 3, NOTHING],
      ['grant zoe list', 0, 'zoe may now: list (every share)\n'],
      ['grant zoe', 0, 'zoe may: list (every share)\n'],
      ['grant zoe default', 0, 'zoe may now: what the share gives everybody (every share)\n'],
      ['grant zoe fly', 2, NOTHING],
      ['peers rename zoe ana', 0, NOTHING],
      ['doctor', 0, /^((?:ok|! |--)  .*\n( {4}.*\n)?)+$/],
      ['doctor --addr x', 2, NOTHING],
      ['share nope', 4, NOTHING],
      ['pair no-code', 2, NOTHING],
      ['pair ocean-canyon-seven --no-discovery', 4, NOTHING],
      ['gte', 2, NOTHING],
      [NOTHING, 2, NOTHING],
      ['--version', 0, /^\d+\.\d+\.\d+\n$/],
      ['get --help', 0, /^Usage: sft get /],
    ]
    for (const [line, exit, data] of rows) {
      const words = line.split(' ').filter((word) => word !== '')
      const args = words.map((word) => (word === 'A' ? address : word))
      const takesQuiet = quiet && args.length > 0 && !args.includes('--version') && args[0] !== 'gte'
      const result = await sft(takesQuiet ? [...args, '--quiet'] : args, client)
      const told = { line, quiet, exit: result.exit, stdout: result.stdout, stderr: result.stderr }
      expect(told).toMatchObject({ exit, stdout: typeof data === 'string' ? data : expect.stringMatching(data) })
      if (exit !== 0)
        expect(told.stderr).toMatch(args.length === 0 ? /^Usage: sft/ : /^(?:\S.*\n)*sft: .*\n(?:\S.*\n)*$/)
      if (takesQuiet) expect(told.stderr).toMatch(/^(sft: .*\n)*$/)
      if (takesQuiet && exit === 0) expect(told.stderr).toBe('')
    }
  },
)

test('a share that is quiet prints its addresses and the codes it shows, each alone on a line', async () => {
  const { sharer, client, root } = twoMachines()
  const share = start(['share', root, '-q', ...LOOPBACK], sharer)
  const ending = finish(share)
  const printed = { text: '' }
  share.stdout?.on('data', (chunk: string) => (printed.text += chunk))
  await expect.poll(() => printed.text, PATIENTLY).toMatch(/^\/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\/\w+\n$/)
  const address = printed.text.trim()
  expect((await sft(['ls', address, '-q'], client)).exit).toBe(5)
  await expect.poll(() => printed.text, PATIENTLY).toMatch(/\n[a-z]+-[a-z]+-[a-z]+\n$/)
  const [, code = ''] = printed.text.split('\n')
  expect(await sft(['ls', address, '-q'], { ...client, env: { SFT_CODE: code } })).toMatchObject({
    exit: 0,
    stdout: '',
    stderr: '',
  })
  share.kill('SIGTERM')
  expect(await ending).toMatchObject({ exit: 143, stdout: `${address}\n${code}\n`, stderr: '' })
})

test('pair that is quiet prints the code alone, and what failed', async () => {
  const { sharer, client } = twoMachines()
  const listen = ['--listen', '/ip4/127.0.0.1/tcp/0']
  const offer = start(['pair', '-q', ...listen], sharer)
  const ending = finish(offer)
  const shown = await new Promise<string>((resolve) => offer.stdout?.once('data', resolve))
  expect(shown).toMatch(/^[a-z]+-[a-z]+-[a-z]+\n$/)
  offer.kill('SIGINT')
  expect(await ending).toMatchObject({ exit: 130, stdout: shown, stderr: 'sft: interrupted; nothing was paired\n' })
  expect(await sft(['pair', shown.trim(), '-q'], client)).toMatchObject({
    exit: 4,
    stdout: '',
    stderr: expect.stringMatching(/^sft: no machine of this network shows a code; .*\n$/),
  })
})

test('a share for people has all it says on stdout but its log', async () => {
  const { sharer, client, root } = twoMachines()
  writeFileSync(join(root, 'a'), 'a')
  const share = await startShareForPeople(root, ['--open'], sharer)
  await sft(['get', share.address, 'a'], client)
  await expect.poll(() => share.printed().stderr, PATIENTLY).toMatch(/ get a: 1 B, verified\n/)
  expect(share.printed().stdout).toMatch(/^Sharing .*\n\nIn another terminal of this machine:\n {2}sft ls \S+\n$/)
})
