import { execFile } from 'node:child_process'
import { mkdir, readFile, rename, unlink, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { isSea } from 'node:sea'
import {
  defaultHome,
  defaultLogFile,
  isLocalFolder,
  loadIdentity,
  realFolder,
  SftError,
  type Right,
} from '../../index.ts'
import { escapeText } from '../escape.ts'
import { Output, type Manner } from '../output.ts'
import { formatUnit, MARK, unitName } from '../unit.ts'
import { expectConsistent, parseRights, type ShareCommandOptions } from './share.ts'

export interface ServiceOptions extends Manner {
  readonly json?: boolean
}

export interface InstallOptions extends ServiceOptions, ShareCommandOptions {
  /** Only prints the unit. */
  readonly print?: boolean
  readonly sandbox?: boolean
  /** The configuration file, if it was named: the service reads the same. */
  readonly config?: string
}

/** Where a unit lies, by the folder it shares. */
interface Unit {
  readonly folder: string
  readonly name: string
  readonly path: string
}

const WITHOUT = 'this system has no systemctl, so no systemd that could run a service'

/**
 * `sft service install DIR`: shares a folder from now on, and whenever this user's services start.
 *
 * @param flags - The options of `sft share` as they were typed.
 */
export async function install(dir: string, flags: readonly string[], options: InstallOptions): Promise<number> {
  return reporting(options, async (output) => {
    expectConsistent(options)
    const rights = parseRights(options)
    if (!(await isLocalFolder(dir))) throw new SftError('ERR_NOT_FOUND', `there is no folder "${dir}"`)
    const unit = await unitOf(await realFolder(dir))
    const home = resolve(defaultHome())
    const log = logFolder(home, options.log)
    const config = options.config === undefined ? [] : [resolve(options.config)]
    const text = formatUnit({
      folder: unit.folder,
      command: [
        ...program(),
        'share',
        unit.folder,
        ...flags.map(withWholePath),
        ...config.map((path) => `--config=${path}`),
      ],
      environment: environment(home),
      writable: [...new Set([home, ...log, ...(mayWrite(rights) ? [unit.folder] : [])])],
      readable: config,
      sandbox: options.sandbox !== false,
    })
    if (options.print === true) {
      output.object('unit', { name: unit.name, path: unit.path, text })
      output.line(text.trimEnd())
      return 0
    }
    await expectOurs(unit)
    await systemctl('--version') // before anything is written
    await loadIdentity(home) // what may be written has to be there
    for (const folder of log) await mkdir(folder, { recursive: true, mode: 0o700 })
    await replace(unit.path, text)
    await systemctl('daemon-reload')
    await systemctl('enable', unit.name)
    await systemctl('restart', unit.name).catch((error: unknown) => {
      const hint = options.sandbox === false ? '' : '; if it says NAMESPACE or USER, install it with --no-sandbox'
      throw new SftError('ERR_INTERNAL', `${describe(error)}; see: journalctl --user -u ${unit.name}${hint}`, {
        cause: error,
      })
    })
    output.object('installed', { name: unit.name, path: unit.path, folder: unit.folder })
    output.line(`Shared from now on, and after every login: ${escapeText(unit.folder)}`)
    output.talk(`  journalctl --user -u ${unit.name} -f    what happens, and codes`)
    output.talk('  loginctl enable-linger    has it run from boot on, without a login')
    return 0
  })
}

/** `sft service uninstall DIR`: shares a folder no more. */
export async function uninstall(dir: string, options: ServiceOptions): Promise<number> {
  return reporting(options, async (output) => {
    const unit = await unitOf(await realOrGone(dir))
    if (!(await expectOurs(unit))) throw notInstalled(unit)
    const stopped = systemctl('disable', '--now', unit.name)
    const failure = await stopped.then(
      () => null,
      (error: unknown) => error,
    )
    await unlink(unit.path)
    if (failure !== null) {
      throw new SftError(
        'ERR_INTERNAL',
        `the unit is removed, but it may run on until the next login: ${describe(failure)}`,
      )
    }
    await systemctl('daemon-reload')
    output.object('uninstalled', { name: unit.name, folder: unit.folder })
    output.line(`No service shares ${escapeText(unit.folder)} any more.`)
    return 0
  })
}

/** `sft service status DIR`: tells whether a folder is shared by a service; 0 only if it runs. */
export async function status(dir: string, options: ServiceOptions): Promise<number> {
  return reporting(options, async (output) => {
    const unit = await unitOf(await realOrGone(dir))
    if (!(await expectOurs(unit))) throw notInstalled(unit)
    const enabled = await stateOf('is-enabled', unit)
    const active = await stateOf('is-active', unit)
    output.object('service', { name: unit.name, path: unit.path, folder: unit.folder, enabled, active })
    output.line(`${unit.name}: ${active}, ${enabled}`)
    output.talk(`  journalctl --user -u ${unit.name}    what happened`)
    return active === 'active' ? 0 : 1
  })
}

/** Returns the folder in which the log of the share lies, if it keeps one beside its home. */
function logFolder(home: string, log: string | boolean | undefined): string[] {
  if (log === false) return []
  const folder = dirname(resolve(typeof log === 'string' ? log : defaultLogFile()))
  return folder.startsWith(`${home}/`) ? [] : [folder]
}

/** The service starts in another folder. */
function withWholePath(flag: string): string {
  const [, file] = /^--log=(.*)$/s.exec(flag) ?? []
  return file === undefined ? flag : `--log=${resolve(file)}`
}

async function reporting(options: ServiceOptions, work: (output: Output) => Promise<number>): Promise<number> {
  const output = new Output(options.json === true, options)
  try {
    return await work(output)
  } catch (error) {
    return output.failure(error)
  }
}

/** How sft is started here, without looking for it anywhere. */
function program(): string[] {
  return isSea() ? [process.execPath] : [process.execPath, resolve(process.argv[1] ?? '')]
}

/** What the share is told of where its state lies and how it is called, which the manager of services does not know. */
function environment(home: string): Record<string, string> {
  const set = ['SFT_HOME', 'SFT_NAME', 'XDG_CONFIG_HOME', 'XDG_STATE_HOME'].flatMap((name) => {
    const value = process.env[name] ?? ''
    return value === '' ? [] : [[name, name === 'SFT_HOME' ? home : value] as const]
  })
  return Object.fromEntries(set)
}

/** Whether anybody may be allowed to change the folder: without flags, who was granted it. */
function mayWrite(rights: readonly Right[] | undefined): boolean {
  return rights === undefined || rights.some((right) => right !== 'list' && right !== 'get')
}

async function unitOf(folder: string): Promise<Unit> {
  const configured = process.env['XDG_CONFIG_HOME'] ?? ''
  const config = isAbsolute(configured) ? configured : join(homedir(), '.config')
  const name = await unitName(folder)
  return { folder, name, path: join(config, 'systemd', 'user', name) }
}

/** Returns the real path of a folder, or what it would be where there is none any more. */
async function realOrGone(dir: string): Promise<string> {
  return (await isLocalFolder(dir)) ? realFolder(dir) : resolve(dir)
}

/** Tells whether there is a unit. @throws {@link SftError} `ERR_EXISTS` if somebody else wrote it. */
async function expectOurs({ path }: Unit): Promise<boolean> {
  let text
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw new SftError('ERR_FILE', `cannot read ${path}: ${describe(error)}`, { cause: error })
  }
  if (text.startsWith(`${MARK}\n`)) return true
  throw new SftError('ERR_EXISTS', `${path} was not written by sft; remove it yourself`)
}

