/** sft itself, with and without native code: a share that any peer may use, and the commands of this build. */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
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
  const program = copyOfFiles(repository, copy)
  symlinkSync(join(repository, 'node_modules'), join(copy, 'node_modules')) // for what has a binary beside its code
  return program
}

/**
 * The same as where the optional package `sodium-native` is missing: all else is bundled in `dist`.
 *
 * @throws {Error} If the package would be found from inside `folder`.
 */
function copyWithoutNative(repository: string, folder: string): [string, ...string[]] {
  const program = copyOfFiles(repository, join(folder, 'sft-wasm'))
  let found: string
  try {
    found = createRequire(program[1]).resolve('sodium-native')
  } catch {
    return program
  }
  throw new Error(`sft-wasm would load ${found}; choose another --dir`)
}

function copyOfFiles(repository: string, copy: string): [string, string] {
  mkdirSync(copy)
  for (const part of ['bin', 'dist', 'package.json'])
    cpSync(join(repository, part), join(copy, part), { recursive: true })
  return [process.execPath, join(copy, 'bin', 'sft.js')]
}

/** sft as it is installed, and `sft-wasm`: both its ends without native code. */
export function sft(repository: string, folder: string): [Contender, Contender] {
  return [
    contender('sft', copyOfBuild(repository, folder), folder),
    contender('sft-wasm', copyWithoutNative(repository, folder), folder),
  ]
}

function contender(name: string, program: readonly [string, ...string[]], folder: string): Contender {
  const client = { SFT_HOME: join(folder, 'client-home') }

  return {
    name,
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
