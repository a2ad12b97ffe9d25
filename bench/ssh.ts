/** The rivals over SSH: scp, sftp, rsync and `ssh ls`, to an sshd of our own with keys made for this bench. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { basename, join } from 'node:path'
import type { Contender, Setup, Task } from './contender.ts'
import { freePort, Standing } from './far-end.ts'

const SSHD = '/usr/sbin/sshd' // it wants to be called by its whole path
const GCM = ['-c', 'aes128-gcm@openssh.com']

/** Everything over SSH that may be compared, all to the same kind of server. */
export function ssh(folder: string): Contender[] {
  const keys = join(folder, 'ssh')
  mkdirSync(keys)
  const [host, user] = [join(keys, 'host'), join(keys, 'user')]
  for (const key of [host, user]) execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', key])
  const options = ['-F', 'none', '-i', user, '-o', 'IdentitiesOnly=yes', '-o', 'BatchMode=yes', '-o', 'LogLevel=ERROR']
  options.push('-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null')
  const login = `${userInfo().username}@127.0.0.1`

  /** Makes a contender of one command; `argv` is asked for each client, with the port, and where to and from. */
  function contender(
    name: string,
    does: (task: Task) => boolean,
    argv: (task: Task, port: number, from: string, to: string) => string[],
  ): Contender {
    return {
      name,
      does,
      async setUp(task: Task): Promise<Setup> {
        const port = await freePort()
        const config = join(keys, 'sshd_config')
        writeFileSync(
          config,
          [
            `Port ${port}`,
            'ListenAddress 127.0.0.1',
            `HostKey ${host}`,
            `AuthorizedKeysFile ${user}.pub`,
            'StrictModes no', // the folder for temporary files belongs to everybody
            'PidFile none',
            'PasswordAuthentication no',
            'KbdInteractiveAuthentication no',
            'UseDNS no',
            'MaxStartups 100', // twenty clients at once are no attack here
            'Subsystem sftp /usr/lib/openssh/sftp-server',
          ].join('\n'),
        )
        const server = new Standing([SSHD, '-D', '-e', '-f', config], join(keys, 'sshd.log'))
        await server.answers(port)
        const { action, source, into } = task
        return {
          port,
          pid: server.pid,
          commands: (port) =>
            into.map((target) => {
              const [from, to] =
                action === 'put' ? [source, `${login}:${target}/`] : [`${login}:${source}`, `${target}/`]
              return { end: 'near', argv: argv(task, port, from, to) }
            }),
          stop: async () => server.stop(),
        }
      },
    }
  }

  const transfers = ({ action }: Task): boolean => action !== 'ls'
  const scp = (task: Task, port: number, from: string, to: string): string[] => {
    return ['scp', '-q', ...(task.payload === 'tree' ? ['-r'] : []), ...options, '-P', String(port), from, to]
  }

  return [
    contender('scp', transfers, scp),
    contender(
      'scp aes128-gcm',
      (task) => transfers(task) && task.payload === 'file' && task.into.length === 1,
      (task, port, from, to) => ['scp', ...GCM, ...scp(task, port, from, to).slice(1)],
    ),
    contender('rsync -a', transfers, (_task, port, from, to) => {
      return ['rsync', '-a', '-e', `ssh -p ${port} ${options.join(' ')}`, from, to]
    }),
    contender(
      'sftp',
      (task) => transfers(task) && task.into.length === 1,
      ({ action, source, into: [target = ''] }, port) => {
        const batch = join(keys, 'batch')
        const [from, to] = action === 'put' ? [source, `${target}/`] : [source, `${target}/${basename(source)}`]
        writeFileSync(batch, `${action} -r ${from} ${to}\n`)
        return ['sftp', '-q', ...options, '-P', String(port), '-b', batch, login]
      },
    ),
    contender(
      'ssh ls',
      ({ action }) => action === 'ls',
      ({ source }, port) => ['ssh', ...options, '-p', String(port), login, 'ls', '-l', source],
    ),
  ]
}
