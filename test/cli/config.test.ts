import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { commandLine } from '../../src/cli/program.ts'
import { variableOf } from '../../src/cli/settings.ts'
import { isOnlyTyped, settingOf } from '../../src/cli/sources.ts'
import { inBatches, namesIn, objects, PATIENTLY, sft, start, startShare, twoMachines } from '../support/cli.ts'
import { tempFolder } from '../support/tmp.ts'

/** Makes a home with this configuration file. */
function homeWith(text: string): string {
  const home = join(tempFolder(), 'home')
  mkdirSync(home, { mode: 0o700 })
  writeFileSync(join(home, 'config.toml'), text)
  chmodSync(join(home, 'config.toml'), 0o600)
  return home
}

/** Returns how settings stand for a machine, as `value source`, by `command.key`. */
async function standing(
  home: string,
  env: Record<string, string> = {},
  args: readonly string[] = [],
): Promise<Record<string, string>> {
  const { exit, stdout, stderr } = await sft([...args, 'config', '--json'], { home, env })
  expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' })
  const settings = objects(stdout).filter(({ type }) => type === 'setting')
  return Object.fromEntries(
    settings.map(({ command, key, value, source }) => [
      `${String(command)}.${String(key)}`,
      `${String(value)} ${String(source)}`,
    ]),
  )
}

test('a variable counts before the file, the table of a command before the top, and all before the default', async () => {
  const home = homeWith('retry-for = 5\nbwlimit = "1M"\nlan-only = true\n[get]\nbwlimit = "2M"\nlan-only = false\n')
  const found = await standing(home, { SFT_RETRY_FOR: '9', SFT_CHECKSUM: 'true', SFT_QR: '', SFT_EXCLUDE: 'a b\n*.c' })
  expect(found).toMatchObject({
    'get.retry-for': '9 environment',
    'put.retry-for': '9 environment',
    'get.bwlimit': '2M file',
    'put.bwlimit': '1M file',
    'ls.lan-only': 'true file',
    'get.lan-only': 'false file',
    'get.checksum': 'true environment',
    'share.qr': 'false default', // an empty variable is none
    'put.exclude': 'a b,*.c environment',
    'get.jobs': 'null default',
  })
})

test('a file is named by --config before $SFT_CONFIG, before the one at home', async () => {
  const home = homeWith('jobs = 1\n')
  const [one, two] = [join(homeWith('jobs = 2\n'), 'config.toml'), join(homeWith('jobs = 3\n'), 'config.toml')]
  expect(await standing(home)).toMatchObject({ 'get.jobs': '1 file' })
  expect(await standing(home, { SFT_CONFIG: one })).toMatchObject({ 'get.jobs': '2 file' })
  expect(await standing(home, { SFT_CONFIG: one }, ['--config', two])).toMatchObject({ 'get.jobs': '3 file' })
  expect(await standing(home, { SFT_CONFIG: '' })).toMatchObject({ 'get.jobs': '1 file' })
})

test('people see each setting with its value and where that comes from', async () => {
  const home = homeWith('bwlimit = "1M"\n[get]\nlan-only = true\n')
  const { exit, stdout, stderr } = await sft(['config'], { home, env: { SFT_JOBS: '3', SFT_NO_DISCOVERY: '' } })
  expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' })
  const lines = stdout.split('\n').map((line) => line.replace(/ +/g, ' '))
  expect(lines[0]).toBe(join(home, 'config.toml'))
  expect(lines).toContain(`bwlimit 1M ${join(home, 'config.toml')}: "bwlimit"`)
  expect(lines).toContain('jobs 3 SFT_JOBS')
  expect(lines).toContain('retry-for (60)')
  expect(lines).toContain('no-discovery false')
  expect(lines).toContain(`get.lan-only true ${join(home, 'config.toml')}: "lan-only" in [get]`)
  expect(lines).toContain('ls.lan-only false')
})

