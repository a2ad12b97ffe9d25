/**
 * Makes the executable and its Debian package and runs both where nothing else is: in an empty root with the libraries
 * that the system tells they need, without `PATH`, with and without `/proc`: `npm run exe:check`. It takes about 4 minutes,
 * on Linux, as root or where users get namespaces.
 *
 * `--times` also measures how long a start takes, beside the program in Node.js; the machine should be quiet then.
 */
import { execFileSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { inspect, parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import packageJson from '../../package.json' with { type: 'json' }
import { exchange } from '../support/installed.ts'

const { values } = parseArgs({ options: { times: { type: 'boolean', default: false } } })
const print = (line: string): void => void process.stdout.write(`${line}\n`)
const base = mkdtempSync(join(tmpdir(), 'sft-exe-'))
const EXE = 'build/sft'
const failures: unknown[] = []

/** Makes a root that holds an executable and its libraries. */
function bareRoot(name: string, exe: string): string {
  const root = join(base, name)
  for (const folder of ['tmp', 'proc', 'bin', 'files']) mkdirSync(join(root, folder), { recursive: true })
  copyFileSync(exe, join(root, 'bin/sft'))
  const libraries = execFileSync('ldd', [exe], { encoding: 'utf8' }).matchAll(/(?:=> )?(\/\S+) \(0x/g)
  for (const [, library = ''] of libraries) {
    mkdirSync(join(root, dirname(library)), { recursive: true })
    copyFileSync(library, join(root, library))
  }
  return root
}

function absolute(program: string): string {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin']
  const found = folders.map((folder) => join(folder, program)).find((path) => existsSync(path))
  if (found === undefined) throw new Error(`there is no ${program}`)
  return found
}

/** What is typed to run the executable in its root. */
function inRoot(root: string, withProc: boolean): string[] {
  const own = process.getuid?.() === 0 ? ['--mount'] : ['--user', '--map-root-user', '--mount']
  const mount = withProc ? `${absolute('mount')} --rbind /proc "$0/proc" && ` : ''
  const script = `${mount}exec ${absolute('chroot')} "$0" /bin/sft "$@"`
  return [absolute('unshare'), ...own, '/bin/sh', '-c', script, root]
}

async function check(name: string, exe: string, withProc: boolean): Promise<void> {
  try {
    const root = bareRoot(name.replaceAll(/\W+/g, '-'), exe)
    const command = inRoot(root, withProc)
    const [program = '', ...before] = command
    const run = (...args: readonly string[]): string =>
      execFileSync(program, [...before, ...args], { env: { PATH: '' }, encoding: 'utf8' })
    if (run('--version').trim() !== packageJson.version) throw new Error('it calls itself otherwise')
    if (!run('share', '--help').includes('Example:')) throw new Error('it has no help')
    const { native, thread } = await exchange({
      command,
      env: { PATH: '' },
      folder: join(root, 'files'),
      inside: '/files',
    })
    // Without /proc that thread could not walk to a file without following links, and is not started.
    if (thread !== withProc) throw new Error(`the thread for small files ran: ${thread}`)
    if (native !== withProc) throw new Error(`native libsodium loaded: ${native}`)
    print(`${name.padEnd(32)} works, ${native ? 'native' : 'WebAssembly'}`)
  } catch (error) {
    failures.push(error)
    print(`${name.padEnd(32)} FAILED`)
  }
}

/** Has the thread that hashes do so, as the executable starts it: only machines of three cores have it otherwise. */
async function checkHashThread(): Promise<void> {
  const worker = new Worker(readFileSync('build/exe/hash-worker.js', 'utf8'), { eval: true })
  const bytes = randomBytes(1_000_000)
  worker.postMessage({ type: 'begin', id: 1, algorithm: 'md5' }, [])
  worker.postMessage({ type: 'update', id: 1, bytes }, [])
  await once(worker, 'message')
  worker.postMessage({ type: 'digest', id: 1 }, [])
  const [{ digest }] = (await once(worker, 'message')) as [{ digest: Uint8Array }]
  await worker.terminate()
  if (!createHash('md5').update(bytes).digest().equals(digest)) throw new Error('the thread hashes wrong')
}

/** Returns the median of ten starts, in milliseconds. */
function startTime(command: readonly string[]): number {
  const [program = '', ...args] = command
  const times = Array.from({ length: 11 }, () => {
    const started = performance.now()
    execFileSync(program, [...args, '--version'], { stdio: 'ignore' })
    return performance.now() - started
  })
  return times.slice(1).toSorted((a, b) => a - b)[5] ?? 0
}

print('Makes the executable and its package and runs both in empty roots; about 4 minutes.')
try {
  for (const script of ['pack/exe.ts', 'pack/deb.ts']) execFileSync(process.execPath, [script], { stdio: 'inherit' })
  await checkHashThread()
  const unpacked = join(base, 'unpacked')
  execFileSync('dpkg-deb', [
    '--extract',
    `build/sft_${packageJson.version}_${process.arch === 'x64' ? 'amd64' : process.arch}.deb`,
    unpacked,
  ])
  await check('executable', EXE, true)
  await check('executable, no /proc', EXE, false)
  await check('Debian package', join(unpacked, 'usr/bin/sft'), true)
  print(`size ${(statSync(EXE).size / 1e6).toFixed(1)} MB`)
  if (values.times) {
    print(
      `start ${startTime([EXE]).toFixed(0)} ms; in Node.js ${startTime([process.execPath, 'bin/sft.js']).toFixed(0)} ms`,
    )
  }
  for (const error of failures) process.stderr.write(`${inspect(error)}\n`)
} finally {
  rmSync(base, { recursive: true, force: true })
}
process.exitCode = failures.length > 0 ? 1 : 0
