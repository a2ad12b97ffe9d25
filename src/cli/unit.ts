import { basename } from 'node:path'
import { SftError } from '../index.ts'

/** A share that systemd runs for one user. */
export interface Service {
  /** The shared folder, as its real absolute path. */
  readonly folder: string
  /** The command line: absolute paths first, nothing that a shell would have to read. */
  readonly command: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  /** The folders it writes in, as absolute paths that exist. */
  readonly writable: readonly string[]
  /** Files that it only reads, as absolute paths. */
  readonly readable?: readonly string[]
  /** Whether it sees the rest of the file system read-only, which takes namespaces that not every system gives users. */
  readonly sandbox: boolean
}

/** The first line of every unit of ours: no other is replaced or removed. */
export const MARK = '# Written by "sft service install"; "sft service uninstall" removes it.'

/** Longest readable part of the name of a unit. */
const SLUG = 40

/** Characters that end a line of a unit, that systemd takes for no text, or that nobody can see. */
const UNFIT = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]|(?![\u200C\u200D])\p{Cf}/u

/** Returns the name of the unit that shares a folder: the end of its path to read, and a digest of all of it. */
export async function unitName(folder: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(folder))
  const readable = basename(folder)
    .replace(/[^A-Za-z0-9_]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, SLUG)
  return `sft-${readable === '' ? 'share' : readable}-${Buffer.from(digest).toString('hex').slice(0, 8)}.service`
}

/**
 * Formats the unit. What a share does not need is taken from it, as far as the manager of a user may.
 *
 * @throws {@link SftError} `ERR_USAGE` for a path or a value that cannot stand in a unit.
 */
export function formatUnit({ folder, command, environment, writable, readable = [], sandbox }: Service): string {
  if (/["'\\]/.test(command[0] ?? '')) {
    throw new SftError('ERR_USAGE', `systemd starts no program with such a path: ${command[0]}; install it elsewhere`)
  }
  return `${[
    MARK,
    '[Unit]',
    `Description=sft share of ${quote(folder)}`,
    'StartLimitIntervalSec=0', // a disk may come back after days
    '',
    '[Service]',
    'Type=exec',
    `ExecStart=:${command.map(quote).join(' ')}`, // with the colon a $ is nothing but itself
    ...Object.entries(environment).map(([name, value]) => `Environment=${quote(`${name}=${value}`)}`),
    'Restart=on-failure',
    'RestartSec=10',
    'SuccessExitStatus=130 143', // what sft says of SIGINT and SIGTERM
    'TimeoutStopSec=15',
    '',
    ...ALWAYS,
    ...(sandbox ? ['', ...namespaces([folder, ...readable], writable)] : []),
    '',
    '[Install]',
    'WantedBy=default.target',
  ].join('\n')}\n`
}

/** Needs nothing but a kernel that filters system calls. No MemoryDenyWriteExecute: V8 compiles as it runs. */
const ALWAYS = [
  'NoNewPrivileges=yes',
  'LockPersonality=yes',
  'RestrictAddressFamilies=AF_INET AF_INET6 AF_NETLINK AF_UNIX',
  'RestrictNamespaces=yes',
  'RestrictRealtime=yes',
  'RestrictSUIDSGID=yes',
  'SystemCallArchitectures=native',
  'SystemCallFilter=@system-service',
  'SystemCallErrorNumber=EPERM',
]

function namespaces(readable: readonly string[], writable: readonly string[]): string[] {
  const inTmp = [...readable, ...writable].some((path) => /^\/(?:var\/)?tmp(?:\/|$)/.test(path))
  return [
    'PrivateUsers=yes',
    'ProtectSystem=strict',
    `ReadWritePaths=${writable.map(quote).join(' ')}`,
    ...(inTmp ? [] : ['PrivateTmp=yes']),
    'ProtectControlGroups=yes',
    'ProtectKernelTunables=yes',
  ]
}

/** Writes text so that systemd reads it as one word, and as nothing else: its quotes, escapes and specifiers. */
function quote(text: string): string {
  if (UNFIT.test(text)) {
    const fault = 'holds a character that cannot be seen or ends a line, which no unit of systemd may'
    throw new SftError('ERR_USAGE', `"${text}" ${fault}; rename it`)
  }
  return `"${text.replace(/["\\]/g, '\\$&').replaceAll('%', '%%')}"`
}