test('a file that is wrong is refused, with the file, the key and what may be meant', async () => {
  const wrong: [text: string, says: string][] = [
    ['bwlimti = "1M"', 'no key "bwlimti"; did you mean "bwlimit"?'],
    ['discovery = false', 'no key "discovery"; did you mean "no-discovery"?'],
    ['zzzzzz = 1', 'no key "zzzzzz"; see: sft config'],
    ['[get]\nbwlimti = "1M"', 'no key "bwlimti" in [get]; did you mean "bwlimit"?'],
    ['[ls]\nbwlimit = "1M"', 'no key "bwlimit" in [ls]'],
    ['[gte]\njobs = 1', 'no table [gte]; did you mean "get"?'],
    ['[id]\njson = true', 'no table [id]'],
    ['[get.more]\njobs = 1', 'no key "more" in [get]'],
    ['__proto__ = 1', 'no key "__proto__"'],
    ['[__proto__]\njobs = 1', 'no table [__proto__]'],
    ['[constructor]\njobs = 1', 'no table [constructor]'],
    ['jobs = "2"', '"jobs" has to be a whole number'],
    ['jobs = 1.5', '"jobs" has to be a whole number'],
    ['jobs = 0', '"jobs": write a number from 1 to 99'],
    ['jobs = -1', '"jobs": write a number from 1 to 99'],
    ['jobs = 2026-01-01', '"jobs" has to be a whole number'],
    ['[put]\njobs = 100', '"jobs" in [put]: write a number from 1 to 99'],
    ['lan-only = "yes"', '"lan-only" has to be true or false, without quotes'],
    ['lan-only = 1', '"lan-only" has to be true or false'],
    ['exclude = "*.tmp"', '"exclude" has to be a list of texts'],
    ['exclude = [1]', '"exclude" has to be a list of texts'],
    ['name = 7', '"name" has to be a text in quotes'],
    ['name = "a b"', '"name": the name is not 1 to 64 letters'],
    ['bwlimit = "fast"', '"bwlimit": write it like 500k'],
    ['bwlimit = true', '"bwlimit" has to be a text'],
    ['on-conflict = "merge"', '"on-conflict": there are ask, skip, overwrite'],
    ['output = "x"', '"output" is for the command line only'],
    ['[share]\nopen = true', '"open" in [share] is for the command line only'],
    ['[share]\nwrite = true', '"write" in [share] is for the command line only'],
    ['[get]\noverwrite = true', '"overwrite" in [get] is for the command line only'],
    ['json = true', '"json" is for the command line only'],
    ['jobs = 1\njobs = 2', 'line 2'],
    ['\n\njobs =', 'line 3'],
    ['"a\\u001b[31mb" = 1', 'a\\x1b[31mb'],
    [`#${'x'.repeat(64 * 1024)}`, 'larger than 64 KiB'],
  ]
  const found = await inBatches(wrong, async ([text, says]) => {
    const home = homeWith(text)
    const { exit, stdout, stderr } = await sft(['config'], { home })
    const good =
      exit === 2 && stdout === '' && /^sft: [^\n]+\n$/.test(stderr) && stderr.includes(join(home, 'config.toml'))
    return good && stderr.includes(says) ? [] : [{ text, says, exit, stdout, stderr }]
  })
  expect(found.flat()).toEqual([])
})

test('every command that has settings refuses a file that is wrong, before it does anything', async () => {
  const home = homeWith('jbos = 1\n')
  for (const args of [['ls', 'ana'], ['share', tempFolder()], ['pair'], ['peers'], ['doctor']]) {
    const { exit, stderr } = await sft(args, { home })
    expect({ args, exit, stderr }).toMatchObject({
      exit: 2,
      stderr: expect.stringContaining('no key "jbos"') as string,
    })
  }
  expect(namesIn(home)).toEqual(['config.toml'])
  expect((await sft(['ls', '--help'], { home })).exit).toBe(0)
})

test('a file that was named has to be there', async () => {
  const missing = join(tempFolder(), 'none.toml')
  for (const how of [{ args: ['--config', missing] }, { args: [], env: { SFT_CONFIG: missing } }]) {
    const { exit, stderr } = await sft([...how.args, 'config'], { home: tempFolder(), ...how })
    expect({ exit, stderr }).toEqual({
      exit: 2,
      stderr: `sft: there is no ${missing}; to write one: sft config --init\n`,
    })
  }
})

