import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { globSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test, vi } from 'vitest'
import { finish, namesIn, twoMachines, type Finished, type RunOptions } from '../support/cli.ts'
import { tempFolder } from '../support/tmp.ts'

vi.setConfig({ testTimeout: 60_000 }) // programs start, also on a busy machine

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url))
const LOOPBACK = '/ip4/127.0.0.1/tcp/0'

/** The programs of docs/api.md, by their names. */
const PROGRAMS = new Map(
  [...readFileSync(join(REPOSITORY, 'docs/api.md'), 'utf8').matchAll(/^```ts\n(\/\/ (\S+\.ts): [^]*?)^```$/gm)].map(
    ([, text = '', name = '']) => [name, text],
  ),
)

/** Writes the programs where sft is installed as a package, with the types it is published with. */
function install(): string {
  const folder = tempFolder()
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(REPOSITORY, join(folder, 'node_modules', 'sft'))
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module' }))
  for (const [name, text] of PROGRAMS) writeFileSync(join(folder, name), text)
  return folder
}

/** A program of docs/api.md that runs, and every line it prints. */
interface Program {
  readonly child: ChildProcess
  readonly ended: Promise<Finished>
  /** Waits for a line, and returns what the pattern takes from it. */
  readonly line: (pattern: RegExp) => Promise<string>
}

function run(folder: string, name: string, args: readonly string[], { home }: RunOptions): Program {
  const child = spawn(process.execPath, ['--no-warnings', join(folder, name), ...args], {
    env: { ...process.env, SFT_HOME: home, SFT_NAME: `machine-${name.replace('.ts', '')}` },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let printed = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text))
  const ended = finish(child)
  const line = async (pattern: RegExp): Promise<string> =>
    vi.waitFor(
      () => {
        const [, found] = pattern.exec(printed) ?? []
        if (found === undefined) throw new Error(`${String(pattern)} is not in: ${printed}`)
        return found
      },
      { timeout: 20_000, interval: 20 },
    )
  return { child, ended, line }
}

test('the programs are right by the types that are published, which need no package but those of Node', () => {
  expect([...PROGRAMS.keys()]).toEqual(['share.ts', 'fetch.ts', 'sync.ts'])
  const folder = install()
  const config = {
    compilerOptions: {
      strict: true,
      noEmit: true,
      target: 'es2024',
      lib: ['es2024', 'esnext'],
      module: 'nodenext',
      skipLibCheck: false,
      exactOptionalPropertyTypes: true,
      types: ['node'],
      typeRoots: [join(REPOSITORY, 'node_modules/@types')],
    },
    files: [...PROGRAMS.keys()],
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
  const { stdout, status } = spawnSync('tsc', ['--project', folder], { encoding: 'utf8' })
  expect({ stdout, status }).toEqual({ stdout: '', status: 0 })

  const types = globSync('dist/types/**/*.d.ts', { cwd: REPOSITORY }).map((path) =>
    readFileSync(join(REPOSITORY, path), 'utf8'),
  )
  const outside = types.flatMap((text) => [...text.matchAll(/from ['"]([^'".][^'"]*)['"]/g)].map(([, name]) => name))
  expect(outside.filter((name) => !name?.startsWith('node:'))).toEqual([])
})

test('the share prints who fetched what, and the fetch its progress', async () => {
  const folder = install()
  const { root, local, sharer, client } = twoMachines()
  const content = randomBytes(3_000_000)
  mkdirSync(join(root, 'photos'))
  writeFileSync(join(root, 'photos', 'beach.jpg'), content)
  const sharing = run(folder, 'share.ts', [root, LOOPBACK], sharer)
  const address = await sharing.line(/^(\/ip4\/\S+)$/m)

  const { exit, stdout, stderr } = await run(folder, 'fetch.ts', [address, 'photos', local], client).ended
  expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' })
  expect(stdout).toMatch(/^3000000 of 3000000 bytes$/m)
  expect(stdout).toMatch(/^photos\/beach.jpg: verified, [0-9a-f]{32}$/m)
  expect(readFileSync(join(local, 'photos', 'beach.jpg'))).toEqual(content)
  expect(await sharing.line(/^(…\w{8} fetched .*)$/m)).toMatch(/^…\w{8} fetched photos\/beach.jpg, 3000000 bytes$/)
  sharing.child.kill('SIGINT')
  expect(await sharing.ended).toMatchObject({ exit: 0, signal: null, stderr: '' }) // by its signal, with nothing left open
})

test('the fetch ends by its signal when it takes too long', async () => {
  const folder = install()
  const { root, local, sharer, client } = twoMachines()
  const sharing = run(folder, 'share.ts', [root, LOOPBACK], sharer)
  const address = await sharing.line(/^(\/ip4\/\S+)$/m)
  const fetching = run(folder, 'fetch.ts', [address, '.', local, '0'], client)
  expect(await fetching.ended).toMatchObject({ exit: 1, stdout: '', stderr: 'ERR_ABORTED: cancelled\n' })
})

test('two machines pair by the code, and their folders are the same afterwards', async () => {
  const folder = install()
  const { root, local, sharer, client } = twoMachines()
  writeFileSync(join(root, 'a.txt'), 'a')
  mkdirSync(join(local, 'sub'))
  writeFileSync(join(local, 'sub', 'b.txt'), 'b')
  const text = readFileSync(join(folder, 'sync.ts'), 'utf8').replace('/ip4/0.0.0.0/tcp/0', LOOPBACK)
  writeFileSync(join(folder, 'sync.ts'), text)
  const sharing = run(folder, 'sync.ts', [root], sharer)
  const [address, code] = [await sharing.line(/^address (\S+)$/m), await sharing.line(/^code (\S+)$/m)]
  const joined = await run(folder, 'sync.ts', [local, address, code], client).ended
  expect(joined).toMatchObject({ exit: 0, stderr: '', stdout: 'machine-sync: 1 files came, 1 files went\n' })
  expect(await sharing.ended).toMatchObject({ exit: 0, stderr: '' })
  for (const one of [root, local]) {
    expect(namesIn(one).filter((name) => !name.startsWith('.sft-parts'))).toEqual(['a.txt', 'sub', 'sub/b.txt'])
  }
})
