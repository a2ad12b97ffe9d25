import { isAbsolute, relative, sep } from 'node:path'

/** The arguments of `sft`, as somebody would have typed them. */
export type Line = readonly string[]

/**
 * Makes a command line from the name of a command, what it is about, and its options. What begins with a hyphen and is no
 * option goes behind `--`.
 */
export function commandLine(command: string, operands: readonly string[], options: readonly string[] = []): Line {
  const guarded = operands.some((operand) => /^-./.test(operand))
  return guarded ? [command, ...options, '--', ...operands] : [command, ...operands, ...options]
}

/**
 * Writes a path of this machine as it is shortest to type in the folder `cwd`, and as no command takes it for an option or
 * for stdin or stdout.
 */
export function localArgument(path: string, cwd: string): string {
  const inside = relative(cwd, path)
  if (inside === '') return '.'
  if (inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside)) return path
  return inside.startsWith('-') ? `.${sep}${inside}` : inside
}

/** Reads a path of this machine as people type it: `~` is the folder of the user, as in a shell. */
export function expandHome(path: string, home: string | undefined): string {
  return home !== undefined && /^~(?=$|[/\\])/.test(path) ? home + path.slice(1) : path
}

/** Returns the path in a share of an entry under a new name, in its folder; one with a `/` is a path of its own. */
export function renamedPath(path: string, name: string): string {
  return name.includes('/') ? name : `${path.slice(0, path.lastIndexOf('/') + 1)}${name}`
}
