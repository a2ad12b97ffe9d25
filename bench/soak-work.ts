/** What is done to a share for hours: every kind of work, by commands and by a session that lasts, each looked at. */
import { spawn, type ChildProcess } from 'node:child_process'
import { createHash, randomBytes, randomInt } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pause } from './far-end.ts'
import type * as hostile from './soak-hostile.ts'
import type { SessionCalls } from './soak-session.ts'

const MIB = 1024 ** 2

/** Size of the large files. */
const LARGE = 20 * MIB

/** Where and with what the work is done. */
export interface Workplace {
  readonly program: readonly [string, ...string[]]
  /** An empty folder, with the shared one in it. */
  readonly base: string
  readonly root: string
  readonly address: string
  readonly session: SessionCalls
  /** Peers that mean no good. */
  readonly strangers: Pick<typeof hostile, 'garbage' | 'garbageStreams' | 'ruleBreakers'>
}

/** A kind of work; throws if anything of it is not as it has to be. */
export type Work = () => Promise<void>

export class Worker {
  /** Bytes of files that were compared with what they have to be. */
  verified = 0
  /** Commands and sessions that were killed or gave up while they had something under way. */
  met = 0
  readonly #place: Workplace
  readonly #trees: string
  readonly #larges: string
  readonly #local: string
  #count = 0

