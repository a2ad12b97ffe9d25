import { writeFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { describePairing } from '../../src/cli/pairing-text.ts'
import { askConflict } from '../../src/cli/conflict.ts'
import type { Session } from '../../src/cli/context.ts'
import { askCode } from '../../src/cli/introduction.ts'
import { JobProgress } from '../../src/cli/job-progress.ts'
import { quote } from '../../src/cli/job-text.ts'
import { JobView } from '../../src/cli/job-view.ts'
import { main } from '../../src/cli/main.ts'
import { Output } from '../../src/cli/output.ts'
import { runScript } from '../../src/cli/shell/script.ts'
import { SftError, type JobEvent } from '../../src/index.ts'
import { outcome } from './aftermath.ts'
import { somePeerId } from './dns-bytes.ts'
import { FORGED, RAW_TEXT } from './hostile-texts.ts'

/** Something that prints a text it did not make. */
export interface Printing {
  readonly what: string
  /** Prints it, for people or as objects. */
  readonly print: (text: string, json: boolean) => Promise<unknown>
}

/** Returns what stdout and stderr got while `work` ran in this process. */
export async function printedBy(work: () => Promise<unknown>): Promise<string> {
  const { stdout, stderr } = process
  const [out, err] = [stdout.write.bind(stdout), stderr.write.bind(stderr)]
  let text = ''
  const take = (chunk: unknown, ...rest: unknown[]): boolean => {
    text += typeof chunk === 'string' ? chunk : Buffer.from(chunk as Uint8Array).toString()
    const done = rest.find((one) => typeof one === 'function') as (() => void) | undefined
    if (done) setImmediate(done)
    return true
  }
  stdout.write = take
  stderr.write = take
  try {
    await work()
  } finally {
    stdout.write = out
    stderr.write = err
  }
  return text
}

/** Returns why an output is not safe for a terminal, or `null`. */
export function rawIn(printed: string): string | null {
  const raw = RAW_TEXT.exec(printed)
  if (raw) return `raw U+${(raw[0].codePointAt(0) ?? 0).toString(16)} in ${JSON.stringify(printed.slice(0, 300))}`
  return new RegExp(`^${FORGED}`, 'm').test(printed)
    ? `a forged line in ${JSON.stringify(printed.slice(0, 300))}`
    : null
}

/** Runs a command line in this process as bin/sft.js does in its own, and takes away what it leaves on the process. */
async function command(...argv: string[]): Promise<void> {
  const kept = (['SIGINT', 'SIGTERM', 'SIGHUP'] as const).map((name) => [name, process.listeners(name)] as const)
  const errors = process.stdout.listeners('error')
  try {
    await main(argv)
  } finally {
    for (const [name, listeners] of kept) {
      for (const one of process.listeners(name)) if (!listeners.includes(one)) process.off(name, one)
    }
    for (const one of process.stdout.listeners('error')) {
      if (!errors.includes(one)) process.stdout.off('error', one as () => void)
    }
  }
}

/** Command lines that end before any connection, each with the text in one place. */
const COMMANDS: Record<string, (text: string, folder: string) => string[]> = {
  'unknown command': (text) => [text],
  'unknown option': (text) => [`--${text}`],
  'unknown option of a command': (text) => ['get', 'peer', 'x', `--${text}`],
  'too many words': (text) => ['id', text],
  'unknown peer': (text) => ['ls', text],
  'unknown peer to fetch from': (text) => ['get', text, text],
  'address of a peer': (text) => ['ls', 'ana', '--addr', text],
  'address with a text in it': (text) => ['ls', `/ip4/127.0.0.1/tcp/1/${text}`],
  'limit of speed': (text) => ['get', 'ana', 'x', '--bwlimit', text],
  'choice on a conflict': (text) => ['get', 'ana', 'x', '--on-conflict', text],
  'number of jobs': (text) => ['get', 'ana', 'x', '--jobs', text],
  muxer: (text) => ['get', 'ana', 'x', '--muxer', text],
  'peer of a shell': (text) => ['shell', text],
  'file of commands': (text, folder) => ['batch', 'ana', join(folder, text)],
  'folder to share': (text, folder) => ['share', join(folder, text)],
  'right to share': (text, folder) => ['share', folder, '--allow', text],
  'name of a share': (text, folder) => ['share', folder, '--name', text, '--listen', 'nowhere'],
  'address to listen at': (text, folder) => ['share', folder, '--no-discovery', '--listen', text],
  'peer to share with': (text, folder) => ['share', folder, '--peer', text, '--listen', 'nowhere'],
  'peer to grant to': (text) => ['grant', text, 'list'],
  'right to grant': (text) => ['grant', 'ana', text],
  'path to grant': (text) => ['grant', 'ana', `list@${text}`],
  'share to grant in': (text) => ['grant', 'ana', 'list', '--share', text],
  'all that is granted': () => ['grant', 'ana'],
  'list of peers': () => ['peers'],
  'new name of a peer': (text) => ['peers', 'rename', 'ana', text],
  'peer to remove': (text) => ['peers', 'remove', text],
  'peer to block': (text) => ['peers', 'block', text],
  'code that is none': (text) => ['pair', text],
  'code with a text in it': (text) => ['pair', `ocean-canyon-${text}`],
  'address to pair at': (text) => ['pair', 'ocean-canyon-seven', '--addr', text],
  'name to pair under': (text) => ['pair', 'ocean-canyon-seven', '--name', text],
  'subject of the doctor': (text) => ['doctor', text],
  'time of a history': (text) => ['history', '--since', text],
  'number of a history': (text) => ['history', '-n', text],
  'log of a history': (text, folder) => ['history', '--log', join(folder, 'home', 'peers', text)],
}

/** Makes a machine with one peer in `home`, which the commands in this process belong to from now on. */
export function beMachine(folder: string): void {
  const home = join(folder, 'home')
  mkdirSync(home, { mode: 0o700 })
  process.env['SFT_HOME'] = home
  process.env['SFT_NO_DISCOVERY'] = '1'
  delete process.env['SFT_CODE']
}

/** Everything that prints, as far as one process can do it. @param folder - Where {@link beMachine} was. */
export function printings(folder: string): Printing[] {
  const peers = join(folder, 'home', 'peers')
  const line = `ana ${somePeerId()} list,get ${'A'.repeat(43)}`
  const commands = Object.entries(COMMANDS).map(([what, argv]): Printing => ({
    what: `command line: ${what}`,
    print: async (text, json) => {
      const grant = `grant=put:${encodeURIComponent(pathOf(text))}`
      writeFileSync(peers, `${line} ${grant}\n`, { mode: 0o600 })
      await command(...argv(text, folder), ...(json ? ['--json'] : []))
    },
  }))
  const broken: Printing = {
    what: 'peers file with a text in it',
    print: async (text, json) => {
      writeFileSync(peers, `${line} ${text}\n`, { mode: 0o600 })
      await command('peers', ...(json ? ['--json'] : []))
    },
  }
  return [...commands, broken, ...views()]
}

/** Has `work` find a text on stdin. */
async function typing(text: string, work: () => Promise<void>): Promise<void> {
  const stdin = Object.getOwnPropertyDescriptor(process, 'stdin')
  Object.defineProperty(process, 'stdin', { configurable: true, value: Readable.from([text]) })
  try {
    await work()
  } finally {
    if (stdin) Object.defineProperty(process, 'stdin', stdin)
  }
}

/** A path that a rule can be for. */
function pathOf(text: string): string {
  return text.replaceAll(/[\\/]|^[a-z]:/gi, '_')
}

function views(): Printing[] {
  const view = (what: string, events: (text: string) => JobEvent[], dryRun = false): Printing => ({
    what: `job: ${what}`,
    print: async (text, json) => {
      const session = { output: new Output(json), signal: new AbortController().signal } as unknown as Session
      const job = new JobView(session, { named: new Set([text]) }, { dryRun, onConflict: 'fail' })
      for (const event of events(text)) job.note(event)
      job.stop()
      return Promise.resolve()
    },
  })
  const error = (text: string): SftError => new SftError('ERR_EXISTS', `"${text}" is there already, and differs`)
  const md5 = new Uint8Array(16)
  return [
    view('a file', (text) => [{ type: 'file', path: text, target: text, size: 1, sent: 1, md5 }]),
    view('a folder', (text) => [{ type: 'folder', path: text, target: text }]),
    view('left out', (text) =>
      (['link', 'exists', 'unlistable'] as const).map((reason) => ({ type: 'skipped', path: text, reason, size: 1 })),
    ),
    view('planned', (text) => [{ type: 'planned', path: text, target: text, action: 'new' }], true),
    view('started over', (text) =>
      (['changed', 'damaged'] as const).map((reason) => ({ type: 'restarted', path: text, reason })),
    ),
    view('failed', (text) => [{ type: 'failed', path: text, target: text, error: error(text) }]),
    view('failed elsewhere', (text) => [
      { type: 'failed', path: text, target: 'x', error: new SftError('ERR_FILE', `cannot read: ${text}`) },
    ]),
    view('reconnecting', (text) => [
      { type: 'reconnecting', attempt: 1, wait: 10, error: new SftError('ERR_CLOSED', text) },
    ]),
    {
      what: 'progress on a terminal',
      print: async (text) => {
        const progress = new JobProgress()
        progress.note({ type: 'begin', path: text, target: text, size: 10, offset: 1 })
        for (const columns of [1, 8, 12, 40, 79, 200]) {
          for (const one of [progress.describe(columns), ...progress.active(columns)]) process.stderr.write(`${one}\n`)
        }
        return Promise.resolve()
      },
    },
    {
      what: 'question about a conflict',
      print: async (text, json) => {
        const file = { size: 1, mtime: 0n, executable: false }
        const stopped = AbortSignal.abort(new SftError('ERR_ABORTED', 'interrupted'))
        const conflict = { path: text, target: text, file, there: file } as Parameters<typeof askConflict>[1]
        await outcome(askConflict(new Output(json), conflict, stopped))
      },
    },
    {
      what: 'code typed at a prompt',
      print: async (text, json) =>
        typing(`ocean canyon ${text.replaceAll(/\s/g, '')}\n`, async () => {
          await outcome(askCode(new Output(json), new AbortController().signal))
        }),
    },
    {
      what: 'failure about a path',
      print: async (text, json) => {
        const output = new Output(json)
        for (const context of [{ path: text }, { path: 'x', to: text }, undefined]) {
          output.failure(new SftError('ERR_FILE', `it went wrong: ${text}`), { context })
          output.failure(new Error(text), { context })
        }
        return Promise.resolve()
      },
    },
    {
      what: 'command to type again',
      print: async (text) => Promise.resolve(process.stderr.write(`${quote(text)}\n`)),
    },
    {
      what: 'line of a script',
      print: async (text, json) => {
        const { signal } = new AbortController()
        const session = { output: new Output(json), signal, exitOnSignal: () => undefined } as unknown as Session
        const line = text.replaceAll('\n', '\r')
        for (const one of [
          `x${line}`,
          `help ${line}`,
          `pwd --${line}`,
          `lcd x${line}`,
          `cd ../${line}`,
          `put -o ../${line} x`,
        ]) {
          await runScript(session, [one], () => Promise.resolve())
        }
      },
    },
    {
      what: 'failed pairing',
      print: async (text, json) => {
        const error = new SftError('ERR_PROTOCOL', text)
        describePairing(new Output(json), { type: 'pairingFailed', peerId: somePeerId(), error })
        return Promise.resolve()
      },
    },
  ]
}
