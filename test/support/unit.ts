import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Whether a program is installed on this machine. */
export function installed(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)))
}

/** Returns the settings of a unit of systemd, in order. Throws at a line that is none, or that goes on in the next. */
export function linesOf(unit: string): [setting: string, value: string][] {
  const lines = unit.split('\n').filter((line) => line !== '' && !/^#|^\[\w+\]$/.test(line))
  return lines.map((line) => {
    const [, setting = '', value = ''] = /^([A-Za-z]+)=(.*[^\\])$/.exec(line) ?? []
    if (setting === '') throw new Error(`this is no setting: ${line}`)
    return [setting, value]
  })
}

/** Takes the words of a setting apart as systemd does: quotes, then escapes, then specifiers. All have to be quoted. */
export function wordsOf(unit: string, setting: string): string[] {
  const [, value = ''] = linesOf(unit).find(([name]) => name === setting) ?? []
  const words: string[] = []
  for (let rest = value.replace(/^:/, ''); rest !== '';) {
    const [whole = '', quoted = ''] = /^"((?:[^"\\]|\\["\\])*)"(?: |$)/.exec(rest) ?? []
    if (whole === '') throw new Error(`not all of it is quoted, or it has another escape: ${rest}`)
    if (quoted.replaceAll('%%', '').includes('%')) throw new Error(`it has a specifier: ${quoted}`)
    words.push(quoted.replace(/\\(["\\])/g, '$1').replaceAll('%%', '%'))
    rest = rest.slice(whole.length)
  }
  return words
}