  /** Fills the share and the folder of the client. */
  constructor(place: Workplace) {
    const { base, root } = place
    this.#place = place
    this.#local = join(base, 'local')
    this.#trees = join(root, 'tree')
    this.#larges = join(root, 'large')
    for (const folder of [this.#local, this.#trees, this.#larges, join(root, 'work')]) mkdirSync(folder)
    for (let index = 0; index < 60; index += 1) {
      const folder = join(this.#trees, `${index % 4}`, `${index % 3}`)
      mkdirSync(folder, { recursive: true })
      writeFileSync(join(folder, `${index}.bin`), randomBytes(index * 700))
    }
    for (let index = 0; index < 3; index += 1) writeFileSync(join(this.#larges, `${index}.bin`), randomBytes(LARGE))
    cpSync(join(root, 'tree'), join(this.#local, 'tree'), { recursive: true })
    cpSync(join(root, 'large'), join(this.#local, 'large'), { recursive: true })
  }

  /** Every kind of work, with how often it is done in one round. */
  get kinds(): Record<string, readonly [times: number, work: Work]> {
    const { session, strangers, address } = this.#place
    return {
      'get tree': [2, async () => this.#getTree(async (into) => this.#run(['get', address, 'tree', '-o', `${into}/`]))],
      'get tree, session': [4, async () => this.#getTree(async (into) => session.getAll(['tree'], into))],
      'put tree': [2, async () => this.#putTree(async (from, to) => this.#run(['put', address, from, '-o', to]))],
      'put tree, session': [4, async () => this.#putTree(async (from, to) => session.putAll([from], to))],
      'get 20 MiB': [
        1,
        async () => this.#getLarge(async (path, into) => this.#run(['get', address, path, '-o', into])),
      ],
      'get 20 MiB, session': [2, async () => this.#getLarge(async (path, into) => session.get(path, into))],
      'put 20 MiB': [
        1,
        async () => this.#putLarge(async (from, path) => this.#run(['put', address, from, '-o', path])),
      ],
      'put 20 MiB, session': [2, async () => this.#putLarge(async (from, path) => session.put(from, path))],
      'ls -r': [1, async () => this.#list()],
      'list, session': [4, async () => equal(await session.list('tree'), 76, 'entries')],
      'mkdir, mv, hash, rm': [1, async () => this.#changes()],
      'mkdir, mv, hash, rm, session': [4, async () => this.#changesOfSession()],
      'another session': [3, async () => equal(await session.visit('large/0.bin'), LARGE, 'size')],
      'refused commands': [1, async () => this.#refused()],
      'refused requests, session': [3, async () => this.#refusedOfSession()],
      'client killed in get': [1, async () => this.#killedGet()],
      'client killed in put': [1, async () => this.#killedPut()],
      'session gives up': [1, async () => this.#giveUp()],
      'slow reader': [1, async () => this.#slowReader()],
      'puts of one name': [1, async () => this.#conflict('fail')],
      'puts of one name, overwrite': [1, async () => this.#conflict('overwrite')],
      'garbage on sockets': [2, async () => strangers.garbage(address)],
      'garbage on streams': [2, async () => strangers.garbageStreams(address)],
      'peers that break rules': [1, async () => strangers.ruleBreakers(address, 'large/0.bin')],
    }
  }

  async #getTree(get: (into: string) => Promise<unknown>): Promise<void> {
    const into = this.#new()
    await get(into)
    this.#same(this.#trees, join(into, 'tree'))
    rmSync(into, { recursive: true })
  }

  async #putTree(put: (from: string, to: string) => Promise<unknown>): Promise<void> {
    const to = `work/tree-${(this.#count += 1)}`
    await this.#place.session.mkdir(to)
    await put(join(this.#local, 'tree'), to)
    this.#same(join(this.#local, 'tree'), join(this.#place.root, to, 'tree'))
    rmSync(join(this.#place.root, to), { recursive: true })
  }

  async #getLarge(get: (path: string, into: string) => Promise<unknown>): Promise<void> {
    const [into, name] = [this.#new(), this.#someLarge()]
    await get(`large/${name}`, join(into, name))
    this.#same(join(this.#larges, name), join(into, name))
    rmSync(into, { recursive: true })
  }

  async #putLarge(put: (from: string, path: string) => Promise<unknown>): Promise<void> {
    const [name, path] = [this.#someLarge(), `work/large-${(this.#count += 1)}`]
    await put(join(this.#local, 'large', name), path)
    this.#same(join(this.#local, 'large', name), join(this.#place.root, path))
    await this.#place.session.remove(path)
    equal(existsSync(join(this.#place.root, path)), false, 'the removed file')
  }

  async #list(): Promise<void> {
    const { stdout } = await this.#run(['ls', this.#place.address, 'tree', '-r', '--json'])
    equal(stdout.trim().split('\n').length, 76, 'entries')
  }

  async #changes(): Promise<void> {
    const { address, root } = this.#place
    const folder = `work/folder-${(this.#count += 1)}`
    await this.#run(['mkdir', address, folder])
    writeFileSync(join(root, folder, 'a'), 'abc')
    await this.#run(['mv', address, `${folder}/a`, `${folder}/b`])
    const { stdout } = await this.#run(['hash', address, `${folder}/b`])
    equal(stdout.slice(0, 32), md5Of(join(root, folder, 'b')), 'digest')
    await this.#run(['rm', address, `${folder}/b`, folder])
    equal(existsSync(join(root, folder)), false, 'the removed folder')
  }

  async #changesOfSession(): Promise<void> {
    const { session, root } = this.#place
    const folder = `work/folder-${(this.#count += 1)}`
    await session.mkdir(folder)
    writeFileSync(join(root, folder, 'a'), 'abc')
    await session.rename(`${folder}/a`, `${folder}/b`)
    equal(await session.digest(`${folder}/b`), md5Of(join(root, folder, 'b')), 'digest')
    await session.remove(`${folder}/b`)
    await session.remove(folder)
    equal(existsSync(join(root, folder)), false, 'the removed folder')
  }

  async #refused(): Promise<void> {
    const { address } = this.#place
    const kept = md5Of(join(this.#larges, '0.bin'))
    await this.#run(['get', address, 'nothing-here', '-o', this.#local], 4)
    await this.#run(['get', address, '../outside', '-o', this.#local], 2)
    await this.#run(['put', address, join(this.#local, 'large', '1.bin'), '-o', 'large/0.bin'], 8)
    await this.#run(['rm', address, 'large'], 8)
    equal(md5Of(join(this.#larges, '0.bin')), kept, 'the file that was not to be replaced')
  }

  async #refusedOfSession(): Promise<void> {
    const { session } = this.#place
    await fails(session.digest('nothing-here'), 'ERR_NOT_FOUND')
    await fails(session.list('../outside'), 'ERR_PATH')
    await fails(session.put(join(this.#local, 'tree', '1', '1', '1.bin'), 'large/0.bin'), 'ERR_EXISTS')
    await fails(session.remove('tree'), 'ERR_NOT_EMPTY')
    await fails(session.digest('tree'), 'ERR_WRONG_TYPE')
  }

  async #killedGet(): Promise<void> {
    const [into, name] = [this.#new(), this.#someLarge()]
    const command = ['get', this.#place.address, `large/${name}`, '-o', `${into}/`]
    await this.#kill([...command, '--bwlimit', '10M'])
    equal(existsSync(join(into, name)), false, 'a file that is not complete')
    await this.#run(command)
    this.#same(join(this.#larges, name), join(into, name))
    equal(readdirSync(into).join(), name, 'what is left')
    rmSync(into, { recursive: true })
  }

  async #killedPut(): Promise<void> {
    const [name, path] = [this.#someLarge(), `work/killed-${(this.#count += 1)}`]
    const command = ['put', this.#place.address, join(this.#local, 'large', name), '-o', path]
    await this.#kill([...command, '--bwlimit', '10M'])
    equal(existsSync(join(this.#place.root, path)), false, 'a file that is not complete')
    await this.#run(command)
    this.#same(join(this.#local, 'large', name), join(this.#place.root, path))
    rmSync(join(this.#place.root, path))
  }

  async #giveUp(): Promise<void> {
    const into = this.#new()
    const target = join(into, 'given-up')
    const after = 1 + randomInt(30)
    const code = await codeOf(this.#place.session.giveUp('large/1.bin', target, after))
    if (code === 'ERR_ABORTED') this.met += 1
    equal(code === null || code === 'ERR_ABORTED', true, `the code ${code}`)
    equal(existsSync(target), code === null, 'the file that was given up')
    rmSync(into, { recursive: true })
  }

  async #slowReader(): Promise<void> {
    const path = join(this.#larges, '2.bin')
    equal(await this.#place.session.readSlowly('large/2.bin', 100 + randomInt(200)), md5Of(path), 'what came')
    this.verified += LARGE
  }

  /** Two clients store two files under one name at the same time: the name then stands for one of them, whole. */
  async #conflict(policy: 'fail' | 'overwrite'): Promise<void> {
    const { address, root } = this.#place
    const path = `work/one-name-${(this.#count += 1)}`
    const sources = ['0.bin', '1.bin'].map((name) => join(this.#local, 'large', name))
    const put = async (source: string): Promise<Ended> =>
      this.#end(this.#start(['put', address, source, '-o', path, '--on-conflict', policy]))
    const exits = (await Promise.all(sources.map(put))).map(({ exit }) => exit ?? -1)
    const winners = sources.filter((source) => md5Of(source) === md5Of(join(root, path)))
    equal(winners.length, 1, 'which of two files is there')
    const sorted = exits.toSorted((a, b) => a - b).join()
    equal(sorted === '0,8' || (policy === 'overwrite' && sorted === '0,0'), true, `the exit statuses ${sorted}`)
    if (sorted === '0,8') equal(sources[exits.indexOf(0)], winners[0], 'which of two commands won')
    this.verified += LARGE
    rmSync(join(root, path))
  }

  /** Compares two files or two trees. */
  #same(one: string, other: string): void {
    if (statSync(one).isDirectory()) {
      equal(readdirSync(other).toSorted().join('\n'), readdirSync(one).toSorted().join('\n'), `the names in ${other}`)
      for (const name of readdirSync(one)) this.#same(join(one, name), join(other, name))
      return
    }
    const content = readFileSync(one)
    if (!content.equals(readFileSync(other))) throw new Error(`${other} has other bytes than ${one}`)
    this.verified += content.byteLength
  }

  /** Makes a folder of its own. */
  #new(): string {
    const folder = join(this.#local, `${(this.#count += 1)}`)
    mkdirSync(folder)
    return folder
  }

  #someLarge(): string {
    return `${randomInt(3)}.bin`
  }

  #start(args: readonly string[]): ChildProcess {
    const [node, ...rest] = this.#place.program
    return spawn(node, [...rest, ...args], {
      env: { ...process.env, SFT_HOME: join(this.#place.base, 'home-commands'), SFT_NO_DISCOVERY: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  }

  async #end(child: ChildProcess): Promise<Ended> {
    let [stdout, stderr] = ['', '']
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text))
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    return new Promise((resolve) => child.on('close', (exit) => resolve({ exit, stdout, stderr })))
  }

  async #run(args: readonly string[], expected = 0): Promise<Ended> {
    const ended = await this.#end(this.#start(args))
    if (ended.exit === expected) return ended
    throw new Error(`${args.join(' ')}: exit status ${ended.exit}, not ${expected}: ${ended.stderr.trim()}`)
  }

  /** Runs a command and kills it in the middle. */
  async #kill(args: readonly string[]): Promise<void> {
    const child = this.#start(args)
    const ending = this.#end(child)
    await Promise.race([ending, pause(700 + randomInt(1_000))])
    if (child.exitCode === null) this.met += 1
    child.kill('SIGKILL')
    await ending
  }
}

interface Ended {
  readonly exit: number | null
  readonly stdout: string
  readonly stderr: string
}

function md5Of(path: string): string {
  return createHash('md5').update(readFileSync(path)).digest('hex')
}

function equal<T>(found: T, expected: T, what: string): void {
  if (found !== expected) throw new Error(`${what}: ${String(found)}, not ${String(expected)}`)
}

async function codeOf(promise: Promise<unknown>): Promise<string | null> {
  try {
    await promise
    return null
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

async function fails(promise: Promise<unknown>, code: string): Promise<void> {
  equal(await codeOf(promise), code, 'how a request was refused')
}