test('a wrong value of a variable is refused by the name of the variable', async () => {
  const home = tempFolder()
  const wrong: [variable: string, value: string, says: string][] = [
    ['SFT_LAN_ONLY', 'maybe', 'SFT_LAN_ONLY is "maybe"; set it to 1, 0, true or false'],
    ['SFT_NO_DISCOVERY', 'on', 'SFT_NO_DISCOVERY is "on"; set it to'],
    ['SFT_BWLIMIT', 'fast', 'SFT_BWLIMIT: write it like 500k'],
    ['SFT_JOBS', '0', 'SFT_JOBS: write a number from 1 to 99'],
    ['SFT_ON_CONFLICT', 'merge', 'SFT_ON_CONFLICT: there are ask, skip'],
    ['SFT_NAME', 'a b', 'SFT_NAME: the name is not 1 to 64 letters'],
    ['SFT_DRY_RUN', '2', 'SFT_DRY_RUN is "2"; set it to'],
  ]
  const results = await inBatches([...wrong.entries()], async ([index, [variable, value]]) =>
    sft(index % 2 === 0 ? ['get', 'ana', 'x'] : ['config'], { home, env: { [variable]: value } }),
  )
  for (const [index, { exit, stderr }] of results.entries()) {
    expect({ exit, stderr }).toMatchObject({
      exit: 2,
      stderr: expect.stringContaining(wrong[index]?.[2] ?? '') as string,
    })
  }
})

test('what gives rights, replaces files or says where to put them can only be typed', () => {
  const commands = commandLine(() => undefined).commands
  const options = commands.flatMap((command) => command.options.map((option) => ({ command: command.name(), option })))
  const names = (some: typeof options): string[] => [...new Set(some.map(({ option }) => option.name()))].toSorted()
  expect(names(options.filter(({ option }) => isOnlyTyped(option)))).toEqual(
    'addr allow drop failed init lines log no-log open output overwrite peer share since write yes'.split(' '),
  )
  expect(names(options.filter(({ option }) => settingOf(option) === null && !isOnlyTyped(option)))).toEqual(
    ['dry-run', 'json', 'muxer', 'no-input', 'quiet', 'recursive', 'verbose'], // which have variables, and are no settings for every day
  )
  // No option of one name can be set in two ways.
  for (const { option } of options.filter(({ option }) => settingOf(option))) {
    expect(options.filter((other) => other.option.name() === option.name() && !settingOf(other.option))).toEqual([])
    expect(variableOf(option)).toMatch(/^SFT_[A-Z0-9_]+$/)
  }
})

test('$SFT_JSON stands for --json, in failures too', async () => {
  const home = tempFolder()
  const { stdout } = await sft(['config'], { home, env: { SFT_JSON: '1' } })
  expect(objects(stdout)[0]).toMatchObject({ type: 'config', exists: false })
  const failed = await sft(['ls'], { home, env: { SFT_JSON: '1' } })
  expect(objects(failed.stdout)).toEqual([expect.objectContaining({ type: 'error', exit: 2 })])
})

test('--init writes every setting in comments, and never over anything', async () => {
  const home = join(tempFolder(), 'home')
  const path = join(home, 'config.toml')
  const first = await sft(['config', '--init'], { home })
  expect(first).toMatchObject({ exit: 0, stdout: `${path}\n` })
  const text = readFileSync(path, 'utf8')
  expect(statSync(path).mode & 0o7777).toBe(0o600)
  expect(text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))).toEqual([])
  const second = await sft(['config', '--init'], { home })
  expect(second).toMatchObject({ exit: 8, stdout: '' })
  expect(second.stderr).toContain(`${path} exists`)
  expect(readFileSync(path, 'utf8')).toBe(text)
  expect(existsSync(join(home, 'identity.key'))).toBe(false) // nobody becomes a peer by this

  // With every comment taken away that holds a setting, it is a good file that sets everything.
  writeFileSync(path, text.replace(/^#(?=[a-z\d-]+ = |\[)/gm, ''))
  const found = await standing(home, { SFT_NO_DISCOVERY: '' })
  expect(Object.entries(found).filter(([, value]) => !value.endsWith(' file'))).toEqual([])
  expect(Object.keys(found).length).toBeGreaterThan(20)
})

