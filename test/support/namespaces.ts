import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { onTestFinished } from 'vitest'

/** A machine of its own as far as the network goes: one interface, `eth0`, on a network with no way out. */
export interface Namespace {
  readonly name: string
  readonly ip: string
  /** Returns the command line that runs `args` there. */
  exec(args: readonly string[]): string[]
  /** Starts a program there, talking over pipes; it is killed at the end of the test. */
  spawn(args: readonly string[], env?: Record<string, string>): ChildProcess
  /** Lets no multicast through to this machine any more, as some access points do. The rest still gets through. */
  dropMulticast(): void
  /** Pulls the cable of this machine. */
  linkDown(): void
  /** Puts it back. */
  linkUp(): void
}

/** Returns why namespaces cannot be made here, `null` if they can. To be asked once, for `test.skipIf`. */
export function namespacesUsable(): string | null {
  const name = uniqueName()
  try {
    ip(`netns add ${name}s\nnetns add ${name}a\n${switchCommands(name)}\n${machineCommands(name, 'a', 1)}`)
    return null
  } catch (error) {
    return `no network namespaces: ${String(error).split('\n').join(' ')}`
  } finally {
    remove([`${name}s`, `${name}a`])
  }
}

/** Makes two machines on one network, 10.77.0.1/24 and 10.77.0.2/24; they are gone at the end of the test. */
export function twoNamespaces(): { a: Namespace; b: Namespace } {
  const [a, b] = namespaces(2)
  if (a === undefined || b === undefined) throw new Error('there are not two namespaces')
  return { a, b }
}

/**
 * Makes machines on one network, 10.77.0.1/24 and so on; they are gone at the end of the test. They hang on a switch in a
 * namespace of its own, since dropping multicast on a direct link takes tools and kernel parts that may be missing.
 */
export function namespaces(count: number): Namespace[] {
  const base = uniqueName()
  const letters = Array.from({ length: count }, (_, index) => String.fromCodePoint(97 + index))
  onTestFinished(() => remove([`${base}s`, ...letters.map((letter) => base + letter)]))
  const machines = letters.map(
    (letter, index) => `netns add ${base}${letter}\n${machineCommands(base, letter, index + 1)}`,
  )
  ip([`netns add ${base}s`, switchCommands(base), ...machines].join('\n'))
  return letters.map((letter, index) => namespace(base, letter, index + 1))
}

function namespace(base: string, letter: string, number: number): Namespace {
  const name = base + letter
  const exec = (args: readonly string[]): string[] => ['ip', 'netns', 'exec', name, ...args]
  return {
    name,
    ip: `10.77.0.${number}`,
    exec,
    spawn: (args, env) => {
      const [command = '', ...rest] = exec(args)
      const child = spawn(command, rest, { env: { ...process.env, ...env }, stdio: 'pipe' })
      onTestFinished(() => void child.kill('SIGKILL'))
      return child
    },
    dropMulticast: () => ip(`-n ${base}s link set port-${letter} type bridge_slave mcast_flood off`),
    linkDown: () => ip(`-n ${name} link set eth0 down`),
    linkUp: () => ip(`-n ${name} link set eth0 up`),
  }
}

function switchCommands(base: string): string {
  return `-n ${base}s link add switch type bridge mcast_snooping 0\n-n ${base}s link set switch up`
}

function machineCommands(base: string, letter: string, number: number): string {
  const [hub, machine, port] = [`-n ${base}s`, `-n ${base}${letter}`, `port-${letter}`]
  return [
    `${hub} link add ${port} type veth peer name eth0 netns ${base}${letter}`,
    `${hub} link set ${port} master switch up`,
    `${machine} link set lo up`,
    `${machine} addr add 10.77.0.${number}/24 dev eth0`,
    `${machine} link set eth0 up`,
  ].join('\n')
}

function uniqueName(): string {
  return `sft-${process.pid}-${randomBytes(3).toString('hex')}`
}

function remove(names: readonly string[]): void {
  for (const name of names) {
    try {
      ip(`netns del ${name}`)
    } catch {
      // it was not made
    }
  }
}

/** Runs commands of `ip`, one a line. */
function ip(commands: string): void {
  for (const line of commands.split('\n')) execFileSync('ip', line.split(' '), { stdio: ['ignore', 'ignore', 'pipe'] })
}
