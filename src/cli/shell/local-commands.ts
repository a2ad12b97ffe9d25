import { spawn, type SpawnOptions } from 'node:child_process'
import { listLocalFolder, SftError } from '../../index.ts'
import { printEntries, type LsOptions } from '../commands/ls.ts'
import type { Work } from '../context.ts'
import { escapeText } from '../escape.ts'
import type { Place } from './place.ts'

/** The commands of a shell that are about this machine, and need no connection. */

/** `lcd [DIR]`: goes to another folder of this machine, or back to where the shell began. */
export function lcd(place: Place, folder: string | undefined): Work {
  return async () => {
    await place.enterLocal(folder)
    return 0
  }
}

/** `lpwd`: prints the folder of this machine. */
export function lpwd(place: Place): Work {
  return async ({ output }) => {
    output.line(escapeText(place.local))
    output.object('lpwd', { path: place.local })
    return Promise.resolve(0)
  }
}

/** `lls [DIR]`: lists a folder of this machine. */
export function lls(place: Place, folder: string | undefined, options: Pick<LsOptions, 'long'>): Work {
  return async ({ output }) => {
    await printEntries(output, listLocalFolder(place.localPath(folder ?? '.')), options, ({ path }) => path)
    return 0
  }
}

/**
 * `!COMMAND`: has the shell of this machine run a command, or be one without it; returns its exit status.
 *
 * @param ownsInput - Whether it may read what is typed: not where our own commands come from there.
 */
export function runLocally(place: Place, command: string, ownsInput: boolean): Work {
  return async ({ output }) => {
    const shell = process.env['SHELL'] ?? '/bin/sh'
    // With --json stdout holds objects and nothing else.
    const stdio: SpawnOptions['stdio'] = [ownsInput ? 'inherit' : 'ignore', output.json ? 2 : 'inherit', 'inherit']
    const child = spawn(shell, command === '' ? [] : ['-c', command], { cwd: place.local, stdio })
    return new Promise((resolve, reject) => {
      child.on('error', (cause) => reject(new SftError('ERR_FILE', `cannot run ${shell}: ${cause.message}`, { cause })))
      child.on('close', (exit) => resolve(exit ?? KILLED))
    })
  }
}

/** The exit status of a local command that a signal ended. */
const KILLED = 130
