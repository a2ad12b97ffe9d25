/** sft itself: a share that any peer may use, and the commands of this build. */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, symlinkSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Command, Contender, Setup, Task } from './contender.ts'
import { Standing } from './far-end.ts'

/**
 * Takes a copy of what is built in `repository`, which stays the same though somebody builds again meanwhile.
 *
 * @returns The program, to be followed by its arguments.
 */
export function copyOfBuild(repository: string, folder: string): [string, ...string[]] {
  execFileSync(process.execPath, ['build.ts', '--if-stale'], { cwd: repository, stdio: 'inherit' })
  const copy = join(folder, 'sft')
  mkdirSync(copy)
  for (const part of ['bin', 'dist', 'package.json'])
    cpSync(join(repository, part), join(copy, part), { recursive: true })
  symlinkSync(join(repository, 'node_modules'), join(copy, 'node_modules')) // for what has a binary beside its code
  return [process.execPath, join(copy, 'bin', 'sft.js')]
}

export function sft(repository: string, folder: string): Contender {
  const program = copyOfBuild(repository, folder)
  const client = { SFT_HOME: join(folder, 'client-home') }

  return {
    name: 'sft',
    does: () => true,
    async setUp(task: Task): Promise<Setup> {
      const { action, source, into } = task
      const [target = ''] = into
      const shared = action === 'put' ? [target, '--write'] : [dirname(source)]
      const listen = ['--listen', '/ip4/127.0.0.1/tcp/0', '--no-discovery', '--json']
      const provider = new Standing([...program, 'share', ...shared, '--open', ...listen], join(folder, 'share.log'), {
        SFT_HOME: join(folder, 'share-home'),
      })
      const address = await provider.until((said) => /"(\/ip4\/127[^"]+)"/.exec(said)?.[1])
      return {
        port: Number(/\/tcp\/(\d+)/.exec(address)?.[1]),
        pid: provider.pid,
        commands: (port) => commands(task, address.replace(/\/tcp\/\d+/, `/tcp/${port}`)),
        stop: async () => provider.stop(),
      }
    },
  }

  function commands({ action, source, into }: Task, address: string): Command[] {
    const run = (...args: string[]): Command => ({ end: 'near', argv: [...program, ...args], env: client })
    if (action === 'ls') return [run('ls', address, basename(source))]
    if (action === 'put') return [run('put', address, source, '-o', '.')]
    return into.map((folder) => run('get', address, basename(source), '-o', `${folder}/`))
  }
}