test('a share and its clients follow their files, and what is typed goes before', async () => {
  const { sharer, client, root, local } = twoMachines()
  mkdirSync(sharer.home, { mode: 0o700 })
  mkdirSync(client.home, { mode: 0o700 })
  const listen = 'listen = ["/ip4/127.0.0.1/tcp/0"]\nno-discovery = true\n'
  writeFileSync(join(sharer.home, 'config.toml'), `name = "from-file"\n${listen}`, { mode: 0o600 })
  const readyName = async (args: readonly string[], env: Record<string, string> = {}): Promise<unknown> => {
    const child = start(['share', root, '--json', ...args], { ...sharer, env: { SFT_NO_DISCOVERY: '', ...env } })
    let stdout = ''
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text))
    await expect.poll(() => objects(stdout.slice(0, stdout.lastIndexOf('\n') + 1))[0], PATIENTLY).toBeDefined()
    child.kill('SIGTERM')
    const { name, addresses } = objects(stdout.slice(0, stdout.lastIndexOf('\n') + 1))[0] ?? {}
    expect(addresses).toEqual([expect.stringMatching(/^\/ip4\/127\.0\.0\.1\/tcp\/\d+/)])
    return name
  }
  expect(await readyName([])).toBe('from-file')
  expect(await readyName([], { SFT_NAME: 'from-variable' })).toBe('from-variable')
  expect(await readyName(['--name', 'typed'], { SFT_NAME: 'from-variable' })).toBe('typed')

  for (const name of ['a.txt', 'b.tmp']) writeFileSync(join(root, name), 'new')
  const { address } = await startShare(root, ['--open'], sharer)
  const settings = 'exclude = ["*.tmp"]\n[get]\non-conflict = "skip"\n'
  writeFileSync(join(client.home, 'config.toml'), settings, { mode: 0o600 })
  writeFileSync(join(local, 'a.txt'), 'old one')
  // What has to be typed has no variable.
  const env = { SFT_OVERWRITE: '1', SFT_OUTPUT: 'elsewhere' }
  expect((await sft(['get', address, '.'], { ...client, env })).exit).toBe(0)
  expect(readFileSync(join(local, 'a.txt'), 'utf8')).toBe('old one')
  expect(namesIn(local)).toEqual(['a.txt'])
  // A setting neither forbids what was typed nor stands in the way of a stream.
  expect(await sft(['get', address, 'b.tmp', '-o', '-'], client)).toMatchObject({ exit: 0, stdout: 'new' })
  expect((await sft(['get', address, '.', '--overwrite'], client)).exit).toBe(0)
  expect(readFileSync(join(local, 'a.txt'), 'utf8')).toBe('new')
})

test('a variable that counts stands for the option once', async () => {
  const { sharer, client, root } = twoMachines()
  const { address } = await startShare(root, ['--open'], sharer)
  const asked = async (value: string): Promise<string> =>
    (await sft(['ls', address], { ...client, env: { SFT_VERBOSE: value } })).stderr
  expect(await asked('1')).toMatch(/^\* /)
  expect(await asked('0')).toBe('')
})

test('commands of a list follow the settings of the commands they are, and what is written in it goes before', async () => {
  const { sharer, client, root, local } = twoMachines()
  mkdirSync(client.home, { mode: 0o700 })
  const config = join(tempFolder(), 'own.toml')
  writeFileSync(config, 'exclude = ["*.tmp"]\n[get]\non-conflict = "skip"\n[hash]\nsha256 = true\n', { mode: 0o600 })
  for (const name of ['a.txt', 'b.tmp', 'c.bak']) writeFileSync(join(root, name), 'new')
  for (const name of ['a.txt', 'p.tmp', 'p.bak', 'p.txt']) writeFileSync(join(local, name), 'old one')
  const { address } = await startShare(root, ['-w', '--open'], sharer)
  const batch = async (lines: readonly string[], env: Record<string, string> = {}): ReturnType<typeof sft> => {
    const list = join(local, '..', 'list')
    writeFileSync(list, lines.join('\n'))
    return sft(['--config', config, 'batch', address, list], { ...client, env })
  }
  expect(await batch(['get .'], { SFT_DRY_RUN: '1' })).toMatchObject({
    exit: 0,
    stdout: expect.stringMatching(/^new /),
  })
  expect(await batch(['get .', 'put .'], { SFT_EXCLUDE: '*.bak' })).toMatchObject({ exit: 7 }) // by a.txt
  expect(namesIn(local)).toEqual(['a.txt', 'b.tmp', 'p.bak', 'p.tmp', 'p.txt'])
  expect(namesIn(root)).toEqual(['a.txt', 'b.tmp', 'c.bak', 'p.tmp', 'p.txt'])
  expect(await batch(['get . --exclude c.bak --on-conflict overwrite'])).toMatchObject({ exit: 0 })
  expect(readFileSync(join(local, 'a.txt'), 'utf8')).toBe('new')
  expect(namesIn(local)).not.toContain('c.bak')
  expect(await batch(['get b.tmp -o -', 'hash a.txt'])).toMatchObject({ stdout: expect.stringMatching(/^new\S{64} /) })
  const wrong = await batch(['pwd', 'ls', 'get a.txt'], { SFT_BWLIMIT: 'fast' })
  expect(wrong).toMatchObject({
    exit: 2,
    stderr: expect.stringMatching(/^sft: SFT_BWLIMIT: .*\nsft: stopped at line 3: /),
  })
})