async function replace(path: string, text: string): Promise<void> {
  const part = `${path}.${crypto.randomUUID()}`
  try {
    await mkdir(dirname(path), { recursive: true })
    await writeFile(part, text, { flag: 'wx', mode: 0o644 })
    await rename(part, path)
  } catch (error) {
    await unlink(part).catch(() => undefined)
    throw new SftError('ERR_FILE', `cannot write ${path}: ${describe(error)}`, { cause: error })
  }
}

async function stateOf(question: 'is-active' | 'is-enabled', { name }: Unit): Promise<string> {
  const { stdout } = await ask(question, name)
  return /^[a-z-]+$/.exec(stdout.trim())?.[0] ?? 'unknown'
}

/** Has the manager of this user do something. @throws {@link SftError} `ERR_INTERNAL` with what it says. */
async function systemctl(...args: readonly string[]): Promise<void> {
  const { failed, stderr } = await ask(...args)
  if (!failed) return
  const [line = ''] = stderr.trim().split('\n')
  throw new SftError(
    'ERR_INTERNAL',
    `systemctl --user ${args[0]}: ${line === '' ? 'it failed' : line.replace(/\.$/, '')}`,
  )
}

interface Answer {
  readonly failed: boolean
  readonly stdout: string
  readonly stderr: string
}

async function ask(...args: readonly string[]): Promise<Answer> {
  return new Promise((resolve, reject) => {
    execFile('systemctl', ['--user', ...args], { encoding: 'utf8' }, (error, stdout, stderr) => {
      if (error?.code !== 'ENOENT') resolve({ failed: error !== null, stdout, stderr })
      else reject(new SftError('ERR_NOT_FOUND', `${WITHOUT}; "sft service install DIR --print" shows the unit`))
    })
  })
}

function notInstalled({ folder }: Unit): SftError {
  return new SftError('ERR_NOT_FOUND', `no service shares "${folder}"; to have one: sft service install DIR`)
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
