import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import {
  BIN,
  finish,
  inBatches,
  md5Of,
  namesIn,
  objects,
  sft,
  startShare,
  twoMachines,
  type Finished,
  type TwoMachines,
} from '../../support/cli.ts'

interface Scene extends TwoMachines {
  readonly address: string
  readonly share: ChildProcess
  /** Runs a script from a file. */
  readonly batch: (lines: readonly string[], ...flags: string[]) => Promise<Finished>
}

/** A share that allows everything, with a few files. */
async function scene(): Promise<Scene> {
  const machines = twoMachines()
  const { sharer, client, root } = machines
  mkdirSync(join(root, 'photos/2026'), { recursive: true })
  for (const name of ['beach.jpg', 'boat.jpg', 'notes.txt', '2026/june.jpg']) {
    writeFileSync(join(root, 'photos', name), `content of ${name}`)
  }
  writeFileSync(join(root, 'readme'), 'read me')
  const { address, child: share } = await startShare(root, ['-w', '--open'], sharer)
  const batch = async (lines: readonly string[], ...flags: string[]): Promise<Finished> => {
    const script = join(root, '..', 'script')
    writeFileSync(script, lines.join('\n'))
    return sft(['batch', address, script, ...flags], client)
  }
  return { ...machines, address, share, batch }
}

/** Runs `sft` with a text on stdin. */
async function withInput(
  args: readonly string[],
  input: string | Uint8Array,
  { client }: TwoMachines,
): Promise<Finished> {
  const env = { ...process.env, SFT_HOME: client.home, SFT_NO_DISCOVERY: '1' }
  const child = spawn(process.execPath, [BIN, ...args], { env, cwd: client.cwd })
  child.stdin.end(input)
  return finish(child)
}

test('a script goes through folders here and there, and moves files between them', async () => {
  const { batch, root, local } = await scene()
  mkdirSync(join(local, 'in'))
  writeFileSync(join(local, 'own.txt'), 'own')
  const { exit, stdout, stderr } = await batch([
    '# a comment',
    '',
    'cd photos',
    'pwd',
    'ls',
    '  ls *.jpg ../readme',
    'lcd in',
    'lpwd',
    'get beach.jpg ../readme',
    'get *.txt',
    'cd 2026',
    'get june.jpg -o renamed.jpg',
    'lcd ..',
    'put own.txt',
    'put own.txt -o "my own.txt"',
    'mkdir -p ../a/b',
    'rename own.txt /photos/a/own.txt',
    'hash "my own.txt"',
    "rm my\\ own.txt '../../readme'",
    'cd ..',
    'rm b*.jpg',
    'lls',
    '!pwd; exit 0',
    'cd',
    'pwd',
    'exit',
    'no such command',
  ])
  expect({ exit, stderr }).toEqual({ exit: 0, stderr: expect.stringContaining('photos/beach.jpg: deleted\n') })
  expect(stdout.split('\n')).toEqual(
    [
      '/photos',
      ['2026/', 'beach.jpg', 'boat.jpg', 'notes.txt'],
      ['*.jpg:', 'beach.jpg', 'boat.jpg', '../readme:', '/readme'],
      join(local, 'in'),
      `${md5Of(Buffer.from('own'))}  photos/2026/my own.txt`,
      ['in/', 'own.txt'],
      local,
      ['/', ''],
    ].flat(),
  )
  expect(namesIn(local)).toEqual([
    'in',
    ...['beach.jpg', 'notes.txt', 'readme', 'renamed.jpg'].map((name) => `in/${name}`),
    'own.txt',
  ])
  expect(readFileSync(join(local, 'in/renamed.jpg'), 'utf8')).toBe('content of 2026/june.jpg')
  expect(namesIn(root)).toEqual([
    'photos',
    ...['2026', '2026/june.jpg', 'a', 'a/b', 'a/own.txt', 'notes.txt'].map((name) => `photos/${name}`),
  ])
})

