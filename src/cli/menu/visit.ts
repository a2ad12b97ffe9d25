import { withRemote, type Session } from '../context.ts'
import { discoveryWanted, type Target } from './choose-peer.ts'

/** Thrown where the process is told to end while a person looks at a share. */
export class Terminated extends Error {
  readonly exit: number

  constructor(exit: number) {
    super('terminated')
    this.exit = exit
  }
}

/** Whether a command ended because the whole program is to end: by a signal, but not Ctrl-C, which is for the command. */
export function endsAll(exit: number): boolean {
  return exit > 128 && exit !== 130
}

/**
 * Connects to the share of a target for as long as `work` takes.
 *
 * @returns What `work` does, or `failed` if that or the connection failed, which was told then.
 * @throws {@link Terminated}
 */
export async function visit<T>(
  { peer, address }: Target,
  work: (session: Session) => Promise<T>,
): Promise<{ readonly result: T } | 'failed'> {
  let result: { readonly result: T } | 'failed' = 'failed'
  const options = { discovery: discoveryWanted(), ...(address !== undefined && { addr: [address] }) }
  const exit = await withRemote(peer, options, async (session) => {
    result = { result: await work(session) }
    return 0
  })
  if (endsAll(exit)) throw new Terminated(exit)
  return result
}
