/** What reads keys, and tells of Ctrl-Z. */
export interface Keys {
  on(event: 'SIGTSTP', listener: () => void): unknown
}

/**
 * Has Ctrl-Z suspend the process while lines are edited, as it does at any other time. A line editor would do that too,
 * but hear nothing any more afterwards.
 *
 * @param back - Draws what is asked, on a line of its own, when the process goes on.
 * @param leave - Takes it off the screen.
 */
export function suspendOnCtrlZ(keys: Keys, back: () => void, leave: () => void = () => undefined): void {
  keys.on('SIGTSTP', () => {
    leave()
    process.stdin.setRawMode(false)
    process.kill(0, 'SIGTSTP') // to all of the job, as the terminal does it; here it goes on when it is continued
    process.stdin.setRawMode(true)
    back()
  })
}