test('a script stops at the first failure with its status and says where', async () => {
  const { batch, local } = await scene()
  const failures: [line: string, exit: number, says: RegExp][] = [
    ['get nope', 4, /nope/],
    ['gte readme', 2, /unknown command 'gte'; did you mean get\? see: help/],
    ['get readme --outptu x', 2, /did you mean --output\? .*see: help get/],
    ['get', 2, /missing required argument 'path'; write: get PATH...; see: help get/],
    ['get "readme', 2, /the quote " is not closed/],
    ['cd readme', 1, /"readme" is no folder/],
    ['cd nope', 4, /nope/],
    ['cd ..', 2, /nothing above its root/],
    ['get ../../etc/passwd', 2, /nothing above its root/],
    ['lcd nope', 4, /there is no folder/],
    ['rm photos', 8, /delete what is in it first/],
    ['rm *.nope', 4, /nothing matches "\*\.nope"/],
    ["rm '*'", 4, /\*/],
    ["get '*'", 4, /\*/],
    ['rm .', 2, /root of a share/],
    ['put -', 2, /stdin cannot be put from here/],
    ['get readme --on-conflict ask', 2, /nobody can be asked/],
    ['!exit 9', 9, /^/],
    ['help nope', 2, /there is no command "nope"/],
  ]
  const script = [...failures.map(([line]) => `-${line}`), 'get readme', 'pwd', '', 'get nope', 'pwd']
  const { exit, stdout, stderr } = await batch(script)
  expect({ exit, stdout }).toEqual({ exit: 4, stdout: '/\n' })
  expect(stderr).toMatch(/^sft: stopped at line 23: get nope$/m)
  expect(namesIn(local)).toEqual(['readme'])
  for (const [line, status, says] of failures.filter((_, index) => index % 4 === 0 || index > 16)) {
    const one = await batch(['pwd', line])
    expect([line, one.exit]).toEqual([line, status])
    expect(one.stderr).toMatch(says)
    expect(one.stderr).toMatch(/\nsft: stopped at line 2: |^sft: stopped at line 2: /)
  }
  for (const [, , says] of failures) expect(stderr).toMatch(says)
})

test('the next step after a failure is a command of the shell, whatever else is called so', async () => {
  const { batch, local } = await scene()
  mkdirSync(join(local, 'folder'))
  const says: [line: string, ending: string][] = [
    ['get nope', 'no such entry in the share; "ls" shows what there is'],
    ['ls nope', 'no such entry in the share; "ls" shows what there is'],
    ['cd nope', 'no such entry in the share; "ls" shows what there is'],
    ['get "sft ls*" sft\\ ls*', '"sft ls*"; "ls" shows what is there'],
    ['rm *.nope', '"*.nope"; "ls" shows what is there'],
    ['ls *.nope', '"*.nope"; "ls" shows what is there'],
    ['put *.nope', '"*.nope"; "lls" shows what is there'],
    ['put folder -o nope/deep/', 'create it first: mkdir'],
    ['put ../script -o nope/', 'create it first: mkdir'],
    ['put -', 'outside of this shell: sft put PEER - -o NAME'],
  ]
  const { stderr } = await batch(says.map(([line]) => `-${line}`))
  const failures = stderr.split('\n').filter((line) => line.startsWith('sft: '))
  for (const [line, ending] of says) {
    expect({ line, failures }).toEqual({
      line,
      failures: expect.arrayContaining([expect.stringMatching(new RegExp(`${ending.replaceAll(/[.*]/g, '\\$&')}$`))]),
    })
  }
  expect(failures.filter((failure) => / "?sft (?!put PEER)\w+"?(?: shows|$)/.test(failure))).toEqual([])
  const { stdout } = await batch(['rm *.nope'], '--json')
  expect(objects(stdout)).toContainEqual(
    expect.objectContaining({ type: 'error', message: 'nothing matches "*.nope"; "ls" shows what is there' }),
  )
})

test('nobody is asked in a script: a conflict fails', async () => {
  const { batch, local } = await scene()
  writeFileSync(join(local, 'readme'), 'another')
  const { exit, stderr } = await batch(['get readme', 'pwd'])
  expect(exit).toBe(8)
  expect(stderr).toContain('is there already, and differs')
  expect(readFileSync(join(local, 'readme'), 'utf8')).toBe('another')
  expect((await batch(['get readme --on-conflict rename'])).exit).toBe(0)
})

test('put patterns are those of the machine itself, without what begins with a dot', async () => {
  const { batch, root, local } = await scene()
  mkdirSync(join(local, 'dir/deep'), { recursive: true })
  for (const name of ['a.txt', 'b.txt', '.hidden.txt', 'dir/c.txt', 'dir/deep/d.txt'])
    writeFileSync(join(local, name), name)
  const { exit, stderr } = await batch([
    'mkdir one two',
    'put *.txt -o one',
    'lcd dir',
    'cd two',
    'put *.txt ../*.txt deep/*',
  ])
  expect({ exit, stderr }).toMatchObject({ exit: 0 })
  expect(namesIn(join(root, 'one'))).toEqual(['a.txt', 'b.txt'])
  expect(namesIn(join(root, 'two'))).toEqual(['a.txt', 'b.txt', 'c.txt', 'd.txt'])
  expect((await batch(['put *.nope'])).stderr).toContain('nothing matches "*.nope"')
})

test('ls -r lists what a pattern matches and all below it, in a script as on the command line', async () => {
  const { batch, root, address, client } = await scene()
  mkdirSync(join(root, 'photos/2026/deep'))
  mkdirSync(join(root, 'p*'))
  writeFileSync(join(root, 'p*/inner'), '')
  const all = [
    'photos/',
    'photos/2026/',
    'photos/2026/deep/',
    'photos/2026/june.jpg',
    'photos/beach.jpg',
    'photos/boat.jpg',
    'photos/notes.txt',
  ]
  const wanted = [
    ['ph*', '', ['photos/']],
    ['./ph*', '-r', all],
    ['photos/2*', '-r', all.slice(1, 4)],
    ['{photos/b*,readme}', '-r', ['photos/beach.jpg', 'photos/boat.jpg', 'readme']],
    ['p*', '-r', ['inner']], // a folder of that name
  ] as const
  const texts = wanted.map(([, , listed]) => `${listed.join('\n')}\n`)
  const script = wanted.map(([pattern, flag]) => `ls ${pattern} ${flag}`)
  expect(await batch(script)).toMatchObject({ exit: 0, stderr: '', stdout: texts.join('') })
  const results = await inBatches(wanted, async ([pattern, flag]) =>
    sft(['ls', address, pattern, ...(flag === '' ? [] : [flag])], client),
  )
  expect(results.map(({ stdout }) => stdout)).toEqual(texts)
  expect((await batch(['cd photos', 'ls -r 2*'])).stdout).toBe('2026/\n2026/deep/\n2026/june.jpg\n')
  for (const text of ['nope*', '../*', '/ph*']) {
    const { exit, stderr } = await sft(['ls', address, text], client)
    expect({ exit, stderr }).toEqual({ exit: text === 'nope*' ? 4 : 2, stderr: expect.stringMatching(/^sft: .+\n$/) })
    expect(stderr).toContain(text === '../*' ? '".."' : '"')
  }
})

test('what is called like a pattern can be named, and quotes keep a pattern from being one', async () => {
  const { batch, root, local } = await scene()
  mkdirSync(join(root, '[odd]'))
  for (const name of ['*', 'x*', 'xy', '[odd]/a.txt', '[odd]/b.txt']) writeFileSync(join(root, name), name)
  expect(await batch(['rm \'*\' "x"\\*', 'cd [odd]', 'get *.txt', 'rm a*'])).toMatchObject({ exit: 0 })
  expect(namesIn(root)).toEqual(expect.arrayContaining(['xy', 'readme', '[odd]/b.txt']))
  expect(namesIn(root)).not.toEqual(expect.arrayContaining(['*']))
  expect(namesIn(root)).not.toEqual(expect.arrayContaining(['[odd]/a.txt']))
  expect(namesIn(local)).toEqual(['a.txt', 'b.txt'])
})

test('commands come from stdin too, and a shell without a terminal is the same', async () => {
  const machines = await scene()
  for (const args of [
    ['batch', machines.address],
    ['batch', machines.address, '-'],
    ['shell', machines.address],
  ]) {
    const { exit, stdout, stderr } = await withInput(args, 'cd photos\npwd\n!cat\nrm nope\npwd\n', machines)
    expect({ exit, stdout }).toEqual({ exit: 4, stdout: '/photos\n' }) // and no command took the rest of the input
    expect(stderr).toMatch(/^sft: stopped at line 4: rm nope$/m)
  }
})

test('with --json every line of stdout is an object, those of local commands included', async () => {
  const { batch } = await scene()
  const script = ['cd photos', 'ls 2026', 'pwd', '!echo plain', 'help', 'get notes.txt', '-rm nope', 'rm nope']
  const { exit, stdout, stderr } = await batch(script, '--json')
  expect(exit).toBe(4)
  expect(stderr).toContain('plain\n')
  const printed = objects(stdout)
  expect(printed.filter(({ type }) => type === 'command')).toHaveLength(8)
  expect(printed.map(({ type }) => type)).toEqual(expect.arrayContaining(['entry', 'pwd', 'file', 'done', 'error']))
  expect(printed.at(-1)).toEqual({ type: 'stopped', line: 8, text: 'rm nope', exit: 4 })
})

test('a script that is no text, too long or not there fails before anything is done', async () => {
  const { address, client, root } = await scene()
  const script = join(root, '..', 'script')
  for (const [content, exit, says] of [
    [Buffer.from([0x70, 0x77, 0x64, 0xff]), 2, 'not a text in UTF-8'],
    [Buffer.alloc(2 ** 20 + 1, 'pwd\n'), 2, 'more than 1048576 bytes'],
  ] as const) {
    writeFileSync(script, content)
    expect(await sft(['batch', address, script], client)).toMatchObject({ exit, stderr: expect.stringContaining(says) })
  }
  expect(await sft(['batch', address, 'nope'], client)).toMatchObject({
    exit: 4,
    stderr: expect.stringContaining('nope'),
  })
})

test('a line on stdin that is no text is not carried out, as it would mean another name', async () => {
  const machines = await scene()
  const { address, root } = machines
  writeFileSync(join(root, 'caf\ufffd'), '')
  const script = Buffer.concat([Buffer.from('pwd\nrm caf'), Buffer.from([0xe9]), Buffer.from('\n')])
  const { exit, stdout, stderr } = await withInput(['batch', address], script, machines)
  expect({ exit, stdout }).toEqual({ exit: 2, stdout: '/\n' })
  expect(stderr).toContain('line 2 of the commands is not a text in UTF-8')
  expect(existsSync(join(root, 'caf\ufffd'))).toBe(true)
})

test('a session that was lost is opened again by the next command, which says so', async () => {
  const machines = await scene()
  const { address, client, sharer, root, share } = machines
  const port = /\/tcp\/(\d+)\//.exec(address)?.[1] ?? ''
  const env = { ...process.env, SFT_HOME: client.home, SFT_NO_DISCOVERY: '1' }
  const child = spawn(process.execPath, [BIN, 'batch', address], { env, cwd: client.cwd })
  const ending = finish(child)
  child.stdin.write('cd photos\npwd\n')
  await new Promise((resolve) => child.stdout.once('data', resolve))
  share.kill('SIGKILL')
  await new Promise((resolve) => share.once('close', resolve))
  await startShare(root, ['--open', '--listen', `/ip4/127.0.0.1/tcp/${port}`], sharer) // under the same key
  child.stdin.end('get notes.txt\nls\n')
  const { exit, stderr } = await ending
  expect({ exit, stderr }).toMatchObject({
    exit: 0,
    stderr: expect.stringMatching(/^The connection was lost; connected again\.\nnotes\.txt: /),
  })
})

test.skipIf(spawnSync('script', ['--version']).status !== 0)(
  'at a terminal it is shown that it connects again, unless flags say otherwise',
  async () => {
    for (const [flag, isDrawn] of [
      ['', true],
      ['-q', false],
      ['--no-progress', false],
    ] as const) {
      const { address, client, root, share } = await scene()
      const list = join(root, '..', 'list')
      // The first one may still find out that the session is lost.
      writeFileSync(
        list,
        `!kill -9 ${share.pid}; while kill -0 ${share.pid}; do sleep 0.1; done 2>/dev/null\n-ls\nls\n`,
      )
      const line = `'${process.execPath}' '${BIN}' batch '${address}' '${list}' ${flag}`
      const env = { ...process.env, SFT_HOME: client.home, SFT_NO_DISCOVERY: '1' }
      const { exit, stdout } = await finish(spawn('script', ['-qec', line, '/dev/null'], { env, cwd: client.cwd }))
      expect({ flag, exit, isDrawn: stdout.includes('\u001b') }).toEqual({ flag, exit: 3, isDrawn })
    }
  },
)

test('the history of a shell is not touched by scripts', async () => {
  const { batch, client } = await scene()
  await batch(['pwd'])
  expect(existsSync(join(client.home, 'history-shell'))).toBe(false)
})
